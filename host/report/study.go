package report

import (
	"bufio"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Study is everything the page of a comparison shows. It doubts itself as a report
// does: figures of a part that chose its own parameters are marked.
type Study struct {
	Title       string
	Asset       string
	Market      string
	Command     string
	Candidates  []Candidate
	Assumptions []string
	Problems    []string // of the data
}

// Candidate is one of the strategies compared.
type Candidate struct {
	Name             string
	Net, OutOfSample decimal.Decimal // after all costs; without the first part
	Return           float64         // compounded over the parts, fraction
	Drawdown         float64         // the worst of a part, fraction
	Curve            []Point         // result so far, parts end to end
	Parts            []StudyPart
}

// StudyPart is one strategy over one part of history.
type StudyPart struct {
	From, To           exchange.Time
	InSample           bool
	Values             string // of tuned parameters, chosen on what was before
	Net, Funding, Fees decimal.Decimal
	Return, Drawdown   float64
	Sharpe             float64 // 0: not defined
	Pairs              int
}

//go:embed study.html
var studyText string

var studyPage = template.Must(template.Must(page.Clone()).New("study").Funcs(template.FuncMap{
	"gain": gain, "tone": tone, "date": date, "money": money, "pct": func(f float64) string { return gainPercent(f, true) },
	"fall": func(f float64) string { return percent(-f, true) },
	"sharpe": func(f float64) string {
		return ratio(f, f != 0)
	},
}).Parse(studyText))

// WriteStudy renders a comparison as one HTML file.
func WriteStudy(w io.Writer, s *Study) error {
	view := struct {
		*Study
		Charts []*chart
		Parts  string
	}{Study: s}
	for _, c := range s.Candidates {
		view.Parts = count(len(c.Parts), "part", "parts")
		look := style{title: c.Name, note: fmt.Sprintf("net result so far, %s end to end", view.Parts), class: "equity", unit: s.Asset, base: math.NaN()}
		if ch := draw(samples(c.Curve), look); ch != nil {
			view.Charts = append(view.Charts, ch)
		}
	}
	buf := bufio.NewWriter(w)
	if err := studyPage.Execute(buf, view); err != nil {
		return err
	}
	return buf.Flush()
}

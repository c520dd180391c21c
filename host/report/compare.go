package report

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"

	"github.com/perilune/perilune/host/tearsheet"
)

// MostRuns is how many runs can be compared: more lines than colors tell nobody anything.
const MostRuns = 6

// Run is one of the records compared.
type Run struct {
	Name  string // of its ledger, and its session
	Mode  Mode
	Sheet *tearsheet.Sheet

	Color string // class of its line: set here
}

//go:embed compare.html
var compareText string

var comparePage = template.Must(template.Must(page.Clone()).New("compare").Parse(compareText))

// compareRow is a metric of every run.
type compareRow struct {
	Name, Doc, Title string
	Values           []string
}

// WriteComparison renders runs side by side as one HTML file: their equity over each other, and
// every metric. Money of a run is in its own currency.
func WriteComparison(w io.Writer, command string, runs []Run) error {
	if len(runs) < 2 || len(runs) > MostRuns {
		return fmt.Errorf("report: %d runs: want 2 to %d", len(runs), MostRuns)
	}
	view := struct {
		Runs    []Run
		Rows    []compareRow
		Charts  []*chart
		Aligned bool
		Command string
		Notes   []string
		Stamps  []banner
	}{Command: command, Aligned: !together(runs)}
	view.Runs = slices.Clone(runs)
	for i, r := range runs {
		if i > 0 {
			view.Runs[i].Color = fmt.Sprintf("run%d", i-1)
		}
		view.Stamps = append(view.Stamps, banners[r.Mode])
		for _, n := range r.Sheet.Notes {
			view.Notes = append(view.Notes, r.Name+": "+n)
		}
		for row, m := range r.Sheet.Metrics() {
			if len(view.Rows) <= row {
				view.Rows = append(view.Rows, compareRow{Name: metricName(m.Name), Doc: m.Doc, Title: groupTitles[m.Name]})
			}
			view.Rows[row].Values = append(view.Rows[row].Values, metricText(&m))
		}
	}
	add := func(line func(*tearsheet.Sheet) []Sample, s style) {
		var all [][]Sample
		for _, r := range runs {
			all = append(all, shifted(line(r.Sheet), runs, r.Sheet, view.Aligned))
		}
		s.lines = all[1:]
		if c := draw(all[0], s); c != nil {
			view.Charts = append(view.Charts, c)
		}
	}
	add(growth, style{title: "Growth", note: "of the equity since the start of each", class: "equity", unit: "%", scale: 100, base: noBase})
	add(func(s *tearsheet.Sheet) []Sample { return tearsheet.Underwater(s.Curve) },
		style{title: "Drawdown", note: "below the highest equity so far", class: "equity underwater", unit: "%", scale: 100, base: noBase})
	buf := bufio.NewWriter(w)
	return errors.Join(comparePage.Execute(buf, view), buf.Flush())
}

// together reports whether all runs were at the same time, at some moment.
func together(runs []Run) bool {
	from, to := runs[0].Sheet.From, runs[0].Sheet.To
	for _, r := range runs[1:] {
		from, to = max(from, r.Sheet.From), min(to, r.Sheet.To)
	}
	return from < to
}

// shifted moves a run of another time to where the first begins.
func shifted(line []Sample, runs []Run, s *tearsheet.Sheet, aligned bool) []Sample {
	if !aligned {
		return line
	}
	by := runs[0].Sheet.From - s.From
	out := make([]Sample, len(line))
	for i, p := range line {
		out[i] = Sample{Time: p.Time + by, Value: p.Value}
	}
	return out
}

// growth is the equity over what it began with, less one.
func growth(s *tearsheet.Sheet) (out []Sample) {
	for i, p := range s.Curve {
		begin := s.Curve[0].Value.InexactFloat64()
		if begin <= 0 {
			return nil
		}
		if i > 0 && p.Time == s.Curve[i-1].Time {
			continue
		}
		out = append(out, Sample{Time: p.Time, Value: p.Value.InexactFloat64()/begin - 1})
	}
	return out
}

// Span is the time that a run is of, for people.
func (r Run) Span() string {
	return stamp(r.Sheet.From) + " to " + stamp(r.Sheet.To) + ", " + duration(max(0, r.Sheet.To-r.Sheet.From))
}

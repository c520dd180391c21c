package host

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/host/study"
	"github.com/perilune/perilune/host/tearsheet"
)

// writePage writes the result as an HTML page.
func (out *StudySearch) writePage(path, command string) error {
	page := report.Search{Title: out.Strategy, Assumptions: out.Assumptions, Problems: out.DataProblems, Command: command,
		Intro: fmt.Sprintf("%s search (seed %d) for the best %s on %s, %.10s to %.10s.", out.Method, out.Seed, out.Objective, out.Market, out.From, out.To)}
	if d := out.Doubts; d != nil {
		page.Verdict, page.Why, page.Stands = strings.ToUpper(string(d.Verdict)), d.Why, d.Verdict == study.VerdictStands
	}
	page.CurveName = "the best trial"
	if out.OutOfSample != nil {
		page.CurveName = "what was judged, end to end"
	}
	for _, d := range out.Equity {
		if at, err := time.Parse(time.DateOnly, d.Day); err == nil {
			page.Curve = append(page.Curve, report.Sample{Time: exchange.Time(at.UnixNano()), Value: d.Growth})
		}
	}
	page.Sections = out.sections()
	page.Heat = heatPage(out.Heat, out.Objective)
	err := writeFile(path, func(w io.Writer) error { return report.WriteSearch(w, &page) })
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

var figureHead = []string{"net", "return", "a year", "Sharpe", "drawdown", "trades", "fills"}

func figureCells(f *StudyFigures) []string {
	return []string{f.Net.StringFixed(2), percentOf(f.Return), percentOf(f.Annual), fmt.Sprintf("%.2f", f.Sharpe), percentOf(f.Drawdown), fmt.Sprint(f.Trades), fmt.Sprint(f.Fills)}
}

func percentOf(f float64) string { return fmt.Sprintf("%.2f %%", 100*f) }

// sections are the tables of the page.
func (out *StudySearch) sections() (list []report.SearchSection) {
	if len(out.Trials) > 0 {
		s := report.SearchSection{Title: "Trials", Head: append(append([]string{"trial", out.Objective}, figureHead...), "parameters"), Words: 1,
			Note: "Trial 0 has the script's own values."}
		for i := range out.Trials {
			t := &out.Trials[i]
			s.Rows = append(s.Rows, append(append([]string{fmt.Sprint(t.Number), fmt.Sprintf("%.3f", t.Score)}, figureCells(&t.StudyFigures)...), t.Values()))
		}
		list = append(list, s)
	}
	if len(out.Windows) > 0 {
		s := report.SearchSection{Title: "Windows", Head: append(append([]string{"judged from", out.Objective + " where it was chosen", "PBO"}, figureHead...), "chosen on", "parameters"), Words: 2}
		for i := range out.Windows {
			w := &out.Windows[i]
			pbo := ""
			if w.Doubts != nil && w.Doubts.Overfit != nil {
				pbo = fmt.Sprintf("%.2f", w.Doubts.Overfit.PBO)
			}
			row := append([]string{w.From[:10], fmt.Sprintf("%.3f", w.Chosen.Score), pbo}, figureCells(&w.Judged)...)
			s.Rows = append(s.Rows, append(row, strings.Join(w.Train, " "), w.Chosen.Values()))
		}
		s.Rows = append(s.Rows, append(append([]string{"together", "", ""}, figureCells(out.OutOfSample)...), "", ""))
		moves := report.SearchSection{Title: "How the choice moved", Head: []string{"parameter", "spread", "chosen, window by window"}, Words: 1,
			Note: "0 is a choice that never moves, 1 one that moves as by chance."}
		for _, x := range out.Stability {
			moves.Rows = append(moves.Rows, []string{x.Parameter, fmt.Sprintf("%.2f", x.Spread), strings.Join(x.Chosen, ", ")})
		}
		list = append(list, s, moves)
	}
	return append(list, out.chances(), out.doubted())
}

// chances are the quantiles of what might have been.
func (out *StudySearch) chances() report.SearchSection {
	s := report.SearchSection{Title: "What might have been", Head: []string{"", "5 %", "25 %", "50 %", "75 %", "95 %", "99 %"}}
	row := func(name string, q study.Quantiles) {
		s.Rows = append(s.Rows, []string{name, percentOf(q.P5), percentOf(q.P25), percentOf(q.P50), percentOf(q.P75), percentOf(q.P95), percentOf(q.P99)})
	}
	if p := out.TradeOrder; p != nil {
		row("drawdown, trades in other orders", p.Drawdown)
	}
	if p := out.Bootstrap; p != nil {
		row("drawdown, days in blocks", p.Drawdown)
		row("return, days in blocks", p.Return)
		s.Note = fmt.Sprintf("A drawdown of %.0f %% or more came in %s of %d histories made of its own days, in blocks of %g on average.", 100*p.RuinAt, percentOf(p.Ruin), p.Paths, p.Block)
	}
	return s
}

// doubted are the figures behind the verdict.
func (out *StudySearch) doubted() report.SearchSection {
	s := report.SearchSection{Title: "Doubts", Head: []string{"figure", "value"}}
	d := out.Doubts
	if d == nil {
		return s
	}
	year := math.Sqrt(tearsheet.DaysPerYear)
	s.Rows = [][]string{
		{"Sharpe ratio, a year", fmt.Sprintf("%.2f", d.Sharpe*year)},
		{"probability that it is above 0 (probabilistic Sharpe ratio)", fmt.Sprintf("%.3f", d.Probabilistic)},
		{"trials, and independent ones", fmt.Sprintf("%d, %.0f", d.Trials, d.Independent)},
		{"Sharpe ratio of the luckiest of as many worthless trials, a year", fmt.Sprintf("%.2f", d.Luck*year)},
		{"probability that it is above that (deflated Sharpe ratio)", fmt.Sprintf("%.3f", d.Deflated)},
		{"days, and days that it takes to say that the ratio is above 0", fmt.Sprintf("%d, %.0f", d.Days, d.TrackRecord)},
	}
	if o := d.Overfit; o != nil {
		s.Rows = append(s.Rows, []string{"probability of backtest overfitting", fmt.Sprintf("%.2f", o.PBO)}, []string{"probability of a loss elsewhere", fmt.Sprintf("%.2f", o.Loss)})
	}
	return s
}

// heatPage lays a heat map out.
func heatPage(h *study.Heat, objective string) *report.SearchHeat {
	if h == nil {
		return nil
	}
	out := &report.SearchHeat{Title: "Mean " + objective + " by two parameters", X: h.X, Y: h.Y, Levels: h.XLevels}
	least, most := h.Range()
	for y := range h.Mean {
		row := report.SearchHeatRow{Level: h.YLevels[y]}
		for x, v := range h.Mean[y] {
			c := report.SearchHeatCell{}
			if h.N[y][x] > 0 {
				c.Text = fmt.Sprintf("%.3f", v)
				if c.Shade = 2; most > least {
					c.Shade = int(math.Round(4 * (v - least) / (most - least)))
				}
			}
			row.Cells = append(row.Cells, c)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

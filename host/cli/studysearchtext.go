package cli

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/study"
	"github.com/perilune/perilune/host/tearsheet"
)

// shownTrials is how many of a search are printed; --json and the page have all.
const shownTrials = 10

// printSearch prints what is read most last.
func printSearch(w io.Writer, s *host.StudySearch) {
	printAssumptions(w, s.Assumptions)
	printProblems(w, s.DataProblems)
	fmt.Fprintf(w, "\n%s on %.10s to %.10s, %s search (seed %d) for the best %s over:\n", s.Strategy, s.From, s.To, s.Method, s.Seed, s.Objective)
	for _, p := range s.Parameters {
		fmt.Fprintf(w, "  %s = %s\n", p.Name, p.Range)
	}
	if len(s.Windows) == 0 {
		printTrials(w, s)
	} else {
		printWindows(w, s)
	}
	if s.Heat != nil {
		printHeat(w, s.Heat, s.Objective)
	}
	printChance(w, s)
	printDoubts(w, s)
	if s.TrialsFile != "" {
		fmt.Fprintf(w, "runs are kept in %s: the same command takes them from there\n", s.TrialsFile)
	}
	if s.Report != "" {
		fmt.Fprintf(w, "report: %s\n", s.Report)
	}
}

// figuresOf are the columns of figures that all tables have.
func figuresOf(f *host.StudyFigures) string {
	return fmt.Sprintf("%s\t%s\t%s\t%.2f\t%s\t%d\t%d\t", f.Net.StringFixed(2), aYear(f.Return), aYear(f.Annual), f.Sharpe, fallen(f.Drawdown), f.Trades, f.Fills)
}

const figureHeads = "net\treturn\ta year\tSharpe\tdrawdown\ttrades\tfills\t"

func printTrials(w io.Writer, s *host.StudySearch) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\ntrial\t%s\t%sparameters\t\n", s.Objective, figureHeads)
	for i := range s.Trials {
		x := &s.Trials[i]
		if i >= shownTrials && x.Number != 0 {
			continue
		}
		values := x.Values()
		if x.Number == 0 {
			values += " (the script's own)"
		}
		fmt.Fprintf(t, "%d\t%s\t%s%s\t\n", x.Number, shortNumber(x.Score), figuresOf(&x.StudyFigures), values)
	}
	t.Flush()
	if n := len(s.Trials); n > shownTrials {
		fmt.Fprintf(w, "the best %d of %d trials, and the script's own values\n", shownTrials, n)
	}
}

func printWindows(w io.Writer, s *host.StudySearch) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\njudged\tchosen on\t%s there\tPBO\t%sparameters\t\n", s.Objective, figureHeads)
	for i := range s.Windows {
		x := &s.Windows[i]
		pbo := "-"
		if x.Doubts != nil && x.Doubts.Overfit != nil {
			pbo = fmt.Sprintf("%.2f", x.Doubts.Overfit.PBO)
		}
		fmt.Fprintf(t, "%.10s\t%s\t%s\t%s\t%s%s\t\n", x.From, strings.Join(x.Train, " "), shortNumber(x.Chosen.Score), pbo, figuresOf(&x.Judged), x.Chosen.Values())
	}
	fmt.Fprintf(t, "together\t\t\t\t%s\t\n", figuresOf(s.OutOfSample))
	t.Flush()
	fmt.Fprintln(w, "\nhow the choice moved from window to window (0: not at all; 1: as by chance)")
	for _, x := range s.Stability {
		fmt.Fprintf(w, "  %-20s %.2f  %s\n", x.Parameter, x.Spread, strings.Join(x.Chosen, " "))
	}
}

// shades are from the worst cell to the best.
var shades = []string{" ", "░", "▒", "▓", "█"}

func printHeat(w io.Writer, h *study.Heat, objective string) {
	fmt.Fprintf(w, "\nmean %s by %s (across) and %s (down)\n", objective, h.X, h.Y)
	least, most := h.Range()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\t")
	for _, x := range h.XLevels {
		fmt.Fprintf(t, "%s\t", x)
	}
	fmt.Fprintln(t)
	for y := range h.Mean {
		fmt.Fprintf(t, "%s\t", h.YLevels[y])
		for x, v := range h.Mean[y] {
			if h.N[y][x] == 0 {
				fmt.Fprint(t, "·\t")
				continue
			}
			shade := 0
			if most > least {
				shade = int(math.Round((v - least) / (most - least) * float64(len(shades)-1)))
			}
			fmt.Fprintf(t, "%s %s\t", shortNumber(v), shades[shade])
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

func printChance(w io.Writer, s *host.StudySearch) {
	of := "the best trial"
	if s.OutOfSample != nil {
		of = "what was judged"
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, q study.Quantiles, text func(float64) string) {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", name, text(q.P5), text(q.P25), text(q.P50), text(q.P75), text(q.P95), text(q.P99))
	}
	if s.Bootstrap != nil || s.TradeOrder != nil {
		fmt.Fprintf(w, "\nwhat might have been of %s\n", of)
		fmt.Fprint(t, "\t5 %\t25 %\t50 %\t75 %\t95 %\t99 %\t\n")
	}
	if p := s.TradeOrder; p != nil {
		row("drawdown, trades in other orders", p.Drawdown, fallen)
	}
	if p := s.Bootstrap; p != nil {
		row(fmt.Sprintf("drawdown, days in blocks of %g", p.Block), p.Drawdown, fallen)
		row("return, likewise", p.Return, aYear)
	}
	t.Flush()
	if p := s.Bootstrap; p != nil {
		fmt.Fprintf(w, "a drawdown of %.0f %% or more came in %.2f %% of %d histories made of its own days\n", 100*p.RuinAt, 100*p.Ruin, p.Paths)
	}
}

func printDoubts(w io.Writer, s *host.StudySearch) {
	d := s.Doubts
	if d == nil {
		return
	}
	year := math.Sqrt(tearsheet.DaysPerYear)
	fmt.Fprintf(w, "\nSharpe ratio %.2f over %d days (skew %.1f, kurtosis %.1f): above 0 with probability %.3f\n", d.Sharpe*year, d.Days, d.Skew, d.Kurtosis, d.Probabilistic)
	if d.TrackRecord > 0 {
		fmt.Fprintf(w, "to say so with 95 %% takes %.0f days like these\n", d.TrackRecord)
	}
	if d.Trials > 1 {
		fmt.Fprintf(w, "the best of %d worthless trials (%.0f independent ones) would show %.2f: above that with probability %.3f (deflated Sharpe ratio; %.3f of the independent ones)\n",
			d.Trials, d.Independent, d.Luck*year, d.Deflated, d.DeflatedIndependent)
	}
	if o := d.Overfit; o != nil {
		fmt.Fprintf(w, "probability of backtest overfitting %.2f, of a loss elsewhere %.2f, over %d ways to halve the days\n", o.PBO, o.Loss, o.Splits)
	}
	fmt.Fprintf(w, "%s: %s\n", strings.ToUpper(string(d.Verdict)), d.Why)
}

// shortNumber is a number as short as it says enough.
func shortNumber(v float64) string {
	if math.Abs(v) >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

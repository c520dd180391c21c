package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/host/tearsheet"
)

// comparedOut is one of the runs as JSON shows it.
type comparedOut struct {
	DB       string            `json:"db"`
	Session  string            `json:"session"`
	Currency string            `json:"currency"`
	From     string            `json:"from"`
	To       string            `json:"to"`
	Metrics  tearsheet.Metrics `json:"metrics"`
}

// compareReports shows the records of several ledgers side by side. Conditions are about the
// first one.
func (r *reportFlags) compareReports(e *env) error {
	if len(r.others) >= report.MostRuns {
		return fail(ExitUsage, "--compare: want %d at most", report.MostRuns-1)
	}
	var runs []*host.ComparedRun
	var out []comparedOut
	for i, path := range append([]string{r.db}, r.others...) {
		one := r.ledgerFlags
		one.db = path
		if i > 0 { // sessions of other ledgers have names of their own
			one.account = ""
		}
		run, session, err := one.compared(e)
		if err != nil {
			return err
		}
		runs = append(runs, run)
		out = append(out, comparedOut{path, session, run.Sheet.Currency, run.Sheet.From.String(), run.Sheet.To.String(), run.Sheet.Metrics()})
	}
	bad := r.conditions.judge(e, r.db, out[0].Metrics)
	if r.out != "" {
		if err := host.WriteComparison(r.out, "perilune "+strings.Join(os.Args[1:], " "), runs); err != nil {
			return err
		}
		fmt.Fprintln(e.err, "written to "+r.out)
	}
	if r.json {
		if err := e.printJSON(map[string]any{"runs": out, "failed": append([]string{}, bad...)}); err != nil {
			return err
		}
		return failed(bad)
	}
	printCompared(e.out, runs, out)
	return failed(bad)
}

// compared reads one of the ledgers.
func (l *ledgerFlags) compared(e *env) (*host.ComparedRun, string, error) {
	db, filter, err := l.open(e)
	if err != nil {
		return nil, "", err
	}
	defer db.Close()
	run, err := host.Compared(db, l.db, tearsheet.Selection{Account: filter.Account, Strategy: filter.Strategy, From: filter.From, To: filter.To})
	return run, filter.Account, overlap(err, l.db)
}

func printCompared(w io.Writer, runs []*host.ComparedRun, out []comparedOut) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(name string, value func(i int) string) {
		fmt.Fprint(t, name+"\t")
		for i := range runs {
			fmt.Fprint(t, value(i)+"\t")
		}
		fmt.Fprintln(t)
	}
	line("", func(i int) string { return runs[i].Name })
	line("from", func(i int) string { return second(out[i].From) })
	line("to", func(i int) string { return second(out[i].To) })
	line("money in", func(i int) string { return out[i].Currency })
	for row, d := range tearsheet.Definitions() {
		line(label(d.Name), func(i int) string { return figure(out[i].Metrics[row]) })
	}
	t.Flush()
}

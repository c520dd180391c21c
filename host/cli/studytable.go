package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/host"
)

// studyTable runs a plan, which says what flags say of a comparison without one.
func (e *env) studyTable(ctx context.Context, f *pflag.FlagSet, o *host.Options, s *sessionFlags) error {
	for _, name := range []string{"splits", "tune", "capital", "symbols", "set"} {
		if f.Changed(name) {
			return fail(ExitUsage, "--%s: %s says it: change it there", name, f.Arg(0))
		}
	}
	plan, err := host.LoadStudyPlan(f.Arg(0))
	if err != nil {
		return err
	}
	st := &host.StudyTableOptions{Plan: plan, Session: *o, Data: o.Market[0], Report: s.report}
	st.Session.Market = nil
	if !s.quiet {
		st.Progress = func(done, all int, row string, r *host.StudyRun) {
			fmt.Fprintf(e.err, "%d/%d  %s  %.10s to %.10s  net %s  %s\n", done, all, row, r.From, r.To, r.Net.StringFixed(2), r.Values())
		}
	}
	t, err := host.RunStudyTable(ctx, st)
	if t == nil {
		return err
	}
	if s.json {
		if jsonErr := e.printJSON(t); jsonErr != nil {
			return jsonErr
		}
	} else {
		printStudyTable(e.out, t)
	}
	if skipped := slices.ContainsFunc(t.Rows, func(r host.StudyTableRow) bool { return r.Skipped != "" }); skipped && err == nil {
		return fail(ExitData, "rows without data were skipped: the table says which")
	}
	return err
}

// printStudyTable prints what is read most last.
func printStudyTable(w io.Writer, t *host.StudyTable) {
	printAssumptions(w, t.Assumptions)
	printProblems(w, t.DataProblems)
	if t.Title != "" {
		fmt.Fprintf(w, "\n%s\n", strings.Join(wrap(t.Title, 120), "\n"))
	}
	of := "the opening balance"
	if t.Capital.IsPositive() {
		of = t.Capital.String() + " " + t.Currency
	}
	fmt.Fprintf(w, "returns a year and drawdowns are of %s; tuned on %.10s to %.10s, judged on %.10s to %.10s\n", of, t.Halves[0], t.Halves[1], t.Halves[1], t.Halves[2])
	width := len(foldsOf)
	for _, r := range t.Rows {
		width = max(width, utf8.RuneCountInString(r.Name))
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "\n\ttuned half\t\tuntouched half\t\t\t\t\t\t\twalked forward\t\t\t\n")
	fmt.Fprint(tw, "\ta year\tdrawdown\ta year\tdrawdown\tfunding\tcosts\tturnover\tpairs\tfills\ta year\tdrawdown\tgained in\t\n")
	for _, r := range t.Rows {
		if r.Skipped != "" {
			fmt.Fprintf(tw, "%-*s\tskipped\t\t\t\t\t\t\t\t\t\t\t\t\n", width, r.Name)
			continue
		}
		a, b := r.Tuned, r.Untouched
		fmt.Fprintf(tw, "%-*s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%d of %d\t\n", width, r.Name, aYear(a.Annual), fallen(a.Drawdown), aYear(b.Annual), fallen(b.Drawdown),
			b.Funding.StringFixed(0), b.Fees.Add(b.Exit.Decimal).Neg().StringFixed(0), b.Turnover.StringFixed(0), b.Pairs, b.Fills, aYear(r.Annual), fallen(r.Drawdown), r.Gained, len(r.Folds)-1)
	}
	tw.Flush()
	printFolds(w, t, width)
	for _, r := range t.Rows {
		fmt.Fprintf(w, "- %s\n", strings.Join(wrap(describeRow(&r), 118), "\n  "))
	}
	fmt.Fprint(w, "\nnet of fees and funding, and of taker fees and half the spread of closing what was open at the end of a part\n")
	for _, l := range t.Lacking {
		fmt.Fprintf(w, "not in it: %s\n", strings.Join(wrap(l, 109), "\n           "))
	}
	if t.Report != "" {
		fmt.Fprintf(w, "report: %s\n", t.Report)
	}
}

// foldsOf heads the table of folds.
const foldsOf = "a year, by fold from"

// printFolds prints the parts of the walk-forward, each as what it earned a year.
func printFolds(w io.Writer, t *host.StudyTable, width int) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "\n%-*s\t", width, foldsOf)
	for _, at := range t.Folds[:len(t.Folds)-1] {
		fmt.Fprintf(tw, "%.10s\t", at)
	}
	fmt.Fprintln(tw)
	for _, r := range t.Rows {
		fmt.Fprintf(tw, "%-*s\t", width, r.Name)
		for _, run := range r.Folds {
			fmt.Fprintf(tw, "%s\t", aYear(run.Annual))
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
	fmt.Fprint(w, "the first fold has nothing before it to choose by, and is not in the walk\n\n")
}

func aYear(r float64) string  { return fmt.Sprintf("%+.2f %%", 100*r) }
func fallen(d float64) string { return fmt.Sprintf("%.2f %%", 100*d) }

// describeRow names a row and what is particular to it.
func describeRow(r *host.StudyTableRow) string {
	text := r.Name
	if r.Skipped != "" {
		return text + ": skipped: " + r.Skipped
	}
	switch values := r.Untouched.Values(); {
	case r.Tried == 1:
	case values == "":
		text += fmt.Sprintf(": its defaults were best of %d", r.Tried)
	default:
		text += fmt.Sprintf(": %s was best of %d", values, r.Tried)
	}
	errors := 0
	for _, run := range append([]*host.StudyRun{r.Tuned, r.Untouched}, r.Folds...) {
		errors += run.Errors
		if run.Halted != "" {
			text += fmt.Sprintf("; halted in the part from %.10s (%s)", run.From, run.Halted)
		}
	}
	if errors > 0 {
		text += fmt.Sprintf("; %d errors of the strategy", errors)
	}
	if len(r.Untouched.Venues) == 0 {
		return text + "; traded nothing in the untouched half"
	}
	return text + "; traded on " + strings.Join(r.Untouched.Venues, ", ")
}

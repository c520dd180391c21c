package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

func studyVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("study", "SCRIPT… --data DIR --splits DAY,DAY,… [flags]\n  perilune study SCRIPT --data DIR --search grid|random|tpe [--walk-forward train=2y,test=6m] [flags]\n  perilune study PLAN.toml --data DIR [flags]",
		"perilune study scripts/baselines/*.lua scripts/funding_rotation.lua --data history --symbols BTCUSDT,ETHUSDT --splits 2020-01-01,2021-01-01,2022-01-01 --report study.html")
	var s sessionFlags
	var h historyFlags
	h.define(f)
	splits := f.StringSlice("splits", nil, "days, UTC, that history is cut at: each part lies between two of them (required)")
	tune := f.StringArray("tune", nil, "strategy.parameter=v1,v2,…: values to choose from by the parts before; of a search also parameter=lo..hi[:log][:step=N], or a parameter alone for what the script says of it (repeatable)")
	capital := f.String("capital", "", "what returns and drawdowns are parts of, such as the value of one leg of the pairs; default: what the account begins with")
	var look searchFlags
	look.define(f)
	s.define(f)
	for _, name := range []string{"db", "journal", "journal-cap", "new", "clear-halt", "sure"} {
		_ = f.MarkHidden(name) // a study keeps no ledger
	}
	if err := parse(f, args); err != nil {
		return err
	}
	o, err := s.options(f)
	if err != nil {
		return err
	}
	if err := h.set(o); err != nil {
		return err
	}
	if f.NArg() == 1 && strings.HasSuffix(f.Arg(0), ".toml") {
		return e.studyTable(ctx, f, o, &s)
	}
	if o.Scripts, err = e.scripts(f); err != nil {
		return err
	}
	if search, err := look.asked(f); search || err != nil {
		if err != nil {
			return err
		}
		return studySearch(ctx, e, &look, o, *tune, *capital, &s)
	}
	st := &host.StudyOptions{Session: *o, Report: s.report}
	if st.Splits, err = parseSplits(*splits); err != nil {
		return err
	}
	if st.Tune, err = parseTune(*tune); err != nil {
		return err
	}
	if st.Capital, err = parseCapital(*capital); err != nil {
		return err
	}
	if !s.quiet {
		st.Progress = func(done, all int, r *host.StudyRun) {
			fmt.Fprintf(e.err, "%d/%d  %s  %.10s  net %s\n", done, all, r.Strategy, r.From, r.Net.StringFixed(2))
		}
	}
	result, err := host.RunStudy(ctx, st)
	if result == nil {
		return err
	}
	if s.json {
		if jsonErr := e.printJSON(result); jsonErr != nil {
			return jsonErr
		}
		return err
	}
	printStudy(e.out, result)
	return err
}

func parseSplits(days []string) (out []exchange.Time, err error) {
	if len(days) < 2 {
		return nil, fail(ExitUsage, "--splits: want two or more days, such as 2020-01-01,2021-01-01,2022-01-01")
	}
	for _, d := range days {
		at, err := parseDay("--splits", d)
		if err != nil {
			return nil, err
		}
		if len(out) > 0 && at <= out[len(out)-1] {
			return nil, fail(ExitUsage, "--splits: %s is not later than the day before it", d)
		}
		out = append(out, at)
	}
	return out, nil
}

func parseCapital(text string) (decimal.Decimal, error) {
	if text == "" {
		return decimal.Zero, nil
	}
	v, err := decimal.NewFromString(text)
	if err != nil || !v.IsPositive() {
		return v, fail(ExitUsage, "--capital %q: want an amount above 0, such as 10000", text)
	}
	return v, nil
}

func parseTune(list []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, s := range list {
		key, values, ok := strings.Cut(s, "=")
		if !ok || !strings.Contains(key, ".") || values == "" {
			return nil, fail(ExitUsage, "--tune %q: want strategy.parameter=v1,v2,…", s)
		}
		out[key] = strings.Split(values, ",")
	}
	return out, nil
}

func printStudy(w io.Writer, s *host.Study) {
	printAssumptions(w, s.Assumptions)
	printProblems(w, s.DataProblems)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\nstrategy\tpart\tnet\tfunding\tfees\treturn\tdrawdown\tSharpe\tpairs\tfills\tturnover\tparameters\t\n")
	for _, r := range s.Runs {
		if !r.Chosen {
			continue
		}
		values := cmp.Or(r.Values(), "defaults")
		fmt.Fprintf(t, "%s\t%.10s\t%s\t%s\t%s\t%+.2f %%\t%.2f %%\t%.1f\t%d\t%d\t%s\t%s\t\n", r.Strategy, r.From, r.Net.StringFixed(2),
			r.Funding.StringFixed(2), r.Fees.Add(r.Exit.Decimal).Neg().StringFixed(2), 100*r.Return, 100*r.Drawdown, r.Sharpe, r.Pairs, r.Fills, r.Turnover.StringFixed(0), values)
	}
	t.Flush()
	fmt.Fprint(t, "\nall parts\tnet\twithout the first\treturn\ta year\ta year without the first\tdrawdown\tpairs\t\n")
	for _, x := range s.Totals {
		fmt.Fprintf(t, "%s\t%s\t%s\t%+.2f %%\t%+.2f %%\t%+.2f %%\t%.2f %%\t%d\t\n", x.Strategy, x.Net.StringFixed(2), x.OutOfSample.StringFixed(2),
			100*x.Return, 100*x.Annual, 100*x.AnnualOutOfSample, 100*x.Drawdown, x.Pairs)
	}
	t.Flush()
	for _, x := range s.Totals {
		if list := venuesOf(s, x.Strategy); len(list) > 0 {
			fmt.Fprintf(w, "%s traded on %s\n", x.Strategy, strings.Join(list, ", "))
		}
	}
	fmt.Fprint(w, "\nnet is after fees and funding, and after taker fees and half the spread of closing what was open at the end of a part\n")
	if s.Report != "" {
		fmt.Fprintf(w, "report: %s\n", s.Report)
	}
}

// venuesOf are the markets that a strategy traded on in the runs that count.
func venuesOf(s *host.Study, strategy string) (out []string) {
	for _, r := range s.Runs {
		if r.Strategy == strategy && r.Chosen {
			out = append(out, r.Venues...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

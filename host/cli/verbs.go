package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/trial"
)

func replayVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("replay", "JOURNAL_DIR [flags]", "perilune replay perilune-paper.journal/paper-1-run-1")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return fail(ExitUsage, "want one journal directory, got %d arguments", f.NArg())
	}
	res, err := host.Replay(ctx, f.Arg(0))
	if err != nil {
		return &coded{code: ExitLedger, err: err}
	}
	if *asJSON {
		if err := e.printJSON(struct {
			Identical bool `json:"identical"`
			*host.ReplayResult
		}{res.Diff == nil, res}); err != nil {
			return err
		}
	}
	if res.TornBytes > 0 {
		fmt.Fprintf(e.err, "the journal ends in a torn block (%d bytes of %s): what came before it is whole\n", res.TornBytes, res.TornFile)
	}
	if res.Diff != nil {
		return &coded{code: ExitDivergence, err: res.Diff}
	}
	if !*asJSON {
		made := ""
		if res.Made > 0 {
			made = fmt.Sprintf("%d events before them, which the cap removed, were made again (hash equal at the checkpoint); ", res.Made)
		}
		fmt.Fprintf(e.out, "identical: %s%d events, %d effects%s\n", made, res.Events, res.Effects, map[bool]string{true: " compared"}[made != ""])
	}
	return nil
}

func printReport(e *env, r *record.Report) {
	fmt.Fprintf(e.out, "%s: %s\n", r.Market, strings.Join(r.Files, " "))
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		name string
		n    int64
		note string
	}{
		{"messages", r.Messages, fmt.Sprintf("%d depth, %d ticker, %d trade, %d snapshot", r.Depth, r.Tickers, r.Trades, r.Snapshots)},
		{"gaps", r.Gaps, fmt.Sprintf("and %d in trade ids", r.TradeGaps)},
		{"samples", r.Samples, "best bid and ask, price and size, against the venue's own ticker"},
		{"mismatches", r.Mismatches, fmt.Sprintf("%d levels compared with later snapshots", r.Levels)},
		{"repeats", r.Repeats, "diffs that came again, or after a later one"},
		{"trade prices", r.TradePrices, fmt.Sprintf("over 1 %% outside of best bid and ask, of %d compared", r.TradesCompared)},
		{"clock", r.Clamped, "lines whose time runs back; a replay sets it forward"},
		{"malformed", r.Malformed, fmt.Sprintf("%d updates had no book under them", r.Unverified)},
	} {
		fmt.Fprintf(t, "  %s\t%d\t  %s\n", row.name, row.n, row.note)
	}
	t.Flush()
	for _, p := range r.Problems {
		fmt.Fprintf(e.out, "  %s\n", p)
	}
	for _, c := range r.CannotFind() {
		fmt.Fprintf(e.out, "  not to be found this way: %s\n", c)
	}
}

func checkVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("check", "SCRIPT… [flags]", "perilune check strategies/\n  perilune check --bias scripts/funding_rotation.lua --data history")
	set := f.StringArray("set", nil, "set a parameter, as run would")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	format := f.String("format", "text", "text, json, or gcc: FILE:LINE:COLUMN: error: MESSAGE, for :make and problem matchers")
	watching := f.Bool("watch", false, "go on, and check again after each save, until Ctrl-C")
	var bias biasFlags
	bias.define(f)
	if err := parse(f, args); err != nil {
		return err
	}
	if *asJSON {
		*format = "json"
	}
	if *format != "text" && *format != "json" && *format != "gcc" {
		return fail(ExitUsage, "--format %q: want text, json or gcc", *format)
	}
	values, err := paramSettings(*set)
	if err != nil {
		return err
	}
	scripts, err := e.scripts(f)
	if err != nil {
		return err
	}
	if bias.on {
		return checkBias(ctx, e, &bias, scripts, values, *asJSON)
	}
	if scripts, err = scriptsIn(scripts); err != nil {
		return err
	}
	if *watching {
		return watchChecks(ctx, e, scripts, values, func(list []*host.CheckReport) error { return showChecks(e, *format, list) })
	}
	reports := checkAll(scripts, values)
	if err := showChecks(e, *format, reports); err != nil {
		return err
	}
	if slices.ContainsFunc(reports, func(r *host.CheckReport) bool { return !r.OK }) {
		return &coded{code: ExitScript, quiet: true, err: fmt.Errorf("a script does not load")}
	}
	return nil
}

func showChecks(e *env, format string, list []*host.CheckReport) error {
	switch format {
	case "json":
		bad := slices.ContainsFunc(list, func(r *host.CheckReport) bool { return !r.OK })
		return e.printJSON(map[string]any{"ok": !bad, "scripts": list})
	case "gcc":
		printForCompilers(e.out, list)
	default:
		for _, r := range list {
			printCheck(e, r)
		}
	}
	return nil
}

// checkAll looks at scripts that may require one another.
func checkAll(paths []string, values map[string]string) []*host.CheckReport {
	var reports []*host.CheckReport
	for _, path := range paths {
		reports = append(reports, checked(path, values))
	}
	modulesAmong(reports)
	return reports
}

// checked is a strategy, or the tests of one.
func checked(path string, values map[string]string) *host.CheckReport {
	if !trial.IsTest(path) {
		return host.Check(path, values)
	}
	problems := trial.Check(path)
	return &host.CheckReport{Path: path, OK: len(problems) == 0, Tests: true, Problems: problems}
}

func printCheck(e *env, r *host.CheckReport) {
	for _, p := range r.Problems {
		fmt.Fprintln(e.err, p)
	}
	if !r.OK {
		return
	}
	if r.Module != "" {
		fmt.Fprintf(e.out, "%s: a module, which %s requires\n", r.Path, r.Module)
		return
	}
	if r.Tests {
		fmt.Fprintf(e.out, "%s: its tests load; perilune test runs them\n", r.Path)
		return
	}
	fmt.Fprintf(e.out, "%s: %s is fine: %s\n", r.Path, r.Name, strings.Join(r.Handlers, " "))
	if len(r.Bars) > 0 {
		fmt.Fprintf(e.out, "  bars of %s\n", strings.Join(r.Bars, ", "))
	}
	if len(r.WarmUp) > 0 {
		fmt.Fprintf(e.out, "  warm-up: %s\n", strings.Join(r.WarmUp, ", "))
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, p := range r.Params {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", p.Name, p.Value, p.Doc)
	}
	t.Flush()
}

func newVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("new", "NAME [flags]", "perilune new trend --from moving_average")
	from := f.String("from", "", "begin with a strategy of the gallery and its tests (--list tells which there are)")
	list := f.Bool("list", false, "list the gallery")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parse(f, args); err != nil {
		return err
	}
	if *list {
		return printGallery(e, *asJSON)
	}
	if f.NArg() != 1 {
		return fail(ExitUsage, "want the name of the new strategy")
	}
	var files []string
	var err error
	if *from == "" {
		files, err = host.Scaffold(".", f.Arg(0))
	} else {
		files, err = host.ScaffoldFrom(".", f.Arg(0), *from)
	}
	if err != nil {
		return err
	}
	if *asJSON {
		return e.printJSON(map[string]any{"files": files})
	}
	for _, path := range files {
		fmt.Fprintln(e.out, "wrote", path)
	}
	fmt.Fprintf(e.out, "\nrun it, and edit it while it runs:\n  perilune run %s\nits tests:\n  perilune test strategies --cover\n", files[0])
	return nil
}

// printGallery lists what new --from begins with.
func printGallery(e *env, asJSON bool) error {
	if asJSON {
		return e.printJSON(host.Gallery())
	}
	for _, x := range host.Gallery() {
		fmt.Fprintf(e.out, "%-20s %s\n", x.Name, x.Doc)
	}
	return nil
}

package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/host"
)

// biasFlags are those of check --bias.
type biasFlags struct {
	on             bool
	data, from, to string
	length         string
	market         []string
	symbols        []string
	seed           uint64
}

func (b *biasFlags) define(f *pflag.FlagSet) {
	f.BoolVar(&b.on, "bias", false, "run the script again and again with one thing changed, and say what its result depends on")
	f.StringVar(&b.data, "data", "", "of --bias: directory of a history, as backtest has it")
	f.StringArrayVar(&b.market, "market", []string{"synth"}, "of --bias, without --data: synth or a recording (repeatable)")
	f.StringSliceVar(&b.symbols, "symbols", nil, "of --bias: only these of the history")
	f.StringVar(&b.from, "from", "", "of --bias: first day, UTC")
	f.StringVar(&b.to, "to", "", "of --bias: day to end before, UTC")
	f.StringVar(&b.length, "for", "", "of --bias: end after this much virtual time: 12h, 30d (needed on synth)")
	f.Uint64Var(&b.seed, "seed", 1, "of --bias: seed of the built-in market and of latency")
}

// checkBias runs the look.
func checkBias(ctx context.Context, e *env, b *biasFlags, scripts []string, set map[string]string, asJSON bool) error {
	o := &host.BiasOptions{Session: host.Options{Scripts: scripts, Set: set, Market: b.market, Seed: b.seed}}
	if b.data != "" {
		o.Session.Market = []string{b.data}
	}
	o.Session.History.Symbols = b.symbols
	var err error
	if o.Session.History.From, o.Session.History.To, err = parseDays(b.from, b.to); err != nil {
		return err
	}
	if o.Session.For, err = parseLength(b.length); err != nil {
		return err
	}
	if o.Session.For == 0 && b.data == "" && len(b.market) == 1 && b.market[0] == "synth" {
		return fail(ExitUsage, "--bias: the built-in market has no end: want --for, such as --for 10d, or --data")
	}
	p := newProgress(e.err, asJSON)
	o.Progress = func(done, all int) { p.show(done, all, 0, 0, "") }
	r, err := host.CheckBias(ctx, o)
	p.end()
	if err != nil {
		return err
	}
	if asJSON {
		if err := e.printJSON(r); err != nil {
			return err
		}
	} else {
		printBias(e.out, r)
	}
	if r.LookAhead {
		return &coded{code: ExitCondition, quiet: true, err: fmt.Errorf("look-ahead was found")}
	}
	return nil
}

func printBias(w io.Writer, r *host.BiasReport) {
	fmt.Fprintf(w, "%s, %.10s to %.10s: net %s %s with %d orders\n\n", r.Market, r.From, r.To, r.Net.StringFixed(2), r.Currency, r.Decisions)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "test\tchanged\tverdict\tnet, changed by\torders\tparted at\n")
	for _, x := range r.Rows {
		at, delta := "", x.Delta.StringFixed(2)
		if x.First != nil {
			at = fmt.Sprintf("%.16s", x.First.Time)
		}
		if x.Test == "prefix" {
			delta = ""
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", x.Test, x.Changed, x.Verdict, delta, x.Decisions, at)
	}
	t.Flush()
	for _, x := range r.Rows {
		if x.First == nil || x.Says == "" {
			continue
		}
		fmt.Fprintf(w, "\n%s: %s: %s\n  at %s\n  without: %s\n  with:    %s\n", x.Verdict, x.Test, x.Says, x.First.Time, orNothing(x.First.Without), orNothing(x.First.With))
	}
	if r.LookAhead {
		fmt.Fprintln(w, "\nLOOK-AHEAD: its decisions rest on what could not be known then")
	}
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

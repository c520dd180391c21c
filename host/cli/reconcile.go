package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/perilune/perilune/host"
)

// reconcileVerb compares a ledger with its venues.
func reconcileVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("reconcile", "--config FILE [flags]", "perilune reconcile --config perilune.toml --from 2026-11-01 --to 2026-12-01")
	var d deadFlags
	d.define(f, false)
	from := f.String("from", "", "from this day on, UTC, by the venue's clock (default: since the ledger was begun)")
	to := f.String("to", "", "before this day, UTC (default: to now)")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	first, end, err := parseDays(*from, *to)
	if err != nil {
		return err
	}
	if *from != "" && *to != "" && first >= end {
		return fail(ExitUsage, "--from %s --to %s: there is no time between them: want a later --to", *from, *to)
	}
	o, err := d.options(e)
	if err != nil {
		return err
	}
	o.Log = func(l host.Line) { fmt.Fprintln(e.err, l.Text) }
	r, err := host.Reconcile(ctx, o, host.ReconcileOptions{From: first, To: end})
	if err != nil {
		return missingLedger(d.ledger(), err)
	}
	if d.json {
		if err := e.printJSON(struct {
			DB    string `json:"db"`
			Agree bool   `json:"agree"`
			*host.Reconciliation
		}{d.ledger(), r.Err() == nil, r}); err != nil {
			return err
		}
	} else if err := e.printReconciliation(r); err != nil {
		return err
	}
	if err := r.Err(); errors.Is(err, host.ErrDiffers) {
		return &coded{code: ExitLedger, err: err}
	}
	return r.Err()
}

func (e *env) printReconciliation(r *host.Reconciliation) error {
	for i := range r.Differences {
		fmt.Fprintln(e.out, &r.Differences[i])
	}
	if r.More > 0 {
		fmt.Fprintf(e.out, "… and %d more\n", r.More)
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "venue\tkind\tasset\trows\tledger\tvenue\t")
	for _, x := range r.Totals {
		kind := x.Kind
		if kind == "trade" {
			kind = "fees of trades"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\t\n", x.House, kind, x.Asset, x.Rows, x.Ledger, x.Venue)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, text := range r.NotAsked {
		fmt.Fprintln(e.err, "not compared: "+text)
	}
	if r.Err() == nil {
		fmt.Fprintf(e.out, "%d rows agree since %s\n", r.Compared, r.From)
	}
	return nil
}

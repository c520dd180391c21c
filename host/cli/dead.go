package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/control/client"
)

// The verbs of this file are for a session that is dead: they ask its venues themselves.

// deadFlags are what all of them take, beside what the same verbs take of a session that
// runs.
type deadFlags struct {
	deskFlags
	config string
	within time.Duration
	quiet  bool
}

// define defines them; steers: it changes something.
func (d *deadFlags) define(f *pflag.FlagSet, steers bool) {
	f.StringVar(&d.config, "config", "", "where no session runs: the file that run --live was given, with the key's place, to ask the venues with")
	d.one(f)
	if !steers {
		d.deskFlags.define(f)
		return
	}
	d.steer(f)
	f.BoolVar(&d.yes, "yes", false, "do not ask; needed where there is no terminal")
	f.DurationVar(&d.within, "within", 10*time.Minute, "where no session runs: how long it may take")
	f.BoolVar(&d.quiet, "quiet", false, "where no session runs: no log on stderr, only errors")
}

// dead reports whether the venues are to be asked: no session runs, and there is a
// configuration to reach them with.
func (d *deadFlags) dead(ctx context.Context) (bool, error) {
	_, err := client.Find(ctx, d.db)
	switch {
	case err == nil:
		return false, nil
	case !errors.Is(err, client.ErrNone):
		return false, fail(ExitUsage, "%w: --db FILE", err)
	}
	return d.config != "", nil
}

// options are those of the session that is dead.
func (d *deadFlags) options(e *env) (*host.Options, error) {
	if d.within < 0 {
		return nil, fail(ExitUsage, "--within %s: want more than 0", d.within)
	}
	o := &host.Options{Account: &host.AccountOptions{}, DB: d.ledger(), Command: "perilune " + strings.Join(os.Args[1:], " ")}
	if err := o.LoadConfig(d.config); err != nil {
		return nil, err
	}
	return o, o.Live.TakeEnvironment(os.LookupEnv)
}

// deadViews asks the venues. What can't be asked is told, and is the exit code.
func (e *env) deadViews(ctx context.Context, d *deadFlags, print func([]host.VenueView)) error {
	o, err := d.options(e)
	if err != nil {
		return err
	}
	list, err := host.AskVenues(ctx, o)
	if err != nil {
		return missingLedger(d.ledger(), err)
	}
	if d.json {
		err = e.printJSON(map[string]any{"db": d.ledger(), "venues": list})
	} else {
		print(list)
	}
	for _, v := range list {
		if v.Error != "" {
			err = fail(ExitAccount, "%s: %s", v.House, v.Error)
			fmt.Fprintf(e.err, "%s could not be asked: %s\n", v.House, v.Error)
		}
	}
	return err
}

func missingLedger(db string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fail(ExitLedger, "ledger %s: there is no such file; name the session's own with --db", db)
	}
	return err
}

// ledger is the file of the session that is dead.
func (d *deadFlags) ledger() string { return cmp.Or(d.db, "perilune-live.db") }

func deadPositions(ctx context.Context, e *env, d *deadFlags) error {
	return e.deadViews(ctx, d, func(list []host.VenueView) {
		t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "what\tat the venue\tin the ledger\tentry\tmark\t")
		for _, v := range list {
			for _, p := range v.Positions {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t\n", p.Instrument, p.Qty, p.Booked, p.Entry, p.Mark)
			}
			for _, b := range v.Balances {
				fmt.Fprintf(t, "%s %s\t%s\t\t\t\t\n", b.Wallet, b.Asset, b.Total)
			}
		}
		t.Flush()
	})
}

func deadOrders(ctx context.Context, e *env, d *deadFlags) error {
	kept, err := host.KeptOrders(d.ledger())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, text := range kept {
		fmt.Fprintf(e.err, "held by the session, and watched by nobody while none runs: %s\n", text)
	}
	return e.deadViews(ctx, d, func(list []host.VenueView) {
		t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "instrument\tside\tqty\tfilled\tprice\tstrategy\tpair\tclient id")
		for _, v := range list {
			for _, o := range v.Orders {
				whose := o.Strategy
				if o.Foreign {
					whose = "(not in the ledger)"
				}
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", o.Instrument, o.Side, o.Qty, o.Filled, o.Price, whose, pairText(o.Pair), o.ClientID)
			}
		}
		t.Flush()
	})
}

// tendDead does with a session that is dead what do does, after asking.
func tendDead(ctx context.Context, e *env, d *deadFlags, what string, do func(context.Context, *host.Options, host.DeadOptions) (*host.DeadReport, error)) error {
	o, err := d.options(e)
	if err != nil {
		return err
	}
	if err := sure(e, d.yes, "No session runs. By the ledger "+d.ledger()+" this "+what); err != nil {
		return err
	}
	t := newTicker(e.err, d.quiet)
	o.Log, o.Status, o.Abandon = t.line, t.status, e.abandon
	sessions.Add(1)
	r, err := do(ctx, o, host.DeadOptions{Strategy: d.strategy, Reason: d.why, Within: d.within})
	sessions.Add(-1)
	t.clear()
	if r == nil {
		return err
	}
	if d.json {
		if jerr := e.printJSON(r); jerr != nil {
			return jerr
		}
	} else {
		e.printDead(r)
	}
	var left *host.LeftError
	if errors.As(err, &left) {
		return &coded{code: ExitStalled, err: err}
	}
	return err
}

func (e *env) printDead(r *host.DeadReport) {
	for _, x := range []struct {
		what string
		list []string
	}{{"found", r.Found}, {"left", r.Left}, {"too small to trade", r.Dust}, {"held", r.Held}} {
		for _, text := range x.list {
			fmt.Fprintf(e.out, "%s: %s\n", x.what, text)
		}
	}
	switch {
	case r.Session == "":
		fmt.Fprintln(e.out, "the ledger's last session left nothing")
	case len(r.Left) == 0:
		fmt.Fprintf(e.out, "nothing is left of session %s: %d fills, journal %s\n", r.Session, r.Fills, r.Journal)
	}
}

package cli

import (
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
)

// The verbs of this file are for a session that is dead: they ask its venues themselves.

// deadFlags are what all of them take.
type deadFlags struct {
	config, db, strategy, why string
	within                    time.Duration
	yes, json, quiet          bool
}

// define defines them; steers: it changes something.
func (d *deadFlags) define(f *pflag.FlagSet, steers bool) {
	f.StringVar(&d.config, "config", "", "the file that run --live was given, with the key's place (required)")
	f.StringVar(&d.db, "db", "perilune-live.db", "the session's ledger")
	if steers {
		f.StringVar(&d.strategy, "strategy", "", "only this strategy's")
		f.StringVar(&d.why, "why", "", "the reason, for the journal")
		f.DurationVar(&d.within, "within", 10*time.Minute, "how long it may take")
		f.BoolVar(&d.yes, "yes", false, "do not ask; needed where there is no terminal")
		f.BoolVar(&d.quiet, "quiet", false, "no log on stderr, only errors")
	}
	f.BoolVar(&d.json, "json", false, "print one JSON object on stdout")
}

// options are those of the session that is dead.
func (d *deadFlags) options(e *env) (*host.Options, error) {
	if d.config == "" {
		return nil, fail(ExitUsage, "--config: name the file that run --live was given")
	}
	if d.within < 0 {
		return nil, fail(ExitUsage, "--within %s: want more than 0", d.within)
	}
	o := &host.Options{Account: &host.AccountOptions{}, DB: d.db, Command: "perilune " + strings.Join(os.Args[1:], " ")}
	if err := o.LoadConfig(d.config); err != nil {
		return nil, err
	}
	return o, o.Live.TakeEnvironment(os.LookupEnv)
}

// deadViews asks the venues. What can't be asked is told, and is the exit code.
func deadViews(ctx context.Context, e *env, d *deadFlags, print func([]host.VenueView)) error {
	o, err := d.options(e)
	if err != nil {
		return err
	}
	list, err := host.AskVenues(ctx, o)
	if err != nil {
		return missingLedger(d.db, err)
	}
	if d.json {
		err = e.printJSON(map[string]any{"db": d.db, "venues": list})
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

// deadPositions lists positions and balances by the venues' word.
func deadPositions(ctx context.Context, e *env, args []string) error {
	f := e.flags("positions", "--config FILE [flags]", "perilune positions --config perilune.toml")
	var d deadFlags
	d.define(f, false)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return deadViews(ctx, e, &d, func(list []host.VenueView) {
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

// deadOrders lists open orders by the venues' word.
func deadOrders(ctx context.Context, e *env, args []string) error {
	f := e.flags("orders", "--config FILE [flags]", "perilune orders --config perilune.toml")
	var d deadFlags
	d.define(f, false)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return deadViews(ctx, e, &d, func(list []host.VenueView) {
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

// deadCancel cancels what the session left working.
func deadCancel(ctx context.Context, e *env, args []string) error {
	return tendDead(ctx, e, "cancel-all", "cancel the working orders that the session left", host.CancelDead, args)
}

// deadFlatten closes what the session left.
func deadFlatten(ctx context.Context, e *env, args []string) error {
	return tendDead(ctx, e, "flatten", "close all that strategies of the session hold, at the market", host.FlattenDead, args)
}

func tendDead(ctx context.Context, e *env, name, what string, do func(context.Context, *host.Options, host.DeadOptions) (*host.DeadReport, error), args []string) error {
	f := e.flags(name, "--config FILE [flags]", "perilune "+name+" --config perilune.toml --yes")
	var d deadFlags
	d.define(f, true)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	o, err := d.options(e)
	if err != nil {
		return err
	}
	if err := sure(e, d.yes, fmt.Sprintf("%s, by the ledger %s", what, d.db)); err != nil {
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
		printDead(e, r)
	}
	var left *host.LeftError
	if errors.As(err, &left) {
		return &coded{code: ExitStalled, err: err}
	}
	return err
}

func printDead(e *env, r *host.DeadReport) {
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

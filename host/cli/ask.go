package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/perilune/perilune/host/control"
)

// watchEvery is how often what is watched is shown anew.
const watchEvery = time.Second

func statusVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("status", "[flags]", "perilune status --watch")
	var d deskFlags
	d.define(f)
	watch := f.Bool("watch", false, "show it again every second, until Ctrl-C or the session's end")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	desk, leave, err := d.desk(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for {
		s, err := desk.Status(ctx)
		if err != nil && *watch && control.AsError(err).Code == control.Ended {
			fmt.Fprintln(e.err, "the session has ended")
			return nil
		}
		if *watch && !d.json && newScreen(e.out).moves {
			io.WriteString(e.out, "\x1b[H\x1b[J")
		}
		if err := show(e, &d, "status", s, err, func(s *control.Status) { printStatus(e.out, s) }); err != nil || !*watch || !s.Identity.Live {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

func strategiesVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("strategies", "[flags]", "perilune strategies --versions")
	var d deskFlags
	d.define(f)
	d.one(f)
	versions := f.Bool("versions", false, "their versions, newest first")
	version := f.Int("version", 0, "one version of --strategy, with its changes")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if *version != 0 && d.strategy == "" {
		return fail(ExitUsage, "--version %d: of which --strategy?", *version)
	}
	return e.ask(ctx, &d, func(desk control.Desk) error {
		if *versions || *version != 0 {
			list, err := desk.Versions(ctx, control.VersionsArgs{Strategy: d.strategy, Version: *version})
			return show(e, &d, "versions", list, err, func(list []control.Version) {
				printVersions(e.out, list)
				if *version != 0 && len(list) == 1 {
					fmt.Fprintf(e.out, "\n%s", list[0].Diff)
				}
			})
		}
		list, err := desk.Strategies(ctx)
		return show(e, &d, "strategies", list, err, func(list []control.Strategy) {
			printStrategies(e.out, list)
			printParams(e.out, list)
		})
	})
}

// ask does something with the session that runs, or with the ledger.
func (e *env) ask(ctx context.Context, d *deskFlags, do func(control.Desk) error) error {
	desk, leave, err := d.desk(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return do(desk)
}

func pairsVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("pairs", "[flags]", "perilune pairs --closed")
	var d deskFlags
	d.define(f)
	d.one(f)
	closed := f.Bool("closed", false, "also those that are done, newest first")
	last := f.Int("last", 0, "how many at most (default 200)")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return e.ask(ctx, &d, func(desk control.Desk) error {
		list, err := desk.Pairs(ctx, control.PairsArgs{Strategy: d.strategy, Closed: *closed, Limit: *last})
		return show(e, &d, "pairs", list, err, func(list []control.Pair) { printPairs(e.out, list) })
	})
}

func booksVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("books", "[INSTRUMENT] [flags]", "perilune books usdm:BTCUSDT --depth 10")
	var d deskFlags
	d.define(f)
	depth := f.Int("depth", 0, "levels a side (default 5)")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() > 1 {
		return fail(ExitUsage, "want one instrument at most, got %d", f.NArg())
	}
	return e.ask(ctx, &d, func(desk control.Desk) error {
		list, err := desk.Books(ctx, control.BooksArgs{Instrument: f.Arg(0), Depth: *depth})
		return show(e, &d, "books", list, err, func(list []control.Book) { printBooks(e.out, list) })
	})
}

func commandsVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("commands", "[flags]", "perilune commands --last 20")
	var d deskFlags
	d.define(f)
	d.one(f)
	last := f.Int("last", 0, "how many at most (default 200)")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return e.ask(ctx, &d, func(desk control.Desk) error {
		list, err := desk.Commands(ctx, control.RangeArgs{Strategy: d.strategy, Limit: *last})
		return show(e, &d, "commands", list, err, func(list []control.Command) { printCommands(e.out, list) })
	})
}

func explainVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("explain", "order|pair|fill|event N|error [EVENT] [flags]", "perilune explain order 12")
	var d deskFlags
	d.define(f)
	if err := parse(f, args); err != nil {
		return err
	}
	if f.Arg(0) == "error" && f.NArg() <= 2 {
		return e.ask(ctx, &d, func(desk control.Desk) error { return explainError(ctx, e, desk.Identity().Journal, f.Arg(1)) })
	}
	if f.NArg() != 2 {
		return fail(ExitUsage, "want what and its number, as in order 12, pair 3, fill TRADE_ID or event 4711")
	}
	var a control.ExplainArgs
	var n uint64
	if f.Arg(0) != "fill" {
		if _, err := fmt.Sscanf(f.Arg(1)+" ", "%d ", &n); err != nil || n == 0 {
			return fail(ExitUsage, "%s %q: want a number", f.Arg(0), f.Arg(1))
		}
	}
	switch f.Arg(0) {
	case "order":
		a.Order = n
	case "pair":
		a.Pair = n
	case "event":
		a.Seq = n
	case "fill":
		a.Fill = f.Arg(1)
	default:
		return fail(ExitUsage, "%q: want order, pair, fill or event", f.Arg(0))
	}
	return e.ask(ctx, &d, func(desk control.Desk) error {
		tr, err := desk.Explain(ctx, a)
		return show(e, &d, "explain", tr, err, func(tr *control.Trace) { printTrace(e.out, tr) })
	})
}

package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/perilune/perilune/host/control"
)

func haltVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("halt", "[--strategy S] [flags]", "perilune halt --why 'the venue says maintenance'")
	var d deskFlags
	d.steer(f)
	d.one(f)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return e.tell(ctx, &d, func(desk control.Desk) (string, error) {
		return quiet(d.strategy, "%s is paused: it is not called, and its working orders are canceled", "halted: only orders that reduce pass until perilune resume"),
			desk.Halt(ctx, d.who(), control.StrategyArgs{Strategy: d.strategy})
	})
}

// quiet is a sentence of a strategy, or of the session.
func quiet(strategy, ofOne, ofAll string) string {
	if strategy == "" {
		return ofAll
	}
	return fmt.Sprintf(ofOne, strategy)
}

// tell does something with the session that runs, and says what was done.
func (e *env) tell(ctx context.Context, d *deskFlags, do func(control.Desk) (string, error)) error {
	desk, err := d.running(ctx)
	if err != nil {
		return err
	}
	text, err := do(desk)
	if err != nil {
		return asked(err)
	}
	return e.done(d, text)
}

func resumeVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("resume", "[--strategy S] [flags]", "perilune resume --strategy basis")
	var d deskFlags
	d.steer(f)
	d.one(f)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return e.tell(ctx, &d, func(desk control.Desk) (string, error) {
		return quiet(d.strategy, "%s goes on", "the kill latch is lifted"), desk.Resume(ctx, d.who(), control.StrategyArgs{Strategy: d.strategy})
	})
}

func reloadVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("reload", "STRATEGY [--to N | --force] [flags]", "perilune reload basis --to 3")
	var d deskFlags
	d.steer(f)
	to := f.String("to", "", "a version of before, as perilune strategies --versions lists them: 3 or v3 (default: the file as it is)")
	force := f.Bool("force", false, "let the file in though its preflight refuses it; who did is kept with the version")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return fail(ExitUsage, "want one strategy, got %d", f.NArg())
	}
	a := control.ReloadArgs{Strategy: f.Arg(0), Force: *force}
	if *to != "" {
		if _, err := fmt.Sscanf(strings.TrimPrefix(*to, "v")+" ", "%d ", &a.To); err != nil || a.To < 1 {
			return fail(ExitUsage, "--to %q: want a version such as v3", *to)
		}
	}
	return e.tell(ctx, &d, func(desk control.Desk) (string, error) {
		text := a.Strategy + " runs its file as it is"
		if a.To > 0 {
			text = fmt.Sprintf("%s runs version %d again", a.Strategy, a.To)
		}
		return text, desk.Reload(ctx, d.who(), a)
	})
}

func setVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("set", "STRATEGY.PARAM=VALUE … [flags]", "perilune set basis.enter_bp=25")
	var d deskFlags
	d.steer(f)
	if err := parse(f, args); err != nil {
		return err
	}
	const want = "want STRATEGY.PARAM=VALUE, of one strategy"
	a := control.SetArgs{Params: map[string]string{}}
	for _, arg := range f.Args() {
		name, value, ok := strings.Cut(arg, "=")
		strategy, param, whole := strings.Cut(name, ".")
		if !ok || !whole || strategy == "" || param == "" || a.Strategy != "" && a.Strategy != strategy {
			return fail(ExitUsage, "%q: %s", arg, want)
		}
		a.Strategy, a.Params[param] = strategy, value
	}
	if a.Strategy == "" {
		return fail(ExitUsage, "%s", want)
	}
	return e.tell(ctx, &d, func(desk control.Desk) (string, error) {
		return fmt.Sprintf("%s runs with %s", a.Strategy, strings.Join(f.Args(), " ")), desk.Set(ctx, d.who(), a)
	})
}

func signalVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("signal", "NAME [PAYLOAD] [flags]", `perilune signal rebalance '{"weight": 0.5}'`)
	var d deskFlags
	d.steer(f)
	d.one(f)
	id := f.String("id", "", "a signal with the id of one before is not told again")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() < 1 || f.NArg() > 2 {
		return fail(ExitUsage, "want a name, and a payload or none")
	}
	a := control.SignalArgs{Strategy: d.strategy, Name: f.Arg(0), Payload: f.Arg(1), ID: *id}
	return e.tell(ctx, &d, func(desk control.Desk) (string, error) { return "told", desk.Signal(ctx, d.who(), a) })
}

func stopVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("stop", "[flags]", "perilune stop --yes")
	var d deskFlags
	d.steer(f)
	f.BoolVar(&d.yes, "yes", false, "do not ask")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	return tellSurely(ctx, e, &d, "This ends the session in good order; positions and pairs stay as they are", func(desk control.Desk) (string, error) {
		return "the session ends", desk.Stop(ctx, d.who())
	})
}

// tellSurely is tell for what can't be taken back: it says on what, and asks.
func tellSurely(ctx context.Context, e *env, d *deskFlags, what string, do func(control.Desk) (string, error)) error {
	desk, err := d.running(ctx)
	if err != nil {
		return err
	}
	id := desk.Identity()
	if err := sure(e, d.yes, band(&id)+"\n"+what); err != nil {
		return err
	}
	return e.tell(ctx, d, do)
}

// cancelRunning cancels working orders of the session that runs.
func cancelRunning(ctx context.Context, e *env, d *deadFlags, a control.OrdersArgs) error {
	return tellSurely(ctx, e, &d.deskFlags, "This cancels working orders of strategies; pairs and parent orders keep theirs", func(desk control.Desk) (string, error) {
		return "canceled", desk.CancelAll(ctx, d.who(), a)
	})
}

// flattenRunning closes what strategies hold, in the session that runs.
func flattenRunning(ctx context.Context, e *env, d *deadFlags, a control.FlattenArgs) error {
	return tellSurely(ctx, e, &d.deskFlags, "This closes what "+quiet(a.Strategy, "%s holds", "all strategies hold")+" at the market: pairs, positions, coins they bought", func(desk control.Desk) (string, error) {
		return "closing; perilune status --watch shows how it goes. A strategy that is not halted may open again", desk.Flatten(ctx, d.who(), a)
	})
}

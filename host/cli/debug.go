package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/debug"
	"github.com/perilune/perilune/host/debug/dap"
)

// debugFlags say what is debugged, and from where.
type debugFlags struct {
	session sessionFlags

	journal, length   string
	market, contracts []string

	listen     string
	stdio      bool
	at         string
	shown      []string
	breaks     []string
	postMortem string
}

const debugExample = "perilune debug --journal perilune-paper.journal/paper-1-run-1 --at 'event 4711' --print locals,state,orders"

func (d *debugFlags) define(f *pflag.FlagSet) {
	f.StringVar(&d.journal, "journal", "", "directory of a session's journal: what ran is debugged as it ran")
	f.StringArrayVar(&d.market, "market", nil, "run SCRIPT on this first, and debug that run: synth, or recordings (repeatable, merged by time)")
	f.StringVar(&d.length, "for", "24h", "of --market: how much virtual time to run")
	f.StringArrayVar(&d.session.set, "set", nil, "of --market: set a parameter: name=value or strategy.name=value (repeatable)")
	f.StringVar(&d.session.config, "config", "", "of --market: TOML file, as of run")
	f.StringArrayVar(&d.contracts, "contract", nil, "of --market: what a symbol of a recording is, as of run (repeatable)")
	f.Uint64Var(&d.session.seed, "seed", 1, "of --market: seed of the built-in market and of simulated latency")
	f.BoolVar(&d.stdio, "stdio", false, "speak the Debug Adapter Protocol on standard input and output: editors start it so")
	f.StringVar(&d.listen, "listen", "", "speak it to one editor after the other at this address of this machine, such as 127.0.0.1:4711")
	f.StringVar(&d.at, "at", "", "go there, print and end: 'event N', 'time 2026-01-02T15:04:05', 'error', FILE:LINE [if EXPR], 'fill SYMBOL', a function")
	f.StringSliceVar(&d.shown, "print", nil, "of --at: where, bt, locals, upvalues, state, params, globals, event, orders, pairs, positions, account, books, all or =EXPR (default where,locals)")
	f.StringArrayVar(&d.breaks, "break", nil, "a breakpoint, as of --at (repeatable)")
	f.StringVar(&d.postMortem, "post-mortem", "", "go to the error of a strategy that this event led to; without a number, to the last one")
	f.Lookup("post-mortem").NoOptDefVal = "last"
}

func debugVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("debug", "[SCRIPT] --journal DIR|--market synth [flags]", debugExample)
	var d debugFlags
	d.define(f)
	if err := parse(f, args); err != nil {
		return err
	}
	rest := f.Args()
	if len(rest) > 0 && d.postMortem == "last" {
		if _, err := strconv.ParseUint(rest[0], 10, 64); err == nil {
			d.postMortem, rest = rest[0], rest[1:] // an optional value is not taken from the next argument
		}
	}
	if len(rest) > 1 {
		return fail(ExitUsage, "want one script, got %q", rest)
	}
	script := ""
	if len(rest) == 1 {
		script = rest[0]
	}
	switch {
	case d.stdio || d.listen != "":
		return d.adapter(ctx, e, script)
	case d.journal != "" && len(d.market) > 0:
		return fail(ExitUsage, "--journal and --market: want one of them")
	case d.journal == "" && len(d.market) == 0:
		return fail(ExitUsage, "want --journal DIR, of a session that ran, or --market synth, to run SCRIPT first")
	}
	journal, done, err := d.journalOf(ctx, func(text string) { fmt.Fprintln(e.err, text) }, script)
	if err != nil {
		return err
	}
	defer done()
	s, err := debug.Open(debug.Options{Journal: journal, Script: script, Once: d.at != "" || d.postMortem != "", Say: func(text string) { fmt.Fprintln(e.out, text) }})
	if err != nil {
		return err
	}
	defer s.Close()
	stop := context.AfterFunc(ctx, s.Leave)
	defer stop()
	return d.converse(ctx, e, s)
}

// journalOf is the journal to debug: the one that is named, or of a run that is made now.
func (d *debugFlags) journalOf(ctx context.Context, say func(string), script string) (dir string, done func(), err error) {
	if d.journal != "" {
		return d.journal, func() {}, nil
	}
	if script == "" {
		return "", nil, fail(ExitUsage, "--market: name the script to run")
	}
	f := pflag.NewFlagSet("debug", pflag.ContinueOnError)
	o, err := d.session.options(f)
	if err != nil {
		return "", nil, err
	}
	if o.For, err = parseLength(d.length); err != nil {
		return "", nil, err
	}
	if o.Contracts, err = settings("--contract", "exchange:symbol=linear, =linear:0.1, =spot or =inverse:BTC:100", d.contracts); err != nil {
		return "", nil, err
	}
	for _, m := range d.market {
		if m == "live" || strings.Contains(m, "://") {
			return "", nil, fail(ExitUsage, "--market %s: what is yet to come can't be run first: run it, and debug its journal", m)
		}
	}
	temp, err := os.MkdirTemp("", "perilune-debug-")
	if err != nil {
		return "", nil, err
	}
	done = func() { _ = os.RemoveAll(temp) }
	o.Scripts, o.Market, o.Journal, o.JournalCap, o.Ledger = []string{script}, d.market, temp, -1, host.LedgerNone
	sum, err := host.Run(ctx, o)
	if err != nil {
		done()
		return "", nil, err
	}
	say(fmt.Sprintf("ran %s on %s: %d events, %d fills", script, sum.Market, sum.Events, sum.Fills))
	return sum.Journal, done, nil
}

// converse goes to the place that is asked for, or reads commands.
func (d *debugFlags) converse(ctx context.Context, e *env, s *debug.Session) error {
	c := &debug.Console{S: s, Out: e.out}
	s.Points.BreakOnErrors(true, false)
	for _, b := range d.breaks {
		if err := c.Do("break " + b); err != nil {
			return fail(ExitUsage, "--break: %w", err)
		}
	}
	if d.postMortem != "" {
		if err := c.Do(strings.TrimSuffix("error "+strings.TrimPrefix(d.postMortem, "last"), " ")); err != nil {
			return err
		}
		if d.at == "" && len(d.shown) == 0 && !interactive(e) {
			d.shown = []string{"bt", "locals", "upvalues", "state", "params"}
		}
	}
	if d.at != "" {
		if err := goTo(c, d.at); err != nil {
			return err
		}
		if len(d.shown) == 0 {
			d.shown = []string{"locals"}
		}
	}
	if len(d.shown) > 0 {
		return d.print(c)
	}
	read, leave, err := e.lines(func() string { return "(debug) " })
	if err != nil {
		return err
	}
	defer leave()
	c.Out = e.out
	if d.postMortem == "" {
		if err := c.Do("event 1"); err != nil {
			return err
		}
	}
	fmt.Fprintln(e.err, "help lists the commands, q leaves")
	for ctx.Err() == nil {
		line, err := read()
		if errors.Is(err, io.EOF) || line == "q" || line == "quit" || line == "exit" {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.Do(line); err != nil {
			fmt.Fprintln(e.out, err)
		}
	}
	return nil
}

// goTo goes to a place that is named once.
func goTo(c *debug.Console, place string) error {
	word, _, _ := strings.Cut(place, " ")
	switch word {
	case "event", "time", "error":
		return c.Do(place)
	}
	b := c.S.Points.Add(debug.ParseBreakpoint(place))
	defer c.S.Points.Remove(b.ID)
	if !b.Verified {
		return fail(ExitUsage, "--at %s: %s", place, b.Message)
	}
	c.S.Points.BreakOnErrors(false, false)
	if err := c.Do("continue"); err != nil {
		return err
	}
	if last, err := c.S.Last(); err == nil && c.S.Position().Event > last {
		return fail(ExitFailure, "--at %s: it did not come to that", place)
	}
	return nil
}

func (d *debugFlags) print(c *debug.Console) error {
	for _, what := range d.shown {
		if what == "where" {
			continue // it was told on the way
		}
		expr, is := strings.CutPrefix(what, "=")
		command := "show " + what
		switch {
		case is:
			command = "p " + expr
		case what == "bt":
			command = what
		}
		if len(d.shown) > 1 {
			fmt.Fprintf(c.Out, "%s:\n", what)
		}
		if err := c.Do(command); err != nil {
			fmt.Fprintf(c.Out, "  (%v)\n", err)
		}
	}
	return nil
}

// adapter speaks the Debug Adapter Protocol with editors.
func (d *debugFlags) adapter(ctx context.Context, e *env, script string) error {
	start := func(ctx context.Context, a dap.LaunchArguments, say func(string)) (*debug.Session, func(), error) {
		return d.launch(ctx, a, script, say)
	}
	if d.stdio {
		return dap.Serve(ctx, e.in, e.out, start)
	}
	host, _, err := net.SplitHostPort(d.listen)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fail(ExitUsage, "--listen %q: want an address of this machine only, such as 127.0.0.1:4711: whoever connects sees all that the session holds", d.listen)
	}
	l, err := net.Listen("tcp", d.listen)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	fmt.Fprintf(e.err, "a debug adapter listens at %s, until Ctrl-C\n", l.Addr())
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		leave := context.AfterFunc(ctx, func() { _ = conn.Close() })
		if err := dap.Serve(ctx, conn, conn, start); err != nil && ctx.Err() == nil {
			fmt.Fprintln(e.err, err)
		}
		leave()
		_ = conn.Close()
	}
}

// launch opens what an editor's configuration names; what it does not say, the flags do.
func (d *debugFlags) launch(ctx context.Context, a dap.LaunchArguments, script string, say func(string)) (*debug.Session, func(), error) {
	x := *d
	x.journal, script = cmp.Or(a.Journal, d.journal), cmp.Or(a.Program, script)
	x.length, x.session.config = cmp.Or(a.For, d.length), cmp.Or(a.Config, d.session.config)
	x.session.seed = cmp.Or(a.Seed, d.session.seed)
	if len(a.Market) > 0 {
		x.market = a.Market
	}
	for _, k := range sortedKeys(a.Set) {
		x.session.set = append(slices.Clip(x.session.set), k+"="+a.Set[k])
	}
	if x.journal == "" && len(x.market) == 0 {
		x.market = []string{"synth"}
	}
	if x.journal != "" && len(a.Market) > 0 {
		return nil, nil, errors.New("journal and market: want one of them")
	}
	journal, done, err := x.journalOf(ctx, say, script)
	if err != nil {
		return nil, nil, err
	}
	s, err := debug.Open(debug.Options{Journal: journal, Script: script, Say: say})
	if err != nil {
		done()
		return nil, nil, err
	}
	return s, done, nil
}

// interactive reports whether a person types.
func interactive(e *env) bool {
	in, ok := e.in.(*os.File)
	return ok && term.IsTerminal(int(in.Fd()))
}

// explainError prints the functions that ran at an error of a strategy, with their variables:
// the one that an event led to, or the last.
func explainError(ctx context.Context, e *env, journal, number string) error {
	if journal == "" {
		return fail(ExitLedger, "the session keeps no journal, and an error is looked at by running it again")
	}
	s, err := debug.Open(debug.Options{Journal: journal, Once: true})
	if err != nil {
		return err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, s.Leave)()
	c := &debug.Console{S: s, Out: e.out}
	if err := c.Do(strings.TrimSpace("error " + number)); err != nil {
		return err
	}
	for i, f := range s.Frames() {
		if f.Source == nil {
			break
		}
		for _, command := range []string{fmt.Sprintf("frame %d", i), "show locals", "show upvalues"} {
			if err := c.Do(command); err != nil {
				return err
			}
		}
	}
	return c.Do("show state")
}

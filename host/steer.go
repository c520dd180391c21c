package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/host/script"
)

// Halt trips the kill latch: from then on only orders that reduce pass, until Resume.
// The latch is kept in the ledger and survives a restart.
func (s *Session) Halt(ctx context.Context, reason string) error {
	return s.instruct(ctx, core.CommandLatch, core.Instruction{Reason: reason})
}

// Resume lifts the kill latch.
func (s *Session) Resume(ctx context.Context) error {
	return s.instruct(ctx, core.CommandUnlatch, core.Instruction{})
}

// Pause stops calling a strategy and cancels its working orders; its pairs and parent
// orders stay in the care of the host. "" is every strategy.
func (s *Session) Pause(ctx context.Context, strategy, reason string) error {
	return s.instruct(ctx, core.CommandPause, core.Instruction{Strategy: strategy, Reason: reason})
}

// Unpause calls a strategy again, whatever paused it: Pause, or its own errors. What
// it missed of its orders and fills it is told first. "" is every strategy.
func (s *Session) Unpause(ctx context.Context, strategy string) error {
	return s.instruct(ctx, core.CommandUnpause, core.Instruction{Strategy: strategy})
}

// SetParams sets parameters of a strategy while it runs, in the words of Options.Set
// but without the strategy's name. A Lua script starts again with them as by a
// reload: state is carried over, and on_reload is called. After an error the strategy
// runs on with what it had. A session that is begun anew has the values of its
// options again.
func (s *Session) SetParams(ctx context.Context, strategy string, values map[string]string) error {
	return s.setParams(ctx, core.Instruction{Strategy: strategy, Params: values})
}

func (s *Session) setParams(ctx context.Context, in core.Instruction) error {
	if in.Strategy == "" || len(in.Params) == 0 {
		return configError("SetParams: name a strategy and at least one parameter; strategy is %q, and %d are given", in.Strategy, len(in.Params))
	}
	err := s.instruct(ctx, core.CommandParams, in)
	var failed *script.Error
	switch {
	case err == nil || Classify(err) != FaultOther:
		return err
	case errors.As(err, &failed): // its on_reload, say
		return &ScriptError{failed.File, err}
	}
	return configError("SetParams: %v", err)
}

// Orders choose working orders: those of a strategy, of an instrument ("usdm:BTCUSDT"),
// or one. What is left out stands for any.
type Orders struct {
	Strategy   string
	Instrument string
	ID         exchange.OrderID
}

// Cancel cancels working orders of strategies. Orders of pairs and of parent orders
// are not among them: who sent them would send others. Flatten ends those. An order that
// is named by its number and is not among them is an error, which says why; of the other
// choices there may be none.
func (s *Session) Cancel(ctx context.Context, which Orders) error {
	if err := s.reachable(ctx, "Cancel"); err != nil {
		return err
	}
	if err := s.listed("Cancel", which.Instrument); err != nil {
		return err
	}
	return s.instruct(ctx, core.CommandWithdraw, core.Instruction{Strategy: which.Strategy, Instrument: which.Instrument, Order: which.ID})
}

// listed says that an instrument is none of the session's; "" is any.
func (s *Session) listed(what, instrument string) error {
	if instrument == "" {
		return nil
	}
	if _, err := s.r.core.Universe().Lookup(instrument); err != nil {
		return configError("%s: %v", what, err)
	}
	return nil
}

// Flatten closes what a strategy holds, "" for every strategy: working orders are
// canceled, parent orders end, pairs begin to close, perpetuals held outside of pairs
// are closed at the market, and coins that it bought are sold. It returns when the
// orders are on their way. A strategy that is not paused may open again.
func (s *Session) Flatten(ctx context.Context, strategy, reason string) error {
	return s.instruct(ctx, core.CommandFlatten, core.Instruction{Strategy: strategy, Reason: reason})
}

// Reload reads a strategy's script again and swaps it in, as saving it does with
// Options.Watch; like a save it ends a pause. After an error the version before runs on: a
// *RefusedError when its preflight refused it, which ForceReload does not ask.
func (s *Session) Reload(ctx context.Context, strategy string) error {
	return s.reload(ctx, strategy, false)
}

// ForceReload is Reload past a preflight that refuses, or would.
func (s *Session) ForceReload(ctx context.Context, strategy string) error {
	return s.reload(ctx, strategy, true)
}

func (s *Session) reload(ctx context.Context, strategy string, force bool) error {
	if err := s.reachable(ctx, "Reload"); err != nil {
		return err
	}
	at, err := s.scriptOf(strategy)
	if err != nil {
		return err
	}
	path := s.r.scripts[at].path
	sources, err := script.Load(path)
	if err != nil {
		return &ScriptError{path, err}
	}
	return s.load(ctx, &exchange.Reload{Strategy: int32(at), Path: path, Sources: sources, By: core.ByProgram}, force)
}

// scriptOf finds a script by the name of its strategy.
func (s *Session) scriptOf(strategy string) (int, error) {
	at := slices.IndexFunc(s.r.scripts, func(l loaded) bool { return l.name == strategy })
	if at < 0 {
		return 0, configError("Reload: no script is called %q", strategy)
	}
	return at, nil
}

// load compiles the sources of a version and swaps it in, unless its preflight refuses it.
func (s *Session) load(ctx context.Context, v *exchange.Reload, force bool) error {
	began := time.Now()
	p, err := script.Compile(v.Sources)
	if err != nil {
		return &ScriptError{v.Path, err}
	}
	v.Sources, v.Hash, v.Compiled = p.Sources(), p.Hash(), p
	if force {
		s.r.preflight.overrule(v)
	} else if _, refused := s.r.preflight.admit(v); refused != nil {
		s.r.log(Line{Level: intent.Error, Text: refused.Error()})
		return &ScriptError{v.Path, refused}
	}
	v.Took = exchange.Time(time.Since(began))
	return s.command(ctx, &exchange.Event{Kind: exchange.KindReload, Instrument: exchange.NoInstrument, Reload: v}, nil)
}

// ErrOnLoop is the error of a call that waits for the loop and was made on the loop's
// goroutine: by a handler of a strategy, a rule, a function of a module or a source.
var ErrOnLoop = errors.New("it was called on the loop's goroutine, by what the loop itself has called, and would wait for itself: call it on another goroutine")

// errNoSession is the error of a Session that Open did not make.
var errNoSession = errors.New("there is no session: want the *Session of Open, whose error was nil")

// methodNames are what the methods are called whose commands the journal calls otherwise.
var methodNames = map[string]string{core.CommandLatch: "halt", core.CommandUnlatch: "resume"}

// reachable says why a call, which what names, can't reach the session.
func (s *Session) reachable(ctx context.Context, what string) error {
	what = cmp.Or(methodNames[what], what)
	switch {
	case s == nil || s.r == nil:
		return fmt.Errorf("%s: %w", what, errNoSession)
	case s.onLoop():
		return fmt.Errorf("%s: %w", what, ErrOnLoop)
	}
	return needsContext(ctx, what)
}

// onLoop reports whether the caller is on the loop's goroutine.
func (s *Session) onLoop() bool {
	name := s.r.supervisor.loop.Load()
	return name != nil && *name == loop.Goroutine()
}

// instruct checks whom an instruction is for before it is journalled.
func (s *Session) instruct(ctx context.Context, command string, in core.Instruction) error {
	if err := s.reachable(ctx, command); err != nil {
		return err
	}
	if in.Strategy != "" && !slices.Contains(s.r.strategies().Running, in.Strategy) {
		return configError("no strategy is called %q; there are %q", in.Strategy, s.r.strategies().Running)
	}
	ev, err := in.Event(command)
	if err != nil {
		return err
	}
	return s.command(ctx, ev, nil)
}

// waiter is who waits for an event from outside to be done.
type waiter struct {
	done chan error
	then func() // on the loop, when it is; nil: nothing
}

// command hands an event to the loop and waits until it was handled. then, if any, is
// called on the loop when it is.
func (s *Session) command(ctx context.Context, ev *exchange.Event, then func()) error {
	if err := s.reachable(ctx, ev.Name); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("nothing was asked of the session: %w", context.Cause(ctx))
	}
	done := make(chan error, 1)
	s.mu.Lock()
	if s.state == StateEnded {
		s.mu.Unlock()
		return ErrEnded
	}
	s.waiting[ev] = waiter{done, then}
	s.mu.Unlock()
	s.r.inbox.Post(ev)
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the loop has not done it yet, and will: %w", context.Cause(ctx))
	}
}

// handled runs on the loop when an event from outside is done.
func (s *Session) handled(ev *exchange.Event) {
	s.mu.Lock()
	w, ok := s.waiting[ev]
	delete(s.waiting, ev)
	s.mu.Unlock()
	if !ok {
		return
	}
	err := s.r.core.CommandError()
	if ev.Kind == exchange.KindReload && s.r.refusedVersion != "" {
		err = &ScriptError{ev.Reload.Path, errors.New(s.r.refusedVersion)}
	}
	if w.then != nil {
		w.then()
	}
	w.done <- err
}

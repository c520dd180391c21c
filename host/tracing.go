package host

import (
	"context"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// Tracing looks on while the session of a journal runs again. Its functions are called on
// the goroutine of [Retrace], which waits for them: a debugger stops a session by not
// returning. They read and change nothing; what is nil is not called.
type Tracing struct {
	// Probe and Raised are those of the session's scripts, of all their versions.
	Probe  script.Probe
	Raised func(script.Raise)
	// Built is called once, with the core, after the scripts were loaded.
	Built func(*core.Core)
	// Before is called with each event that is about to be handled, and the effects that
	// the journal has of it, as [core.Effect.Append] writes them; those of events that a
	// capped journal lost are not known. The lines are good until it returns.
	Before func(c *core.Core, ev *exchange.Event, recorded [][]byte) error
	// After is called with each event that was handled, and what it led to.
	After func(c *core.Core, ev *exchange.Event, fx []core.Effect) error
	// Ended is called once nothing is left to handle, before the scripts are closed; err is
	// what Retrace will return, a *Divergence included.
	Ended func(c *core.Core, err error)

	made bool // also of events that are made again
}

func (t *Tracing) before(c *core.Core, ev *exchange.Event, recorded [][]byte) error {
	if t.Before == nil {
		return nil
	}
	return t.Before(c, ev, recorded)
}

func (t *Tracing) after(c *core.Core, ev *exchange.Event, fx []core.Effect) error {
	if t.After == nil {
		return nil
	}
	return t.After(c, ev, fx)
}

// Retrace is [Replay] with somebody who looks on. An error of theirs ends it and is
// returned as it is.
func Retrace(ctx context.Context, dir string, t Tracing) (*ReplayResult, error) {
	if err := needsContext(ctx, "Retrace"); err != nil {
		return nil, err
	}
	t.made = true
	return replay(ctx, dir, ReplayOptions{}, &t)
}

// JournalledStrategy is a strategy as a journal begins with it.
type JournalledStrategy struct {
	Path    string // as the user named it when the session was started
	Program *script.Program
}

// JournalledStrategies are the strategies that the session of a journal began with: its
// scripts, compiled, in its order.
func JournalledStrategies(dir string) ([]JournalledStrategy, error) {
	s, err := headerOf(dir)
	if err != nil {
		return nil, err
	}
	var out []JournalledStrategy
	for i := range s.Strategies {
		c := &s.Strategies[i]
		p, err := script.Compile(c.Sources)
		if err != nil {
			return nil, &ScriptError{c.Path, err}
		}
		out = append(out, JournalledStrategy{c.Path, p})
	}
	return out, nil
}

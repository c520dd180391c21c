package host

import (
	"fmt"
	"regexp"
	"runtime/debug"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// strategyNames is what a strategy may be called: orders, state and settings are
// filed under it.
var strategyNames = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

// contained is a strategy written in Go whose panics fail the callback, as an error
// in Lua does, and nothing else.
type contained struct{ core.Strategy }

// Call implements core.Strategy.
func (s contained) Call(p *core.Port, n *core.Notice) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return s.Strategy.Call(p, n)
}

// State implements core.Strategy.
func (s contained) State() (raw []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return s.Strategy.State()
}

// Restart implements core.Strategy.
func (s contained) Restart(p *core.Port) (fresh core.Strategy, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	fresh, err = s.Strategy.Restart(p)
	if fresh != nil {
		fresh = contained{fresh}
	}
	return fresh, err
}

// natives are the strategies written in Go as the core drives them.
func (o *Options) natives() []core.Strategy {
	out := make([]core.Strategy, len(o.Strategies))
	for i, s := range o.Strategies {
		out[i] = contained{s}
	}
	return out
}

// checkStrategies says what is wrong with the strategies written in Go.
func (o *Options) checkStrategies() error {
	seen := map[string]int{}
	for i, s := range o.Strategies {
		name, err := nameOf(s)
		switch {
		case err != nil:
			return configError("Strategies[%d]: %v", i, err)
		case !strategyNames.MatchString(name):
			return configError("Strategies[%d]: name %q: want 1 to 32 of a-z, 0-9, - and _", i, name)
		case name == "host":
			return configError("Strategies[%d]: name %q: that is the host itself; choose another", i, name)
		}
		if first, twice := seen[name]; twice {
			return configError("Strategies[%d]: name %q: Strategies[%d] has it; orders and state are filed under the name", i, name, first)
		}
		seen[name] = i
	}
	return nil
}

// nameOf asks a strategy for its name. A nil in an interface panics when asked.
func nameOf(s core.Strategy) (name string, err error) {
	if s == nil {
		return "", fmt.Errorf("it is nil: want a core.Strategy")
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("asked for its name, it panicked: %v", v)
		}
	}()
	return s.Name(), nil
}

// checkNative compares the strategies written in Go with the scripts and with what
// the market has, before anything is written.
func (r *runner) checkNative() error {
	if len(r.o.Strategies) == 0 {
		return nil
	}
	u, err := exchange.NewUniverse(r.market.instruments)
	if err != nil {
		return err
	}
	for i, s := range r.o.Strategies {
		for _, l := range r.scripts {
			if l.name == s.Name() {
				return configError("Strategies[%d]: name %q: the script %s has it; orders and state are filed under the name", i, s.Name(), l.path)
			}
		}
		for _, pattern := range s.Subscriptions() {
			if !matches(u, pattern) {
				return configError("Strategies[%d] (%s): subscription %q: nothing in this market is called so%s", i, s.Name(), pattern, bindings.DidYouMean(pattern, keys(u)))
			}
		}
	}
	return nil
}

func matches(u *exchange.Universe, pattern string) bool {
	for _, in := range u.All() {
		if core.Match(pattern, in.Key()) {
			return true
		}
	}
	return false
}

func keys(u *exchange.Universe) []string {
	var out []string
	for _, in := range u.All() {
		out = append(out, in.Key())
	}
	return out
}

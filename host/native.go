package host

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// strategyNames is what a strategy may be called: orders, state and settings are
// filed under it.
var strategyNames = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

// contained is a strategy written in Go whose panics fail the callback, as an error
// in Lua does, and nothing else. What it subscribes to and wants is asked once.
type contained struct {
	core.Strategy
	name          string
	subscriptions []string
	wants         [core.Handlers]bool
	version       string // "": it has none
	closings      *closings

	args  core.Callback  // of the call under way
	event exchange.Event // in args
}

// contain asks a strategy for all that does not change. A nil in an interface
// panics when it is asked.
func contain(s core.Strategy) (c *contained, err error) {
	if s == nil {
		return nil, fmt.Errorf("it is nil: want a core.Strategy")
	}
	asked := "its name"
	defer func() {
		if v := recover(); v != nil {
			c, err = nil, fmt.Errorf("asked for %s, it panicked: %v", asked, v)
		}
	}()
	c = &contained{Strategy: s}
	c.name = s.Name()
	asked = "its subscriptions"
	c.subscriptions = slices.Clone(s.Subscriptions())
	asked = "the handlers that it wants"
	for h := range core.Handlers {
		c.wants[h] = s.Wants(h)
	}
	if v, ok := s.(Versioned); ok {
		asked = "its version"
		c.version = v.Version()
	}
	return c, nil
}

// versioned is the strategy's name and version, as a journal keeps them.
func (s *contained) versioned() string {
	if s.version == "" {
		return s.name
	}
	return s.name + "@" + s.version
}

func (s *contained) Name() string              { return s.name }
func (s *contained) Subscriptions() []string   { return s.subscriptions }
func (s *contained) Wants(h core.Handler) bool { return s.wants[h] }

// caught makes a panic an error that says where it was. It is journalled, so it holds
// nothing that another run has otherwise, as a stack does.
func caught(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("panic: %v (%s)", v, panickedAt())
	}
}

// panickedAt is the file and line that panicked, called while that is recovered.
func panickedAt() string {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	panicking := false
	for {
		f, more := frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if panicking && !inRuntime {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		panicking = panicking || f.Function == "runtime.gopanic"
		if !more {
			return "place unknown"
		}
	}
}

// Call implements core.Strategy.
func (s *contained) Call(p *core.Port, n *core.Callback) (err error) {
	defer caught(&err)
	return s.Strategy.Call(p, s.copied(n))
}

// copied is a callback on memory that is the strategy's own: what it changes, nobody else
// sees. Of what comes often there is one copy, and what may be kept is made anew.
func (s *contained) copied(n *core.Callback) *core.Callback {
	s.args = *n
	c := &s.args
	if c.Event != nil {
		s.event = *c.Event
		c.Event = &s.event
	}
	c.Order, c.Fill, c.Payment = copyOf(c.Order), copyOf(c.Fill), copyOf(c.Payment)
	c.Pair, c.Schedule, c.Advice = copyOf(c.Pair), copyOf(c.Schedule), copyOf(c.Advice)
	c.Conditional = copyOf(c.Conditional)
	return c
}

func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// Cure implements core.Curable.
func (s *contained) Cure() string {
	if c, ok := s.Strategy.(core.Curable); ok {
		return c.Cure()
	}
	return "Session.Unpause lets it go on"
}

// mostState is how many bytes the state of a strategy may have: it is written after
// every callback that changed it.
const mostState = 16 << 20

// State implements core.Strategy.
func (s *contained) State() (raw []byte, err error) {
	defer caught(&err)
	raw, err = s.Strategy.State()
	switch {
	case err != nil:
		return nil, err
	case len(raw) > mostState:
		return nil, fmt.Errorf("its state has %d bytes: at most %d are kept", len(raw), mostState)
	case len(raw) > 0 && !json.Valid(raw):
		return nil, fmt.Errorf("its state is no JSON: %.40q", raw)
	}
	return raw, nil
}

// Restart implements core.Strategy.
func (s *contained) Restart(p *core.Port) (fresh core.Strategy, err error) {
	defer caught(&err)
	fresh, err = s.Strategy.Restart(p)
	if fresh == nil || err != nil {
		return nil, err
	}
	c, err := s.succeeded(fresh)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Configure implements core.Configurable, for strategies that do.
func (s *contained) Configure(p *core.Port, values map[string]string) (fresh core.Strategy, err error) {
	able, ok := s.Strategy.(core.Configurable)
	if !ok {
		return nil, fmt.Errorf("the parameters of %s can't be set while it runs: it has no method Configure", s.name)
	}
	defer caught(&err)
	if fresh, err = able.Configure(p, values); err != nil {
		return nil, err
	}
	c, err := s.succeeded(fresh)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Bars implements core.BarUser, for strategies that do.
func (s *contained) Bars() []exchange.Time {
	if u, ok := s.Strategy.(core.BarUser); ok {
		return u.Bars()
	}
	return nil
}

// WarmUp implements core.Warmer, for strategies that do.
func (s *contained) WarmUp() []core.BarNeed {
	if w, ok := s.Strategy.(core.Warmer); ok {
		return w.WarmUp()
	}
	return nil
}

// UsesBars implements core.BarUser.
func (s *contained) UsesBars() bool {
	u, ok := s.Strategy.(core.BarUser)
	return ok && u.UsesBars()
}

// checkStrategies says what is wrong with the strategies written in Go.
func checkStrategies(list []core.Strategy) (out []*contained, err error) {
	seen := map[string]int{}
	for i, s := range list {
		c, err := contain(s)
		switch {
		case err != nil:
			return nil, configError("Strategies[%d]: %v", i, err)
		case !strategyNames.MatchString(c.name):
			return nil, configError("Strategies[%d]: name %q: want 1 to 32 of a-z, 0-9, - and _", i, c.name)
		case c.name == "host":
			return nil, configError("Strategies[%d]: name %q: that is the host itself; choose another", i, c.name)
		}
		if first, twice := seen[c.name]; twice {
			return nil, configError("Strategies[%d]: name %q: Strategies[%d] has it; orders and state are filed under the name", i, c.name, first)
		}
		seen[c.name] = i
		out = append(out, c)
	}
	return out, nil
}

// compare compares the strategies written in Go with the scripts and with what
// the market has, before anything is written.
func (w *own) compare(scripts []loaded, instruments []exchange.Instrument) error {
	if len(w.strategies) == 0 {
		return nil
	}
	u, err := exchange.NewUniverse(instruments)
	if err != nil {
		return err
	}
	for i, s := range w.strategies {
		for _, l := range scripts {
			if l.name == s.name {
				return configError("Strategies[%d]: name %q: the script %s has it; orders and state are filed under the name", i, s.name, l.path)
			}
		}
		for _, pattern := range s.subscriptions {
			if !matches(u, pattern) {
				return configError("Strategies[%d] (%s): subscription %q: nothing in this market is called so%s", i, s.name, pattern, bindings.DidYouMean(pattern, keys(u)))
			}
		}
	}
	return nil
}

func matches(u *exchange.Universe, pattern string) bool {
	for _, in := range u.All() {
		if in.Matches(pattern) {
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

package host

import (
	"fmt"
	"reflect"

	"github.com/perilune/perilune/host/core"
)

// Renewer gives a value like itself that has seen nothing yet, its state included. The
// ledger of a session whose process was killed is completed by going through its journal
// once more; a strategy written in Go is gone through it with such a value, so that its
// own sees the run no second time. Where one is missing the ledger stays as far as it came,
// and a line says so. A risk rule that keeps something may be a Renewer too: its Renew
// returns a Rule.
type Renewer interface{ Renew() any }

// Renew implements Renewer, for a value that does.
func (s *goStrategy) Renew() any {
	r, ok := s.value.(Renewer)
	if !ok {
		return nil
	}
	fresh, err := GoStrategy(s.name, s.subscriptions, r.Renew())
	if err != nil {
		return err
	}
	return fresh
}

// restartable is what a run that was killed may be gone through with again before the
// next one begins. lacks says why that can't be done.
func (w *own) restartable() (again *own, lacks error) {
	again = &own{modules: w.modules, lua: w.lua}
	for _, s := range w.strategies {
		if s.version == inertVersion {
			continue // the run before was not its, or its journal holds it
		}
		fresh, err := renewed[core.Strategy](s.Strategy)
		if err != nil {
			return nil, fmt.Errorf("strategy %s: %w", s.name, err)
		}
		if fresh == nil {
			return nil, fmt.Errorf("strategy %s is written in Go and has no Renew, which would give one like it that has seen nothing", s.name)
		}
		c, err := contain(fresh)
		if err != nil {
			return nil, fmt.Errorf("strategy %s, renewed: %w", s.name, err)
		}
		again.strategies = append(again.strategies, c)
	}
	for _, r := range w.rules {
		fresh, err := renewed[Rule](r)
		if err != nil {
			return nil, fmt.Errorf("risk rule %s: %w", r.Name(), err)
		}
		if fresh == nil {
			fresh = r
		}
		again.rules = append(again.rules, fresh)
	}
	return again, nil
}

// renewed asks a value for one like it; nil: it is no Renewer.
func renewed[T any](v any) (fresh T, err error) {
	defer caught(&err)
	r, ok := v.(Renewer)
	if !ok {
		return fresh, nil
	}
	switch x := r.Renew().(type) {
	case nil:
		return fresh, nil
	case error:
		return fresh, x
	case T:
		return x, nil
	default:
		return fresh, fmt.Errorf("its Renew gave a %T: want a %v", x, reflect.TypeFor[T]())
	}
}

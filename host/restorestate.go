package host

import (
	"fmt"

	"github.com/perilune/perilune/host/internal/projection"
)

// StateRestorer is a strategy written in Go that takes back the state that it had when the
// session was interrupted: the JSON that its State gave last. It is called once, before
// OnStart, in a session that goes on, and not at all where there is no such state; an error
// keeps the session from beginning. A replay calls it with the same.
type StateRestorer interface{ RestoreState(state []byte) error }

// RestoreState implements StateRestorer, for a value that does.
func (s *goStrategy) RestoreState(state []byte) error {
	if r, ok := s.value.(StateRestorer); ok {
		return r.RestoreState(state)
	}
	return nil
}

// restores reports whether a strategy takes its state back.
func (s *contained) restores() bool {
	value := any(s.Strategy)
	if g, ok := value.(*goStrategy); ok {
		value = g.value
	}
	_, ok := value.(StateRestorer)
	return ok
}

// unrestored says of each strategy written in Go that has a state of the last run and can't
// take it back.
func (r *runner) unrestored() (out []string) {
	if r.record.resume == nil {
		return nil
	}
	for _, s := range r.o.own.strategies {
		if projection.State(r.record.resume, s.name) != "" && !s.restores() {
			out = append(out, fmt.Sprintf("strategy %s begins without the state that it had in the last run: it has a method State and no RestoreState([]byte) error, which takes it back", s.name))
		}
	}
	return out
}

// goOn gives a strategy back what an earlier run left; "" is nothing.
func (s *contained) goOn(state string) error {
	r, ok := s.Strategy.(StateRestorer)
	if state == "" || !ok {
		return nil
	}
	err := func() (err error) {
		defer caught(&err)
		return r.RestoreState([]byte(state))
	}()
	if err != nil {
		return fmt.Errorf("strategy %s does not take its state of the last run back: %w (New begins a session without it)", s.name, err)
	}
	return nil
}

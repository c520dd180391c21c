package host

import (
	"errors"
	"fmt"
	"sync"

	"github.com/perilune/perilune/host/core"
)

// mostClosings bounds what is kept of them: a strategy may be replaced any number of times.
const mostClosings = 16

// closings are what went wrong when strategies and feeds of the program were closed. It ends
// nothing, and is told with the session's end. Its methods may be called from any goroutine,
// and on nil.
type closings struct {
	mu   sync.Mutex
	list []error
	left int
}

// close closes something of the program's.
func (c *closings) close(what string, closing func() error) {
	err := func() (err error) {
		defer caught(&err)
		return closing()
	}()
	if c == nil || err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) == mostClosings {
		c.left++
		return
	}
	c.list = append(c.list, fmt.Errorf("%s: Close: %w", what, err))
}

// joined is an error and what went wrong here.
func (c *closings) joined(err error) error {
	if c == nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) == 0 {
		return err
	}
	all := append([]error{err}, c.list...)
	if c.left > 0 {
		all = append(all, fmt.Errorf("and %d more errors of Close", c.left))
	}
	return errors.Join(all...)
}

// noted are the closings of what a program handed in; nil: nobody asks.
func (w *own) noted() *closings {
	if w == nil {
		return nil
	}
	return w.closings
}

// Close implements core.Strategy.
func (s *contained) Close() {
	s.closings.close("strategy "+s.name, func() error { s.Strategy.Close(); return nil })
}

// Close implements exchange.Feed.
func (f *ownFeed) Close() error {
	f.closings.close("source "+f.check.name, f.Feed.Close)
	return nil
}

// succeeded contains a strategy that takes the place of another.
func (s *contained) succeeded(by core.Strategy) (*contained, error) {
	c, err := contain(by)
	if err != nil {
		return nil, err
	}
	c.closings = s.closings
	return c, nil
}

package core

import (
	"errors"
	"strconv"
	"strings"
)

// A callback may be ended by a clock, which a replay does not have. The core
// reports which one it was, by its number within the event, and what it said; a
// replay is told before the event, and lets that callback fail in the same way
// without running it.

// interruptWord is how the journal names a CallbackEnded.
const interruptWord = "interrupt"

// Interrupted is how an error says that a clock decided it.
type Interrupted interface {
	error
	Interrupted() bool
}

// interruptible is a strategy that can be told, in a replay, that its callback was
// ended: it must then start again from the state that was saved last.
type interruptible interface{ Interrupt() }

// expected is an interruption that a replay is to repeat.
type expected struct {
	nth  int
	text string
}

// Expect makes the coming event's callbacks fail as recorded; line is how Append
// wrote a CallbackEnded. Other lines are ignored.
func (c *Core) Expect(line string) {
	rest, ok := strings.CutPrefix(line, interruptWord+" ")
	if !ok {
		return
	}
	_, rest, _ = strings.Cut(rest, "nth=")
	number, rest, _ := strings.Cut(rest, " text=")
	nth, err := strconv.Atoi(number)
	text, err2 := strconv.Unquote(rest)
	if err == nil && err2 == nil {
		c.expect = append(c.expect, expected{nth, text})
	}
}

// repeat returns how the callback that is about to be made failed when the
// session was recorded, nil when no clock ended it. running is false when it is not
// the strategy itself that was ended, but the version that was to follow it.
func (c *Core) repeat(s *slot, running bool) error {
	c.nth++
	if len(c.expect) == 0 || c.expect[0].nth != c.nth {
		return nil
	}
	text := c.expect[0].text
	c.expect = c.expect[1:]
	if st, ok := s.Strategy.(interruptible); ok && running {
		st.Interrupt()
	}
	c.interrupted(s, text)
	return errors.New(text)
}

// noteInterrupt reports a callback that a clock ended.
func (c *Core) noteInterrupt(s *slot, err error) {
	var by Interrupted
	if errors.As(err, &by) && by.Interrupted() {
		c.interrupted(s, err.Error())
	}
}

func (c *Core) interrupted(s *slot, text string) {
	c.emit(s.index, &CallbackEnded{c.nth, text})
}

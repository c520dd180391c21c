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
func (ss *strategies) Expect(line string) {
	rest, ok := strings.CutPrefix(line, interruptWord+" ")
	if !ok {
		return
	}
	_, rest, _ = strings.Cut(rest, "nth=")
	number, rest, _ := strings.Cut(rest, " text=")
	nth, err := strconv.Atoi(number)
	text, err2 := strconv.Unquote(rest)
	if err == nil && err2 == nil {
		ss.expect = append(ss.expect, expected{nth, text})
	}
}

// repeat returns how the callback that is about to be made failed when the
// session was recorded, nil when no clock ended it. running is false when it is not
// the strategy itself that was ended, but the version that was to follow it.
func (ss *strategies) repeat(s *instance, running bool) error {
	ss.nth++
	if len(ss.expect) == 0 || ss.expect[0].nth != ss.nth {
		return nil
	}
	text := ss.expect[0].text
	ss.expect = ss.expect[1:]
	if st, ok := s.Strategy.(interruptible); ok && running {
		st.Interrupt()
	}
	ss.interrupted(s, text)
	return errors.New(text)
}

// noteInterrupt reports a callback that a clock ended.
func (ss *strategies) noteInterrupt(s *instance, err error) {
	var by Interrupted
	if errors.As(err, &by) && by.Interrupted() {
		ss.interrupted(s, err.Error())
	}
}

func (ss *strategies) interrupted(s *instance, text string) {
	ss.emit(s.index, &CallbackEnded{ss.nth, text})
}

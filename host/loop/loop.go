// Package loop is a session's one loop: it takes events from where they come from,
// hands each to the recorder and the core, and carries out what the core decided.
// One goroutine runs it and owns the core, the books and the strategies.
//
// The loop's time is that of the event being handled. A [Clock] says when it may go
// on: [Virtual] lets the time of the data pass, at full speed or at a multiple of
// real time, for backtests, recordings and the built-in market; [Real] is the wall
// clock, for live data. Both take what comes from outside the loop (reloads,
// commands, and what a venue says by itself) from an [Inbox]. A clock decides only
// when an event is handled, never which or in what order at a given time; an event
// from outside is journalled with the time at which it was handled, so a replay
// needs no clock.
//
// The next thing to happen is the earliest of: an answer of a simulated venue, advice
// that was asked for, the head of the feed, a timer of the core. At equal times they
// come in that order: what the venue decided happened before it, and a timer sees all
// data of its instant.
//
// A feed that shows several events as one instant ([exchange.Event.More]) comes
// first at equal times, and nothing comes between the events of an instant, not
// even from outside: what is asked for at a moment reaches the venue after
// everything of that moment was shown, at any latency.
//
// A [Watchdog] tells from another goroutine that the loop stands still.
package loop

import (
	"context"
	"errors"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host/core"
)

// Recorder is told of every event before the core handles it and of what came
// of it. An error ends the session: an event that can't be journalled must not
// have effects.
type Recorder interface {
	Before(*exchange.Event) error
	After(*exchange.Event, []core.Effect) error
}

// Clock decides when time may go on. Wait returns nil to go on to next, or
// an event from outside to handle first, with its Time set: a reload, a command,
// and in a session without a feed also market data.
type Clock interface {
	Wait(ctx context.Context, now, next exchange.Time) (*exchange.Event, error)
}

// Advisor answers the questions of strategies, like a venue inside the loop: Ask
// takes a question, NextTime tells when the next answer is due, and Pop fills ev
// with it. NextTime may wait for the real world, which is how a question is
// asked on virtual time: the session's time stands still meanwhile. An advisor of
// a session in real time answers through the inbox and has nothing due.
type Advisor interface {
	Ask(q *advice.Question, now exchange.Time)
	NextTime() (exchange.Time, bool)
	Pop(ev *exchange.Event)
}

// Loop is the loop of one session. Core, Venue and Recorder are required. Without a
// Feed the session has no data of its own to run on: it lives in real time, on what
// the Clock hands in, until its context is done.
type Loop struct {
	Core     *core.Core
	Feed     exchange.Feed
	Venue    exchange.Execution // an [exchange.Simulated] is asked for its answers; others post theirs
	Recorder Recorder
	Advisor  Advisor          // nil: the core was configured without one
	Clock    Clock            // nil: full speed and no outside events
	Start    exchange.Time    // of a session without a feed
	For      exchange.Time    // how long the session is, from its first event; 0: to the end of the feed
	Prelude  []exchange.Event // opening deposits and such, handled first
	// Where, when set, is told what the loop is at.
	Where *core.Where
	// Began, when set, is called once, with the session's first moment.
	Began func(exchange.Time)
	// Leave, when set, is called when the end of a session in real time has waited
	// for half of StopWithin: the venue should cancel what is still there.
	Leave func()
	// Owed, when set, reports whether the venue has paid what the core has not heard
	// of: the end of a session waits for it as for what is under way.
	Owed func() bool
	// StopWithin bounds the end of a session in real time once its context is done
	// or its data are over; 0: a minute, as on virtual time.
	StopWithin exchange.Time
	// Await bounds how long after the feed's last event the venue's answers are awaited;
	// 0: until there is none.
	Await exchange.Time
	// Handled, when set, is called with an event that the clock handed in, after what
	// the core decided on it was carried out.
	Handled func(*exchange.Event)
	// Refetch sees to a new snapshot of a book that can't be believed any more;
	// nil: the data heals by itself, or not at all.
	Refetch func(exchange.InstrumentID)
	// Volume has a KindVolume told of an instrument; nil: nobody can.
	Volume func(exchange.InstrumentID)

	// Past has the KindPast of an instrument told before those of others; nil: nobody does.
	Past func(exchange.InstrumentID)

	inside   exchange.Simulated // Venue, if it lives on the loop's time; else nil
	now      exchange.Time
	from     exchange.Time
	until    exchange.Time
	endedBy  string
	stopping bool
	ending   bool           // see End
	dry      bool           // the data of a session in real time are over
	head     exchange.Event // of the feed
	have     bool
	within   bool          // the head is of the instant whose beginning was shown
	whole    bool          // the feed shows several events as one instant
	ended    bool          // the feed is at its end
	last     exchange.Time // when it came there
	scratch  exchange.Event
	fx       []core.Effect
	events   uint64
	still    int // events since the clock or the feed went on
	at       exchange.Time
}

// Ending reports whether the strategies were stopped.
func (l *Loop) Ending() bool { return l.stopping }

// Events is the number of events handled so far.
func (l *Loop) Events() uint64 { return l.events }

// Now is the session's virtual time.
func (l *Loop) Now() exchange.Time { return l.now }

// Started is the session's first moment.
func (l *Loop) Started() exchange.Time { return l.from }

// Until is when the session is to end; 0 when nothing was said.
func (l *Loop) Until() exchange.Time { return l.until }

// EndedBy tells what ended the session: "data", "for" or "stop".
func (l *Loop) EndedBy() string { return l.endedBy }

// Run runs the session to its end. It returns nil at the end of the feed, at
// Until, and when ctx is done; in every case after an orderly stop.
func (l *Loop) Run(ctx context.Context) error {
	if err := l.begin(); err != nil {
		return err
	}
	err := l.loop(ctx)
	if err == nil {
		err = l.finish(ctx)
	}
	return err
}

// begin finds the session's first moment and starts the strategies at it.
func (l *Loop) begin() error {
	l.inside, _ = l.Venue.(exchange.Simulated)
	if err := l.pull(); err != nil {
		return err
	}
	l.now = l.Start
	if l.have {
		l.now = l.head.Time
	}
	l.from = l.now
	if l.For > 0 {
		if l.until = l.from + l.For; l.until < l.from {
			l.until = forever
		}
	}
	if l.Began != nil {
		l.Began(l.now)
	}
	for i := range l.Prelude {
		l.Prelude[i].Time = l.now
		if err := l.handle(&l.Prelude[i]); err != nil {
			return err
		}
	}
	return l.command(core.CommandStart)
}

func (l *Loop) loop(ctx context.Context) error {
	for n := 0; ; n++ {
		if !l.within && (l.ending || n&255 == 0 && ctx.Err() != nil) {
			if l.endedBy = "stop"; l.dry {
				l.endedBy = "data"
			}
			return nil
		}
		more, err := l.turn(ctx)
		if err != nil || !more {
			return err
		}
		if why := l.stands(); why != "" {
			return errors.New(why)
		}
	}
}

// turn handles one event; it reports false at the end of the session.
func (l *Loop) turn(ctx context.Context) (bool, error) {
	source, at := l.next()
	if source == nothing && l.Feed != nil {
		l.endedBy = "data"
		return false, nil
	}
	if source == nothing {
		at = forever
	}
	over := l.until != 0 && at > l.until
	if l.Clock != nil && !l.within && !(over && l.Feed != nil) {
		if over {
			at = l.until
		}
		l.Where.Enter(core.StageWaiting)
		outside, err := l.Clock.Wait(ctx, l.now, at)
		if err != nil {
			return false, err
		}
		if outside != nil {
			return true, l.outside(outside)
		}
		if ctx.Err() != nil {
			l.endedBy = "stop"
			return false, nil
		}
	}
	if over {
		l.endedBy = "for"
		return false, nil
	}
	return true, l.take(source, at)
}

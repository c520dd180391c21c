// Package sim drives a core on virtual time: the loop's clock is whatever the
// next thing to happen says it is. Backtests, replays of recordings and the
// built-in market run on it, at full speed or paced by package live.
//
// The next thing to happen is the earliest of: an answer of the simulated
// venue, advice that was asked for, the head of the feed, a timer of the core. At equal times they come in
// that order: what the venue decided happened before it, and a timer sees all
// data of its instant.
//
// A feed that shows several events as one instant ([exchange.Event.More]) comes
// first at equal times, and nothing comes between the events of an instant, not
// even from outside: what is asked for at a moment reaches the venue after
// everything of that moment was shown, at any latency.
package sim

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/advice"
	"github.com/perilune/perilune/host/core"
)

// stillLimit is how many events may come one after the other while neither the clock
// nor the market data goes on. A strategy that answers every refusal with another
// order at a venue that answers at once, or a timer that stays due, would go on for
// ever; a callback's worth of orders and all their answers is far fewer.
const stillLimit = 100_000

// Recorder is told of every event before the core handles it and of what came
// of it. An error ends the session: an event that can't be journalled must not
// have effects.
type Recorder interface {
	Before(*exchange.Event) error
	After(*exchange.Event, []core.Effect) error
}

// Gatekeeper decides when time may go on. Wait returns nil to go on to next, or
// an event from outside to handle first, with its Time set: a reload, a command,
// and in a session without a feed also market data.
type Gatekeeper interface {
	Wait(ctx context.Context, now, next exchange.Time) (*exchange.Event, error)
}

// Adviser answers the questions of strategies, like a venue inside the loop: Ask
// takes a question, NextTime tells when the next answer is due, and Pop fills ev
// with it. NextTime may wait for the real world, which is how a question is
// asked on virtual time: the session's time stands still meanwhile. An adviser of
// a session in real time answers through the gate and has nothing due.
type Adviser interface {
	Ask(q *advice.Question, now exchange.Time)
	NextTime() (exchange.Time, bool)
	Pop(ev *exchange.Event)
}

// Driver is one session. Core, Venue and Recorder are required. Without a Feed
// the session has no data of its own to run on: it lives in real time, on what
// the Gate hands in, until its context is done.
type Driver struct {
	Core     *core.Core
	Feed     exchange.Feed
	Venue    exchange.Simulated
	Recorder Recorder
	Adviser  Adviser          // nil: the core was configured without one
	Gate     Gatekeeper       // nil: full speed and no outside events
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
	// StopWithin bounds the end of a session in real time once its context is done;
	// 0: a minute, as on virtual time.
	StopWithin exchange.Time
	// Refetch sees to a new snapshot of a book that can't be believed any more;
	// nil: the data heals by itself, or not at all.
	Refetch func(exchange.InstrumentID)

	now      exchange.Time
	from     exchange.Time
	until    exchange.Time
	endedBy  string
	stopping bool
	ending   bool           // see End
	head     exchange.Event // of the feed
	have     bool
	within   bool // the head is of the instant whose beginning was shown
	whole    bool // the feed shows several events as one instant
	ended    bool // the feed is at its end
	scratch  exchange.Event
	fx       []core.Effect
	events   uint64
	still    int // events since the clock or the feed went on
	at       exchange.Time
}

// Ending reports whether the strategies were stopped.
func (d *Driver) Ending() bool { return d.stopping }

// Events is the number of events handled so far.
func (d *Driver) Events() uint64 { return d.events }

// Now is the session's virtual time.
func (d *Driver) Now() exchange.Time { return d.now }

// Started is the session's first moment.
func (d *Driver) Started() exchange.Time { return d.from }

// Until is when the session is to end; 0 when nothing was said.
func (d *Driver) Until() exchange.Time { return d.until }

// EndedBy tells what ended the session: "data", "for" or "stop".
func (d *Driver) EndedBy() string { return d.endedBy }

// Run runs the session to its end. It returns nil at the end of the feed, at
// Until, and when ctx is done; in every case after an orderly stop.
func (d *Driver) Run(ctx context.Context) error {
	if err := d.begin(); err != nil {
		return err
	}
	err := d.loop(ctx)
	if err == nil {
		err = d.finish(ctx)
	}
	return err
}

// begin finds the session's first moment and starts the strategies at it.
func (d *Driver) begin() error {
	if err := d.pull(); err != nil {
		return err
	}
	d.now = d.Start
	if d.have {
		d.now = d.head.Time
	}
	d.from = d.now
	if d.For > 0 {
		d.until = d.from + d.For
	}
	if d.Began != nil {
		d.Began(d.now)
	}
	for i := range d.Prelude {
		d.Prelude[i].Time = d.now
		if err := d.handle(&d.Prelude[i]); err != nil {
			return err
		}
	}
	return d.command(core.CommandStart)
}

func (d *Driver) loop(ctx context.Context) error {
	for n := 0; ; n++ {
		if !d.within && (d.ending || n&255 == 0 && ctx.Err() != nil) {
			d.endedBy = "stop"
			return nil
		}
		more, err := d.turn(ctx)
		if err != nil || !more {
			return err
		}
		if why := d.stands(); why != "" {
			return errors.New(why)
		}
	}
}

// turn handles one event; it reports false at the end of the session.
func (d *Driver) turn(ctx context.Context) (bool, error) {
	source, at := d.next()
	if source == nothing && d.Feed != nil {
		d.endedBy = "data"
		return false, nil
	}
	if source == nothing {
		at = forever
	}
	over := d.until != 0 && at > d.until
	if d.Gate != nil && !d.within && !(over && d.Feed != nil) {
		if over {
			at = d.until
		}
		d.Where.Enter(core.StageWaiting)
		outside, err := d.Gate.Wait(ctx, d.now, at)
		if err != nil {
			return false, err
		}
		if outside != nil {
			return true, d.outside(outside)
		}
		if ctx.Err() != nil {
			d.endedBy = "stop"
			return false, nil
		}
	}
	if over {
		d.endedBy = "for"
		return false, nil
	}
	return true, d.take(source, at)
}

// forever is later than any event.
const forever = exchange.Time(1<<63 - 1)

type source uint8

const (
	nothing source = iota
	venue
	adviser
	feed
	timer
)

// next returns where the earliest event comes from. Timers alone do not keep a
// session going once the feed has ended.
func (d *Driver) next() (source, exchange.Time) {
	if d.within {
		return feed, d.head.Time
	}
	from, at := nothing, exchange.Time(0)
	if t, ok := d.Core.NextTimer(); ok && !d.ended {
		from, at = timer, max(t, d.now)
	}
	if d.have && (from == nothing || d.head.Time <= at) {
		from, at = feed, d.head.Time
	}
	if t, ok := d.answer(); ok && d.precedes(t, from, at) {
		from, at = adviser, t
	}
	if t, ok := d.Venue.NextTime(); ok && d.precedes(t, from, at) {
		from, at = venue, t
	}
	return from, at
}

// precedes reports whether an answer that is due at t comes before what is next so
// far.
func (d *Driver) precedes(t exchange.Time, from source, at exchange.Time) bool {
	return from == nothing || t < at || t == at && !(d.whole && from == feed)
}

// answer is when the adviser's next answer is due. Nobody waits for it once the
// session is ending.
func (d *Driver) answer() (exchange.Time, bool) {
	if d.Adviser == nil || d.stopping {
		return 0, false
	}
	d.Where.Enter(core.StageAdviser)
	t, ok := d.Adviser.NextTime()
	d.Where.Enter(core.StageWaiting)
	return t, ok
}

func (d *Driver) take(from source, at exchange.Time) error {
	switch from {
	case venue:
		d.Venue.Pop(&d.scratch)
		return d.handle(&d.scratch)
	case adviser:
		d.Adviser.Pop(&d.scratch)
		return d.handle(&d.scratch)
	case timer:
		d.scratch = exchange.Event{Kind: exchange.KindTimer, Instrument: exchange.NoInstrument, Time: at}
		return d.handle(&d.scratch)
	}
	if err := d.step(&d.head, true); err != nil {
		return err
	}
	shown, more := d.head.Time, d.head.More
	if err := d.pull(); err != nil {
		return err
	}
	d.within = more && d.have && d.head.Time <= shown
	return nil
}

func (d *Driver) pull() error {
	if d.Feed == nil {
		return nil
	}
	d.Where.Enter(core.StageData)
	err := d.Feed.Next(&d.head)
	d.have = err == nil
	d.whole = d.whole || d.have && d.head.More
	if errors.Is(err, io.EOF) {
		d.ended = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("market data: %w", err)
	}
	return nil
}

// handle journals an event, steps the core and carries out what it decided.
func (d *Driver) handle(ev *exchange.Event) error { return d.step(ev, false) }

// outside handles an event that the gate handed in.
func (d *Driver) outside(ev *exchange.Event) error { return d.step(ev, ev.Kind.MarketData()) }

// step is handle for an event that may have to be shown to the venue.
func (d *Driver) step(ev *exchange.Event, show bool) error {
	d.now = max(d.now, ev.Time)
	ev.Time = d.now
	ev.Seq = d.Core.Seq() + 1
	d.Where.At(ev.Seq, ev.Kind)
	if err := d.Recorder.Before(ev); err != nil {
		return err
	}
	d.count(ev)
	d.fx = d.fx[:0]
	d.Where.Enter(core.StageStep)
	d.Core.Step(ev, &d.fx)
	d.events++
	// What can't be recorded is not done: a restart must find the intent of
	// everything that a venue was asked for.
	d.Where.Enter(core.StageLedger)
	if err := d.Recorder.After(ev, d.fx); err != nil {
		return err
	}
	d.Where.Enter(core.StageVenue)
	// The venue reads books that include the event, and has to know all of an instant
	// before it is asked for anything because of it.
	if show {
		d.Venue.Market(ev)
	}
	d.carryOut()
	return nil
}

// count notes whether the session goes on in time or data.
func (d *Driver) count(ev *exchange.Event) {
	if d.still++; d.now != d.at || ev.Kind.MarketData() {
		d.at, d.still = d.now, 0
	}
}

// stands says where a session stands still, or "".
func (d *Driver) stands() string {
	if d.still < stillLimit {
		return ""
	}
	what := "its venue answers without end"
	if from, _ := d.next(); from == timer || from == nothing {
		what = "what is due again and again is " + d.Core.DueTimer()
	}
	return fmt.Sprintf("%d events at %s, and neither the clock nor the market went on: %s", d.still, d.now, what)
}

func (d *Driver) carryOut() {
	for i := range d.fx {
		e := &d.fx[i]
		switch e.Kind {
		case core.EffectSubmit:
			d.Venue.Submit(e.Order, d.now)
		case core.EffectCancel:
			d.Venue.Cancel(e.Order.ID, d.now)
		case core.EffectTransfer:
			d.Venue.Transfer(e.Transfer, d.now)
		case core.EffectSnapshot:
			if d.Refetch != nil {
				d.Refetch(e.Instrument)
			}
		case core.EffectAsk:
			d.Adviser.Ask(e.Question, d.now)
		}
	}
}

func (d *Driver) command(name string) error {
	ev := exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: name, Time: d.now}
	return d.handle(&ev)
}

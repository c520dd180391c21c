package host

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
)

// Bounds in real time of what a session may take.
const (
	stallAfter = 30 * time.Second // Options.StallAfter when left out
	stopWithin = 10 * time.Second // Options.StopWithin when left out
	leaveIn    = 2500 * time.Millisecond
	lookEvery  = 200 * time.Millisecond
)

// StallError is a session whose loop stood still, or did not end in time. The ledger
// and the journal are as after a kill: the same session goes on with the next run.
//
// The loop may still hang in its goroutine, and until it wakes up what it has open
// stays open, the ledger's lock as well: a process that wants to go on should end and
// begin anew. A loop that wakes up after all does nothing more, and what it had open
// is closed.
type StallError struct {
	Why     string // "the loop stands still for 30 s: event 812 (timer), in on_timer of carry"
	Stack   string // of the loop's goroutine
	Resting int    // orders that the venue still had when Run gave up; 0 on paper
}

func (e *StallError) Error() string {
	if e.Resting > 0 {
		return fmt.Sprintf("%s; %d orders may still be at the venue", e.Why, e.Resting)
	}
	return e.Why
}

// PanicError is a session that ended by a panic of ours. Like StallError it leaves
// ledger and journal as a kill does; but all that it had open is closed when Run
// returns, so that the same process may open the ledger again and go on.
type PanicError struct {
	Value any
	Stack string
}

func (e *PanicError) Error() string { return fmt.Sprintf("internal error: %v", e.Value) }

// supervisor watches a session from outside of its loop, and ends one whose loop can't any
// more. The loop and whoever opens the session tell it where they are; everything of it
// may be read from any goroutine.
type supervisor struct {
	supervisorOptions

	where   core.Where
	clock   atomic.Int64 // the session's time, for lines that have none
	phase   atomic.Pointer[phase]
	limits  atomic.Pointer[[]venueLimit] // that may make a phase long
	loop    atomic.Pointer[string]       // its goroutine
	names   atomic.Pointer[[]string]     // of the strategies
	givenUp atomic.Bool                  // nobody waits for the loop any more
	beats   atomic.Int64                 // when the loop last showed its state
	stopped atomic.Int64                 // how long ago the end was asked for, while this process ran
}

// supervisorOptions are what a supervisor needs of its session.
type supervisorOptions struct {
	stallAfter  time.Duration
	stopWithin  time.Duration
	statusEvery time.Duration
	abandon     <-chan struct{} // ends the session at once; nil: never
	state       Status          // what is always so
	log         func(Line)
	show        func(Status)
	full        func() bool                                 // more waits for the loop than is kept
	leave       func(time.Duration) (left int, traded bool) // see account
	close       func(killed bool)                           // closes what the session has open
}

// beat is told that the loop goes on.
func (s *supervisor) beat(now exchange.Time) {
	s.clock.Store(int64(now))
	s.beats.Store(time.Now().UnixNano())
}

// asked is how long ago somebody asked for the session's end.
func (s *supervisor) asked() time.Duration { return time.Duration(s.stopped.Load()) }

// phase is what a session is doing before its first event or after its last.
type phase struct {
	text  string
	since time.Time
}

// outcome is what came of a part of a session.
type outcome struct {
	sum    *Summary
	err    error
	closed bool // what the session had open
}

// oversee runs a part of a session on a goroutine of its own, the loop's, and watches
// it from this one until it is over or given up. ctx is what asks for its end.
func (s *supervisor) oversee(ctx context.Context, part func() (*Summary, error), last bool) (*Summary, error) {
	ended := make(chan outcome, 1)
	go func() {
		out := outcome{err: &PanicError{Value: "a callback ended the loop's goroutine with runtime.Goexit"}}
		defer func() { ended <- out }()
		out = s.contained(part, last)
	}()
	g := guard{s: s, ctx: ctx, dog: loop.Watchdog{Where: &s.where, Bound: s.stallAfter}}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case out := <-ended:
			var p *PanicError
			if errors.As(out.err, &p) {
				s.log(Line{Level: intent.Error, Strategy: "host", Text: p.Error() + "\n" + p.Stack})
				s.leave(leaveIn)
				out.closeAsKilled(s)
			}
			return out.sum, out.err
		case <-tick.C:
		}
		if why := g.look(); why != "" {
			defer func() {
				go func() { // the loop may wake up after all
					out := <-ended
					out.closeAsKilled(s)
				}()
			}()
			return s.giveUp(why)
		}
	}
}

// contained runs a part of a session so that a panic is an error. All is closed after
// the last part and after one that failed; but after a panic, and when the session was
// given up meanwhile, nothing is: see closeAsKilled.
func (s *supervisor) contained(part func() (*Summary, error), last bool) (out outcome) {
	name := loop.Goroutine()
	s.loop.Store(&name)
	defer func() {
		if p := recover(); p != nil {
			out = outcome{err: &PanicError{Value: p, Stack: string(debug.Stack())}}
		}
	}()
	out.sum, out.err = part()
	if (last || out.err != nil) && !s.givenUp.Load() {
		s.close(false)
		out.closed = true
	}
	return out
}

// killedWithin bounds the closing of what a session that panicked had open: what was under
// way when it did may hold it up.
const killedWithin = 5 * time.Second

// closeAsKilled closes what a session had open whose loop is no more. Ledger and journal
// are left as a kill leaves them: nothing more is written, and neither ended in good
// order.
func (out *outcome) closeAsKilled(s *supervisor) {
	if out.closed {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }() // what it was about is told already
		s.close(true)
	}()
	select {
	case <-done:
	case <-time.After(killedWithin):
		s.log(Line{Level: intent.Error, Strategy: "host", Text: "what the session had open could not be closed; end the process"})
	}
}

// guard decides when a session is given up.
type guard struct {
	s    *supervisor
	ctx  context.Context
	dog  loop.Watchdog
	last time.Time
}

// look returns why the session is to be given up, or "". It shows what a session
// that shows nothing itself is waiting for.
func (g *guard) look() string {
	s := g.s
	at, still, stuck := g.dog.Look()
	where := s.place(at)
	if stuck {
		return fmt.Sprintf("the loop stands still for %.0f s: %s", still.Seconds(), where)
	}
	if s.full() {
		return fmt.Sprintf("the loop is behind by more events than are kept for it; it is at: %s", where)
	}
	if g.ctx.Err() != nil {
		now := time.Now()
		if !g.last.IsZero() {
			s.stopped.Add(int64(min(now.Sub(g.last), time.Second)))
		}
		g.last = now
		if stopped := time.Duration(s.stopped.Load()); stopped > s.stopWithin-leaveIn {
			return fmt.Sprintf("the session did not end within %.1f s of being asked to: %s", stopped.Seconds(), where)
		}
	}
	select {
	case <-s.abandon:
		return "the session was ended at once: " + where
	default:
	}
	s.showWait(where, still)
	return ""
}

// place says where the loop is, in the words of whoever opens or closes it if it
// is not at an event.
func (s *supervisor) place(at core.Place) string {
	if p := s.phase.Load(); p != nil {
		return fmt.Sprintf("%s, for %.0f s%s", p.text, time.Since(p.since).Seconds(), s.limit())
	}
	return at.Describe(func(i int32) string {
		if names := s.names.Load(); names != nil && i >= 0 && int(i) < len(*names) {
			return (*names)[i]
		}
		return "a strategy"
	})
}

// venueLimit says for what room within its limits a venue is waited for now; "": none.
type venueLimit struct {
	house   string
	waiting func() string
}

// limited has a phase say what a venue's limits make it wait for. Whoever opens the session
// calls it.
func (s *supervisor) limited(house string, waiting func() string) {
	var list []venueLimit
	if p := s.limits.Load(); p != nil {
		list = slices.Clone(*p)
	}
	list = append(list, venueLimit{house, waiting})
	s.limits.Store(&list)
}

func (s *supervisor) limit() string {
	if list := s.limits.Load(); list != nil {
		for _, l := range *list {
			if why := l.waiting(); why != "" {
				return fmt.Sprintf(" (the limits of %s: %s)", l.house, why)
			}
		}
	}
	return ""
}

// quietFor is how long a session shows nothing before it is said what it waits for.
const quietFor = time.Second

// showWait shows what is waited for while the loop itself shows no state.
func (s *supervisor) showWait(where string, still time.Duration) {
	p := s.phase.Load()
	silent := time.Duration(time.Now().UnixNano() - s.beats.Load())
	if p != nil && time.Since(p.since) < quietFor/2 || p == nil && (silent < quietFor+s.statusEvery || still < quietFor) {
		return
	}
	state := s.state
	state.Time, state.Waiting, state.Stuck = exchange.Time(s.clock.Load()), where, true
	s.show(state)
}

// entering says what the session is doing from now on; "" is trading.
func (s *supervisor) entering(format string, a ...any) {
	if format == "" {
		s.phase.Store(nil)
		return
	}
	s.phase.Store(&phase{text: fmt.Sprintf(format, a...), since: time.Now()})
}

// giveUp ends a session without its loop.
func (s *supervisor) giveUp(why string) (*Summary, error) {
	s.givenUp.Store(true)
	e := &StallError{Why: why}
	if name := s.loop.Load(); name != nil {
		e.Stack = loop.Stack(*name)
	}
	left, traded := s.leave(leaveIn)
	e.Resting = left
	text := why
	if traded {
		text += fmt.Sprintf("; what rested at the venue was canceled, %d orders are left", e.Resting)
	}
	s.log(Line{Level: intent.Error, Strategy: "host", Text: text + "\n" + e.Stack})
	return nil, e
}

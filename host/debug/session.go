package debug

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/script"
)

// Options say what is debugged.
type Options struct {
	Journal string // directory
	// Script is where the script of the first strategy is now; "": where the session had it.
	Script string
	// Say is told what logpoints print and what a person should know; nil: nobody is.
	Say func(text string)
	// Once has nothing stand by: for who looks at one place and leaves.
	Once bool
}

// Session is a session of a journal that stands somewhere, and goes where it is told.
type Session struct {
	o       Options
	pool    *pool
	index   lazyIndex
	cur     *replay
	sources *sources
	hurry   atomic.Bool
	leaving atomic.Bool
	Points  *Points
	reading sync.WaitGroup // of the journal, for its index
}

// Reason says why a session stands.
type Reason string

// The reasons.
const (
	AtEntry      Reason = "entry" // the journal's beginning
	AtStep       Reason = "step"
	AtGoto       Reason = "goto"
	AtBreakpoint Reason = "breakpoint"
	AtEvent      Reason = "event" // that was broken on
	AtException  Reason = "exception"
	AtPause      Reason = "pause"
	AtEnd        Reason = "end" // of the journal
)

// Stop is where a session stands.
type Stop struct {
	Position
	Reason Reason
	Text   string // what of it: an error's text, an event's name
	Points []int  // the breakpoints that were hit, by their ids
}

// Open opens a journal, and stands at its beginning: nothing is loaded yet.
func Open(o Options) (*Session, error) {
	list, err := host.JournalledStrategies(o.Journal)
	if err != nil {
		return nil, err
	}
	s := &Session{o: o, sources: newSources(list, o.Script)}
	s.index.dir = o.Journal
	s.Points = &Points{sources: s.sources, say: s.say, evaluate: func(r *replay, code string) (Node, error) { return r.evaluate(0, code) }}
	s.Points.arrange()
	s.pool = newPool(o.Journal)
	s.cur = s.pool.take(0, &s.hurry)
	if !o.Once {
		s.reading.Go(func() {
			if x := s.index.get(); x.err == nil {
				s.pool.begin(x.spread(marks))
			}
		})
	}
	return s, nil
}

// Close ends all that runs.
func (s *Session) Close() {
	s.cur.abandon()
	s.reading.Wait()
	s.pool.close()
}

func (s *Session) say(format string, a ...any) {
	if s.o.Say != nil {
		s.o.Say(fmt.Sprintf(format, a...))
	}
}

// Position is where it stands.
func (s *Session) Position() Position { return s.cur.at }

// Pause stops what runs at the next event or line. Any goroutine may call it.
func (s *Session) Pause() { s.hurry.Store(true) }

// Leave is Pause of what runs and of all that would run after it. Any goroutine may call it.
func (s *Session) Leave() {
	s.leaving.Store(true)
	s.hurry.Store(true)
}

// calm forgets a pause that was asked for while nothing ran. A leave that comes meanwhile
// is not lost: it is noted before it hurries.
func (s *Session) calm() {
	s.hurry.Store(false)
	if s.leaving.Load() {
		s.hurry.Store(true)
	}
}

// run lets the current replay go on, and says why it stopped.
func (s *Session) run(a aim, found func() Stop) (Stop, error) {
	s.calm()
	s.cur.run(a)
	return s.stands(found)
}

// stands says why the current replay stands.
func (s *Session) stands(found func() Stop) (Stop, error) {
	r := s.cur
	defer s.ready()
	if r.ended {
		return s.atEnd()
	}
	if s.hurry.Swap(false) {
		return Stop{Position: r.at, Reason: AtPause}, nil
	}
	st := found()
	st.Position = r.at
	return st, nil
}

func (s *Session) atEnd() (Stop, error) {
	r := s.cur
	var diff *host.Divergence
	st := Stop{Position: r.at, Reason: AtEnd, Text: fmt.Sprintf("the journal ends after event %d", max(r.at.Event, 1)-1)}
	switch {
	case errors.As(r.err, &diff):
		st.Text = "the replay differs from the journal, and ends there: " + diff.Error()
	case r.core == nil && r.err != nil:
		return st, r.err
	case r.err != nil:
		st.Text += ": " + r.err.Error()
	}
	return st, nil
}

// ready has replays stand by where they would be wanted from here.
func (s *Session) ready() {
	if s.o.Once || !s.index.done.Load() {
		return
	}
	wanted := s.index.get().spread(marks)
	if e := s.cur.at.Event; e > 1 {
		wanted = append([]uint64{e, e}, wanted...)
	}
	s.pool.want(wanted)
}

// Goto goes to a position, before or after this one.
func (s *Session) Goto(p Position) (Stop, error) {
	if p.Event == 0 && p.Line == 0 {
		p.Event = 1
	}
	s.seek(p)
	found := func() Stop { return Stop{Reason: AtGoto} }
	if s.cur.began && s.cur.at == p {
		return s.stands(found)
	}
	st, err := s.run(reach(p), found)
	if err == nil && st.Reason == AtEnd && s.cur.at != p {
		err = errors.New(st.Text)
	}
	return st, err
}

// GotoTime goes to the first event at or after a time.
func (s *Session) GotoTime(at exchange.Time) (Stop, error) {
	x := s.index.get()
	if x.err != nil {
		return Stop{}, x.err
	}
	s.seek(Position{Event: x.near(at)})
	late := func(r *replay) bool { return r.event.Time >= at }
	found := func() Stop { return Stop{Reason: AtGoto} }
	if s.cur.began && s.cur.atEvent() && !s.cur.ended && late(s.cur) {
		return s.stands(found)
	}
	return s.run(aim{event: late}, found)
}

// GotoError goes to the error of a strategy that an event led to.
func (s *Session) GotoError(event uint64) (Stop, error) {
	s.seek(Position{Event: event})
	a := aim{
		event:  func(r *replay) bool { return r.at.Event > event },
		raised: func(r *replay) bool { return r.at.Event == event && !r.raise.Caught },
	}
	st, err := s.run(a, func() Stop { return Stop{Reason: AtException, Text: s.cur.raise.Message} })
	if err == nil && s.cur.at.Event != event {
		return st, fmt.Errorf("no script raised an error while event %d was handled", event)
	}
	return st, err
}

// seek makes a replay the current one that stands at or before a position.
func (s *Session) seek(p Position) {
	if !s.cur.ended && s.cur.at.Compare(p) < 0 && s.near(p) {
		return
	}
	if !s.cur.ended && s.cur.at == p && p.Line == 0 {
		return
	}
	old := s.cur
	s.cur = s.pool.take(p.Event, &s.hurry)
	s.retire(old)
}

// near reports whether no parked replay stands between here and a position.
func (s *Session) near(p Position) bool {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	for _, r := range s.pool.parked {
		if r.at.Event <= p.Event && r.at.Event > s.cur.at.Event+1 {
			return false
		}
	}
	return true
}

// retire parks a replay that is not the current one any more, at the next event.
func (s *Session) retire(r *replay) {
	if r.ended || !r.began {
		go r.abandon()
		return
	}
	if !r.atEvent() {
		s.hurry.Store(false)
		r.run(aim{event: func(*replay) bool { return true }})
	}
	s.pool.keep(r)
}

// vm is the script that stands; nil: none does.
func (s *Session) vm() *script.VM { return s.cur.vm() }

func (s *Session) view() view { return view{s.cur, s.sources} }

// Frames are where the session stands, innermost first; the last is the event.
func (s *Session) Frames() []Frame { return s.view().frames() }

// Scopes are what is seen at a frame, from 0.
func (s *Session) Scopes(frame int) []Scope { return s.view().scopes(frame) }

// Where words where the session stands in one line.
func (s *Session) Where() string { return s.view().where() }

// Evaluate runs an expression or statements to read only, at a frame from 0, and returns
// what it came to; several values are one node with parts.
func (s *Session) Evaluate(frame int, code string) (Node, error) { return s.cur.evaluate(frame, code) }

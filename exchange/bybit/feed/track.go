package feed

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// track follows one instrument.
type track struct {
	in     *exchange.Instrument
	client atomic.Pointer[wire.Client] // of the book
	halted bool

	mu sync.Mutex
	// links is a book without levels: it judges ids as the book that the loop keeps.
	links                *book.Book
	renewed              exchange.Time // when the stream was last begun anew
	trade, ticker, marks connect.Repeat
	interest             exchange.Time // when it was last sent
	next                 exchange.Time // funding
	barred               exchange.Time // opening of the last bar that was sent
	settled              exchange.Time
}

// renewEvery is how often a stream is begun anew at most.
const renewEvery = 2 * exchange.Second

func (t *track) renew(at exchange.Time) {
	if c := t.client.Load(); c != nil && at-t.renewed >= renewEvery {
		t.renewed = at
		c.Renew(bookTopic + t.in.Symbol)
	}
}

// link shows the ids of an event to links.
func (t *track) link(ev *exchange.Event) {
	t.links.Apply(&exchange.Event{Kind: ev.Kind, FirstID: ev.FirstID, LastID: ev.LastID, PrevID: ev.PrevID, Reason: ev.Reason})
}

// book sends a snapshot or a diff. The venue's service begins at u = 1 after it was
// restarted: a snapshot then replaces whatever was before, and a diff proves nothing.
func (t *track) book(m *Market, ev *exchange.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	restarted := ev.LastID == 1
	if ev.Kind == exchange.KindSnapshot {
		if restarted || ev.LastID < t.links.LastID() {
			t.lose(m, "the venue has restarted its numbers")
		}
		t.link(ev)
		m.snapshots.Add(1)
		m.post(ev)
		return
	}
	if restarted {
		t.lose(m, "the venue has restarted its numbers, and no snapshot came")
	}
	before := t.links.WantsSnapshot()
	t.link(ev)
	m.post(ev)
	if t.links.WantsSnapshot() {
		if !before {
			m.gaps.Add(1)
		}
		t.renew(now())
	}
}

// gap tells that messages of the book were missed.
func (t *track) gap(m *Market, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lose(m, reason)
}

func (t *track) lose(m *Market, reason string) {
	ev := exchange.Event{Kind: exchange.KindGap, Instrument: t.in.ID, Reason: reason}
	t.link(&ev)
	m.post(&ev)
}

// other sends what is not of the book, unless it was had from another connection.
func (t *track) other(m *Market, ev *exchange.Event, id int64, conn uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := now()
	switch ev.Kind {
	case exchange.KindTrade:
		if t.trade.Seen(id, conn, at) {
			m.repeated.Add(1)
			return
		}
	case exchange.KindTicker:
		if t.ticker.Seen(id, conn, at) {
			m.repeated.Add(1)
			return
		}
	case exchange.KindMark:
		if t.marks.Seen(id, conn, at) {
			m.repeated.Add(1)
			return
		}
		t.funding(m, ev)
		if m.c.o.Data&connect.Marks == 0 {
			return
		}
	case exchange.KindOpenInterest:
		if m.c.o.Data&connect.Interest == 0 || at < t.interest+exchange.Minute {
			return
		}
		t.interest = at
	case exchange.KindBar:
		start := ev.VenueTime - ev.Bar.Interval
		if start <= t.barred {
			return
		}
		t.barred = start
	}
	m.post(ev)
}

// before leaves out the bars that the stream has brought meanwhile.
func (t *track) before(list []exchange.Event) []exchange.Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range list {
		start := list[i].VenueTime - list[i].Bar.Interval
		if t.barred != 0 && start >= t.barred {
			return list[:i]
		}
	}
	if n := len(list); n > 0 {
		t.barred = list[n-1].VenueTime - list[n-1].Bar.Interval
	}
	return list
}

// settlement is one whose rate is asked for: that of the stream is an estimate up to the
// last second.
type settlement struct {
	t     *track
	at    exchange.Time
	try   exchange.Time // not before
	tries int
}

// funding notices settlements: the next one moves on.
func (t *track) funding(m *Market, ev *exchange.Event) {
	if t.next != 0 && ev.NextFunding > t.next {
		select {
		case m.due <- settlement{t: t, at: t.next, try: now() + 2*exchange.Second}:
		default: // four of each instrument wait: the venue has not answered for hours
		}
	}
	t.next = max(t.next, ev.NextFunding)
}

// settle asks for the rates that were settled, again and again until they are there.
func (m *Market) settle(ctx context.Context) {
	var waiting []settlement
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-m.due:
			waiting = append(waiting, s)
			continue
		case <-tick.C:
		}
		later := waiting[:0]
		for _, s := range waiting {
			if s.try > now() || !m.ask(ctx, &s) {
				later = append(later, s)
			}
		}
		waiting = later
	}
}

// ask sends a settled rate if it is there, and reports whether it is over.
func (m *Market) ask(ctx context.Context, s *settlement) bool {
	list, err := m.c.settled(ctx, s.t.in, 3)
	for i := range list {
		ev := &list[i]
		if off := ev.VenueTime - s.at; off < -exchange.Minute || off > exchange.Minute {
			continue
		}
		s.t.mu.Lock()
		defer s.t.mu.Unlock()
		if s.at > s.t.settled {
			s.t.settled, ev.VenueTime = s.at, s.at
			m.settled.Add(1)
			m.post(ev)
		}
		return true
	}
	s.tries++
	s.try = now() + min(2*exchange.Second<<min(s.tries, 10), exchange.Minute)
	if over := now() > s.at+exchange.Day; over || s.tries == 5 {
		m.c.o.Notice(connect.Notice{Instrument: s.t.in.ID, Text: fmt.Sprintf("settled funding rate of %s at %s: not known after %d tries (%v)", s.t.in.Key(), s.at, s.tries, err)})
		return over
	}
	return false
}

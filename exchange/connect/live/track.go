package live

import (
	"sync"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
)

// track follows one instrument: it puts the events of all goroutines in one order, drops
// what a second connection repeats, and knows when the book needs a snapshot.
type track struct {
	in     *exchange.Instrument
	opened connect.Listing // as the Market was opened with it
	stream atomic.Pointer[bookStream]

	mu sync.Mutex
	// links is a book without levels: it sees the ids of every book event that is
	// posted, and so judges them exactly as the book that the loop keeps.
	links   *book.Book
	scratch exchange.Event // what links is shown
	bookOf  bookOf

	ticker, trade, marked, whole, liquidated connect.Repeat
	at                                       exchange.Time // of the last mark, by the venue
	next                                     exchange.Time // next funding
	announced                                exchange.Time // the first of those
	hours                                    int
	told                                     string          // how the rules have changed
	listing                                  connect.Listing // the rules as they were told last
	halted                                   bool            // orders are not taken, so its book serves nothing
	settled                                  exchange.Time   // the last settlement that was sent
	barred                                   exchange.Time   // opening of the last bar that was sent
	firstBar                                 exchange.Time   // opening of the first that was posted
	barTry                                   exchange.Time   // when a missing bar is asked for again
	interest                                 exchange.Time   // when it was last sent
}

// bookOf is what is known of how a book is doing.
type bookOf struct {
	// Where a snapshot is fetched.
	diffs   int   // since the last snapshot, gap or silence: they prove the stream
	quiet   int64 // update id of the last look at a silent book; 0: none
	queued  bool  // a snapshot is wanted, or being fetched
	tries   int   // snapshots in short order
	fetched exchange.Time

	// Where a subscription begins with one.
	owner  uint64        // connection whose snapshot is the book's; 0: none
	wanted bool          // a snapshot, that has not come
	begun  exchange.Time // when the last one came
}

func newTrack(in *exchange.Instrument) *track {
	return &track{in: in, links: book.New(in), hours: in.FundingHours}
}

// lost takes note that a connection is no more.
func (t *track) lost(m *Market, conn uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := m.o.Now()
	for _, r := range []*connect.Repeat{&t.ticker, &t.trade, &t.marked, &t.whole, &t.liquidated} {
		r.Lost(conn, now)
	}
}

// seen reports whether a second connection repeats something; t is locked.
func (t *track) seen(m *Market, r *connect.Repeat, order int64, conn uint64) bool {
	if !r.Seen(order, conn, m.o.Now()) {
		return false
	}
	m.counts.repeated.Add(1)
	return true
}

// other sends an event that is not part of the book, unless it was had already.
func (t *track) other(m *Market, ev *exchange.Event, order int64, conn uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch ev.Kind {
	case exchange.KindTrade:
		if !m.has(connect.Trades) || t.seen(m, &t.trade, order, conn) {
			return false
		}
	case exchange.KindTicker:
		if t.seen(m, &t.ticker, order, conn) {
			return false
		}
	}
	m.post(ev)
	return true
}

// mark sends a mark price, and notices settlements: the next funding moves on. One that is
// older than the last by more than a lag, without being a repetition, is of a venue that was reset.
func (t *track) mark(m *Market, ev *exchange.Event, order int64, conn uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !m.has(connect.Marks) || t.seen(m, &t.marked, order, conn) {
		return false
	}
	if ev.VenueTime < t.at-connect.Lag {
		t.next, t.announced, t.settled = 0, 0, 0
	}
	t.at = ev.VenueTime
	if ev.Hours > 0 {
		t.hours = ev.Hours
	}
	if t.next != 0 && ev.NextFunding > t.next {
		if h := int((ev.NextFunding - t.next) / exchange.Hour); ev.Hours == 0 && h >= 1 && h <= 24 && ev.VenueTime-t.next < exchange.Hour {
			t.hours = h
		}
		m.settler.want(t, t.next)
	}
	if t.announced == 0 {
		t.announced = ev.NextFunding
	}
	t.next = max(t.next, ev.NextFunding)
	ev.Hours = t.hours
	m.post(ev)
	return true
}

// openInterest sends what a stream says, once a minute.
func (t *track) openInterest(m *Market, ev *exchange.Event) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := m.o.Now()
	if !m.has(connect.Interest) || now < t.interest+exchange.Minute {
		return false
	}
	t.interest = now
	m.post(ev)
	return true
}

func (t *track) isHalted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.halted
}

// trading takes note of whether orders are taken; it reports false when that is no news. The
// book of a halted market may still be shown, but nothing can be had from it: it is
// stale until a snapshot after the halt.
func (t *track) trading(m *Market, yes bool, status string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.halted == !yes {
		return false
	}
	t.halted = !yes
	if t.halted {
		m.post(&exchange.Event{Kind: exchange.KindGap, Instrument: t.in.ID, Reason: connect.NotTrading + ": its status is " + status})
	}
	t.links, t.bookOf.diffs, t.bookOf.quiet, t.bookOf.owner = book.New(t.in), 0, 0, 0
	return true
}

// link shows the ids of an event to links; t is locked.
func (t *track) link(ev *exchange.Event) {
	x := &t.scratch
	x.Kind, x.FirstID, x.LastID, x.PrevID, x.Reason = ev.Kind, ev.FirstID, ev.LastID, ev.PrevID, ev.Reason
	t.links.Apply(x)
}

// gap tells that messages were missed. The next update that links clears it, or a snapshot.
func (t *track) gap(m *Market, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lose(m, reason)
	if t.in.Linking.Rises() && m.fetchers[t.in.Venue] == nil {
		t.again(m) // its ids will never prove that nothing is missing
	}
}

// lose is gap; t is locked.
func (t *track) lose(m *Market, reason string) {
	ev := exchange.Event{Kind: exchange.KindGap, Instrument: t.in.ID, Reason: reason}
	t.link(&ev)
	t.bookOf.diffs = 0
	m.post(&ev)
}

// restart makes links need a snapshot, as the loop's book does.
func (t *track) restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.links.WantsSnapshot() {
		t.links, t.bookOf.diffs = book.New(t.in), 0
	}
}

// state returns what links knows.
func (t *track) state() book.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.links.State()
}

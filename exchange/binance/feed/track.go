package feed

import (
	"sync"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// track follows one instrument: it puts the events of all goroutines in one
// order, drops what a second connection repeats, and knows when the book needs a
// snapshot.
type track struct {
	in     *exchange.Instrument
	client atomic.Pointer[wire.Client] // of the depth stream

	mu sync.Mutex
	// links is a book without levels: it sees the ids of every book event that
	// is posted, and so judges them exactly as the book that the loop keeps.
	links   *book.Book
	scratch exchange.Event // what links is shown
	diffs   int            // since the last snapshot, gap or silence: they prove the stream
	quiet   int64          // update id of the last look at a silent book; 0: none
	queued  bool           // a snapshot is wanted, or being fetched
	tries   int            // snapshots in short order
	fetched exchange.Time

	ticker, trade, marked connect.Repeat
	next                  exchange.Time // next funding
	hours                 int
	told                  string        // how the rules have changed
	listing               *Listing      // the rules as they were told last; nil: as at the start
	halted                bool          // orders are not taken, so its book serves nothing
	settled               exchange.Time // the last settlement that was sent
	barred                exchange.Time // opening of the last bar that was sent
	barTry                exchange.Time // when a missing bar is asked for again
}

func newTrack(in *exchange.Instrument) *track {
	return &track{in: in, links: book.New(in), hours: in.FundingHours}
}

// lost takes note that a connection is no more.
func (t *track) lost(m *Market, conn uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := m.o.Now()
	for _, r := range []*connect.Repeat{&t.ticker, &t.trade, &t.marked} {
		r.Lost(conn, now)
	}
}

// post sends an event that is not part of the book, unless it was had already.
func (t *track) post(m *Market, ev *exchange.Event, conn uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, id := &t.trade, ev.ID
	if ev.Kind == exchange.KindTicker {
		r, id = &t.ticker, ev.LastID
	}
	if r.Seen(id, conn, m.o.Now()) {
		m.counts.repeated.Add(1)
		return false
	}
	m.sink.Post(m.owned(ev))
	return true
}

// mark sends a mark price, and notices settlements: the next funding moves on. One
// that is older than the last by more than a lag, without being a repetition, is
// of a venue that was reset.
func (t *track) mark(m *Market, ev *exchange.Event, conn uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := exchange.Time(t.marked.Last())
	if t.marked.Seen(int64(ev.VenueTime), conn, m.o.Now()) {
		m.counts.repeated.Add(1)
		return
	}
	if ev.VenueTime < before-connect.Lag {
		t.next, t.settled = 0, 0
	}
	if t.next != 0 && ev.NextFunding > t.next {
		if h := int((ev.NextFunding - t.next) / exchange.Hour); h >= 1 && h <= 24 && ev.VenueTime-t.next < exchange.Hour {
			t.hours = h
		}
		m.settler.want(t, t.next)
	}
	t.next = max(t.next, ev.NextFunding)
	ev.Hours = t.hours
	m.sink.Post(m.owned(ev))
}

// diff sends a diff and says whether a snapshot should be fetched.
func (t *track) diff(m *Market, ev *exchange.Event) (wants bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.halted {
		return false
	}
	waited := t.links.WantsSnapshot()
	t.link(ev)
	if !waited && t.links.WantsSnapshot() {
		m.counts.gaps.Add(1)
		t.diffs = 0
	}
	t.diffs++
	t.quiet = 0
	m.sink.Post(m.owned(ev))
	return t.links.WantsSnapshot()
}

// link shows the ids of an event to links.
func (t *track) link(ev *exchange.Event) {
	x := &t.scratch
	x.Kind, x.FirstID, x.LastID, x.PrevID, x.Reason = ev.Kind, ev.FirstID, ev.LastID, ev.PrevID, ev.Reason
	t.links.Apply(x)
}

// gap tells that messages were missed. The next diff that links clears it.
func (t *track) gap(m *Market, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ev := exchange.Event{Kind: exchange.KindGap, Instrument: t.in.ID, Reason: reason}
	t.link(&ev)
	t.diffs = 0
	m.sink.Post(m.owned(&ev))
}

// trading takes note of whether orders are taken; it reports false when that is
// no news. The book of a halted market may still be shown, but nothing can be
// had from it: it is stale until a snapshot after the halt.
func (t *track) trading(m *Market, yes bool, status string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.halted == !yes {
		return false
	}
	t.halted = !yes
	if t.halted {
		m.sink.Post(m.owned(&exchange.Event{Kind: exchange.KindGap, Instrument: t.in.ID, Reason: "not trading: its status is " + status}))
	}
	t.links, t.diffs, t.quiet = book.New(t.in), 0, 0
	return true
}

// restart makes links need a snapshot, as the loop's book does.
func (t *track) restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.links.WantsSnapshot() {
		t.links, t.diffs = book.New(t.in), 0
	}
}

// silent tells that the depth stream has not delivered for too long.
func (t *track) silent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.diffs, t.quiet = 0, 0
}

// verdict is what became of a snapshot.
type verdict uint8

const (
	helped    verdict = iota // the book is live
	unchanged                // the book was live and still is: its market is quiet
	tooOld                   // the diffs that wait begin after it
	unproven                 // no diff has come; if the next look finds the same, the market is quiet
	moved                    // the book was live, has changed, and its stream did not say so
)

// snapshot sends a snapshot if it helps. As long as no diff has come it cannot
// be trusted to be followed up, because a stream that is accepted may never
// deliver: then the book must be found unchanged. A mere look has too few levels
// to be sent.
func (t *track) snapshot(m *Market, ev *exchange.Event, body []byte, look bool) verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	live := t.links.State() == book.Live
	if t.halted {
		return unchanged
	}
	if t.diffs == 0 && ev.LastID != t.links.LastID() && ev.LastID != t.quiet {
		t.quiet = ev.LastID
		if live {
			return moved
		}
		return unproven
	}
	switch {
	case live:
		return unchanged
	case look:
		return tooOld
	}
	refused := t.links.Stats().Refused
	t.link(ev)
	if t.links.Stats().Refused > refused {
		return tooOld
	}
	if m.o.Tap != nil {
		m.o.Tap(t.in, m.o.Now(), body)
	}
	m.sink.Post(m.owned(ev))
	return helped
}

// state returns what links knows.
func (t *track) state() book.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.links.State()
}

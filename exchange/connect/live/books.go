package live

import (
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
)

// update sends an update of a book, and sees to a snapshot where one is needed. It
// reports false for what is of no use.
func (t *track) update(m *Market, ev *exchange.Event, conn uint64) bool {
	if !m.has(connect.Books) {
		return false
	}
	if f := m.fetchers[t.in.Venue]; f != nil && ev.Kind == exchange.KindDiff {
		if t.diff(m, ev) {
			f.want(t)
		}
		return true
	}
	return t.streamed(m, ev, conn)
}

// diff sends a diff where snapshots are fetched, and says whether one should be.
func (t *track) diff(m *Market, ev *exchange.Event) (wants bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.halted {
		return false
	}
	t.follow(m, ev)
	return t.links.WantsSnapshot()
}

// follow links a diff and sends it; t is locked.
func (t *track) follow(m *Market, ev *exchange.Event) {
	waited := t.links.WantsSnapshot()
	t.link(ev)
	if !waited && t.links.WantsSnapshot() {
		m.counts.gaps.Add(1)
		t.bookOf.diffs = 0
	}
	t.bookOf.diffs++
	t.bookOf.quiet = 0
	m.post(ev)
}

// streamed sends an update where a subscription begins with a snapshot. A book is that of one
// connection: the one that its last snapshot came on. Updates of another, which replaces
// it or is replaced, may be numbered apart, or lie before what was sent.
func (t *track) streamed(m *Market, ev *exchange.Event, conn uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.halted:
		return false
	case t.in.Linking == exchange.LinkSnapshots:
		if t.seen(m, &t.whole, ev.LastID, conn) {
			return false
		}
		t.begin(m, ev, conn)
	case ev.Kind == exchange.KindSnapshot:
		t.begin(m, ev, conn)
	case t.bookOf.owner != conn:
		m.counts.repeated.Add(1)
		if t.bookOf.owner == 0 {
			t.again(m)
		}
		return false
	default:
		if t.follow(m, ev); t.links.WantsSnapshot() {
			t.again(m)
		}
	}
	return true
}

// begin sends a snapshot. One that turns ids back comes after a gap, or it would be taken
// for an old one; t is locked.
func (t *track) begin(m *Market, ev *exchange.Event, conn uint64) {
	if ev.LastID < t.links.LastID() {
		reason := "the venue has begun its numbers anew"
		if o := t.bookOf.owner; o != 0 && o != conn {
			reason = "the connection that takes over lags behind"
		}
		t.lose(m, reason)
	}
	t.link(ev)
	t.bookOf.owner, t.bookOf.wanted, t.bookOf.diffs, t.bookOf.begun = conn, false, 0, m.o.Now()
	m.counts.snapshots.Add(1)
	m.post(ev)
}

// disconnected tells that the updates of a connection are missed.
func (t *track) disconnected(m *Market, conn uint64, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o := t.bookOf.owner; o != 0 && o != conn {
		return // the book is another connection's by now
	}
	t.bookOf.owner = 0
	t.lose(m, reason)
}

// handedOver takes note that a connection was replaced, or ended by us. If a book was
// its to the end, the successor is asked for one.
func (t *track) handedOver(m *Market, conn uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bookOf.owner != conn || m.ctx.Err() != nil {
		return
	}
	t.bookOf.owner = 0
	t.lose(m, "its connection was replaced")
	t.bookOf.wanted = true // by mend, once the successor is in place
}

// renew begins the stream of a book anew, for its snapshot.
func (t *track) renew(m *Market) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.again(m)
}

// again is renew; t is locked. The more often in short order, the longer it waits: mend
// comes back to it.
func (t *track) again(m *Market) {
	b, s := &t.bookOf, t.stream.Load()
	b.wanted = true
	now := m.o.Now()
	if now-b.fetched > calm+exchange.Time(mostPause) || b.begun >= b.fetched && now-b.begun > steady {
		b.tries = 0
	}
	if s == nil || b.tries > 0 && now-b.fetched < exchange.Time(min(firstRenewal<<min(b.tries-1, 10), mostPause)) {
		return
	}
	b.fetched = now
	b.tries++
	s.client.Renew(s.name)
}

// firstRenewal is between two subscriptions of one book; steady is how long a snapshot must
// have helped for the next one to be had at once.
const (
	firstRenewal = 2 * time.Second
	steady       = 10 * exchange.Second
)

// mend begins the streams of books anew that wait for a snapshot.
func (m *Market) mend() {
	for _, t := range m.tracks {
		t.mu.Lock()
		if t.bookOf.wanted && !t.halted {
			t.again(m)
		}
		t.mu.Unlock()
	}
}

// silent tells that the stream of a book has not delivered for too long.
func (t *track) silent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bookOf.diffs, t.bookOf.quiet = 0, 0
}

// verdict is what became of a snapshot that was fetched.
type verdict uint8

const (
	helped    verdict = iota // the book is live
	unchanged                // the book was live and still is: its market is quiet
	tooOld                   // the diffs that wait begin after it
	unproven                 // no diff has come; if the next look finds the same, the market is quiet
	moved                    // the book was live, has changed, and its stream did not say so
)

// snapshot sends a snapshot if it helps. As long as no diff has come it cannot be trusted
// to be followed up, because a stream that is accepted may never deliver: then the
// book must be found unchanged. A mere look has too few levels to be sent.
func (t *track) snapshot(m *Market, ev *exchange.Event, body []byte, look bool) verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := &t.bookOf
	live := t.links.State() == book.Live
	if t.halted {
		return unchanged
	}
	if b.diffs == 0 && ev.LastID != t.links.LastID() && ev.LastID != b.quiet {
		b.quiet = ev.LastID
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
	if m.o.Data.Tap != nil {
		m.o.Data.Tap(t.in, m.o.Now(), body)
	}
	m.post(ev)
	return helped
}

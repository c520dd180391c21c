package twin

import (
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/quantile"
)

// pair is a book from two feeds.
type pair struct {
	in  *exchange.Instrument
	ids [2]exchange.InstrumentID // at each feed

	mu     sync.Mutex
	active int
	halted bool // at the venue: nothing can be had from either book until the venue's begins anew
	sides  [2]side
	leads  [2]quantile.Sketch // by how much each feed was first
	recent [2]ring            // leads of the other one over this one
	same   uint64             // looks at which both had the same best prices
	looks  uint64             // looks at which both had any
	apart  float64            // the most that the middles differed by at a look, in bp
}

// side is a book as one feed has it.
type side struct {
	book     *book.Book
	messages uint64
	gaps     uint64
	gapped   []exchange.Time // of the last minute
	last     exchange.Time   // when it said something
	changed  exchange.Time   // when its best prices did
	lost     exchange.Time   // since when it can't be believed; 0: it can
	asked    exchange.Time   // when a snapshot was asked for last
	latency  quantile.Sketch
	bests    [keepBests]best // that the other feed may have yet
	n        int
}

// best is the best prices that a feed had from a moment on.
type best struct {
	bid, ask  exchange.Ticks
	at, venue exchange.Time // arrival; the venue's time, 0 where the feed tells none
}

const (
	keepBests = 32
	// longAgo is when the same best prices are no longer the same news.
	longAgo = 10 * exchange.Second
)

// ring is the last durations.
type ring struct {
	list [64]exchange.Time
	n    int
}

func (r *ring) add(d exchange.Time) {
	r.list[r.n%len(r.list)] = d
	r.n++
}

func newPair(venue, relay *exchange.Instrument) *pair {
	p := &pair{in: venue, ids: [2]exchange.InstrumentID{venue.ID, relay.ID}}
	p.sides[own].book, p.sides[other].book = book.New(venue), book.New(relay)
	return p
}

// follow takes an update into a feed's book; p is locked.
func (p *pair) follow(feed int, ev *exchange.Event, now exchange.Time) {
	s := &p.sides[feed]
	was := s.book.Ready()
	b0, _ := s.book.Best(exchange.Buy)
	a0, _ := s.book.Best(exchange.Sell)
	s.book.Apply(ev)
	if ev.Kind != exchange.KindGap {
		s.messages++
		s.last = now
		if ev.VenueTime != 0 && (ev.Kind == exchange.KindDiff || p.in.Linking == exchange.LinkSnapshots) {
			s.latency.Add(now - ev.VenueTime)
		}
	}
	ready := s.book.Ready()
	switch {
	case ready:
		s.lost = 0
	case was:
		s.lost = now
		s.gap(now)
	}
	if !ready {
		return
	}
	bid, _ := s.book.Best(exchange.Buy)
	ask, _ := s.book.Best(exchange.Sell)
	if was && b0.Price == bid.Price && a0.Price == ask.Price {
		return
	}
	s.changed = now
	p.meet(feed, best{bid.Price, ask.Price, now, ev.VenueTime})
}

// halts takes note of the venue's word on trading, and reports whether it changes anything; p
// is locked.
func (p *pair) halts(ev *exchange.Event) bool {
	was := p.halted
	switch {
	case connect.Halts(ev):
		p.halted = true
	case ev.Kind == exchange.KindSnapshot:
		p.halted = false
	}
	return p.halted != was
}

func (s *side) gap(now exchange.Time) {
	s.gaps++
	s.recentGaps(now)
	if len(s.gapped) < 10_000 {
		s.gapped = append(s.gapped, now)
	}
}

// askAgain is between two questions for a snapshot of a book that nobody else asks for.
const askAgain = 5 * exchange.Second

// wants reports whether a snapshot should be asked for: the book came to an end that the feed
// does not see itself.
func (s *side) wants(now exchange.Time) bool {
	if s.lost == 0 || now-s.lost < askAgain || now-s.asked < askAgain || !s.book.WantsSnapshot() {
		return false
	}
	s.asked = now
	return true
}

// recentGaps is how often the feed lost its place within the last minute.
func (s *side) recentGaps(now exchange.Time) int {
	for len(s.gapped) > 0 && now-s.gapped[0] > exchange.Minute {
		s.gapped = s.gapped[1:]
	}
	return len(s.gapped)
}

// meet looks whether the other feed had the same best prices already, or keeps them until it
// has; p is locked.
func (p *pair) meet(feed int, b best) {
	o := &p.sides[1-feed]
	for i := max(0, o.n-keepBests); i < o.n; i++ {
		x := &o.bests[i%keepBests]
		if x.at == 0 || x.bid != b.bid || x.ask != b.ask || b.at-x.at > longAgo {
			continue
		}
		p.leads[1-feed].Add(b.at - x.at)
		p.recent[feed].add(b.at - x.at)
		p.recent[1-feed].add(0)
		p.reckon(feed, b, x)
		x.at = 0
		return
	}
	s := &p.sides[feed]
	s.bests[s.n%keepBests] = b
	s.n++
}

// reckon counts how late a feed came that tells no time, by that of the other's same news.
func (p *pair) reckon(feed int, now best, before *best) {
	switch {
	case now.venue == 0 && before.venue != 0:
		p.sides[feed].latency.Add(now.at - before.venue)
	case now.venue != 0 && before.venue == 0:
		p.sides[1-feed].latency.Add(before.at - now.venue)
	}
}

// compare looks at both books at one moment; p is locked.
func (p *pair) compare() {
	var bids, asks [2]exchange.Level
	for i := range p.sides {
		if !p.sides[i].book.Ready() {
			return
		}
		bids[i], _ = p.sides[i].book.Best(exchange.Buy)
		asks[i], _ = p.sides[i].book.Best(exchange.Sell)
	}
	p.looks++
	if bids[0].Price == bids[1].Price && asks[0].Price == asks[1].Price {
		p.same++
		return
	}
	a, b := float64(bids[0].Price+asks[0].Price), float64(bids[1].Price+asks[1].Price)
	p.apart = max(p.apart, max(a-b, b-a)/a*1e4)
}

// snapshot is the whole book as an event.
func (s *side) snapshot(id exchange.InstrumentID, now exchange.Time) *exchange.Event {
	return &exchange.Event{Kind: exchange.KindSnapshot, Instrument: id, Time: now, LastID: s.book.LastID(), PrevID: -1,
		Bids: s.book.AppendLevels(nil, exchange.Buy, s.book.Depth(exchange.Buy)),
		Asks: s.book.AppendLevels(nil, exchange.Sell, s.book.Depth(exchange.Sell))}
}

// Package book keeps an order book in integer ticks and lots, and decides from
// the venue's update ids whether it may be believed.
//
// It assumes that
//
//   - quantities are absolute, and zero removes a level (removing one that is
//     not there is normal: it was beyond the snapshot);
//   - levels deeper than the snapshot are unknown until they change, so a level
//     that is missing far from the touch says nothing;
//   - whoever calls Apply has routed the event: Event.Instrument is not looked at;
//   - one goroutine, the loop, owns a book. Nothing here is safe for concurrent use.
//
// A book that cannot be believed holds no levels. So a missed update shows as an
// empty book with a [Book.Reason], never as a wrong price. Only [Suspect], where
// the next update decides, keeps its levels to be looked at; [Book.Ready] is
// false for it.
//
// [New] keeps a side as a sorted slice, about 16 bytes a level. [NewLadder] adds
// a window of ticks around the touch for markets that are traded: several times
// faster, for a fixed 128 KB a side. Both give the same answers.
package book

import (
	"github.com/perilune/perilune/exchange"
)

// State says whether a book may be used.
type State uint8

const (
	Empty   State = iota // nothing known yet
	Live                 // every update since the snapshot is in
	Suspect              // input was lost; the next update that links clears it
	Stale                // a gap, a cross or bad data: only a snapshot helps
)

func (s State) String() string {
	if names := [...]string{"empty", "live", "suspect", "stale"}; int(s) < len(names) {
		return names[s]
	}
	return "none"
}

// Stats counts what happened to a book since New.
type Stats struct {
	Applied uint64 // snapshots and diffs that became part of the book
	Ignored uint64 // diffs and snapshots older than the book
	Gaps    uint64 // diffs that did not follow the one before
	Crossed uint64 // times that the best bid reached the best ask
	Corrupt uint64 // events with a price that is not positive or a negative quantity
	Refused uint64 // snapshots too old for the diffs that wait for one
	Dropped uint64 // waiting diffs that were given up for want of room
}

// Book is one instrument's book.
type Book struct {
	Sides
	state     State
	reason    string
	synthetic bool // the last snapshot was: the touch may be locked
	chain     chain
	link      exchange.Linking
	late      int // diffs in a row that were too old
	pending   pending
	updated   exchange.Time
	stats     Stats
}

// Sides is what a book shows: the levels of both sides, and what follows from them.
type Sides struct {
	in         *exchange.Instrument
	bids, asks half
}

// New returns an empty book that keeps its sides as sorted slices.
func New(in *exchange.Instrument) *Book {
	return &Book{Sides: Sides{in: in, bids: half{sign: 1}, asks: half{sign: -1}}, reason: "no snapshot yet", link: in.Linking}
}

// NewLadder returns an empty book that keeps the ticks around the touch in a
// ladder: for the few markets that are busy.
func NewLadder(in *exchange.Instrument) *Book {
	b := New(in)
	b.bids.window, b.asks.window = newWindow(), newWindow()
	return b
}

// Apply takes a KindSnapshot, KindDiff or KindGap event and reports whether the
// book changed and may be used. It is false for a diff that waits for a
// snapshot, for anything old, and for what made the book unusable; State tells
// these apart. Other kinds change nothing. The event's levels are not kept.
func (b *Book) Apply(ev *exchange.Event) bool {
	switch ev.Kind {
	case exchange.KindDiff:
		return b.diff(ev)
	case exchange.KindSnapshot:
		return b.snapshot(ev)
	case exchange.KindGap:
		b.lost(ev.Reason)
	}
	return false
}

// Relink begins the book anew on another feed, whose updates are linked otherwise than the
// instrument's: only a snapshot of that feed makes it usable.
func (b *Book) Relink(link exchange.Linking, reason string) {
	b.fail(reason)
	b.link, b.chain, b.synthetic, b.late = link, chain{}, false, 0
	b.pending.clear()
}

// Ready reports whether the book is live and has both sides.
func (b *Book) Ready() bool {
	return b.state == Live && !b.bids.empty() && !b.asks.empty()
}

// WantsSnapshot reports whether only a snapshot can make the book usable.
func (b *Book) WantsSnapshot() bool { return b.state == Empty || b.state == Stale }

// State returns whether the book may be used; see Ready.
func (b *Book) State() State { return b.state }

// Reason says in words why the book is not Ready; it is empty when it is.
func (b *Book) Reason() string {
	switch {
	case b.state != Live:
		return b.reason
	case b.bids.empty():
		return "no bids"
	case b.asks.empty():
		return "no asks"
	}
	return ""
}

// Stats returns what happened so far.
func (b *Book) Stats() Stats { return b.stats }

// Instrument returns what the book is of.
func (s *Sides) Instrument() *exchange.Instrument { return s.in }

// Synthetic reports whether the book is made from something poorer than a book.
func (b *Book) Synthetic() bool { return b.synthetic }

// Integrity is what the book can prove of itself: by how its feed is linked, and
// exchange.Unverifiable when its updates have no ids, as in some recordings, or it is
// made of bars.
func (b *Book) Integrity() exchange.Integrity {
	if b.synthetic || b.chain.last == 0 && b.updated != 0 {
		return exchange.Unverifiable
	}
	return b.link.Integrity()
}

// LastID is the update id of the last applied event.
func (b *Book) LastID() int64 { return b.chain.last }

// Updated is the loop's time of the last applied event.
func (b *Book) Updated() exchange.Time { return b.updated }

// Depth returns the number of levels on a side.
func (s *Sides) Depth(side exchange.Side) int { return s.half(side).depth() }

// Best returns the best level of a side: the touch.
func (s *Sides) Best(side exchange.Side) (exchange.Level, bool) { return s.half(side).best() }

// Level returns the n-th best level of a side, counted from 1.
func (s *Sides) Level(side exchange.Side, n int) (exchange.Level, bool) {
	return s.half(side).level(n)
}

// Qty returns the quantity displayed at a price, 0 when there is none.
func (s *Sides) Qty(side exchange.Side, p exchange.Ticks) exchange.Lots {
	return s.half(side).qty(p)
}

// Visit calls f with the levels of a side, best first, until f returns false.
func (s *Sides) Visit(side exchange.Side, f func(exchange.Level) bool) {
	c := s.half(side).cursor()
	for l, ok := c.next(); ok && f(l); l, ok = c.next() {
	}
}

// AppendLevels appends the n best levels of a side to dst, best first, and
// returns it. There are fewer when the side is not that deep.
func (s *Sides) AppendLevels(dst []exchange.Level, side exchange.Side, n int) []exchange.Level {
	c := s.half(side).cursor()
	for l, ok := c.next(); ok && n > 0; l, ok = c.next() {
		dst = append(dst, l)
		n--
	}
	return dst
}

func (s *Sides) half(side exchange.Side) *half {
	if side == exchange.Buy {
		return &s.bids
	}
	return &s.asks
}

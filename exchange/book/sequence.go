package book

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// maxLate is how many diffs in a row may be older than the book. Beyond it the
// venue has restarted its numbers (a test network that was reset), and ignoring
// on would freeze the book without a word. A stream that lags behind a snapshot
// catches up in far fewer.
const maxLate = 1000

// maxLateSuspect is the same for a book that has lost input. A new connection may
// lag behind the old one for a moment; then the diffs of a venue that restarted
// its numbers are told from those of one that goes on.
const maxLateSuspect = 10

// maxPrice leaves a bit free, so that differences of keys cannot overflow.
const maxPrice = exchange.MostPrice

// diff applies, holds back or ignores one diff.
func (b *Book) diff(ev *exchange.Event) bool {
	d := b.idsOf(ev)
	if b.state == Suspect && !d.numbered() {
		b.fail(b.reason + ", and this feed has no ids to prove that nothing is missing")
		return false
	}
	if b.state == Suspect && d.link.Rises() {
		b.fail(b.reason + ", and ids that only rise can't prove that nothing is missing")
	}
	if b.WantsSnapshot() {
		b.hold(d, ev)
		return false
	}
	switch b.chain.judge(d) {
	case old:
		b.ignore(d, ev)
		return false
	case broken:
		b.gap(d, ev)
		return false
	}
	return b.follow(d, ev)
}

// follow applies a diff that is next in the chain.
func (b *Book) follow(d ids, ev *exchange.Event) bool {
	b.chain, b.late = b.chain.after(d), 0
	if !b.sound(ev) {
		return false
	}
	b.bids.apply(ev.Bids)
	b.asks.apply(ev.Asks)
	return b.serve(ev.Time)
}

// snapshot replaces the book, unless that would turn it back in time, and
// replays the diffs that waited.
func (b *Book) snapshot(ev *exchange.Event) bool {
	if ev.Synthetic {
		b.pending = pending{}
	} else if !b.accepts(ev.LastID) {
		return false
	}
	b.chain, b.late = chain{last: ev.LastID}, 0
	b.synthetic = ev.Synthetic
	if !b.sound(ev) {
		return false
	}
	b.bids.load(ev.Bids)
	b.asks.load(ev.Asks)
	return b.serve(ev.Time) && b.replay(ev.Time)
}

// accepts reports whether a snapshot with this id can be the start of a book. The
// id of a book that has lost input says nothing: the venue may have restarted its
// numbers meanwhile.
func (b *Book) accepts(id int64) bool {
	if b.state != Suspect && len(b.pending.diffs) == 0 && id < b.chain.last {
		b.stats.Ignored++
		return false
	}
	if first, waiting := b.pending.after(id); waiting && (chain{last: id}).judge(first) == broken {
		b.refuse(id, first)
		return false
	}
	return true
}

// refuse keeps the diffs and says what kind of snapshot they need.
func (b *Book) refuse(id int64, first ids) {
	b.stats.Refused++
	b.reason = fmt.Sprintf("snapshot %d is too old: the diffs that wait start at %s", id, first)
}

// replay applies the diffs that waited for a snapshot. They are one unbroken
// chain, so only a cross or bad data can stop it.
func (b *Book) replay(now exchange.Time) bool {
	waiting := b.pending
	b.pending = pending{}
	var ev exchange.Event
	for d, ok := waiting.pop(&ev); ok; d, ok = waiting.pop(&ev) {
		ev.Time = now
		if b.chain.judge(d) == old {
			b.stats.Ignored++
			continue
		}
		if b.WantsSnapshot() {
			b.hold(d, &ev)
			continue
		}
		b.follow(d, &ev)
	}
	return b.state == Live
}

// hold keeps a diff until a snapshot comes. A diff that does not follow the last
// one held makes all before it useless: no snapshot could bridge the hole.
func (b *Book) hold(d ids, ev *exchange.Event) {
	if !d.numbered() {
		b.stats.Ignored++
		return
	}
	switch b.pending.judge(d) {
	case old:
		b.stats.Ignored++
		if b.late++; b.late <= maxLate {
			return
		}
		b.pending = pending{}
	case broken:
		b.stats.Gaps++
		b.pending.clear()
	}
	b.late = 0
	b.stats.Dropped += b.pending.push(d, ev)
}

// ignore counts a diff that is older than the book, and gives the book up when
// nothing but such diffs comes.
func (b *Book) ignore(d ids, ev *exchange.Event) {
	b.stats.Ignored++
	most := maxLate
	if b.state == Suspect {
		most = maxLateSuspect
	}
	if b.late++; b.late <= most {
		return
	}
	b.fail(fmt.Sprintf("the last %d diffs, up to %s, were all older than the book at %d: the venue restarted its ids",
		b.late, d, b.chain.last))
	b.hold(d, ev)
}

// gap gives the book up and starts to collect diffs for the next snapshot.
func (b *Book) gap(d ids, ev *exchange.Event) {
	b.stats.Gaps++
	b.fail(fmt.Sprintf("gap: the book is at %d, the next diff is %s", b.chain.last, d))
	b.hold(d, ev)
}

// lost makes a live book suspect. One that waits for a snapshot forgets where it
// was: what comes after may be numbered anew.
func (b *Book) lost(reason string) {
	b.late = 0
	if b.WantsSnapshot() {
		b.chain = chain{}
		b.pending.clear()
		if b.state == Empty && reason != "" {
			b.reason = "no snapshot yet: " + reason
		}
		return
	}
	if b.state == Suspect && !b.synthetic {
		return
	}
	if reason == "" {
		reason = "no reason given"
	}
	b.state = Suspect
	if b.reason = reason; b.synthetic { // it has no numbers, and nothing of it was lost on the way
		return
	}
	b.reason = fmt.Sprintf("input was lost after %d (%s)", b.chain.last, reason)
}

// serve makes the book live as of now, unless it is crossed.
func (b *Book) serve(now exchange.Time) bool {
	b.updated = now
	bid, okBid := b.bids.best()
	ask, okAsk := b.asks.best()
	if okBid && okAsk && (bid.Price > ask.Price || bid.Price == ask.Price && !b.synthetic) {
		b.stats.Crossed++
		b.fail(fmt.Sprintf("crossed at %d: best bid %s, best ask %s",
			b.chain.last, b.in.PriceDecimal(bid.Price), b.in.PriceDecimal(ask.Price)))
		return false
	}
	b.stats.Applied++
	b.state, b.reason = Live, ""
	return true
}

// sound checks an event before any of it is applied.
func (b *Book) sound(ev *exchange.Event) bool {
	for side, levels := range [...][]exchange.Level{ev.Bids, ev.Asks} {
		i := firstUnsound(levels)
		if i < 0 {
			continue
		}
		b.stats.Corrupt++
		b.fail(fmt.Sprintf("bad data at %d: %s %d of %d has price %d ticks and quantity %d lots; want 0 < price < 2^62, quantity >= 0",
			b.chain.last, [...]string{"bid", "ask"}[side], i+1, len(levels), levels[i].Price, levels[i].Qty))
		return false
	}
	return true
}

// firstUnsound returns the index of the first level that cannot be, or -1. The
// first pass has no branch in it, because it is paid for every message.
func firstUnsound(levels []exchange.Level) int {
	var signs int64
	for i := range levels {
		l := &levels[i]
		signs |= int64(l.Price) | int64(l.Price-1) | int64(l.Price<<1) | int64(l.Qty)
	}
	if signs >= 0 {
		return -1
	}
	for i, l := range levels {
		if l.Price <= 0 || l.Price > maxPrice || l.Qty < 0 {
			return i
		}
	}
	return -1
}

// fail drops the levels: a book that is wrong serves nothing.
func (b *Book) fail(reason string) {
	b.state, b.reason = Stale, reason
	b.bids.clear()
	b.asks.clear()
}

func (d ids) String() string {
	if d.link != exchange.LinkPrevious {
		return fmt.Sprintf("%d..%d", d.first, d.last)
	}
	return fmt.Sprintf("%d..%d (after %d)", d.first, d.last, d.prev)
}

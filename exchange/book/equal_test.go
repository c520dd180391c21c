package book

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book/booktest"
)

// trio is the two books and the one that is too simple to be wrong.
type trio struct {
	slice, ladder *Book
	simple        *booktest.Map
}

func newTrio() *trio { return &trio{New(btc), NewLadder(btc), booktest.NewMap()} }

// apply gives an event without ids to all three. A crossed book is dropped by
// the real ones, so the simple one starts again too.
func (x *trio) apply(t interface{ Fatalf(string, ...any) }, ev *exchange.Event) {
	if x.slice.WantsSnapshot() && ev.Kind == exchange.KindDiff {
		ev.Kind = exchange.KindSnapshot
	}
	x.slice.Apply(ev)
	x.ladder.Apply(ev)
	x.simple.Apply(ev)
	if crossed := x.simple.Crossed(); crossed != (x.slice.State() == Stale) {
		t.Fatalf("crossed: %v, but the slice is %s (%s)", crossed, x.slice.State(), x.slice.Reason())
	}
	if x.slice.Reason() != x.ladder.Reason() {
		t.Fatalf("slice: %q, ladder: %q", x.slice.Reason(), x.ladder.Reason())
	}
	if x.simple.Crossed() {
		x.simple = booktest.NewMap()
	}
}

func (x *trio) compare(t interface{ Fatalf(string, ...any) }) {
	for _, b := range [...]*Book{x.slice, x.ladder} {
		sameAs(t, b, x.simple)
		for _, h := range [...]*half{&b.bids, &b.asks} {
			checkSorted(t, &h.rest)
			checkWindow(t, h)
		}
	}
}

// checkSorted checks what sorted promises: order, a level at the end, and not
// too many removed ones.
func checkSorted(t interface{ Fatalf(string, ...any) }, s *sorted) {
	live := 0
	for i, e := range s.entries {
		if i > 0 && s.entries[i-1].key >= e.key {
			t.Fatalf("entry %d is not above the one before: %v", i, s.entries)
		}
		if e.qty != 0 {
			live++
		}
	}
	if n := len(s.entries); live != s.live || n > 2*live+slack || n > 0 && s.entries[n-1].qty == 0 {
		t.Fatalf("%d entries, %d levels, counted as %d: %v", n, live, s.live, s.entries)
	}
}

// checkWindow checks what a window promises between messages: it holds the best
// level, in its upper half unless there is nothing else, and all of rest is below.
func checkWindow(t interface{ Fatalf(string, ...any) }, h *half) {
	w, n := h.window, len(h.rest.entries)
	if w == nil {
		return
	}
	if n > 0 && (w.top < span/2 || h.rest.entries[n-1].key >= w.base) {
		t.Fatalf("window at %d, best at offset %d, %d levels outside up to %d", w.base, w.top, n, h.rest.entries[n-1].key)
	}
	for o, q := range w.qty {
		if (w.bits[o/64]>>(o%64)&1 == 1) != (q != 0) {
			t.Fatalf("offset %d has quantity %d and bits %b", o, q, w.bits[o/64])
		}
	}
	for _, key := range [...]int64{w.base - 1, w.base, w.base + span - 1, w.base + span} {
		if l := h.show(entry{key: key}); key*h.sign > 0 && h.qty(l.Price) > 0 != h.has(l.Price) {
			t.Fatalf("quantity %d at %d, an edge of the window", h.qty(l.Price), l.Price)
		}
	}
}

// has looks for a price the slow way.
func (h *half) has(p exchange.Ticks) bool {
	c := h.cursor()
	for l, ok := c.next(); ok; l, ok = c.next() {
		if l.Price == p {
			return true
		}
	}
	return false
}

// Messages are in any order, name prices twice, and reach from a few ticks to
// far beyond any window; the market jumps by whole windows.
func TestRepresentationsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, market := newTrio(), int64(618000)
		width := rapid.SampledFrom([]int64{3, 40, span / 2, 3 * span}).Draw(t, "width")
		for range rapid.IntRange(1, 40).Draw(t, "messages") {
			market += rapid.SampledFrom([]int64{0, 0, 1, -1, 50, -50, span / 4, -span / 4, span, -span, 3 * span}).Draw(t, "move")
			market = max(market, 1+3*span)
			ev := diffOf(drawSide(t, market, -width), drawSide(t, market+1, width))
			clearAcross(x.simple, ev, exchange.Ticks(market))
			if rapid.IntRange(0, 9).Draw(t, "snapshot") == 9 {
				ev.Kind = exchange.KindSnapshot
			}
			x.apply(t, ev)
			x.compare(t)
		}
	})
}

// far are prices that no market is near: low ones to bid and, by true, high ones
// to ask.
var far = map[bool][]int64{
	false: {1, 2, 10_000},
	true:  {1 << 40, 1<<62 - 2, 1<<62 - 1},
}

// drawSide draws levels from a price on, width ticks deep; now and then one is
// where no market is, on the far side of the book.
func drawSide(t *rapid.T, from, width int64) []exchange.Level {
	var out []exchange.Level
	for range rapid.IntRange(0, 12).Draw(t, "levels") {
		p := from + rapid.Int64Range(0, max(width, -width)).Draw(t, "distance")*width/max(width, -width)
		if rapid.IntRange(0, 30).Draw(t, "odd") == 0 {
			p = rapid.SampledFrom(far[width > 0]).Draw(t, "odd price")
		}
		out = append(out, levels(max(p, 1), int64(rapid.IntRange(0, 4).Draw(t, "quantity")))...)
	}
	return out
}

// clearAcross removes what the market has moved through, as a venue does; most
// books stay uncrossed by it.
func clearAcross(m *booktest.Map, ev *exchange.Event, market exchange.Ticks) {
	for _, l := range m.Levels(exchange.Buy) {
		if l.Price > market {
			ev.Bids = append(ev.Bids, exchange.Level{Price: l.Price})
		}
	}
	for _, l := range m.Levels(exchange.Sell) {
		if l.Price <= market {
			ev.Asks = append(ev.Asks, exchange.Level{Price: l.Price})
		}
	}
}

// The stream is long enough for the market to leave the first window and for
// free places in the slice to be used and cleared away.
func TestRepresentationsAgreeOnAStream(t *testing.T) {
	for _, levels := range [...]int{20, 100} {
		t.Run(fmt.Sprint(levels), func(t *testing.T) {
			x, s := newTrio(), booktest.NewStream(3, levels)
			first := s.Snapshot()
			x.apply(t, &first)
			for i := range 1500 {
				ev := s.Next()
				x.apply(t, &ev)
				if i%50 == 0 {
					x.compare(t)
				}
			}
			x.compare(t)
			if x.slice.State() != Live {
				t.Errorf("the stream was not followed: %s", x.slice.Reason())
			}
		})
	}
}

// A narrow market where the same few prices come and go, as near any touch.
func TestRepresentationsAgreeOnANarrowMarket(t *testing.T) {
	x, rnd := newTrio(), rand.New(rand.NewPCG(5, 1))
	x.apply(t, snapshotOf(levels(618000, 1), levels(618001, 1)))
	for range 2000 {
		var pq [2][]int64
		for range 6 {
			side, q := rnd.IntN(2), int64(rnd.IntN(5)-2)
			pq[side] = append(pq[side], 618000+int64(side)+int64(2*side-1)*rnd.Int64N(200), max(q, 0))
		}
		x.apply(t, diffOf(levels(pq[0]...), levels(pq[1]...)))
		x.compare(t)
	}
	if x.slice.State() != Live {
		t.Errorf("the market was not followed: %s", x.slice.Reason())
	}
}

// Prices seen in recorded books: a bid at 1000.00 and one at 24426.99 while the
// market is at 61800, and asks at many times that.
func TestFarPrices(t *testing.T) {
	x := newTrio()
	x.apply(t, snapshotOf(levels(618000, 1, 617999, 2, 244269, 9, 10000, 3), levels(618001, 1, 9_999_999, 5)))
	x.compare(t)
	for _, ev := range []*exchange.Event{
		diffOf(levels(10000, 4, 244269, 0, 1, 7), levels(9_999_999, 0, 5_000_000, 1)),
		diffOf(levels(618000, 0, 617999, 0), nil),            // only far bids are left
		diffOf(levels(618000, 8), levels(618001, 0)),         // and back
		diffOf(levels(618000, 0, 10000, 0, 1, 0), nil),       // no bids
		diffOf(levels(700_000, 1), levels(700_001, 1)),       // a jump up
		diffOf(levels(700_000, 0, 2, 1), levels(3, 1)),       // and all the way down
		diffOf(levels(1, 1, 2, 0), levels(2, 1, 700_001, 0)), // to the lowest price there is
	} {
		x.apply(t, ev)
		x.compare(t)
	}
	if x.slice.State() != Live {
		t.Errorf("%s: %s", x.slice.State(), x.slice.Reason())
	}
}

func TestSnapshotInAnyOrder(t *testing.T) {
	for _, bids := range [][]exchange.Level{
		levels(10, 1, 9, 2, 8, 3),
		levels(8, 3, 9, 2, 10, 1),
		levels(9, 2, 10, 1, 8, 3),
		levels(10, 5, 10, 1, 9, 2, 8, 3),
		levels(10, 1, 9, 2, 7, 0, 8, 3),
	} {
		x := newTrio()
		x.apply(t, snapshotOf(bids, levels(11, 1)))
		x.compare(t)
		if got := x.slice.Depth(exchange.Buy); got != 3 {
			t.Errorf("%v: %d levels, want 3", bids, got)
		}
	}
}

// FuzzRepresentations reads levels of six bytes: flags, quantity, and a price
// whose high bytes jump over windows. Asks are above all bids, since a cross would
// only end the run.
func FuzzRepresentations(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 9, 9, 1, 1, 0, 0, 9, 10, 2, 0, 0, 0, 9, 9})
	f.Add([]byte{4, 1, 0, 1, 0, 0, 4, 2, 0, 0, 1, 0, 2, 1, 0, 200, 0, 0, 2, 0, 0, 200, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		x, ev := newTrio(), diffOf(nil, nil)
		for ; len(data) >= 6; data = data[6:] {
			l := exchange.Level{Price: exchange.Ticks(binary.BigEndian.Uint32(data[2:])) + 1, Qty: exchange.Lots(data[1] % 4)}
			if data[0]&1 == 0 {
				ev.Bids = append(ev.Bids, l)
			} else {
				l.Price += 1 << 32
				ev.Asks = append(ev.Asks, l)
			}
			if data[0]&4 != 0 {
				continue // the message goes on
			}
			if data[0]&8 != 0 {
				ev.Kind = exchange.KindSnapshot
			}
			x.apply(t, ev)
			x.compare(t)
			ev = diffOf(nil, nil)
		}
	})
}

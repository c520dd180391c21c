package book

import (
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book/booktest"
)

var btc = &exchange.Instrument{
	Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT",
	Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001"), Multiplier: 1,
}

// denseBTC is an instrument whose ids are dense, as spot(…) has them.
var denseBTC = func() *exchange.Instrument {
	in := *btc
	in.Linking = exchange.LinkDense
	return &in
}()

var sides = [...]exchange.Side{exchange.Buy, exchange.Sell}

// both are the two representations, which must not differ in anything.
var both = [...]struct {
	name string
	make func(*exchange.Instrument) *Book
}{{"slice", New}, {"ladder", NewLadder}}

// levels makes a side from price, quantity, price, quantity…
func levels(pq ...int64) []exchange.Level {
	var out []exchange.Level
	for i := 0; i < len(pq); i += 2 {
		out = append(out, exchange.Level{Price: exchange.Ticks(pq[i]), Qty: exchange.Lots(pq[i+1])})
	}
	return out
}

// snapshotOf makes a snapshot without an id.
func snapshotOf(bids, asks []exchange.Level) *exchange.Event {
	return &exchange.Event{Kind: exchange.KindSnapshot, Bids: bids, Asks: asks}
}

// diffOf makes a diff without ids.
func diffOf(bids, asks []exchange.Level) *exchange.Event {
	return &exchange.Event{Kind: exchange.KindDiff, Bids: bids, Asks: asks}
}

// sameAs fails unless every way to read b gives what the map book has.
func sameAs(t interface{ Fatalf(string, ...any) }, b *Book, want *booktest.Map) {
	for _, side := range sides {
		levels := want.Levels(side)
		if got := b.AppendLevels(nil, side, 1<<30); !slices.Equal(got, levels) {
			t.Fatalf("%s side: got %v, want %v", side, got, levels)
		}
		if got := b.Depth(side); got != len(levels) {
			t.Fatalf("%s side: depth %d, want %d", side, got, len(levels))
		}
		for i, l := range levels {
			if got, ok := b.Level(side, i+1); !ok || got != l {
				t.Fatalf("%s level %d: got %v %v, want %v", side, i+1, got, ok, l)
			}
			if got := b.Qty(side, l.Price); got != l.Qty {
				t.Fatalf("%s quantity at %d: got %d, want %d", side, l.Price, got, l.Qty)
			}
		}
		best, ok := b.Best(side)
		if ok != (len(levels) > 0) || ok && best != levels[0] {
			t.Fatalf("%s best: got %v %v, want the first of %v", side, best, ok, levels)
		}
		if l, ok := b.Level(side, len(levels)+1); ok {
			t.Fatalf("%s level %d: got %v, want none", side, len(levels)+1, l)
		}
	}
}

func TestLevelOutOfRange(t *testing.T) {
	for _, kind := range both {
		b := kind.make(btc)
		b.Apply(snapshotOf(levels(618000, 5), levels(618001, 7)))
		for _, n := range [...]int{-1, 0, 2} {
			if l, ok := b.Level(exchange.Buy, n); ok {
				t.Errorf("%s: level %d is %v, want none", kind.name, n, l)
			}
		}
		if q := b.Qty(exchange.Buy, 617999); q != 0 {
			t.Errorf("%s: quantity %d at a price without a level", kind.name, q)
		}
	}
}

func TestVisitStops(t *testing.T) {
	b := New(btc)
	b.Apply(snapshotOf(levels(618000, 5, 617999, 6, 617998, 7), nil))
	var seen []exchange.Level
	b.Visit(exchange.Buy, func(l exchange.Level) bool {
		seen = append(seen, l)
		return len(seen) < 2
	})
	if want := levels(618000, 5, 617999, 6); !slices.Equal(seen, want) {
		t.Errorf("visited %v, want %v", seen, want)
	}
}

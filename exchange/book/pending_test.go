package book

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

func TestPendingIsBoundedInDiffs(t *testing.T) {
	b := New(denseBTC)
	const n = maxPendingDiffs + 700
	for id := int64(1); id <= n; id++ {
		b.Apply(spot(id, id))
	}
	if got := b.Stats().Dropped; got != 700 {
		t.Fatalf("%d diffs dropped, want 700", got)
	}
	if b.Apply(snap(699)); b.State() != Empty {
		t.Fatalf("%s: a snapshot before the oldest diff left was taken", b.State())
	}
	if b.Apply(snap(700)); b.State() != Live || b.LastID() != n {
		t.Fatalf("%s at %d: %s", b.State(), b.LastID(), b.Reason())
	}
}

func TestPendingIsBoundedInLevels(t *testing.T) {
	b := New(denseBTC)
	wide := make([]exchange.Level, 10_000)
	for i := range wide {
		wide[i] = exchange.Level{Price: exchange.Ticks(200 + i), Qty: 1}
	}
	for id := int64(1); id <= 200; id++ {
		ev := spot(id, id)
		ev.Asks = wide
		b.Apply(ev)
		if got := len(b.pending.levels); got > maxPendingLevels {
			t.Fatalf("%d levels wait after diff %d, want at most %d", got, id, maxPendingLevels)
		}
	}
	if kept := maxPendingLevels / (len(wide) + 1); b.Stats().Dropped != uint64(200-kept) {
		t.Errorf("%d diffs dropped, want all but %d", b.Stats().Dropped, kept)
	}
	if b.Apply(snap(199)); b.LastID() != 200 || b.Depth(exchange.Sell) != len(wide)+1 {
		t.Errorf("at %d with %d asks: %s", b.LastID(), b.Depth(exchange.Sell), b.Reason())
	}
}

// The producer reuses its levels as soon as Apply returns.
func TestPendingKeepsCopies(t *testing.T) {
	b := New(denseBTC)
	ev := spot(100, 101)
	b.Apply(ev)
	ev.Bids[0] = exchange.Level{Price: 105, Qty: 9}
	b.Apply(snap(100))
	if got := b.Qty(exchange.Buy, 100); got != mark(101)[0].Qty {
		t.Errorf("quantity %d at 100, want %d", got, mark(101)[0].Qty)
	}
}

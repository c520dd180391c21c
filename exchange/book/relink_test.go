package book_test

import (
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// A book that held diffs back for a snapshot begins anew on another feed: what was held is of
// the feed that is left.
func TestRelinkForgetsWhatWasHeld(t *testing.T) {
	in := &exchange.Instrument{Venue: "house.linear", Symbol: "ABC", Tick: exchange.Step{M: 1}, Lot: exchange.Step{M: 1}, Linking: exchange.LinkPrevious}
	bids, asks := []exchange.Level{{Price: 10, Qty: 1}}, []exchange.Level{{Price: 12, Qty: 1}}
	b := book.New(in)
	for id := int64(1000); id < 1010; id++ {
		b.Apply(&exchange.Event{Kind: exchange.KindDiff, FirstID: id, LastID: id, PrevID: id - 1, Bids: bids})
	}
	b.Relink(exchange.LinkUnproved, "its feed is the relay's now")
	if b.Ready() || !b.WantsSnapshot() {
		t.Fatalf("%s: %s", b.State(), b.Reason())
	}
	b.Apply(&exchange.Event{Kind: exchange.KindSnapshot, LastID: 7, PrevID: -1, Bids: bids, Asks: asks})
	if !b.Ready() {
		t.Errorf("after a snapshot of the other feed: %s", b.Reason())
	}
}

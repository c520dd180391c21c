package book_test

import (
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// TestIntegrity: what a book can prove follows from its feed, and from whether its updates
// have ids at all.
func TestIntegrity(t *testing.T) {
	for link, want := range map[exchange.Linking]exchange.Integrity{exchange.LinkPrevious: exchange.Verified, exchange.LinkDense: exchange.Verified,
		exchange.LinkRising: exchange.ForwardOnly, exchange.LinkSnapshots: exchange.ForwardOnly, exchange.LinkUnproved: exchange.Unverifiable} {
		b := book.New(&exchange.Instrument{Linking: link})
		ev := exchange.Event{Kind: exchange.KindSnapshot, Time: 1, LastID: 7}
		b.Apply(&ev)
		if got := b.Integrity(); got != want {
			t.Errorf("linking %d: %s, want %s", link, got, want)
		}
		ev = exchange.Event{Kind: exchange.KindSnapshot, Time: 2, PrevID: -1}
		if b = book.New(&exchange.Instrument{Linking: link}); !b.Apply(&ev) || b.Integrity() != exchange.Unverifiable {
			t.Errorf("linking %d, without ids: %s", link, b.Integrity())
		}
	}
}

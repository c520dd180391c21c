package book_test

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// A book is given the venue's snapshots and diffs. One that cannot be believed is
// empty and says why.
func Example() {
	in := &exchange.Instrument{Venue: "binance.usdm", Symbol: "BTCUSDT", Contract: exchange.Linear,
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001"), Multiplier: 1}
	b := book.New(in)
	b.Apply(&exchange.Event{Kind: exchange.KindSnapshot, LastID: 100,
		Bids: []exchange.Level{{Price: 599_999, Qty: 40}, {Price: 599_998, Qty: 10}},
		Asks: []exchange.Level{{Price: 600_001, Qty: 5}, {Price: 600_003, Qty: 50}}})
	b.Apply(&exchange.Event{Kind: exchange.KindDiff, FirstID: 99, LastID: 101, PrevID: 98,
		Asks: []exchange.Level{{Price: 600_001, Qty: 20}}})
	fmt.Println(b.State(), b.Mid(), b.Imbalance(1))

	filled, cost, worst := b.Walk(exchange.Sell, 30)
	fmt.Println(in.QtyDecimal(filled), cost.Decimal(in), in.PriceDecimal(worst))

	// An update between 101 and this one was missed.
	b.Apply(&exchange.Event{Kind: exchange.KindDiff, FirstID: 105, LastID: 106, PrevID: 104})
	fmt.Println(b.State(), b.Depth(exchange.Buy), b.Reason())
	// Output:
	// live 60000 0.3333333333333333
	// 0.03 1800.005 60000.3
	// stale 0 gap: the book is at 101, the next diff is 105..106 (after 104)
}

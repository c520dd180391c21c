package paper

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// In a unified wallet coins that an order on spot holds are no margin, and margin buys no coins.
func TestUnifiedWalletIsSpentOnce(t *testing.T) {
	perp := exchange.Instrument{Venue: "house.linear", Symbol: "AUSDT", Contract: exchange.Linear, Base: "A", Quote: "USDT", Wallet: "house.unified", Tick: exchange.MustStep("1"), Lot: exchange.MustStep("1")}
	spot := perp
	spot.Venue, spot.Contract = "house.spot", exchange.Spot
	u, err := exchange.NewUniverse([]exchange.Instrument{spot, perp})
	if err != nil {
		t.Fatal(err)
	}
	books := map[exchange.InstrumentID]*book.Book{}
	for _, in := range u.All() {
		books[in.ID] = book.New(in)
	}
	v, err := New(Options{Universe: u, Books: func(id exchange.InstrumentID) *book.Book { return books[id] }, Leverage: 1, Latency: Latency{Model: "none"},
		Balances: []Deposit{{Wallet: "house.unified", Asset: "USDT", Amount: decimal.NewFromInt(1000)}}})
	if err != nil {
		t.Fatal(err)
	}
	now := exchange.Date(2026, 3, 2)
	for _, in := range u.All() {
		ev := exchange.Event{Kind: exchange.KindSnapshot, Instrument: in.ID, Time: now, VenueTime: now, LastID: 1,
			Bids: []exchange.Level{{Price: 99, Qty: 1000}}, Asks: []exchange.Level{{Price: 101, Qty: 1000}}}
		books[in.ID].Apply(&ev)
		v.Market(&ev)
	}
	id := exchange.OrderID(0)
	send := func(in exchange.InstrumentID, qty exchange.Lots) exchange.OrderStatus {
		id++
		v.Submit(&exchange.Order{ID: id, Strategy: -1, Instrument: in, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 90, Qty: qty, Created: now}, now)
		v.Settle(now)
		var ev exchange.Event
		for at, ok := v.NextTime(); ok && at <= now; at, ok = v.NextTime() {
			v.Pop(&ev)
		}
		return ev.Update.Status
	}
	if got := send(0, 6); got != exchange.StatusAccepted { // 540 on spot
		t.Fatalf("the first order: %v", got)
	}
	if got := send(1, 6); got != exchange.StatusRejected { // 540 of margin
		t.Errorf("margin beyond what an order on spot holds: %v", got)
	}
	if got := send(1, 4); got != exchange.StatusAccepted {
		t.Errorf("margin within it: %v", got)
	}
	if got := send(0, 2); got != exchange.StatusRejected {
		t.Errorf("coins for what is margin: %v", got)
	}
}

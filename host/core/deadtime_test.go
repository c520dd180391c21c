package core

import (
	"encoding/json"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A leg that fills while no process runs is unhedged from the trade on, and not from when
// the next run hears of it; and one that another run was killed with stays so.
func TestUnhedgedTimeCountsWhatNobodyWatched(t *testing.T) {
	const dead, mended, ms = 3600, 3900, exchange.Millisecond
	began := exchange.Date(2026, 1, 5)
	order := func(id exchange.OrderID, in exchange.InstrumentID, leg uint8, side exchange.Side, price exchange.Ticks, qty exchange.Lots) exchange.Order {
		return exchange.Order{ID: id, ClientID: "pl", Pair: 1, Leg: leg, Instrument: in, Side: side, Type: exchange.Limit, TIF: exchange.GTC,
			Price: price, Qty: qty, Status: exchange.StatusAccepted}
	}
	spot, perp := order(7, spotBTC, 1, exchange.Buy, 6000000, 9000), order(8, perpBTC, 2, exchange.Sell, 600000, 90)
	run := func(saved SavedPair, orders ...exchange.Order) *bench {
		c, err := New(Config{Universe: universe(t), Restore: &Restore{Time: began, LastOrder: 8, LastPair: 1, Pairs: []SavedPair{saved}, Orders: orders}},
			[]Strategy{newAsks()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return &bench{t: t, core: c, now: began}
	}
	// fill tells of a trade, and returns its row and the pair's as a ledger keeps it.
	fill := func(b *bench, o *exchange.Order, traded, told exchange.Time) (*exchange.Fill, SavedPair) {
		b.now = began + told
		fx := b.step(exchange.Event{Kind: exchange.KindFill, Instrument: o.Instrument, VenueTime: began + traded, Fill: &exchange.Fill{Order: o.ID,
			TradeID: o.Side.String(), Instrument: o.Instrument, Side: o.Side, Price: o.Price, Qty: o.Qty, FeeAsset: "USDT"}})
		pairs := bodies[PairChanged](fx)
		raw, err := json.Marshal(pairs[len(pairs)-1].SavedPair)
		if err != nil {
			t.Fatal(err)
		}
		var kept SavedPair
		if err := json.Unmarshal(raw, &kept); err != nil {
			t.Fatal(err)
		}
		return bodies[*Filled](fx)[0].Fill, kept
	}
	saved := SavedPair{Pair: intent.Pair{ID: 1, Spot: spotBTC, Perp: perpBTC, State: intent.PairOpen}, Request: intent.PairRequest{MaxUnhedgedTime: 5 * exchange.Second}}

	b := run(saved, spot, perp)
	f, kept := fill(b, &spot, 0, dead*ms)
	if f.Traded != began {
		t.Errorf("the trade is dated %s, want %s: when it was heard of is another thing", f.Traded, began)
	}
	if kept.Pair.Spread.Since != began {
		t.Errorf("the pair is unhedged since %s, want %s", kept.Pair.Spread.Since, began)
	}
	for name, b := range map[string]*bench{"the run that heard of it": b, "a run after that one": run(kept, perp)} {
		if _, done := fill(b, &perp, mended*ms, mended*ms+20*ms); done.Pair.MaxUnhedgedTime != mended*ms || done.Pair.Spread.Since != 0 {
			t.Errorf("%s: unhedged for %d ms, want %d; since %d, want 0", name, done.Pair.MaxUnhedgedTime/ms, mended, done.Pair.Spread.Since)
		}
	}

	ahead := run(saved, spot, perp) // a venue's clock may be ahead of ours
	if f, _ := fill(ahead, &spot, 100*ms, 50*ms); f.Traded != began+50*ms {
		t.Errorf("the trade is dated %s, want %s: it was told of by then", f.Traded, began+50*ms)
	}
}

package core

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

// heldCoins is a session that was left with two coin-margined pairs of 50
// contracts at 50 000 each: a tenth of a coin backs either of them, and the
// account has 0.05 coins of its own beside them.
func heldCoins(t *testing.T, s *asks) *bench {
	t.Helper()
	dec := decimal.RequireFromString
	u := universe(t)
	perp := exchange.InstrumentID(1)
	if !u.Get(perp).Inverse() {
		perp = 2
	}
	pair := func(id exchange.PairID) SavedPair {
		p := intent.Pair{ID: id, Spot: 0, Perp: perp, State: intent.PairOpen, PerpQty: -50}
		p.Coin.Margin, p.Coin.Sold = dec("0.1"), dec("0.1")
		return SavedPair{Pair: p, Request: intent.PairRequest{Spot: 0, Perp: perp, MaxUnhedgedTime: exchange.Minute, Level: 1,
			Batch: dec("5000"), MaxUnhedged: dec("5000"), Notional: dec("5000")}}
	}
	r := &Restore{Time: exchange.Date(2026, 1, 5), LastPair: 2,
		Balances: []RestoredBalance{{"coinm", "BTC", dec("0.25")}, {"spot", "USDT", dec("100000")}},
		Fills:    []RestoredFill{{Strategy: 0, Fill: exchange.Fill{Instrument: perp, Side: exchange.Sell, Price: 500000, Qty: 100, TradeID: "1"}}},
		Pairs:    []SavedPair{pair(1), pair(2)}}
	c, err := New(Config{Universe: u, Restore: r, MarkTransfer: marked}, []Strategy{s}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, core: c, now: r.Time + exchange.Minute}
	b.book(0, 4999900, 5000100, 1e9)
	b.book(perp, 499999, 500001, 1e6)
	return b
}

// What backs one pair's short is nobody else's: not another pair's, not an
// order's, not a transfer's.
func TestCoinsThatBackAPairStay(t *testing.T) {
	s := newAsks()
	b := heldCoins(t, s)
	perp := b.core.pairs.list[0].Pair.Perp
	for _, m := range b.core.pairs.list {
		if got := b.core.claims.Movable(m).StringFixed(4); got != "0.1500" {
			t.Errorf("pair %d may move %s coins; want its own 0.1 and the 0.05 of nobody", m.Pair.ID, got)
		}
	}
	order := func(side exchange.Side, qty exchange.Lots, price exchange.Ticks) error {
		o := exchange.Order{Instrument: perp, Side: side, Type: exchange.Limit, TIF: exchange.IOC, Price: price, Qty: qty}
		return b.core.entry.Check(&o)
	}
	// 0.05 coins carry 0.25 at a leverage of 5: 125 contracts of 100 USD.
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		price := exchange.Ticks(500000)
		if err := order(side, 120, price); err != nil {
			t.Errorf("%s of what the account's own coins carry: %v", side, err)
		}
		if err := order(side, 130, price); err == nil || !strings.Contains(err.Error(), "balance") {
			t.Errorf("%s on the coins of pairs: %v; want it refused", side, err)
		}
	}
	for amount, want := range map[string]int{"0.051": 0, "0.049": 1} {
		fx := b.do(s, func(p *Port) error {
			p.Transfer("BTC", "coinm", "spot", decimal.RequireFromString(amount))
			return nil
		})
		if got := len(bodies[SendTransfer](fx)); got != want {
			t.Errorf("a transfer of %s coins: %d sent, want %d", amount, got, want)
		}
	}
}

// The venue's history knows a transfer by its amount alone.
func TestTransfersOfAPairAreAloneOnTheirLane(t *testing.T) {
	b := heldCoins(t, newAsks())
	first, second := b.core.pairs.list[0], b.core.pairs.list[1]
	coins := decimal.RequireFromString("0.02")
	move := func(m *execution.Machine) (exchange.Transfer, error) { // as within a step
		b.core.effects = &b.fx
		return b.core.transfers.Move(m, "coinm", "spot", coins)
	}
	sent, err := move(first)
	if err != nil || sent.Amount.String() != "0.01999902" || sent.ID != 1 {
		t.Fatalf("%+v, %v; want transfer 1, its amount ending in 02", sent, err)
	}
	if _, err := move(second); err == nil || !strings.Contains(err.Error(), "transfer 1") {
		t.Errorf("a second one on the lane: %v", err)
	}
	end := sent
	end.Done = true
	fx := b.step(exchange.Event{Kind: exchange.KindTransfer, Transfer: &end})
	if len(bodies[TransferEnded](fx)) != 1 {
		t.Errorf("its end: %v", fx)
	}
	if fx = b.step(exchange.Event{Kind: exchange.KindTransfer, Transfer: &end}); len(bodies[Booked](fx)) != 0 {
		t.Error("an end that was told twice was booked twice")
	}
	if again, err := move(second); err != nil || again.Amount.String() != "0.01999903" {
		t.Errorf("%+v, %v; want the lane free", again, err)
	}
}

// marked is an amount that the venue tells transfers apart by: next to nothing less.
func marked(coins decimal.Decimal, id uint64) decimal.Decimal {
	mark := decimal.New(int64(id%99)+1, -8)
	return coins.Sub(mark).RoundFloor(6).Add(mark)
}

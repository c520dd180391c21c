package core

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// paid tells of what an insurance fund paid into the usdm wallet, and returns the parts
// by strategy.
func (b *bench) paid(amount string) map[int32]decimal.Decimal {
	b.t.Helper()
	parts := map[int32]decimal.Decimal{}
	sum := decimal.Zero
	for _, e := range bodies[Booked](b.step(exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: "usdm", Asset: "USDT",
		Amount: decimal.RequireFromString(amount), Reason: exchange.InsuranceFund + ": a test"})) {
		if e.Txn.Kind != "insurance" || !e.Txn.Postings[0].Amount.Add(e.Txn.Postings[1].Amount).IsZero() {
			b.t.Errorf("txn %+v, want one of insurance that sums to zero", e.Txn)
		}
		parts[e.Txn.Strategy] = parts[e.Txn.Strategy].Add(e.Txn.Postings[0].Amount)
		sum = sum.Add(e.Txn.Postings[0].Amount)
	}
	if !sum.Equal(decimal.RequireFromString(amount)) {
		b.t.Errorf("the parts of %s sum to %s", amount, sum)
	}
	return parts
}

// seized is a liquidation that buys back a short.
func (b *bench) seized(qty exchange.Lots, trade string) {
	b.step(exchange.Event{Kind: exchange.KindFill, Instrument: perpBTC, Fill: &exchange.Fill{TradeID: trade, Instrument: perpBTC, Side: exchange.Buy,
		Price: 600000, Qty: qty, FeeAsset: "USDT", Reason: liquidation}})
}

// short sells by a strategy's own order.
func (b *bench) short(s *asks, qty exchange.Lots, trade string) {
	b.t.Helper()
	fx := bodies[Submit](b.do(s, limit(perpBTC, exchange.Sell, 600000, qty)))
	if len(fx) != 1 {
		b.t.Fatalf("%d orders, want one", len(fx))
	}
	b.filled(fx[0].Order, qty, trade)
}

// What the insurance fund pays belongs to those whom the liquidation closed out, by
// what it took from each; a payment that no liquidation accounts for is nobody's.
func TestInsuranceGoesToThoseClosedOut(t *testing.T) {
	ann, bob := newAsks(), newAsks()
	bob.name = "bob"
	b := newBench(t, ann, bob)
	b.book(perpBTC, 600000, 600001, 1000000)
	if parts := b.paid("5"); !parts[-1].Equal(decimal.NewFromInt(5)) {
		t.Errorf("without a liquidation %v, want all of it the account's", parts)
	}
	b.short(ann, 10, "1")
	b.short(bob, 20, "2")
	b.seized(30, "3")
	if parts := b.paid("10"); len(parts) != 2 || !parts[0].Equal(decimal.RequireFromString("3.3333333333333333")) {
		t.Errorf("of 10 for 10 and 20 lots %v, want a third and the rest", parts)
	}
	if parts := b.paid("-1"); len(parts) != 2 || !parts[0].IsNegative() || !parts[1].IsNegative() {
		t.Errorf("a charge is shared like a payment: %v", parts)
	}
	b.now += exchange.Hour
	b.book(perpBTC, 600000, 600001, 1000000)
	b.short(bob, 20, "4")
	b.seized(20, "5")
	if parts := b.paid("7"); !parts[1].Equal(decimal.NewFromInt(7)) {
		t.Errorf("of the next liquidation, of one alone: %v", parts)
	}
}

// A payment that comes after a restart goes to those whom the liquidation before it
// closed out.
func TestInsuranceAfterARestart(t *testing.T) {
	ann, bob := newAsks(), newAsks()
	now := exchange.Date(2026, 1, 5)
	sold := func(strategy int32, at exchange.Time, side exchange.Side, qty exchange.Lots, reason string) RestoredFill {
		return RestoredFill{Time: at, Strategy: strategy, Fill: exchange.Fill{Instrument: perpBTC, Side: side, Price: 600000, Qty: qty, Reason: reason}}
	}
	c, err := New(Config{Universe: universe(t), Restore: &Restore{Time: now, Fills: []RestoredFill{
		sold(0, now-3*exchange.Hour, exchange.Sell, 5, ""), sold(0, now-2*exchange.Hour, exchange.Buy, 5, liquidation), // another one
		sold(0, now-exchange.Hour, exchange.Sell, 10, ""), sold(1, now-exchange.Hour, exchange.Sell, 30, ""),
		sold(0, now, exchange.Buy, 10, liquidation), sold(1, now, exchange.Buy, 30, liquidation),
	}}}, []Strategy{ann, bob}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, core: c, now: now}
	if parts := b.paid("8"); !parts[0].Equal(decimal.NewFromInt(2)) || !parts[1].Equal(decimal.NewFromInt(6)) {
		t.Errorf("of 8 for 10 and 30 lots %v, want 2 and 6", parts)
	}
}

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
	for _, e := range kinds(b.step(exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: exchange.USDM, Asset: "USDT",
		Amount: decimal.RequireFromString(amount), Reason: exchange.InsuranceFund + ": a test"}), EffectTxn) {
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
	fx := kinds(b.do(s, limit(perpBTC, exchange.Sell, 600000, qty)), EffectSubmit)
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

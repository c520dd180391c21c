package core

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// What the account pays for trades by hand, for positions that no strategy holds and
// for liquidations of them is told apart from what the strategies pay and earn.
func TestOthersAreCountedApart(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	b.book(perpBTC, 600000, 600001, 1000000)
	dec := decimal.RequireFromString
	by := func(side exchange.Side, qty exchange.Lots, trade, fee string) {
		b.step(exchange.Event{Kind: exchange.KindFill, Instrument: perpBTC, Fill: &exchange.Fill{TradeID: trade, Instrument: perpBTC, Side: side,
			Price: 600000, Qty: qty, Fee: dec(fee), FeeAsset: "USDT", Reason: "foreign"}})
	}
	b.short(s, 10, "1")
	by(exchange.Sell, 30, "2", "3")  // nobody's
	by(exchange.Buy, 36, "3", "7.2") // nobody's 30 first, and 6 of the strategy's
	b.step(exchange.Event{Kind: exchange.KindFundingPaid, Instrument: perpBTC, Payment: &exchange.FundingPayment{Instrument: perpBTC, Settled: b.now,
		Position: -4, Amount: dec("8"), Asset: "USDT"}})
	by(exchange.Sell, 12, "4", "0")
	b.step(exchange.Event{Kind: exchange.KindFundingPaid, Instrument: perpBTC, Payment: &exchange.FundingPayment{Instrument: perpBTC, Settled: b.now + 1,
		Position: -16, Amount: dec("16"), Asset: "USDT"}})
	b.paid("5") // of no liquidation that was seen
	st := b.core.Stats()
	for _, c := range []struct {
		what      string
		got, want decimal.Decimal
	}{
		{"all fees", st.Fees, dec("10.2")}, {"others' fees", st.Others.Fees, dec("9")},
		{"all funding", st.Funding, dec("24")}, {"others' funding", st.Others.Funding, dec("12")},
		{"all insurance", st.Insurance, dec("5")}, {"others' insurance", st.Others.Insurance, dec("5")},
	} {
		if !c.got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
}

// A coin counts by any perpetual that prices it, and one that nothing prices is named.
func TestWhatNothingPricesIsNamed(t *testing.T) {
	list := universe(t).All()
	u, err := exchange.NewUniverse([]exchange.Instrument{*list[perpBTC]})
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{Universe: u}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, core: c, now: exchange.Date(2026, 1, 5)}
	for asset, amount := range map[string]int64{"USDT": 100, "BTC": 2, "XYZ": 7} {
		b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: "spot", Asset: asset, Amount: decimal.NewFromInt(amount), Reason: OpeningBalance})
	}
	if got := c.wallets.Unvalued(); got != "BTC" {
		t.Errorf("before there is a price, the equity waits for %q", got)
	}
	b.book(0, 599999, 600001, 1)
	if got := c.wallets.Unvalued(); got != "" {
		t.Errorf("the equity waits for %q, which nothing prices", got)
	}
	if got := c.wallets.Equity(); !got.Equal(decimal.NewFromInt(100 + 2*60000)) {
		t.Errorf("the equity is %s, want that of 100 USDT and of 2 BTC at 60000", got)
	}
	if got := c.wallets.Unpriced(); len(got) != 1 || got[0] != "7 XYZ (spot)" {
		t.Errorf("not in the equity: %q", got)
	}
}

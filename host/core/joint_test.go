package core

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// jointBench is a core whose USD-M wallet backs its positions with all that it has, at
// 60 000 a coin, with 100 USDT and 2 BTC.
func jointBench(t *testing.T) *bench {
	t.Helper()
	u := universe(t)
	dec := decimal.RequireFromString
	in, err := u.Lookup("usdm:BTCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	in.Collateral = []exchange.Collateral{{Asset: "USDT", Held: dec("0.99"), Owed: dec("1.01")}, {Asset: "BTC", Held: dec("0.95"), Owed: dec("1.05")}}
	in.Brackets = []exchange.Bracket{{Cap: dec("1000000000"), MMR: dec("0.01")}}
	c, err := New(Config{Universe: u, Leverage: 10}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, core: c, now: exchange.Date(2026, 1, 5)}
	b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(100)})
	b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: "usdm", Asset: "BTC", Amount: decimal.NewFromInt(2)})
	b.book(0, 6000000, 6000000, 1000000)
	b.step(exchange.Event{Kind: exchange.KindMark, Instrument: 1, Mark: 60000e8, Index: 60000e8})
	return b
}

func TestCoinsAreCollateral(t *testing.T) {
	b := jointBench(t)
	wl := b.core.wallets
	same := func(what string, got decimal.Decimal, want string) {
		t.Helper()
		if !got.Round(6).Equal(decimal.RequireFromString(want)) {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	// 99 of the USDT and 95 % of 120 000, in units of 0.99.
	same("free USDT", wl.balance("usdm", "USDT").Free, "115251.515152")
	same("total USDT", wl.balance("usdm", "USDT").Total, "100")
	same("movable USDT", wl.movable("usdm", "USDT"), "100")
	same("movable BTC", wl.movable("usdm", "BTC"), "2")
	b.step(exchange.Event{Kind: exchange.KindFill, Instrument: 1, Fill: &exchange.Fill{Instrument: 1, TradeID: "1", Side: exchange.Sell, Price: 600000, Qty: 10000, FeeAsset: "USDT"}})
	b.step(exchange.Event{Kind: exchange.KindMark, Instrument: 1, Mark: 61000e8, Index: 61000e8})
	// 10 BTC short have lost 10 000, of which 9 900 are owed: 115 900 − 9 999.
	m := wl.standing("usdm", "USDT")
	same("equity", m.Equity, "106970.707071")
	same("exposure", m.Exposure, "622323.232323")
	same("maintenance", m.Maintenance, "6223.232323")
	same("initial", m.Initial, "62232.323232")
	same("movable USDT", wl.movable("usdm", "USDT"), "0")
	same("the same in BTC", wl.standing("usdm", "BTC").Equity, "1.827455") // 105 901 / (61 000 × 0.95)
	if d := b.core.collateral.standing("usdm", "BTC"); !d.Exposure.Round(6).Equal(wl.standing("usdm", "BTC").Exposure.Round(6)) {
		t.Errorf("one position's exposure %s, netted %s", wl.standing("usdm", "BTC").Exposure, d.Exposure)
	}
}

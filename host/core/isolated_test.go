package core

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// An isolated position is counted by its own margin, and the wallet without it.
func TestIsolatedPositionStandsByItself(t *testing.T) {
	b := newBench(t)
	wl := b.core.wallets
	b.book(0, 6000000, 6000000, 1000000)
	b.step(exchange.Event{Kind: exchange.KindMark, Instrument: 1, Mark: 60000e8, Index: 60000e8})
	b.step(exchange.Event{Kind: exchange.KindFill, Instrument: 1, Fill: &exchange.Fill{Instrument: 1, TradeID: "1", Side: exchange.Sell, Price: 600000, Qty: 1000, FeeAsset: "USDT"}})
	in := b.core.u.Get(1)
	if m := wl.ofPosition(in); !m.Equity.Equal(decimal.NewFromInt(100000)) {
		t.Errorf("a cross position has %s behind it, want the wallet", m.Equity)
	}
	b.step(exchange.Event{Kind: exchange.KindMargin, Instrument: 1, Amount: decimal.NewFromInt(3000)})
	b.step(exchange.Event{Kind: exchange.KindMark, Instrument: 1, Mark: 61000e8, Index: 61000e8})
	own, wallet := wl.ofPosition(in), wl.standing("usdm", "USDT")
	if !own.Equity.Equal(decimal.NewFromInt(2000)) || !own.Exposure.Equal(decimal.NewFromInt(61000)) {
		t.Errorf("own margin %+v, want 3 000 less a loss of 1 000 behind 61 000", own)
	}
	if !wallet.Equity.Equal(decimal.NewFromInt(97000)) || !wallet.Exposure.IsZero() || !wallet.Initial.IsZero() {
		t.Errorf("the wallet %+v, want 97 000 and nothing to back", wallet)
	}
	if free := wl.balance("usdm", "USDT"); !free.Free.Equal(decimal.NewFromInt(97000)) || !free.Total.Equal(decimal.NewFromInt(100000)) {
		t.Errorf("balance %+v, want 97 000 free of 100 000", free)
	}
	b.step(exchange.Event{Kind: exchange.KindMargin, Instrument: 1, Amount: decimal.Zero})
	if m := wl.ofPosition(in); !m.Equity.Equal(decimal.NewFromInt(99000)) {
		t.Errorf("cross again, %s stand behind it", m.Equity)
	}
}

// What an isolated position lacks is told, and the pair that leans on it made smaller before
// the venue would close it.
func TestIsolatedMarginIsWatched(t *testing.T) {
	w := newOnePair(t)
	w.start()
	told, whole, smallest := false, exchange.Lots(0), exchange.Lots(1<<40)
	for i := range 240 {
		if i == 60 { // a fifth, as at leverage 5
			w.step(exchange.Event{Kind: exchange.KindMargin, Instrument: w.short, Amount: decimal.NewFromInt(200)})
		}
		if i > 60 {
			w.mid = min(w.mid*1.001, 117)
		}
		w.second()
		told = told || len(w.core.collateral.Needs()) == 1 && w.core.collateral.Needs()[0].Position == "south.linear:ABCUSDC"
		if m := w.core.pairs.machine(w.opened); i >= 60 && m != nil {
			whole, smallest = max(whole, m.Pair.PerpQty.Abs()), min(smallest, m.Pair.PerpQty.Abs())
		}
	}
	w.said(t, "the isolated margin of south.linear:ABCUSDC needs ", "add it at the venue", "is made smaller by ")
	if !told || whole == 0 || smallest > whole*9/10 {
		t.Errorf("told %v, the short went down to %d of %d lots", told, smallest, whole)
	}
	if w.failed != nil {
		t.Error(w.failed)
	}
}

package ledger

import (
	"context"
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

// viewed is perp_realised of v_pnl_strategy, by strategy and asset.
func (r *rig) viewed() map[string]decimal.Decimal {
	r.t.Helper()
	rows, err := r.Query(context.Background(), "SELECT strategy, asset, perp_realised FROM v_pnl_strategy")
	must(r.t, err)
	defer rows.Close()
	out := map[string]decimal.Decimal{}
	for rows.Next() {
		var strategy, asset string
		var realised float64
		must(r.t, rows.Scan(&strategy, &asset, &realised))
		out[strategy+" "+asset] = decimal.NewFromFloat(realised)
	}
	must(r.t, rows.Err())
	return out
}

// agree holds the view against PnL. Only perpetuals may have been traded.
func (r *rig) agree(t interface{ Errorf(string, ...any) }) {
	r.t.Helper()
	want := map[string]decimal.Decimal{}
	for _, p := range r.pnl(Filter{}) {
		key := p.Strategy + " " + p.Asset
		want[key] = want[key].Add(p.Trading).Add(p.Basis)
	}
	got := r.viewed()
	for key, realised := range want {
		if got[key].Sub(realised).Abs().GreaterThan(dec("0.00000003")) {
			t.Errorf("%s: v_pnl_strategy says %s, pnl %s", key, got[key], realised)
		}
	}
}

// A pair's short of 0.4 at 110 is hidden by another strategy's long of 0.4 from 100: the
// venue nets them and pays 4. The rest is settled inside the account at 105, which the
// venue never hears of. Each has made what it traded for: 2 both.
func TestViewsKnowTradesInsideTheAccount(t *testing.T) {
	r := newRig(t, WriterOptions{})
	leg := func(seq uint64, strategy string, pair exchange.PairID, side exchange.Side, price, venue, reason string) {
		row := fillRow(seq, perpBTC, side, price, "0.4")
		row.Strategy, row.Pair, row.Realised, row.Reason = strategy, pair, dec(venue), reason
		if reason != "" {
			row.Order, row.Strategy, row.Pair = 0, "", 0
			row.Shares = []FillShare{{Strategy: strategy, Pair: pair, Qty: row.Qty}}
		}
		r.post(row)
	}
	leg(1, "grid", 0, exchange.Buy, "100", "0", "")
	leg(2, "rotation", 3, exchange.Sell, "110", "4", "")
	leg(3, "grid", 0, exchange.Sell, "105", "0", "crossed inside the account")
	leg(4, "rotation", 3, exchange.Buy, "105", "0", "crossed inside the account")
	r.sync()
	if got := r.viewed(); !got["grid USDT"].Equal(dec("2")) || !got["rotation USDT"].Equal(dec("2")) {
		t.Errorf("got %v, want 2 each", got)
	}
	r.agree(t)
}

// Whatever strategies and pairs trade, at long and at short, views and pnl agree.
func TestViewsAgreeWithPnL(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newRig(t, WriterOptions{})
		for seq := range rapid.Uint64Range(1, 25).Draw(rt, "fills") {
			in, qty := perpBTC, decimal.New(rapid.Int64Range(1, 5).Draw(rt, "qty"), -1)
			if rapid.Bool().Draw(rt, "coin") {
				in, qty = coinBTC, qty.Shift(1)
			}
			side := rapid.SampledFrom([]exchange.Side{exchange.Buy, exchange.Sell}).Draw(rt, "side")
			row := fillRow(seq+1, in, side, fmt.Sprint(rapid.IntRange(20000, 70000).Draw(rt, "price")), qty.String())
			row.Strategy = rapid.SampledFrom([]string{"grid", "rotation"}).Draw(rt, "strategy")
			row.Pair = exchange.PairID(rapid.IntRange(0, 2).Draw(rt, "pair"))
			row.Realised = dec("77") // of the venue, which knows no strategies
			r.post(row)
		}
		r.sync()
		r.agree(rt)
		must(t, r.w.Close())
		must(t, r.Close())
	})
}

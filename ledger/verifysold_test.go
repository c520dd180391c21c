package ledger

import (
	"context"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// A pair that sold coins buys them back with the fee on top: what it says of that leg is
// what it traded, and what the fee took is no finding.
func TestCoinsThatAPairSoldAreBoughtBackWithTheFee(t *testing.T) {
	for lots, findings := range map[exchange.Lots]int{1: 0, 3: 1} {
		r := newRig(t, WriterOptions{})
		for i, qty := range []string{"1", "1.00001"} {
			row := fillRow(uint64(i+1), spotBTC, []exchange.Side{exchange.Sell, exchange.Buy}[i], "100", qty)
			row.Pair, row.Fee, row.FeeAsset = 3, dec([]string{"0.1", "0.000009"}[i]), []string{"USDT", "BTC"}[i]
			r.post(row)
		}
		r.post(&PairRow{At: at(3), Strategy: "rotation", ID: 3, Spot: perpBTC, Perp: spotBTC, State: "closed", PerpQty: lots})
		r.sync()
		list, err := r.Examine(context.Background(), VerifyOptions{})
		must(t, err)
		n := 0
		for _, f := range list.Findings {
			if f.Table == "pairs" && strings.HasPrefix(f.Text, "what it holds is") {
				n++
			}
		}
		if n != findings {
			t.Errorf("%d lots: %+v", lots, list.Findings)
		}
	}
}

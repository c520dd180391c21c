package ledger

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// text is a carry as a trader would write it down.
func (c *Carry) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "basis %s open %s at %s funding %s fees %s net %s; funding in %v fees in %v\n", c.Basis, c.Open, c.At, c.FundingValue, c.FeesValue, c.Net(), c.FundingIn, c.FeesIn)
	for _, w := range c.Windows {
		fmt.Fprintf(&b, "  %d to %d: rate %s on %s at %s = %s %s (%s), basis %s fees %s, %d fills\n", w.From/exchange.Second%60, w.Settled/exchange.Second%60,
			w.Rate, w.Position, w.Mark, w.Funding, w.Asset, w.Value, w.Basis, w.Fees, w.Fills)
	}
	return b.String()
}

func (r *rig) pairRow(seq uint64, id exchange.PairID, perp *exchange.Instrument) {
	r.post(&PairRow{At: at(seq), Strategy: "rotation", ID: id, Spot: spotBTC, Perp: perp, State: "open"})
}

// TestCarryByWindow is a USDT-margined pair over two settlements, half closed
// between them.
func TestCarryByWindow(t *testing.T) {
	r := newRig(t, WriterOptions{})
	leg := func(seq uint64, in *exchange.Instrument, side exchange.Side, price, qty, fee, asset string) {
		row := fillRow(seq, in, side, price, qty)
		row.Pair, row.Fee, row.FeeAsset = 3, dec(fee), asset
		r.post(row)
	}
	paid := func(seq uint64, rate, position, mark, amount string) {
		r.post(&FundingRow{At: at(seq), Instrument: perpBTC, Strategy: "rotation", Pair: 3, FundingPayment: exchange.FundingPayment{
			Settled: at(seq).Time, Rate: exchange.E8FromDecimal(dec(rate)), Mark: exchange.E8FromDecimal(dec(mark)),
			Position: exchange.Lots(perpBTC.Lot.Nearest(dec(position).InexactFloat64())), Amount: dec(amount), Asset: "USDT", TranID: fmt.Sprint(seq)}})
	}
	leg(1, spotBTC, exchange.Buy, "100", "2", "0.002", "BTC")
	leg(2, perpBTC, exchange.Sell, "101", "2", "0.08", "USDT")
	paid(3, "0.001", "-2", "102", "0.204")
	leg(4, perpBTC, exchange.Buy, "110.5", "1", "0.05", "USDT")
	leg(5, spotBTC, exchange.Sell, "110", "1", "0.11", "BNB")
	paid(6, "0.002", "-1", "110", "0.22")
	r.pairRow(7, 3, perpBTC)
	r.sync()
	list, err := r.Carries(Filter{})
	must(t, err)
	// Open: 0.998 coins bought at 100 and 1 sold at 101, both at 110.
	want := `basis 0.5 open 0.98 at 110 funding 0.424 fees 0.33 net 1.574; funding in [{USDT 0.424}] fees in [{BNB 0.11} {BTC 0.002} {USDT 0.13}]
  1 to 3: rate 0.001 on -2 at 102 = 0.204 USDT (0.204), basis 0 fees 0.28, 2 fills
  3 to 6: rate 0.002 on -1 at 110 = 0.22 USDT (0.22), basis 0.5 fees 0.05, 2 fills
`
	if got := list[0].text(); len(list) != 1 || got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A basis that was bought is no profit at once: each leg counts at its own price, and one
// whose price is old at as much apart from the other as it was entered.
func TestABasisBoughtIsNoProfit(t *testing.T) {
	r := newRig(t, WriterOptions{})
	for i, in := range []*exchange.Instrument{spotBTC, perpBTC} {
		row := fillRow(uint64(i+1), in, []exchange.Side{exchange.Buy, exchange.Sell}[i], []string{"100", "110"}[i], "2")
		row.Pair, row.Fee, row.FeeAsset = 3, dec("0"), "USDT"
		r.post(row)
	}
	r.pairRow(3, 3, perpBTC)
	r.sync()
	list, err := r.Carries(Filter{})
	must(t, err)
	if !list[0].Open.IsZero() {
		t.Errorf("bought at 100 and sold at 110, and %s is made", list[0].Open)
	}
	c := carrying{Carry: &Carry{}, legs: []*Position{{Qty: dec("2"), Cost: dec("200")}, {Qty: dec("-2"), Cost: dec("-220")}}}
	c.saw(c.legs[0], dec("100"), 0)
	c.saw(c.legs[1], dec("121"), exchange.Hour)
	if c.value(); !c.Open.Equal(dec("-2")) { // 2 coins from 100 to 110, and back at 121 for 110
		t.Errorf("an hour later it is %s", c.Open)
	}
}

// TestCarryInCoin is a coin-margined pair: funding and the contract's profit are in
// coin and valued at the price of their moment.
func TestCarryInCoin(t *testing.T) {
	r := newRig(t, WriterOptions{})
	leg := func(seq uint64, in *exchange.Instrument, side exchange.Side, price, qty string) {
		row := fillRow(seq, in, side, price, qty)
		row.Pair, row.FeeAsset = 4, ""
		row.Fee = dec("0")
		r.post(row)
	}
	leg(1, spotBTC, exchange.Buy, "50000", "1")
	leg(2, coinBTC, exchange.Sell, "50000", "500")
	r.post(&FundingRow{At: at(3), Instrument: coinBTC, Strategy: "rotation", Pair: 4, FundingPayment: exchange.FundingPayment{
		Settled: at(3).Time, Mark: exchange.E8FromDecimal(dec("40000")), Position: -500, Amount: dec("0.001"), Asset: "BTC", TranID: "x"}})
	leg(4, coinBTC, exchange.Buy, "40000", "500")
	leg(5, spotBTC, exchange.Sell, "40000", "1")
	r.pairRow(6, 4, coinBTC)
	r.sync()
	list, err := r.Carries(Filter{Pair: 4})
	must(t, err)
	// The short gains 50000/40000-1 = 0.25 BTC, worth 10000 at 40000; spot loses 10000.
	want := `basis 0 open 0 at 40000 funding 40 fees 0 net 40; funding in [{BTC 0.001}] fees in []
  1 to 3: rate 0 on -500 at 40000 = 0.001 BTC (40), basis 0 fees 0, 2 fills
  3 to 0: rate 0 on 0 at 0 = 0  (0), basis 0 fees 0, 2 fills
`
	if got := list[0].text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

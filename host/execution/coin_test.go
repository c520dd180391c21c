package execution

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
)

// What can't be a coin-margined pair is refused at the call, by name and number.
func TestCoinRequestsThatMakeNoSense(t *testing.T) {
	step := exchange.MustStep
	u, err := exchange.NewUniverse([]exchange.Instrument{
		{Venue: "spot", Symbol: "ABCUSDT", Base: "ABC", Quote: "USDT", Tick: step("0.01"), Lot: step("0.001")},
		{Venue: "spot", Symbol: "ABCEUR", Base: "ABC", Quote: "EUR", Tick: step("0.01"), Lot: step("0.001")},
		{Venue: "coinm", Contract: exchange.Inverse, Symbol: "ABCUSD_PERP", Base: "ABC", Quote: "USD", Tick: step("0.01"), Lot: step("1")},
		{Venue: "coinm", Contract: exchange.Inverse, Symbol: "XYZUSD_PERP", Base: "XYZ", Quote: "USD", Tick: step("0.01"), Lot: step("1"), ContractSize: dec("10")},
		{Venue: "coinm", Contract: exchange.Inverse, Symbol: "ABCUSD_BIG", Base: "ABC", Quote: "USD", Tick: step("0.01"), Lot: step("1"), ContractSize: dec("100")},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, u: u}
	for _, in := range u.All() {
		d.books = append(d.books, book.New(in))
	}
	for _, tt := range []struct{ spot, perp, notional, want string }{
		{"spot:ABCUSDT", "coinm:ABCUSD_PERP", "1000", "coinm:ABCUSD_PERP has no contract size"},
		{"spot:ABCUSDT", "coinm:XYZUSD_PERP", "1000", "different coins"},
		{"spot:ABCEUR", "coinm:ABCUSD_BIG", "1000", "quoted in EUR"},
		{"spot:ABCUSDT", "coinm:ABCUSD_BIG", "99", "notional 99 is below one contract of coinm:ABCUSD_BIG, which is 100 USD"},
	} {
		spot, _ := u.Lookup(tt.spot)
		perp, _ := u.Lookup(tt.perp)
		err := CheckPair(&intent.PairRequest{Spot: spot.ID, Perp: perp.ID, Notional: dec(tt.notional)}, d)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s and %s of %s: %v; want %q", tt.spot, tt.perp, tt.notional, err, tt.want)
		}
	}
}

// A short that is backed one to one hedges its own collateral at every price: δ
// does not move when the price does.
func TestAnInverseShortHedgesItsCollateral(t *testing.T) {
	d := newDesk(t, "ABC")
	d.coinMargined()
	in := d.u.Get(d.perp)
	rapid.Check(t, func(r *rapid.T) {
		entry := rapid.Int64Range(100, 1e6).Draw(r, "entry")
		n := rapid.Int64Range(1, 1e5).Draw(r, "n")
		p := intent.Pair{Spot: d.spot, Perp: d.perp, State: intent.PairOpen, PerpQty: exchange.Lots(-n)}
		p.Coin.Sold = in.BaseQty(exchange.Ticks(entry), exchange.Lots(n))
		p.Coin.Margin = p.Coin.Sold
		price := decimal.New(rapid.Int64Range(100, 1e6).Draw(r, "price"), -2)
		equity, short := p.Collateral(in, price)
		if worth := equity.Mul(price).Sub(in.Notional(1, exchange.Lots(n))).Abs(); worth.GreaterThan(dec("0.0001")) || !equity.Equal(short) {
			r.Fatalf("at %s the equity of %s coins is worth %s off the contracts", price, equity, worth)
		}
	})
}

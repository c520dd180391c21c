package execution

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/intent"
)

// What is paid in coins counts in quote though a run that goes on has seen no book yet.
func TestCoinsArePricedBeforeTheFirstBook(t *testing.T) {
	d := newDesk(t, "ABC")
	d.apart([]string{"north.linear:ABCUSDT", "south.spot:ABCUSDC"})
	pair := intent.Pair{ID: 1, Spot: d.spot, Perp: d.perp, State: intent.PairOpen, Spread: intent.NewSpread(d.u.Get(d.spot), d.u.Get(d.perp), nil)}
	pair.Spread.Legs[intent.LongLeg].Lots, pair.Spread.Legs[intent.LongLeg].Coins, pair.Spread.Legs[intent.LongLeg].Cash = 2000, dec("2"), dec("-200")
	short := &pair.Spread.Legs[intent.ShortLeg]
	short.Lots, short.Coins, short.Cash, short.Borrowed = -2000, dec("-2"), dec("198"), true
	d.m = Resume(pair, intent.PairRequest{Spot: d.spot, Perp: d.perp, Notional: dec("200"), Borrow: true}, d.Now())
	if _, seen := d.m.coinMid(d); seen {
		t.Fatal("a book has a price")
	}
	d.m.Charged(d, dec("-0.001"))
	d.m.Settled(d, "ABC", dec("0.002"))
	for what, got := range map[string][2]decimal.Decimal{"interest": {d.m.Pair.Interest, dec("-0.1")}, "funding": {d.m.Pair.Funding, dec("0.2")}} {
		if !got[0].Equal(got[1]) {
			t.Errorf("%s of %s, want %s", what, got[0], got[1])
		}
	}
}

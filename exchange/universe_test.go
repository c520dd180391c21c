package exchange_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// In a session on several houses keys have theirs, and a name without one is of the first
// house that has such a venue.
func TestNamesOfSeveralHouses(t *testing.T) {
	instrument := func(v exchange.Venue, symbol string, c exchange.Contract) exchange.Instrument {
		return exchange.Instrument{Venue: v, Symbol: symbol, Base: "BTC", Quote: "USDT", Contract: c, Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001")}
	}
	u, err := exchange.NewUniverse([]exchange.Instrument{
		instrument("bybit.spot", "BTCUSDT", exchange.Spot), instrument("bybit.spot", "NEWUSDT", exchange.Spot),
		instrument("binance.spot", "BTCUSDT", exchange.Spot), instrument("bybit.linear", "BTCUSDT", exchange.Linear),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"spot:BTCUSDT": "binance.spot:BTCUSDT", "bybit.spot:BTCUSDT": "bybit.spot:BTCUSDT", "linear:BTCUSDT": "bybit.linear:BTCUSDT",
	} {
		if in, err := u.Lookup(name); err != nil || in.Key() != want {
			t.Errorf("%s: %v, %v, want %s", name, in, err, want)
		}
	}
	if _, err := u.Lookup("spot:NEWUSDT"); err == nil || !strings.Contains(err.Error(), "bybit.spot:NEWUSDT") {
		t.Errorf("a symbol of the other house: %v", err)
	}
	if _, err := u.Lookup("swap:NEWUSDT"); err == nil || !strings.Contains(err.Error(), `did you mean "bybit.spot:NEWUSDT"?`) {
		t.Errorf("a venue that is not here, and a symbol that is: %v", err)
	}
	var fit []string
	for _, in := range u.All() {
		if in.Matches("spot:*") {
			fit = append(fit, in.Key())
		}
	}
	if !slices.Equal(fit, []string{"binance.spot:BTCUSDT"}) {
		t.Errorf("spot:* fits %v", fit)
	}
	if err := u.CheckVenue("spot:*"); err != nil {
		t.Error(err)
	}
}

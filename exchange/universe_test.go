package exchange_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

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

// A symbol in another venue's manner is understood: the house that was written comes first,
// there the same currency, then the market.
func TestLookupKnowsWhatIsMeant(t *testing.T) {
	var list []exchange.Instrument
	for _, row := range []struct {
		venue               exchange.Venue
		symbol, base, quote string
		contract            exchange.Contract
	}{
		{"binance.spot", "BTCUSDT", "BTC", "USDT", exchange.Spot},
		{"binance.usdm", "1000SHIBUSDT", "SHIB", "USDT", exchange.Linear},
		{"okx.spot", "BTC-USDT", "BTC", "USDT", exchange.Spot},
		{"okx.swap", "BTC-USDT-SWAP", "BTC", "USDT", exchange.Linear},
		{"okx.swap", "BTC-USD-SWAP", "BTC", "USD", exchange.Inverse},
		{"bybit.linear", "BTCUSDT", "BTC", "USDT", exchange.Linear},
		{"bybit.inverse", "BTCUSD", "BTC", "USD", exchange.Inverse},
		{"hyperliquid.perp", "BTC", "BTC", "USDC", exchange.Linear},
		{"hyperliquid.spot", "@100", "BTC", "USDC", exchange.Spot},
	} {
		list = append(list, exchange.Instrument{Venue: row.venue, Symbol: row.symbol, Base: row.base, Quote: row.quote, Contract: row.contract,
			ContractSize: decimal.NewFromInt(1), Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001")})
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]string{
		"okx.swap:BTCUSDT":          "okx.swap:BTC-USDT-SWAP",
		"okx.swap:BTC-USDT":         "okx.swap:BTC-USDT-SWAP",
		"okx.spot:BTCUSDT":          "okx.spot:BTC-USDT",
		"bybit.linear:BTCUSD":       "bybit.inverse:BTCUSD",
		"hyperliquid.perp:BTCUSDT":  "hyperliquid.perp:BTC",
		"hyperliquid.spot:BTC/USDC": "hyperliquid.spot:@100",
		"binance.usdm:SHIBUSDT":     "binance.usdm:1000SHIBUSDT",
	} {
		_, err := u.Lookup(typed)
		var unknown *exchange.UnknownError
		if !errors.As(err, &unknown) || unknown.Key != typed || unknown.Near != want {
			t.Errorf("Lookup(%q): %v, want %s", typed, err, want)
		}
	}
	if in := u.Meant("okx.swap:NEWUSDT"); in != nil {
		t.Errorf("a coin that nobody has is taken for %s", in.Key())
	}
}

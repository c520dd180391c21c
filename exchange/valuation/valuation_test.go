package valuation_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/valuation"
)

// quotes are the prices of markets by key; a width after a slash, a time after an at.
type quotes map[string]valuation.Quote

func (q quotes) Quote(in *exchange.Instrument) (valuation.Quote, bool) {
	v, ok := q[in.Key()]
	return v, ok
}

func price(p string, width float64, at exchange.Time) valuation.Quote {
	return valuation.Quote{Price: decimal.RequireFromString(p), Width: width, At: at}
}

// universe lists markets as "venue:BASE/QUOTE", with a multiplier after a star; a venue
// that ends in "linear" or "inverse" has contracts.
func universe(t *testing.T, list ...string) *exchange.Universe {
	t.Helper()
	var all []exchange.Instrument
	for _, text := range list {
		venue, pair, _ := strings.Cut(text, ":")
		pair, times, _ := strings.Cut(pair, "*")
		base, quote, _ := strings.Cut(pair, "/")
		in := exchange.Instrument{Venue: exchange.Venue(venue), Symbol: base + quote, Base: base, Quote: quote,
			Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.01"), Multiplier: 1}
		if times != "" {
			in.Multiplier = decimal.RequireFromString(times).IntPart()
		}
		switch {
		case strings.HasSuffix(venue, "linear"):
			in.Contract = exchange.Linear
		case strings.HasSuffix(venue, "inverse"):
			in.Contract, in.ContractSize = exchange.Inverse, decimal.NewFromInt(100)
		}
		all = append(all, in)
	}
	u, err := exchange.NewUniverse(all)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestPaths(t *testing.T) {
	for _, tt := range []struct {
		name    string
		markets []string
		quotes  quotes
		asset   string
		want    string // Value.String
		at      exchange.Time
	}{
		{"the currency is itself", []string{"spot:BTC/USDT"}, nil, "USDT", "USDT at 1", 0},
		{"USD counts as USDT where nothing trades it", []string{"coin.inverse:BTC/USD", "spot:BTC/USDT"}, nil, "USD", "USD at 1", 0},
		{"one market", []string{"spot:BTC/USDT"}, quotes{"spot:BTCUSDT": price("60000", 1, 7)}, "BTC", "BTC at 60000 by spot:BTCUSDT", 7},
		{"a stablecoin has its own price", []string{"spot:USDC/USDT"}, quotes{"spot:USDCUSDT": price("0.9991", 1, 7)}, "USDC", "USDC at 0.9991 by spot:USDCUSDT", 7},
		{"a market the other way round", []string{"spot:USDT/BRL"}, quotes{"spot:USDTBRL": price("5", 1, 7)}, "BRL", "BRL at 0.2 by spot:USDTBRL", 7},
		{"two markets, as old as the older", []string{"spot:FDUSD/USDC", "spot:USDC/USDT"},
			quotes{"spot:FDUSDUSDC": price("0.5", 1, 9), "spot:USDCUSDT": price("0.8", 1, 4)}, "FDUSD", "FDUSD at 0.4 by spot:FDUSDUSDC, spot:USDCUSDT", 4},
		{"three, one of them backwards", []string{"spot:AAA/BTC", "spot:USDC/BTC", "spot:USDC/USDT"},
			quotes{"spot:AAABTC": price("0.001", 1, 3), "spot:USDCBTC": price("0.00002", 1, 2), "spot:USDCUSDT": price("2", 1, 1)},
			"AAA", "AAA at 100 by spot:AAABTC, spot:USDCBTC, spot:USDCUSDT", 1},
		{"spot before a contract", []string{"a.linear:BTC/USDT", "a.spot:BTC/USDT"},
			quotes{"linear:BTCUSDT": price("1", 0, 1), "spot:BTCUSDT": price("2", -1, 1)}, "BTC", "BTC at 2 by spot:BTCUSDT", 1},
		{"a contract when spot has no price", []string{"a.linear:BTC/USDT", "a.spot:BTC/USDT"},
			quotes{"linear:BTCUSDT": price("3", 0, 1)}, "BTC", "BTC at 3 by linear:BTCUSDT", 1},
		{"a contract for many coins", []string{"linear:SHIB/USDT*1000"}, quotes{"linear:SHIBUSDT": price("0.02", -1, 1)}, "SHIB", "SHIB at 0.00002 by linear:SHIBUSDT", 1},
		{"a coin that only inverse contracts price", []string{"inverse:BTC/USD"}, quotes{"inverse:BTCUSD": price("60000", -1, 1)}, "BTC", "BTC at 60000 by inverse:BTCUSD", 1},
		{"the narrower of two venues", []string{"a.spot:BTC/USDT", "b.spot:BTC/USDT"},
			quotes{"a.spot:BTCUSDT": price("1", 0.002, 1), "b.spot:BTCUSDT": price("2", 0.001, 1)}, "BTC", "BTC at 2 by b.spot:BTCUSDT", 1},
		{"a live book before one that is not", []string{"a.spot:BTC/USDT", "b.spot:BTC/USDT"},
			quotes{"a.spot:BTCUSDT": price("1", -1, 1), "b.spot:BTCUSDT": price("2", 0.5, 1)}, "BTC", "BTC at 2 by b.spot:BTCUSDT", 1},
		{"a dollar without a market is at par", []string{"a.spot:BTC/USDT", "b.linear:BTC/USDC"}, nil, "USDC", "USDC at 1, USDC at par", 0},
		{"a coin that is sold for such a one", []string{"a.spot:BTC/USDT", "b.spot:NEW/USDC"}, quotes{"b.spot:NEWUSDC": price("2.5", 1, 7)}, "NEW", "NEW at 2.5 by b.spot:NEWUSDC, USDC at par", 7},
		{"a dollar with a market that has no price yet", []string{"a.spot:USDC/USDT"}, nil, "USDC", "USDC at 0", 0},
		{"no path", []string{"spot:BTC/USDT"}, nil, "XYZ", "XYZ at 0", 0},
		{"no price", []string{"spot:BTC/USDT"}, nil, "BTC", "BTC at 0", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := valuation.NewBook(universe(t, tt.markets...), "USDT")
			v := b.Asset(tt.asset).Value(tt.quotes)
			if v.String() != tt.want || v.At != tt.at {
				t.Errorf("got %s (%d), want %s (%d)", v.String(), v.At, tt.want, tt.at)
			}
		})
	}
}

// What a universe is given in another order prices the same.
func TestOrderDoesNotMatter(t *testing.T) {
	q := quotes{"spot:AAABTC": price("0.5", 1, 1), "spot:AAAETH": price("0.5", 0.5, 1),
		"spot:BTCUSDT": price("10", 1, 1), "spot:ETHUSDT": price("20", 1, 1)}
	list := []string{"spot:AAA/BTC", "spot:AAA/ETH", "spot:BTC/USDT", "spot:ETH/USDT"}
	for range list {
		list = append(list[1:], list[0])
		v := valuation.NewBook(universe(t, list...), "USDT").Asset("AAA").Value(q)
		if want := "AAA at 10 by spot:AAAETH, spot:ETHUSDT"; v.String() != want {
			t.Errorf("%v: got %s, want %s", list, v.String(), want)
		}
	}
}

func TestCurrency(t *testing.T) {
	for want, list := range map[string][]string{
		"USDT":  {"spot:BTC/USDC", "linear:BTC/USDT"},
		"USDC":  {"spot:BTC/USDC", "linear:ETH/USDC"},
		"FDUSD": {"spot:BTC/EUR", "spot:BTC/FDUSD"},
	} {
		if got := valuation.Currency(universe(t, list...)); got != want {
			t.Errorf("%v: got %s, want %s", list, got, want)
		}
	}
	if got := valuation.Currency(universe(t, "inverse:BTC/USD")); got != "USDT" {
		t.Errorf("of inverse contracts alone: got %s", got)
	}
}

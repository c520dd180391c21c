package valuation_test

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/valuation"
)

// prices are quotes by key.
type prices map[string]string

func (p prices) Quote(in *exchange.Instrument) (valuation.Quote, bool) {
	text, ok := p[in.Key()]
	if !ok {
		return valuation.Quote{}, false
	}
	return valuation.Quote{Price: decimal.RequireFromString(text), At: exchange.Date(2026, 1, 5), Width: 1e-4}, true
}

// A coin that is traded against USDC alone is worth what USDC is worth.
func Example() {
	spot := func(symbol, base, quote string) exchange.Instrument {
		return exchange.Instrument{Venue: "binance.spot", Symbol: symbol, Base: base, Quote: quote,
			Tick: exchange.MustStep("0.0001"), Lot: exchange.MustStep("0.01"), Multiplier: 1}
	}
	u, err := exchange.NewUniverseOf("binance", []exchange.Instrument{
		spot("BTCUSDT", "BTC", "USDT"), spot("NEWUSDC", "NEW", "USDC"), spot("USDCUSDT", "USDC", "USDT"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	b := valuation.NewBook(u, valuation.Currency(u))
	v := b.Asset("NEW").Value(prices{"spot:NEWUSDC": "2.5", "spot:USDCUSDT": "0.9998"})
	fmt.Println(v.String())
	// Output:
	// NEW at 2.4995 by spot:NEWUSDC, spot:USDCUSDT
}

package exchange_test

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// A universe gives instruments their ids and answers to their names. Prices and
// quantities are whole numbers of an instrument's tick and lot; money is decimal.
func Example() {
	u, err := exchange.NewUniverseOf("binance", []exchange.Instrument{{
		Venue: "binance.usdm", Symbol: "BTCUSDT", Contract: exchange.Linear, Base: "BTC", Quote: "USDT",
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001"), Multiplier: 1,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	in, err := u.Lookup("usdm:BTCUSDT")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(in.FullKey(), in.Name(), in.Settle())
	fmt.Println(in.PriceDecimal(600_000), in.QtyDecimal(25), in.Notional(600_000, 25))

	_, err = u.Lookup("usdm:BTCUSD")
	fmt.Println(err)
	// Output:
	// binance.usdm:BTCUSDT BTC/USDT:USDT USDT
	// 60000 0.025 1500
	// unknown symbol "usdm:BTCUSD"; did you mean "usdm:BTCUSDT"?
}

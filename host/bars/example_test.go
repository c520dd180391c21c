package bars_test

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/bars"
)

// A minute without a trade is a flat bar, so that what counts bars keeps time.
func Example() {
	in := &exchange.Instrument{Venue: "binance.spot", Symbol: "BTCUSDT", Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001"), Multiplier: 1}
	s := bars.New(in, exchange.Minute, 0)
	s.Trade(100_00, 500, exchange.Buy)
	s.Trade(101_50, 250, exchange.Sell)
	for {
		bar, ok, over := s.Close(2 * exchange.Minute)
		if !over {
			return
		}
		if ok {
			fmt.Println(in.PriceDecimal(bar.Open), in.PriceDecimal(bar.Close), bar.Volume, bar.Quote, bar.Trades, bar.TakerBuy)
		}
	}
	// Output:
	// 100 101.5 0.75 75.375 2 0.5
	// 101.5 101.5 0 0 0 0
}

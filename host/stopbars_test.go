package host_test

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// Buys at the first bar, with a stop 4 % below.
const stopped = `
local M = { name = "stopped" }
M.universe = { "usdm:BTCUSDT" }
local done = false
function M.on_bar(bar)
  if done then return end
  done = true
  order.bracket { symbol = "usdm:BTCUSDT", side = "buy", qty = 0.1, stop = bar.close * 0.96, take_profit = bar.close * 1.05 }
end
return M`

// A bar that reaches stop and take-profit is taken for the worse of them, and the stop is
// filled around its trigger: not where the bar closed, and at the open where that was lower.
func TestAStopInsideABarFillsAtItsTrigger(t *testing.T) {
	calm := candle{50000, 50050, 49950, 50000, 1000}
	for name, c := range map[string]struct {
		bar       candle
		low, high float64
	}{
		"the bar came back":    {candle{50000, 53000, 47000, 50500, 1000}, 47900, 48001},
		"the bar fell further": {candle{50000, 50050, 44000, 44500, 1000}, 47900, 48001},
		"it opened below":      {candle{46000, 46500, 45000, 46200, 1000}, 45900, 46001},
	} {
		t.Run(name, func(t *testing.T) {
			hours := []candle{calm, calm, calm, c.bar, calm, calm}
			p := play(t, onBars(t, stopped, madeHistory(t, map[string][]candle{"BTC": hours}), 20))
			if len(p.fills) != 2 {
				t.Fatalf("%d fills, want the entry and the stop: %+v", len(p.fills), p.fills)
			}
			f := p.fills[1]
			if price, _ := f.Price.Float64(); price < c.low || price > c.high || f.Side != exchange.Sell {
				t.Errorf("the stop was filled: %s at %s", f.Side, f.Price)
			}
		})
	}
}

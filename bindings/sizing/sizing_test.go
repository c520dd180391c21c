package sizing_test

import (
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/sizing"
)

func TestSizing(t *testing.T) {
	bt := bindtest.New(t, sizing.Module())
	bt.Run(`
local function near(a, b) assert(math.abs(a - b) < 1e-12, a .. " is not " .. b) end
near(sizing.vol_target{equity = 10000, target = 0.2, vol = 0.8}, 2500)
near(sizing.vol_target{equity = 10000, target = 0.2, vol = 0.1}, 10000)
near(sizing.vol_target{equity = 10000, target = 0.2, vol = 0.1, cap = 1.5}, 15000)
assert(sizing.vol_target{equity = 10000, target = 0.2, vol = 0} == 0)
assert(sizing.vol_target{equity = -5, target = 0.2, vol = 0.5} == 0, "nothing is left to size from")
near(sizing.kelly{win_rate = 0.6, payoff = 1, fraction = 1}, 0.2)  -- 2p - 1, as for a coin
near(sizing.kelly{win_rate = 0.6, payoff = 1}, 0.1)
assert(sizing.kelly{win_rate = 0.4, payoff = 1} == 0, "no edge, no bet")
near(sizing.kelly{mean = 0.001, variance = 0.01, fraction = 1}, 0.1)
near(sizing.kelly{mean = -0.001, variance = 0.01, fraction = 1}, -0.1)
near(sizing.kelly{mean = 0.1, variance = 0.01, fraction = 1}, 1)
near(sizing.kelly{mean = -0.1, variance = 0.01, fraction = 1, cap = 0.3}, -0.3)
`)
	bt.Fail(`sizing.kelly{win_rate = 0.5, mean = 1}`, "want win_rate and payoff, or mean and variance")
	bt.Fail(`sizing.kelly{}`, "want win_rate and payoff, or mean and variance")
	bt.Fail(`sizing.kelly{win_rate = 0.5}`, "field payoff", "missing")
	bt.Fail(`sizing.kelly{win_rate = 55, payoff = 1}`, "want 0 to 1")
	bt.Fail(`sizing.kelly{mean = 1, variance = 0}`, "more than 0")
	bt.Fail(`sizing.kelly{mean = 1, variance = 1, fraction = 2}`, "at most 1")
	bt.Fail(`sizing.vol_target{equity = 1, target = 0.1}`, "missing field vol")
}

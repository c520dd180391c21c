package std_test

import (
	"testing"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
)

// examplePrelude is what examples take for given: what handlers are called with, and names of
// instruments.
const examplePrelude = `
local symbol, spot, perp, future = "usdm:BTCUSDT", "spot:BTCUSDT", "usdm:BTCUSDT", "usdm:BTCUSDT_260327"
local book = market.book(perp)
local trade = { symbol = perp, price = 100.5, qty = 2, notional = 201, side = "buy", time = market.now() }
local bar = { symbol = perp, open = 100, high = 102, low = 99, close = 101, volume = 5, interval = 3600, length = "1h", time = 1767322800 }
`

// TestEveryExampleRuns calls each example of the reference as a callback of its own.
func TestEveryExampleRuns(t *testing.T) {
	examples := 0
	run := func(name string, f *bindings.Spec) {
		if f.Example == "" {
			return
		}
		examples++
		t.Run(name, func(t *testing.T) {
			bt := bindtest.New(t, std.Modules()...)
			bt.RT.SetParams([]bindings.Param{{Name: "ratio", Value: 0.5}})
			bt.Env.Lengths = []exchange.Time{exchange.Minute, exchange.Hour}
			bt.Env.AdvisorName = "a model"
			bt.Run(examplePrelude + f.Example)
		})
	}
	for _, m := range std.Modules() {
		for i := range m.Funcs {
			run(m.Name+"."+m.Funcs[i].Name, &m.Funcs[i].Spec)
		}
		for _, typ := range m.Types {
			for i := range typ.Methods {
				run(typ.Name+":"+typ.Methods[i].Name, &typ.Methods[i].Spec)
			}
		}
	}
	if examples < 50 {
		t.Errorf("%d examples: where are the others?", examples)
	}
}

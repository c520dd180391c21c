package std_test

import (
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
)

// A callback that asks for very many things is a mistake in the script. It is
// told so at the call that went too far.
func TestACallbackAsksForALimitedNumberOfThings(t *testing.T) {
	for name, tt := range map[string]struct{ code, want string }{
		"orders":           {`for i = 1, 1e4 do order.buy("usdm:BTCUSDT", 1, 100) end`, "order.buy: one callback may ask for at most 256 orders"},
		"orders, caught":   {`local ok, err = true for i = 1, 1e4 do ok, err = pcall(order.buy, "usdm:BTCUSDT", 1, 100) end error(err)`, "test.lua:2: order.buy: one callback may ask for at most 256 orders"},
		"submitted orders": {`for i = 1, 1e4 do order.submit{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, price = 100} end`, "order.submit: one callback may ask for at most 256 orders"},
		"transfers":        {`for i = 1, 1e4 do exec.transfer("USDT", "spot", "usdm", 1) end`, "exec.transfer: one callback may ask for at most 64 transfers"},
		"pairs":            {`for i = 1, 1e4 do exec.pair.open{spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 1000} end`, "exec.pair.open: one callback may ask for at most 64 requests about pairs"},
		"schedules":        {`for i = 1, 1e4 do exec.twap{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, duration = "1h"} end`, "exec.twap: one callback may ask for at most 64 requests about schedules"},
		"timers":           {`for i = 1, 1e5 do timer.after("t" .. i, 1) end`, "timer.after: one callback may ask for at most 2000 changes of timers"},
		"lines":            {`for i = 1, 1e5 do log.info(i) end`, "log.info: one callback may ask for at most 200 log lines"},
		"points":           {`for i = 1, 5000 do chart.plot("a", i) end`, "chart.plot: one callback may ask for at most 256 chart points"},
		"lines of a chart": {`for i = 1, 5000 do chart.plot("a" .. i, i) end`, `chart.plot: a chart may have at most 64 lines, and "a65" is one more`},
	} {
		t.Run(name, func(t *testing.T) {
			bt := bindtest.New(t, std.Modules()...)
			bt.Fail(code(tt.code), "test.lua:2: "+tt.want)
			bt.Run(`log.info("the next callback has its own share")`)
		})
	}
}

func code(s string) string { return "-- \n" + s }

// Callbacks that come often share what a second allows.
func TestASecondHasALimitToo(t *testing.T) {
	bt := bindtest.New(t, std.Modules()...)
	for range 5 {
		bt.Run(`for i = 1, 200 do log.info(i) end`)
	}
	bt.Fail(`log.info("one more")`, "a strategy may ask for at most 1000 log lines in a second")
	bt.Env.Time += exchange.Second
	bt.Run(`log.info("a second later")`)
}

package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
)

// innocentScript counts what it is called with, and says so at the end.
const innocentScript = `local M, ticks, books = { name = "innocent", universe = { "usdm:BTCUSDT" } }, 0, 0
function M.on_start() timer.every("tick", "1s") end
function M.on_timer() ticks = ticks + 1 end
function M.on_book() books = books + 1 end
function M.on_stop() log.info("counted " .. ticks .. " ticks and " .. books .. " books") end
return M
`

// hostileSessions are scripts for a whole session: body is what its line 3 does,
// and want is what the log then says. "" is for scripts that are within their bounds.
var hostileSessions = []struct{ name, body, want string }{
	{"orders", `function M.on_timer() for i = 1, 10000 do order.buy(perp, 0.001, 20000) end end`, "hostile.lua:3: order.buy: one callback may ask for at most 256 orders"},
	{"orders, a few at a time", `function M.on_timer() for i = 1, 250 do order.buy(perp, 0.001, 20000) end end`, "order denied"},
	{"orders that answer orders", `function M.on_order() for i = 1, 2 do order.buy(perp, 0.001, 20000) end end function M.on_timer() M.on_order() end`, "hostile"},
	{"transfers", `function M.on_timer() for i = 1, 10000 do exec.transfer("USDT", "spot", "usdm", 1) end end`, "hostile.lua:3: exec.transfer: one callback may ask for at most 64 transfers"},
	{"pairs", `function M.on_timer() for i = 1, 10000 do exec.pair.open{spot = "spot:BTCUSDT", perp = perp, notional = 1000} end end`, "hostile.lua:3: exec.pair.open: one callback"},
	{"schedules", `function M.on_timer() for i = 1, 10000 do exec.vwap{symbol = perp, side = "buy", notional = 10000, duration = "1h"} end end`, "hostile.lua:3: exec.vwap: one callback"},
	{"points", `function M.on_timer() for i = 1, 100000 do chart.plot("x" .. i % 50, i) end end`, "hostile.lua:3: chart.plot: one callback"},
	{"timers", `function M.on_timer() for i = 1, 100000 do timer.every("t" .. i, "1s") end end`, `hostile.lua:3: timer.every: a strategy may have at most 1000 timers, and "t1000" is one more`},
	{"the same timers again", `function M.on_timer() for i = 1, 1900 do timer.every("t" .. i % 900, "0.001s") end end`, ""},
	{"lines", `function M.on_timer() for i = 1, 1e6 do print("flood", i) end end`, "hostile.lua:3: print: one callback may ask for at most 200 log lines"},
	{"long lines", `function M.on_timer() for i = 1, 190 do log.error(("y"):rep(4000)) end end`, "hostile.lua:3: log.error: one callback may ask for at most 200 log lines"},
	{"questions", `function M.on_timer() while true do ai.ask{question = "why", schema = {a = {"x", "y"}}} end end`, "hostile.lua:3: instruction budget exhausted"},
	{"keepers", `function M.on_timer() for i = 1, 1e6 do exec.keep{wallet = "usdm", target = 0.6, soft = 0.35, hard = 0.25} end end`, "hostile.lua:3: exec.keep"},
	{"a state that grows", `function M.on_timer() state.n = state.n or {} for i = 1, 20 do state.n[#state.n + 1] = ("v"):rep(1000) end end`, "is where state grows beyond 1048576 bytes"},
	{"a state that holds itself", `function M.on_timer() state.me = state end`, "state.me is a table that contains itself"},
	{"a stop that never ends", `function M.on_stop() while true do end end`, "hostile.lua:3: instruction budget exhausted"},
	{"orders at the stop", `function M.on_stop() for i = 1, 250 do order.buy(perp, 0.001, 20000) timer.every("z" .. i, "0.001s") end end`, ""},
	{"an error that is no text", `function M.on_timer() error(setmetatable({}, {__tostring = function() while true do end end})) end`, "hostile.lua:3: error called with a table"},
	{"an error of nothing", `function M.on_timer() error() end`, "hostile.lua:3: error called with nil"},
	{"an error of a megabyte", `function M.on_timer() error(("e"):rep(1e6)) end`, "bytes more"},
	{"handlers taken away", `function M.on_timer() M.on_timer = 5 for k in pairs(_G) do _G[k] = nil end for k in next, string do string[k] = nil end end`, "hostile.lua:3:"},
	{"budgets swallowed", `function M.on_timer() while true do pcall(function() while true do end end) end end`, "hostile.lua:3: instruction budget exhausted"},
}

// Whatever a script does to the session it runs in, the session ends, says which
// line it was, and its neighbour is called as if it were alone.
func TestHostileScriptsInASession(t *testing.T) {
	alone := runInnocent(t, "")
	if !strings.Contains(alone, "counted 120 ticks and ") {
		t.Fatalf("alone: %s", alone)
	}
	for _, h := range hostileSessions {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			said := runInnocent(t, h.body)
			if !strings.Contains(said, h.want) {
				t.Errorf("want %q in what was said:\n%s", h.want, tail(said, 2000))
			}
			if want := counted(alone); counted(said) != want {
				t.Errorf("the neighbour %q, want %q as without it", counted(said), want)
			}
			if len(said) > 1<<20 {
				t.Errorf("%d bytes were said", len(said))
			}
		})
	}
}

func counted(said string) string {
	_, rest, _ := strings.Cut(said, "counted ")
	rest, _, _ = strings.Cut(rest, "\n")
	return rest
}

// runInnocent runs two minutes of the built-in market with the innocent script, and
// with a hostile one before it, and returns what was said.
func runInnocent(t *testing.T, body string) string {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var h heard
	o := &Options{DB: filepath.Join(dir, "x.db"), For: 2 * exchange.Minute, Log: h.log}
	o.Script.CallbackTime = time.Hour // never: what ends a callback is what it does, on any machine
	if body != "" {
		start := `function M.on_start() timer.every("go", "1s") end function M.on_timer() end`
		o.Scripts = append(o.Scripts, write("hostile.lua", "local M = { name = \"hostile\", universe = { \"usdm:BTCUSDT\", \"spot:BTCUSDT\" } }\n"+
			`local perp = "usdm:BTCUSDT" `+start+"\n"+body+"\nreturn M\n"))
	}
	o.Scripts = append(o.Scripts, write("innocent.lua", innocentScript))
	if _, err := Run(context.Background(), o); err != nil {
		h.log(Line{Strategy: "host", Text: err.Error()})
	}
	return h.text()
}

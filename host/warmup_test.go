package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

const warmsUp = `
local M = { name = "patient", universe = { "spot:BTCUSDT" }, bars = { "1m", "5m" } }
M.warmup = { ["1m"] = 6, ["5m"] = 1 }
local function buy(what)
  log.info(what, market.ready("spot:BTCUSDT"))
  order.submit { symbol = "spot:BTCUSDT", side = "buy", type = "market", qty = 0.001 }
end
function M.on_start() timer.after("early", "150s") timer.after("late", "6m1s") end
function M.on_timer(name) buy(name) end
function M.on_order(o) if o.status == "denied" then log.info("denied", o.reason) end end
return M`

// Nothing is opened before the bars of the warm-up are there, which a strategy can ask and is
// told; then everything passes.
func TestOrdersWaitForTheWarmUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "patient.lua")
	if err := os.WriteFile(path, []byte(warmsUp), 0o600); err != nil {
		t.Fatal(err)
	}
	var log logged
	sum, err := Run(context.Background(), &Options{Scripts: []string{path}, For: 7 * exchange.Minute, Ledger: LedgerNone, Log: log.add})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range log.lines {
		lines = append(lines, l.Text)
	}
	text, at := strings.Join(lines, "\n"), 0
	for _, want := range []string{
		"warming up: 1 of the instruments that it watches wait for 6 bars of 1m and 1 bars of 5m, until which nothing is opened in them: spot:BTCUSDT has 0 of 6 bars of 1m",
		"early false spot:BTCUSDT has 2 of 6 bars of 1m",
		"denied risk: warm-up: spot:BTCUSDT has 2 of 6 bars of 1m",
		"warm: 6 bars of 1m and 1 bars of 5m are there; orders that open pass",
		"late true"} {
		i := strings.Index(text[at:], want)
		if i < 0 {
			t.Fatalf("%q is missing, or not in its place, in\n%s", want, text)
		}
		at += i
	}
	if sum.Fills == 0 {
		t.Error("the late order was not filled")
	}
}

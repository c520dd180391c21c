package host_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/host"
)

// biasOf runs the look on two coins and returns the verdicts by test, of prefixes the worst.
func biasOf(t *testing.T, script string) (map[string]host.BiasVerdict, *host.BiasReport) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.lua")
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	hours := slices.Repeat([]candle{{10, 11, 9, 10, 1e6}, {10, 12, 10, 11, 1e6}, {11, 11, 9, 10, 1e6}}, 5*8)
	dir := madeHistory(t, map[string][]candle{"ABC": hours, "DEF": hours})
	r, err := host.CheckBias(context.Background(), &host.BiasOptions{Session: host.Options{Scripts: []string{path}, Market: []string{dir}}})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]host.BiasVerdict{}
	for _, row := range r.Rows {
		if out[row.Test] == "" || row.Verdict != host.BiasSame {
			out[row.Test] = row.Verdict
		}
	}
	return out, r
}

// TestBiasFindsWhatAStrategyKnows: one that decides by its data alone is let pass; one that
// has dates written in it is not.
func TestBiasFindsWhatAStrategyKnows(t *testing.T) {
	const head = `local M = { name = "s", universe = { "usdm:*" } }
local function buy(key)
  local book = market.book(key)
  if book:ready() then order.buy(key, 100 / book:ask(1), book:ask(1) * 1.005, { tif = "ioc" }) end
end
`
	fair, r := biasOf(t, head+`function M.on_start() timer.every("look", "6h") end
function M.on_timer() buy("usdm:ABCUSDT") buy("usdm:DEFUSDT") end
return M`)
	if fair["prefix"] != host.BiasSame || fair["dates"] != host.BiasSame || r.LookAhead || r.Decisions == 0 {
		t.Errorf("a fair strategy of %d orders: %v", r.Decisions, fair)
	}
	for _, row := range r.Rows {
		if row.Test == "costs" && !row.Delta.IsNegative() {
			t.Errorf("doubled costs changed the result by %s", row.Delta)
		}
	}

	dated, r := biasOf(t, strings.Replace(head, `"s",`, `"s", params = { dates = { default = { "2025-01-02", "2025-01-03" } } },`, 1)+
		`function M.on_start() timer.every("look", "6h") end
function M.on_timer()
  for _, d in ipairs(params.dates) do
    local y, m, day = d:match("(%d+)-(%d+)-(%d+)")
    local at = 1735689600 + (tonumber(day) - 1) * 86400
    if market.now() >= at and market.now() < at + 86400 then buy("usdm:ABCUSDT") end
  end
end
return M`)
	if dated["dates"] != host.BiasLookAhead || dated["prefix"] != host.BiasSame || !r.LookAhead {
		t.Errorf("one that knows dates: %v", dated)
	}
}

package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// Where no venue tells of 24 hours, they are counted from the first call on, and the same
// in a replay.
func TestTickerOfTheBuiltInMarket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s.lua")
	script := `local M = { name = "ticker", universe = { "usdm:*" } }
local seen = 0
function M.on_start()
  local t, why = market.ticker("usdm:BTCUSDT")
  if t or type(why) ~= "string" then error("a ticker of nothing") end
  timer.every("t", "1h")
end
function M.on_trade(t) if t.symbol == "usdm:BTCUSDT" then seen = seen + 1 end end
function M.on_timer()
  local t = market.ticker("usdm:BTCUSDT")
  if t.source ~= "trades" or t.count ~= seen or t.low > t.last or t.high < t.last or t.span < 3599 or t.span > 86400 or t.age > 3600 then error("not the trades that were seen") end
  if math.abs(t.change - (t.last / t.open - 1)) > 1e-9 or t.quote_volume < t.volume * t.low or t.quote_volume > t.volume * t.high then error("does not add up") end
end
return M
`
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	sum, err := Run(t.Context(), &Options{Scripts: []string{path}, DB: filepath.Join(dir, "l.db"), For: 4 * exchange.Hour})
	if err != nil || sum.Errors > 0 {
		t.Fatalf("%v, %d errors", err, sum.Errors)
	}
	if r, err := Replay(t.Context(), sum.Journal); err != nil || r.Diff != nil || r.Effects != sum.Effects {
		t.Errorf("replay: %+v %v", r, err)
	}
}

// What a venue tells is in the instrument's own units, and what it does not tell is nothing.
func TestDayOfAStanding(t *testing.T) {
	in := &exchange.Instrument{ID: 3, Contract: exchange.Inverse, Tick: exchange.MustStep("0.5"), Lot: exchange.MustStep("1"), ContractSize: decimal.NewFromInt(100)}
	ev := dayOf(in, &connect.Standing{Last: decimal.NewFromInt(90000), Open: decimal.RequireFromString("89999.7"), Volume: 7, Quote: 0.5})
	want := exchange.DayStats{Last: 180000, Open: 179999, Volume: 7, Quote: 700}
	if ev.Kind != exchange.KindDay || ev.Instrument != 3 || ev.Day != want || ev.Check(in) != nil {
		t.Errorf("%+v, want %+v", ev.Day, want)
	}
}

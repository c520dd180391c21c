package host

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/paper"
)

// quoter rests at the touch of a recording, so that its result depends on its place in the
// queue.
const quoter = `local M = { name = "quoter" }
local live = {}
function M.on_start() timer.every("quote", "2s") end
function M.on_timer()
  local book = market.book("usdm:BTCUSDT")
  if not book:ready() then return end
  for _, id in ipairs(live) do order.cancel(id) end
  live = { order.buy("usdm:BTCUSDT", 0.01, book:bid(1), { tif = "post_only" }), order.sell("usdm:BTCUSDT", 0.01, book:ask(1), { tif = "post_only" }) }
end
return M
`

// quotesOfData is 6 minutes of one recorded market, and the quoter on it.
func quotesOfData(t *testing.T) Options {
	t.Helper()
	path := datatest.Path(t, "l2/usdm-btcusdt-20240808.jsonl.gz")
	script := filepath.Join(t.TempDir(), "quoter.lua")
	if err := os.WriteFile(script, []byte(quoter), 0o644); err != nil {
		t.Fatal(err)
	}
	return Options{Scripts: []string{script}, Market: []string{path}, Ledger: LedgerNone, Journal: "off", For: 2 * exchange.Minute}
}

// The interval of a recorded session has in it what it comes to under models that are none
// of those that made it.
func TestSurenessCoversOtherModels(t *testing.T) {
	o := quotesOfData(t)
	o.Sure = 10
	sum, err := Run(context.Background(), &o)
	if err != nil {
		t.Fatal(err)
	}
	u := sum.Sure
	if u == nil || u.Runs != 10 || len(u.Cases) != 10 || u.Draws != 3 || u.Why != "" {
		t.Fatalf("sure: %+v", u)
	}
	if !u.Width().IsPositive() || u.Low.GreaterThan(sum.PnL.Decimal) || u.High.LessThan(sum.PnL.Decimal) {
		t.Errorf("profit %s of %s to %s", sum.PnL, u.Low, u.High)
	}
	if few, most := u.Cases[0].Fills, u.Cases[1].Fills; few > sum.Fills || most <= sum.Fills {
		t.Errorf("fills: %d at least, %d at most, %d in the result", few, most, sum.Fills)
	}
	for _, q := range []paper.Queue{{Model: "power", Power: 3}, {Model: "log2"}} {
		other := o
		other.Sure, other.Paper.Queue, other.Paper.Seed = 0, q, 77
		got, err := Run(context.Background(), &other)
		if err != nil {
			t.Fatal(err)
		}
		if got.PnL.LessThan(u.Low.Decimal) || got.PnL.GreaterThan(u.High.Decimal) {
			t.Errorf("%s: %s is not in %s to %s", q, got.PnL, u.Low, u.High)
		}
	}
}

// What can't run again says so, and what is too long to run again unasked as well.
func TestUnsureSessions(t *testing.T) {
	native := Options{Source: oneCoinSource(20), Strategies: []Strategy{taker()}, Ledger: LedgerNone, Sure: 3}
	long := Options{Scripts: []string{busyScript}, Ledger: LedgerNone, For: 4 * exchange.Hour, Sure: SureAuto}
	for want, o := range map[string]*Options{"written in Go": &native, "--sure 12": &long} {
		sum, err := Run(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if sum.Sure == nil || sum.Sure.Runs != 0 || !strings.Contains(sum.Sure.Why, want) {
			t.Errorf("sure: %+v, want why: %s", sum.Sure, want)
		}
	}
	wrong := Options{Scripts: []string{busyScript}, Sure: -2}
	if _, err := Run(context.Background(), &wrong); err == nil || !strings.Contains(err.Error(), "Sure -2") {
		t.Errorf("Sure -2: %v", err)
	}
}

// The interval is Student's: five values of mean 3 and variance 2.5 have t(0.95, 4) = 2.1318
// of a deviation of sqrt(2.5 (1 + 1/5)) on each side.
func TestPredictionInterval(t *testing.T) {
	low, high := predict([]float64{1, 2, 3, 4, 5})
	if want := 2.1318 * math.Sqrt(3); math.Abs(low-(3-want)) > 1e-9 || math.Abs(high-(3+want)) > 1e-9 {
		t.Errorf("%g to %g, want 3 and %g on each side", low, high, want)
	}
	if low, high := predict([]float64{7, 7, 7}); low != 7 || high != 7 {
		t.Errorf("of one value again and again: %g to %g", low, high)
	}
	for n, want := range map[int]float64{11: 1.7959, 30: 1.6973, 120: 1.6577} { // tables
		if got := t95(n); math.Abs(got-want) > 3e-4 {
			t.Errorf("t95(%d) = %g, want %g", n, got, want)
		}
	}
}

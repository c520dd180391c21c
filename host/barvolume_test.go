package host_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

const allKinds = `
local M = { name = "all" }
M.universe = { "spot:BTCUSDT", "usdm:BTCUSDT" }
local n, ids, pair, plan = 0, {}, nil, nil
function M.on_bar(bar)
  if bar.symbol ~= "usdm:BTCUSDT" then return end
  n = n + 1
  for _, id in ipairs(ids) do pcall(order.cancel, id) end
  ids = {}
  for side, price in pairs({ buy = bar.close * 0.999, sell = bar.close * 1.001 }) do
    ids[#ids + 1] = order.submit { symbol = "usdm:BTCUSDT", side = side, qty = 0.004, price = price }
  end
  if n == 2 then pair = exec.pair.open { spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 5000 } end
  if n == 5 then
    order.submit { symbol = "usdm:BTCUSDT", side = "buy", qty = 0.5, type = "limit", price = bar.close * 0.97 }
    plan = exec.twap { symbol = "spot:BTCUSDT", side = "buy", qty = 1, duration = "40h", interval = "1h" }
  end
  if n == 9 then exec.pair.close(pair) end
  order.submit { symbol = "usdm:BTCUSDT", side = n % 2 == 0 and "buy" or "sell", qty = 0.003, type = "market" }
  order.submit { symbol = "usdm:BTCUSDT", side = "buy", qty = 0.001, type = "market", reduce_only = true }
  if n == 20 then log.info("WAITS pair " .. exec.pair.get(pair).state .. ": " .. exec.pair.get(pair).reason .. ", plan " .. exec.schedule.get(plan).reason) end
end
return M`

// silent is bars of which those from the seventh to the thirtieth traded nothing
// though the price jumped.
func silent() []candle {
	var out []candle
	last := 50000.0
	for i := range 48 {
		p, volume := last, 1000.0
		if i >= 6 && i < 30 {
			volume = 0
			if p = 50000; i%2 == 0 {
				p = 51500
			}
		}
		out = append(out, candle{last, max(last, p) * 1.002, min(last, p) * 0.998, p, volume})
		last = p
	}
	return out
}

// Makers, takers, reducing orders, pairs and schedules get nothing after a bar that
// traded nothing until one that did; they wait, and go on then.
func TestABarWithoutVolumeFillsNothing(t *testing.T) {
	hours := silent()
	o := onBars(t, allKinds, madeHistory(t, map[string][]candle{"BTC": hours}), 20)
	waits := ""
	o.Log = func(l host.Line) {
		if strings.Contains(l.Text, "WAITS") {
			waits = l.Text
		}
	}
	p := play(t, o)
	before, after := 0, map[string]int{}
	for _, f := range p.fills {
		i := int((f.Time-exchange.Date(2025, 1, 1))/exchange.Hour) - 1
		switch {
		case hours[i].volume == 0:
			t.Errorf("%s: %s of %s filled at %s after a bar without volume", f.Time, f.Qty, f.Symbol, f.Price)
		case i < 6:
			before++
		default:
			after[f.Symbol]++
		}
	}
	if before == 0 || after["BTCUSDT"] == 0 {
		t.Errorf("%d fills before and %v after: want some of both", before, after)
	}
	if p.PairsOpened != 1 || p.PairsClosed != 1 {
		t.Errorf("%d pairs opened, %d closed", p.PairsOpened, p.PairsClosed)
	}
	if p.Events > 48*400 { // a pair looks after lost books every 10 s
		t.Errorf("%d events in 48 hours: what waits must not be busy", p.Events)
	}
	if !strings.Contains(waits, "pair closing: a book is not live, plan the book of spot:BTCUSDT is not live") {
		t.Errorf("the pair and the schedule wait as %q", waits)
	}
	if text := strings.Join(p.DataProblems, "\n"); strings.Count(text, "24 bars without volume") != 2 {
		t.Errorf("the bars without volume are not told:\n%s", text)
	}
}

const requoting = `
local M = { name = "requote" }
M.universe = { "usdm:BTCUSDT" }
local ids = {}
function M.on_bar(bar)
  for _, id in ipairs(ids) do pcall(order.cancel, id) end
  ids = { order.buy("usdm:BTCUSDT", 50, bar.close * 0.999), order.sell("usdm:BTCUSDT", 50, bar.close * 1.001) }
end
return M`

// Orders that are renewed at every bar get no more of it than those that stay.
func TestRenewedOrdersShareTheVolumeOfABar(t *testing.T) {
	hours := wave(48, 1000, 5)
	for i := range hours {
		hours[i].volume = []float64{400, 30, 0.03, 0, 0.005}[i%5]
	}
	o := onBars(t, requoting, madeHistory(t, map[string][]candle{"BTC": hours}), 20)
	o.Paper.Balances[1].Amount = decimal.NewFromInt(10000000)
	p := play(t, o)
	got := map[string]decimal.Decimal{}
	for _, f := range p.fills {
		i := int((f.Time-exchange.Date(2025, 1, 1))/exchange.Hour) - 1
		key := fmt.Sprint(i, f.Maker)
		got[key] = got[key].Add(f.Qty)
		if most := decimal.NewFromFloat(hours[i].volume).Shift(-1); got[key].GreaterThan(most) {
			t.Errorf("%s were filled of bar %d, whose share is %s (maker %v)", got[key], i, most, f.Maker)
		}
	}
	if len(got) < 10 {
		t.Errorf("fills of %d bars only", len(got))
	}
}

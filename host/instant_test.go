package host_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host"
)

// The tests of this file run on bars that are made here, and ask whether what closes
// at one time is taken as one.

// candle is one hour of a made history, of spot, perpetual and mark alike.
type candle struct{ open, high, low, close, volume float64 }

// flatAt is an hour in which the price jumps to p and stays.
func flatAt(p float64) candle { return candle{p, p * 1.001, p * 0.999, p, 1e6} }

// madeHistory writes the hours of some coins as a history.
func madeHistory(t *testing.T, coins map[string][]candle) string {
	t.Helper()
	dir := t.TempDir()
	for coin, hours := range coins {
		var rows strings.Builder
		rows.WriteString("open_time,open,high,low,close,volume\n")
		for i, c := range hours {
			at := int64(exchange.Date(2025, 1, 1)+exchange.Time(i)*exchange.Hour) / 1e6
			fmt.Fprintf(&rows, "%d,%.2f,%.2f,%.2f,%.2f,%g\n", at, c.open, c.high, c.low, c.close, c.volume)
		}
		for _, folder := range []string{"spot_1h", "perp_1h", "mark_1h"} {
			if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, folder, coin+"USDT.csv"), []byte(rows.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// onBars is the options of a run of a script on made bars, at a fixed latency.
func onBars(t *testing.T, script, dir string, latency float64) *host.Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.lua")
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	l := host.ConstLatency(latency)
	o := &host.Options{Scripts: []string{path}, Market: []string{dir}, Journal: "off", New: true, DB: filepath.Join(t.TempDir(), "l.db")}
	o.Paper.Latency, o.Paper.Leverage = &l, 5
	o.Paper.Balances = []paper.Deposit{{Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(100000)},
		{Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(100000)}}
	o.Limits.MaxOrderNotional, o.Limits.MaxPositionNotional = decimal.New(1, 9), decimal.New(1, 9)
	o.Limits.CollarBP, o.Limits.StaleAfter = 10000, 100*exchange.Hour
	return o
}

// wave is a price that goes up and down by some percent an hour.
func wave(hours int, base, percent float64) []candle {
	var out []candle
	last := base
	for i := range hours {
		p := base * (1 + percent/100*math.Sin(float64(i*i)))
		out = append(out, candle{last, max(last, p), min(last, p), p, 1e6})
		last = p
	}
	return out
}

const peeking = `
local M = { name = "peek" }
M.universe = { "usdm:BTCUSDT", "spot:BTCUSDT" }
local s, pos = "usdm:BTCUSDT", 0
local function act(seen)
  local b = market.book(s)
  if not b:ready() then return end
  local want = seen > b:mid() * 1.0005 and 1 or (seen < b:mid() * 0.9995 and -1 or pos)
  if want ~= pos then
    order.submit { symbol = s, side = want > pos and "buy" or "sell", qty = math.abs(want - pos), type = "market" }
    pos = want
  end
end
%s
return M`

// Who compares one instrument's new price with another's book finds no difference:
// at no latency does an order reach the venue between two events of one time.
func TestNobodyTradesInsideAnInstant(t *testing.T) {
	dir := madeHistory(t, map[string][]candle{"BTC": wave(200, 1000, 5)})
	for name, handler := range map[string]string{
		"the perpetual's new mark": `function M.on_mark(sym) act(market.mark(s).mark) end`,
		"spot's new book":          `function M.on_book(b) if b:symbol() == "spot:BTCUSDT" then act(b:mid()) end end`,
		"the bar of spot":          `function M.on_bar(bar) if bar.symbol == "spot:BTCUSDT" then act(bar.close) end end`,
	} {
		for _, latency := range []float64{0, 1, 20} {
			p := play(t, onBars(t, fmt.Sprintf(peeking, handler), dir, latency))
			if len(p.fills) != 0 {
				t.Errorf("%s at %v ms: %d fills, profit %s: the perpetual's book was of the hour before", name, latency, len(p.fills), p.PnL)
			}
		}
	}
}

// At any latency below an hour the same orders meet the same books.
func TestLatencyDecidesNothingOnBars(t *testing.T) {
	dir := madeHistory(t, map[string][]candle{"BTC": wave(200, 1000, 5)})
	script := fmt.Sprintf(peeking, `local last
function M.on_bar(bar) if bar.symbol == s then if last then act(bar.close > last and 1e9 or 0) end last = bar.close end end`)
	var first host.Money
	for i, latency := range []float64{0, 1, 20} {
		p := play(t, onBars(t, script, dir, latency))
		if len(p.fills) < 50 {
			t.Fatalf("%d fills, want many; %d orders refused", len(p.fills), p.OrdersRefused)
		}
		if i == 0 {
			first = p.EndEq
		}
		if !p.EndEq.Equal(first.Decimal) {
			t.Errorf("equity %s at %v ms and %s at once", p.EndEq, latency, first)
		}
	}
}

const carrying = `
local M = { name = "carry" }
M.universe = { "spot:BTCUSDT", "usdm:BTCUSDT" }
local n = 0
function M.on_bar()
  n = n + 1
  if n == 3 then exec.pair.open { spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 45000, max_unhedged = 45000 } end
end
return M`

// A hedged pair through bars of 6 % loses nothing on the way, and no latch trips.
func TestAHedgedPairHasNoDrawdown(t *testing.T) {
	price, hours := 1000.0, []candle{flatAt(1000), flatAt(1000), flatAt(1000), flatAt(1000)}
	for _, move := range []float64{6, -6, 6, 6, -6, -6, 5, -5, 6} {
		next := price * (1 + move/100)
		hours = append(hours, candle{price, max(price, next), min(price, next), next, 1e6})
		price = next
	}
	o := onBars(t, carrying, madeHistory(t, map[string][]candle{"BTC": hours}), 20)
	o.Limits.DailyLoss = decimal.New(1, -3)
	zero := 0.0
	o.Paper.FeeBP, o.History.SpreadBP = &zero, &zero
	p := play(t, o)
	if p.PairsLive != 1 || p.Drawdown >= 0.0005 {
		t.Errorf("%d pairs live, drawdown %.4f %%", p.PairsLive, 100*p.Drawdown)
	}
}

// On the recorded hours in which spot rose by 4.8 %, too.
func TestAHedgedPairHasNoDrawdownOnRecordedBars(t *testing.T) {
	o := onBars(t, carrying, datatest.Path(t, "history"), 20)
	o.History.From, o.History.To = day(t, "2023-01-12"), day(t, "2023-01-16")
	o.Limits.DailyLoss = decimal.New(2, -2)
	if p := play(t, o); p.PairsLive != 1 || p.Drawdown > 0.002 { // 0.07 % are the costs of opening
		t.Errorf("%d pairs live, drawdown %.4f %%", p.PairsLive, 100*p.Drawdown)
	}
}

const levered = `
local M = { name = "levered" }
M.universe = { "usdm:BTCUSDT" }
local n = 0
function M.on_bar()
  n = n + 1
  if n == 2 then order.submit { symbol = "usdm:BTCUSDT", side = "%s", qty = 1, type = "market" } end
end
return M`

// A bar from 50,000 to 70,000, or to 30,000, takes all of a levered account: its
// close-out is not better than the liquidation price, and not that of the bar before.
func TestACrashIsNotClosedAtTheBarBefore(t *testing.T) {
	for _, c := range []struct {
		side string
		bar  candle
		best float64 // the liquidation price
	}{
		{"sell", candle{50000, 70000, 50000, 70000, 1e6}, 60240},
		{"sell", candle{50000, 61000, 50000, 50100, 1e6}, 60240}, // a wick
		{"sell", flatAt(65000), 60240},                           // a gap
		{"buy", candle{50000, 50000, 30000, 30000, 1e6}, 39720},
		{"buy", candle{50000, 50000, 39000, 49900, 1e6}, 39720},
		{"buy", flatAt(35000), 39720},
	} {
		dir := madeHistory(t, map[string][]candle{"BTC": {flatAt(50000), flatAt(50000), flatAt(50000), c.bar, flatAt(c.bar.close), flatAt(c.bar.close)}})
		o := onBars(t, fmt.Sprintf(levered, c.side), dir, 20)
		o.Paper.Balances[0].Amount = decimal.NewFromInt(1000000)
		o.Paper.Balances[1].Amount = decimal.NewFromInt(10500)
		p := play(t, o, "liquidation")
		closed := 0
		for _, f := range p.fills {
			if f.Reason != "liquidation" {
				continue
			}
			closed++
			if price := f.Price.InexactFloat64(); c.side == "sell" && price < c.best || c.side == "buy" && price > c.best {
				t.Errorf("%s through %+v: closed at %v, the liquidation price is about %v", c.side, c.bar, price, c.best)
			}
		}
		if left := p.EndEq.InexactFloat64() - 1000000; closed == 0 || left < -1e-6 || left > 300 {
			t.Errorf("%s through %+v: %d close-outs, %.2f USDT left in the wallet", c.side, c.bar, closed, left)
		}
	}
}

const resting = `
local M = { name = "rest" }
M.universe = { "usdm:BTCUSDT" }
local n = 0
function M.on_bar()
  n = n + 1
  if n == 2 then
    for i = 1, 3 do order.submit { symbol = "usdm:BTCUSDT", side = "buy", qty = 100, price = 990 + i, tif = "gtc" } end
  end
end
return M`

// Three bids share a tenth of what a bar traded, and get nothing of one that traded
// nothing.
func TestWhatRestsSharesTheVolumeOfABar(t *testing.T) {
	hours := []candle{flatAt(1000), flatAt(1000), {1000, 1000, 900, 1000, 0}, {1000, 1000, 900, 1000, 500}, {1000, 1000, 900, 1000, 0.001}, flatAt(1000)}
	for _, share := range []float64{0.1, 0.5} {
		o := onBars(t, resting, madeHistory(t, map[string][]candle{"BTC": hours}), 20)
		o.History.Participation = share
		o.Paper.Balances[1].Amount = decimal.NewFromInt(10000000)
		p := play(t, o)
		got := decimal.Zero
		for _, f := range p.fills {
			if !f.Maker {
				t.Errorf("a resting order took %s", f.Qty)
			}
			got = got.Add(f.Qty)
		}
		if want := decimal.NewFromFloat(500 * share); !got.Equal(want) {
			t.Errorf("at a share of %v, %s were filled of 500 traded, want %s", share, got, want)
		}
		if text := strings.Join(p.Assumptions, "\n"); !strings.Contains(text, fmt.Sprintf("%.4g %% of the bar's volume", share*100)) {
			t.Errorf("the assumptions do not name the share:\n%s", text)
		}
	}
}

// What comes after an instant changes nothing before it: a history that ends earlier
// gives the fills of the whole one up to there.
func TestTruncationAtAnyInstantChangesNothingBefore(t *testing.T) {
	dir := madeHistory(t, map[string][]candle{"BTC": wave(60, 1000, 8)})
	script := fmt.Sprintf(peeking, `local last
function M.on_bar(bar)
  if bar.symbol == s then
    if last then act(bar.close > last and 1e9 or 0) end
    last = bar.close
    order.submit { symbol = s, side = "buy", qty = 0.5, price = math.floor(bar.close * 0.98), tif = "gtc" }
  end
end`)
	whole := play(t, onBars(t, script, dir, 20))
	for _, hours := range []exchange.Time{3, 17, 18, 40, 59} {
		o := onBars(t, script, dir, 20)
		o.History.To = exchange.Date(2025, 1, 1) + hours*exchange.Hour
		cut := play(t, o)
		n := 0
		for i, f := range cut.fills {
			if f.Time >= o.History.To-exchange.Hour {
				break // its end is another
			}
			if w := whole.fills[i]; f.Time != w.Time || !f.Price.Equal(w.Price) || !f.Qty.Equal(w.Qty) || f.Symbol != w.Symbol {
				t.Fatalf("cut after %d hours, fill %d is %+v, want %+v", hours, i, f, w)
			}
			n++
		}
		for _, w := range whole.fills[n:] {
			if w.Time < o.History.To-exchange.Hour {
				t.Fatalf("cut after %d hours, the fill of %s is missing", hours, w.Time)
			}
		}
	}
}

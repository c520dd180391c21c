package ta_test

import (
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/ta"
)

func TestFromLua(t *testing.T) {
	bt := bindtest.New(t, ta.Module())
	bt.Run(`
local e = ta.ema(3)
assert(e:update(1) == nil and e:update(2) == nil and e:update(3) == 2 and e:update(6) == 4 and e:value() == 4)
local s = ta.sma(2)
s:update(1)
assert(s:value() == nil and s:update(3) == 2 and s:update(5) == 4)
local z = ta.zscore(2)
z:update(5)
assert(z:update(5) == 0, "a constant window has no deviation")
local a = ta.atr(2)
assert(a:update(10, 8, 9) == nil)
assert(a:update(12, 11, 11) == 2.5, "the gap from 9 to 12 counts")
local m = ta.quantile(3, 0.5)
m:update(3) m:update(1)
assert(m:update(2) == 2 and m:update(10) == 2 and m:update(10) == 10)
local w = ta.window(3)
assert(w:mean() == nil and w:min() == nil and w:get() == nil and w:count() == 0)
for i = 1, 4 do w:push(i) end
assert(w:full() and w:get() == 4 and w:get(3) == 2 and w:get(4) == nil)
assert(w:sum() == 9 and w:mean() == 3 and w:min() == 2 and w:max() == 4)
`)
	bt.Fail(`ta.ema(0)`, "whole number from 1 to 100000")
	bt.Fail(`ta.stdev(1)`, "from 2")
	bt.Fail(`ta.quantile(3, 2)`, "0 to 1")
	bt.Fail(`ta.sma(3):update(0/0)`, "finite")
	bt.Fail(`ta.sma(3):push(1)`, `Indicator has no method "push"`)
	bt.Fail(`ta.sma(3).update(ta.window(3), 1)`, "with a colon")
	if err := bt.Load(`local e = ta.ema(3)`); err != nil {
		t.Errorf("indicators need no market: %v", err)
	}
}

func TestFiguresFromLua(t *testing.T) {
	bt := bindtest.New(t, ta.Module())
	bt.Run(`
local function near(a, b) assert(math.abs(a - b) < 1e-9, a .. " is not " .. b) end
local r = ta.rsi(2)
assert(r:update(10) == nil and r:update(12) == nil)
near(r:update(11), 100 * 1 / 1.5)        -- mean gain 1, mean loss 0.5
local flat = ta.rsi(1)
flat:update(5)
assert(flat:update(5) == 50, "neither side is the stronger one")
local m = ta.macd(1, 2, 2)
assert(m:update(1) == nil and m:update(2) == nil)
local line, signal, histogram = m:update(3)
near(line, 0.5) near(signal, 0.5) near(histogram, 0)
local b = ta.bollinger(2, 2)
b:update(1)
local upper, middle, lower = b:update(3)
near(upper, 4) near(middle, 2) near(lower, 0) -- the population's deviation is 1
local d = ta.donchian(2)
d:update(5, 1)
upper, middle, lower = d:update(4, 2)
near(upper, 5) near(middle, 3) near(lower, 1)
near((d:update(3, 2)), 4)                  -- 5 has left
local k = ta.keltner(1, 2, 1)
upper, middle, lower = k:update(12, 8, 10)
near(upper, 18) near(middle, 10) near(lower, 2)
local s = ta.stochastic(1, 1, 1)
near((s:update(12, 8, 9)), 25)
assert(s:update(7, 7, 7) == 50, "a window without a range")
local h = ta.heikin_ashi()
local o, hi, lo, c = h:update(10, 14, 8, 12)
near(o, 11) near(hi, 14) near(lo, 8) near(c, 11)
o = h:update(12, 13, 11, 12)
near(o, 11)
near(ta.obv():update(5, 7), 7)
local v = ta.obv()
v:update(5, 7) v:update(6, 1) v:update(6, 9)
near(v:update(5, 3), 5)
local be = ta.beta(3)
be:update(1, 1) be:update(3, 2)
near(be:update(5, 3), 2)
local sp = ta.spread(3)
sp:update(1, 1) sp:update(2, 2)
local z, off, ratio = sp:update(4, 3)      -- line: slope 1.5 through (2, 7/3)
near(off, 1 / 6) near(ratio, 1.5) near(z, (1 / 6) / math.sqrt(1 / 6))
local hl = ta.half_life(3)
for _, x in ipairs{16, 8, 4} do assert(hl:update(x) == nil) end
local half, phi = hl:update(2)
near(half, 1) near(phi, 0.5)
local up = ta.half_life(3)
for _, x in ipairs{1, 2, 4, 8} do half = up:update(x) end
assert(half > 1e300, "it does not come back")
local rv = ta.realized_vol(1, "1h")
assert(rv:update(100) == nil)
near(rv:update(100 * math.exp(0.01)), 0.01 * math.sqrt(365 * 24))
local ew = ta.ewma_vol(0.5, 86400)
ew:update(1) ew:update(math.exp(0.02))
near(ew:update(math.exp(0.04)), 0.02 * math.sqrt(365))
`)
	bt.Fail(`ta.macd(26, 12)`, "want more than fast, which is 26, got 12")
	bt.Fail(`ta.adx(2):update(1, 2, 1)`, "1 is below low, which is 2: the order is high, low, close")
	bt.Fail(`ta.realized_vol(3, "1h"):update(0)`, "a price is above 0")
	bt.Fail(`ta.obv():update(1, -1)`, "a quantity is at least 0")
	bt.Fail(`ta.ewma_vol(1, "1h")`, "want 0.5 to 0.9999")
	bt.Fail(`ta.bollinger(20, 0)`, "more than 0")
}

func TestVWAPOfASession(t *testing.T) {
	bindtest.New(t, ta.Module()).Run(`
local day = 86400
local v = ta.vwap("1d", 1)
assert(v:value() == nil and v:update(10, 0, day) == nil, "nothing traded")
v:update(10, 1, day + 1)
local vwap, upper, lower = v:update(20, 1, day + 2)
assert(vwap == 15 and upper == 20 and lower == 10)
v:update(30, 2, 2 * day - 1)
assert(v:value() == 22.5)
assert(v:update(7, 5, 2 * day) == 7, "a new session")
assert(v:update(9, 5, 2 * day - 5) == 8, "what comes late counts in the session under way")
-- The bar that closes at midnight belongs to the day that ends.
local b = ta.vwap("1d")
b:bar{high = 12, low = 9, close = 9, volume = 4, time = 2 * day, interval = 3600}
assert(b:value() == 10)
assert(b:bar{high = 5, low = 5, close = 5, volume = 1, time = 2 * day + 3600, interval = 3600} == 5)
b:reset()
assert(b:value() == nil)
`)
}

func TestResample(t *testing.T) {
	bt := bindtest.New(t, ta.Module())
	bt.Run(`
local function bar(hour, price, volume, taker)
  return {symbol = "usdm:BTCUSDT", open = price, high = price + 2, low = price - 2, close = price + 1, volume = volume or 1,
    trades = 3, taker_buy_volume = taker, interval = 3600, length = "1h", time = (hour + 1) * 3600}
end
local r = ta.resample("2h")
assert(r:update(bar(1, 10)) == nil, "0 to 2 was seen in part")
assert(r:update(bar(2, 10, 2, 1)) == nil)
local b = r:update(bar(3, 20, 2, 2))
assert(b.open == 10 and b.high == 22 and b.low == 8 and b.close == 21 and b.volume == 4 and b.trades == 6)
assert(b.taker_buy_volume == 3 and b.taker_share == 0.75 and b.quote_volume == nil)
assert(b.length == "2h" and b.interval == 7200 and b.time == 4 * 3600 and b.symbol == "usdm:BTCUSDT")
assert(r:update(bar(3, 99)) == nil, "not later than the one before")
r:update(bar(4, 30))
local first, second = r:update(bar(7, 40))
assert(first.close == 31 and first.volume == 1 and first.time == 6 * 3600, "one with a hole at its end")
assert(second.open == 40 and second.time == 8 * 3600)
assert(r:update(bar(20, 50)) == nil, "an interval without bars has none")
`)
	bt.Fail(`ta.resample("7h")`, "do not divide a day")
	bt.Fail(`local r = ta.resample("1h") r:update{symbol = "a", time = 7200, interval = 7200, open = 1, high = 1, low = 1, close = 1, volume = 1}`, "do not make bars of 3600 s")
	bt.Fail(`ta.resample("1h"):update(1)`, "want a table")
}

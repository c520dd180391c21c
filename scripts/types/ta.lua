---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Indicators, fed one value at a time at constant cost. They answer nil until their window is full.
---@class talib
ta = {}

---Exponential moving average with weight 2/(n+1) for the newest value; it starts from the simple average of the first n.
---
---```lua
---local slow = ta.ema(50)
---local v = slow:update(bar.close)
---```
---@param n integer # length of the window in values, at most 100000
---@return Indicator indicator
function ta.ema(n) end

---Simple moving average.
---
---```lua
---local slow = ta.sma(50)
---local v = slow:update(bar.close)
---```
---@param n integer # length of the window in values, at most 100000
---@return Indicator indicator
function ta.sma(n) end

---Sample standard deviation of a window of at least 2.
---
---```lua
---local slow = ta.stdev(50)
---local v = slow:update(bar.close)
---```
---@param n integer # length of the window in values, at most 100000
---@return Indicator indicator
function ta.stdev(n) end

---How many sample standard deviations the newest value is from the mean of its window; 0 when the window is constant.
---
---```lua
---local slow = ta.zscore(50)
---local v = slow:update(bar.close)
---```
---@param n integer # length of the window in values, at most 100000
---@return Indicator indicator
function ta.zscore(n) end

---The q-quantile of a window, interpolated between neighbours.
---
---```lua
---local median = ta.quantile(101, 0.5)
---local v = median:update(book:spread())
---```
---@param n integer # length of the window in values, at most 100000
---@param q number # 0 to 1; 0.5 is the median
---@return Indicator indicator
function ta.quantile(n, q) end

---Average true range by Wilder: smoothed with weight 1/n. The first bar counts with its own range (TA-Lib leaves it out; after a few n bars they agree).
---
---```lua
---local a = ta.atr(14)
---local range = a:update(bar.high, bar.low, bar.close)
---```
---@param n integer # length of the window in values, at most 100000
---@return ATR atr
function ta.atr(n) end

---The last n values, with their sum, mean, least and greatest at hand.
---
---```lua
---local last = ta.window(100)
---last:push(book:mid())
---if last:full() then log.info(last:min(), last:mean(), last:max()) end
---```
---@param n integer # length of the window in values, at most 100000
---@return Window window
function ta.window(n) end

---Wilder's relative strength index, 0 to 100; it needs one value more than its length. It agrees with TA-Lib, but says 50 where nothing ever changed.
---
---```lua
---local slow = ta.rsi(50)
---local v = slow:update(bar.close)
---```
---@param n? integer # length in changes; 14 when left out
---@return Indicator indicator
function ta.rsi(n) end

---Moving average convergence and divergence, as TA-Lib has it: it says something from the first value of the signal on.
---
---```lua
---local m = ta.macd(12, 26, 9)
---local macd, signal, histogram = m:update(bar.close)
---if histogram and histogram > 0 then log.info("above its signal") end
---```
---@param fast? integer # 12 when left out
---@param slow? integer # 26 when left out; longer than fast
---@param signal? integer # 9 when left out
---@return MACD macd
function ta.macd(fast, slow, signal) end

---The slow stochastic oscillator with simple averages, as TA-Lib's STOCH, but 50 where the window has no range.
---
---```lua
---local s = ta.stochastic(14, 3, 3)
---local k, d = s:update(bar.high, bar.low, bar.close)
---if k and k < 20 and k > d then log.info("turns up") end
---```
---@param n? integer # length in bars; 14 when left out
---@param slow? integer # average that makes k; 3 when left out
---@param d? integer # average of k; 3 when left out
---@return Stochastic stochastic
function ta.stochastic(n, slow, d) end

---Rate of change: by how many percent a value is above that of n values before.
---
---```lua
---local slow = ta.roc(50)
---local v = slow:update(bar.close)
---```
---@param n integer # length of the window in values, at most 100000
---@return Indicator indicator
function ta.roc(n) end

---Weighted moving average: the newest of n values counts n times, the oldest once.
---
---```lua
---local slow = ta.wma(50)
---local v = slow:update(bar.close)
---```
---@param n integer # length of the window in values, at most 100000
---@return Indicator indicator
function ta.wma(n) end

---Wilder's average directional index with its two directional indicators, as TA-Lib has them; it needs twice its length in bars.
---
---```lua
---local a = ta.adx(14)
---local adx, plus, minus = a:update(bar.high, bar.low, bar.close)
---if adx and adx > 25 and plus > minus then log.info("an uptrend") end
---```
---@param n? integer # length in bars, at least 2; 14 when left out
---@return ADX adx
function ta.adx(n) end

---Heikin-Ashi candles, from the first bar on.
---
---```lua
---local smooth = ta.heikin_ashi()
---local open, high, low, close = smooth:update(bar.open, bar.high, bar.low, bar.close)
---if close > open and low == open then log.info("no shadow below") end
---```
---@return HeikinAshi heikin_ashi
function ta.heikin_ashi() end

---Bollinger bands: a simple average, and k standard deviations above and below it. The deviation is that of the population, as TA-Lib and Bollinger have it (ta.stdev is that of a sample).
---
---```lua
---local b = ta.bollinger(20, 2)
---local upper, middle, lower = b:update(bar.close)
---if lower and bar.close < lower then log.info("below the band") end
---```
---@param n? integer # length in values, at least 2; 20 when left out
---@param k? number # [standard deviations] 2 when left out
---@return Bollinger bollinger
function ta.bollinger(n, k) end

---Donchian channel: the highest high and the lowest low of n bars, and the middle. The newest bar is in it: for a breakout, compare with value() before update.
---
---```lua
---local channel = ta.donchian(20)
---local upper = channel:value()  -- of the bars before this one
---channel:update(bar.high, bar.low)
---if upper and bar.close > upper then log.info("a breakout") end
---```
---@param n? integer # length in bars; 20 when left out
---@return Donchian donchian
function ta.donchian(n) end

---Keltner channel as Raschke has it: an exponential average of closes, and k average true ranges above and below it.
---
---```lua
---local channel = ta.keltner(20, 2, 10)
---local upper, middle, lower = channel:update(bar.high, bar.low, bar.close)
---if upper and bar.close > upper then log.info("above the channel") end
---```
---@param n? integer # length of the average in bars; 20 when left out
---@param k? number # [average true ranges] 2 when left out
---@param atr_n? integer # length of the average true range; 10 when left out
---@return Keltner keltner
function ta.keltner(n, k, atr_n) end

---Volume-weighted average price since the session began, with bands of k volume-weighted standard deviations. Sessions begin at multiples of their length, UTC.
---
---```lua
---local day = ta.vwap("1d", 2)
---local vwap, upper, lower = day:update(trade.price, trade.qty, trade.time)
---vwap, upper, lower = day:bar(bar)
---```
---@param session? number|string # [seconds, or "1d"] divides a day; left out, it begins anew only with reset()
---@param k? number # [standard deviations] 2 when left out
---@return VWAP vwap
function ta.vwap(session, k) end

---On-balance volume, as TA-Lib has it: it begins with the first bar's volume.
---
---```lua
---local o = ta.obv()
---local v = o:update(bar.close, bar.volume)
---```
---@return OBV obv
function ta.obv() end

---Pearson's correlation over a window of at least 2 pairs; 0 when one side does not move. Prices that merely drift correlate: feed it returns.
---
---```lua
---local together = ta.correlation(100)
---local r = together:update(0.012, 0.010)  -- returns of the same hour
---```
---@param n integer # length of the window in values, at most 100000
---@return Correlation correlation
function ta.correlation(n) end

---Slope of y on x by least squares over a window of at least 2 pairs; 0 when x does not move. Of returns it is the beta of finance (TA-Lib's BETA takes prices and makes the returns itself), of prices a hedge ratio.
---
---```lua
---local b = ta.beta(100)
---local beta = b:update(0.012, 0.010)  -- the coin's return, the market's return
---```
---@param n integer # length of the window in values, at most 100000
---@return Beta beta
function ta.beta(n) end

---The spread of a pair: how far y is from the line through x of the last n (at least 3), in y's units and in standard errors, with the line's slope. With a hedge ratio of your own, feed ta.zscore with y - ratio * x.
---
---```lua
---local s = ta.spread(200)
---local z, spread, ratio = s:update(math.log(101.5), math.log(100.2))
---if z and z > 2 then log.info("y is dear: sell it, buy " .. ratio .. " of x") end
---```
---@param n integer # length of the window in values, at most 100000
---@return Spread spread
function ta.spread(n) end

---Half-life of mean reversion, from a regression of changes on values over n changes (at least 3): an AR(1), which is an Ornstein-Uhlenbeck process seen at equal steps. On a window of few half-lives it comes out too short: what is estimated is biased towards reversion.
---
---```lua
---local h = ta.half_life(500)
---local bars, phi = h:update(bar.close)
---if bars and bars < 50 then log.info("half of a deviation is gone in " .. bars .. " bars") end
---```
---@param n integer # length of the window in values, at most 100000
---@return HalfLife half_life
function ta.half_life(n) end

---Realized volatility: the root of the mean squared logarithmic return of the last n (their mean is taken as 0), made annual with 365 days. It needs n+1 prices.
---
---```lua
---local v = ta.realized_vol(24 * 7, "1h")
---local vol = v:update(bar.close)  -- 0.6 is 60 % a year
---```
---@param n integer # length of the window in values, at most 100000
---@param length number|string # [seconds, or "1h"] time between two prices, as that of bars: it divides a day
---@return Volatility realized_vol
function ta.realized_vol(n, length) end

---Exponentially weighted volatility as RiskMetrics has it: each squared logarithmic return counts lambda times the one after it. It starts from the mean of the first 1/(1-lambda).
---
---```lua
---local v = ta.ewma_vol(0.94, "1d")
---local vol = v:update(bar.close)
---```
---@param lambda number # 0.5 to 0.9999; RiskMetrics takes 0.94 for days
---@param length number|string # [seconds, or "1h"] time between two prices, as that of bars: it divides a day
---@return Volatility ewma_vol
function ta.ewma_vol(lambda, length) end

---Makes longer bars out of shorter ones, of a length that M.bars does not ask for. The interval under way when it begins is left out, unless it is fed from its first bar on; one in which bars are missing gets what there is.
---
---```lua
---local r = ta.resample("4h")
---for _, b in ipairs(market.bars("usdm:BTCUSDT", 200)) do r:update(b) end
---local done = r:update(bar)
---if done then log.info(done.length, done.close) end
---```
---@param length number|string # [seconds, or "4h"] divides a day
---@return Resampler resampler
function ta.resample(length) end

---A number computed from a stream of numbers.
---@class Indicator
local Indicator = {}

---Takes the next value.
---@param x number # finite
---@return number? value # nil until the window is full
function Indicator:update(x) end

---The current value.
---@return number? value
function Indicator:value() end

---Average true range.
---@class ATR
local ATR = {}

---Takes the next bar.
---@param high number
---@param low number
---@param close number
---@return number? value # nil until n bars were seen
function ATR:update(high, low, close) end

---The current value.
---@return number? value
function ATR:value() end

---The last n values. Unlike an indicator it answers as soon as it has one value; full() tells when it has all.
---@class Window
local Window = {}

---Takes the next value, and lets go of the oldest when full.
---@param x number # finite
function Window:push(x) end

---A value by age: 1 is the newest.
---@param age? integer
---@return number? x
function Window:get(age) end

---How many values it holds.
---@return integer n
function Window:count() end

---Whether it holds n values.
---@return boolean full
function Window:full() end

---The sum.
---@return number? sum # nil when it is empty
function Window:sum() end

---The mean.
---@return number? mean # nil when it is empty
function Window:mean() end

---The least value.
---@return number? min # nil when it is empty
function Window:min() end

---The greatest value.
---@return number? max # nil when it is empty
function Window:max() end

---Moving average convergence and divergence.
---@class MACD
local MACD = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param x number # finite
---@return number? macd # [that of x] fast average less slow average
---@return number? signal # [that of x] exponential average of macd
---@return number? histogram # [that of x] macd less signal
function MACD:update(x) end

---What it is now.
---@return number? macd # [that of x] fast average less slow average
---@return number? signal # [that of x] exponential average of macd
---@return number? histogram # [that of x] macd less signal
function MACD:value() end

---The stochastic oscillator.
---@class Stochastic
local Stochastic = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param high number # [quote]
---@param low number # [quote] at most high
---@param close number # [quote]
---@return number? k # [0 to 100]
---@return number? d # [0 to 100] average of k
function Stochastic:update(high, low, close) end

---What it is now.
---@return number? k # [0 to 100]
---@return number? d # [0 to 100] average of k
function Stochastic:value() end

---Wilder's directional movement.
---@class ADX
local ADX = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param high number # [quote]
---@param low number # [quote] at most high
---@param close number # [quote]
---@return number? adx # [0 to 100] strength of a trend, whichever its direction
---@return number? plus_di # [0 to 100] movement up
---@return number? minus_di # [0 to 100] movement down
function ADX:update(high, low, close) end

---What it is now.
---@return number? adx # [0 to 100] strength of a trend, whichever its direction
---@return number? plus_di # [0 to 100] movement up
---@return number? minus_di # [0 to 100] movement down
function ADX:value() end

---Smoothed candles. What they say are not prices that anything traded at.
---@class HeikinAshi
local HeikinAshi = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param open number # [quote]
---@param high number # [quote]
---@param low number # [quote] at most high
---@param close number # [quote]
---@return number? open # [quote]
---@return number? high # [quote]
---@return number? low # [quote]
---@return number? close # [quote]
function HeikinAshi:update(open, high, low, close) end

---What it is now.
---@return number? open # [quote]
---@return number? high # [quote]
---@return number? low # [quote]
---@return number? close # [quote]
function HeikinAshi:value() end

---Bands of standard deviations around an average.
---@class Bollinger
local Bollinger = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param x number # finite
---@return number? upper # [that of the input]
---@return number? middle # [that of the input]
---@return number? lower # [that of the input]
function Bollinger:update(x) end

---What it is now.
---@return number? upper # [that of the input]
---@return number? middle # [that of the input]
---@return number? lower # [that of the input]
function Bollinger:value() end

---The range of the last bars.
---@class Donchian
local Donchian = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param high number # [quote]
---@param low number # [quote] at most high
---@return number? upper # [that of the input]
---@return number? middle # [that of the input]
---@return number? lower # [that of the input]
function Donchian:update(high, low) end

---What it is now.
---@return number? upper # [that of the input]
---@return number? middle # [that of the input]
---@return number? lower # [that of the input]
function Donchian:value() end

---Bands of average true ranges around an average.
---@class Keltner
local Keltner = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param high number # [quote]
---@param low number # [quote] at most high
---@param close number # [quote]
---@return number? upper # [that of the input]
---@return number? middle # [that of the input]
---@return number? lower # [that of the input]
function Keltner:update(high, low, close) end

---What it is now.
---@return number? upper # [that of the input]
---@return number? middle # [that of the input]
---@return number? lower # [that of the input]
function Keltner:value() end

---Volume-weighted average price of a session, with bands.
---@class VWAP
local VWAP = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param price number # [quote] above 0
---@param qty number # [units of quantity]
---@param time number # [seconds since the epoch] when it traded
---@return number? vwap # [quote]
---@return number? upper # [quote]
---@return number? lower # [quote]
function VWAP:update(price, qty, time) end

---What it is now.
---@return number? vwap # [quote]
---@return number? upper # [quote]
---@return number? lower # [quote]
function VWAP:value() end

---Takes a bar: its volume at its typical price, the mean of high, low and close. It belongs to the session that it opened in.
---@param bar Bar
---@return number? vwap # [quote]
---@return number? upper # [quote]
---@return number? lower # [quote]
function VWAP:bar(bar) end

---Begins anew, as from an event of your own.
function VWAP:reset() end

---On-balance volume.
---@class OBV
local OBV = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param close number # [quote]
---@param volume number # [units of quantity]
---@return number? obv # [units of quantity]
function OBV:update(close, volume) end

---What it is now.
---@return number? obv # [units of quantity]
function OBV:value() end

---Correlation of two streams of numbers.
---@class Correlation
local Correlation = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param y number # finite
---@param x number # finite, of the same moment
---@return number? r # [-1 to 1]
function Correlation:update(y, x) end

---What it is now.
---@return number? r # [-1 to 1]
function Correlation:value() end

---How much of one stream moves with another.
---@class Beta
local Beta = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param y number # finite
---@param x number # finite, of the same moment
---@return number? beta # [y per x]
function Beta:update(y, x) end

---What it is now.
---@return number? beta # [y per x]
function Beta:value() end

---What of one stream another one does not explain.
---@class Spread
local Spread = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param y number # finite
---@param x number # finite, of the same moment
---@return number? z # [standard errors of the regression] 0 when the line fits perfectly
---@return number? spread # [that of y] y less the line's value
---@return number? beta # [y per x] slope of the line: the hedge ratio
function Spread:update(y, x) end

---What it is now.
---@return number? z # [standard errors of the regression] 0 when the line fits perfectly
---@return number? spread # [that of y] y less the line's value
---@return number? beta # [y per x] slope of the line: the hedge ratio
function Spread:value() end

---How fast a number returns to its mean.
---@class HalfLife
local HalfLife = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param x number # finite
---@return number? half_life # [values] math.huge when it does not return, 0 when it is back at once
---@return number? phi # what is left of a deviation one value later
function HalfLife:update(x) end

---What it is now.
---@return number? half_life # [values] math.huge when it does not return, 0 when it is back at once
---@return number? phi # what is left of a deviation one value later
function HalfLife:value() end

---Annual volatility of a price.
---@class Volatility
local Volatility = {}

---Takes what is next, and says what it then is; nil until it has seen enough.
---@param price number # [quote] above 0
---@return number? volatility # [fraction per year] 0.6 is 60 %
function Volatility:update(price) end

---What it is now.
---@return number? volatility # [fraction per year] 0.6 is 60 %
function Volatility:value() end

---Longer bars out of shorter ones.
---@class Resampler
local Resampler = {}

---Takes the next shorter bar. A bar that is not later than the one before is left out.
---@param bar Bar
---@return Bar? done # the longer bar that it completes; mostly nil
---@return Bar? also # a second one, when the first has a hole at its end
function Resampler:update(bar) end


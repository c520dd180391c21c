---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Indicators, fed one value at a time at constant cost. They answer nil until their window is full.
---@class talib
ta = {}

---Exponential moving average with weight 2/(n+1) for the newest value; it starts from the simple average of the first n.
---
---```lua
---local slow = ta.ema(50)
---local v = slow:update(book:mid())
---```
---@param n integer # length of the window in values, at most 100000
---@return Indicator indicator
function ta.ema(n) end

---Simple moving average.
---
---```lua
---local slow = ta.sma(50)
---local v = slow:update(book:mid())
---```
---@param n integer # length of the window in values, at most 100000
---@return Indicator indicator
function ta.sma(n) end

---Sample standard deviation of a window of at least 2.
---
---```lua
---local slow = ta.stdev(50)
---local v = slow:update(book:mid())
---```
---@param n integer # length of the window in values, at most 100000
---@return Indicator indicator
function ta.stdev(n) end

---How many sample standard deviations the newest value is from the mean of its window; 0 when the window is constant.
---
---```lua
---local slow = ta.zscore(50)
---local v = slow:update(book:mid())
---```
---@param n integer # length of the window in values, at most 100000
---@return Indicator indicator
function ta.zscore(n) end

---The q-quantile of a window, interpolated between neighbours.
---@param n integer # length of the window in values, at most 100000
---@param q number # 0 to 1; 0.5 is the median
---@return Indicator indicator
function ta.quantile(n, q) end

---Average true range by Wilder: smoothed with weight 1/n.
---@param n integer # length of the window in values, at most 100000
---@return ATR atr
function ta.atr(n) end

---The last n values, with their sum, mean, least and greatest at hand.
---@param n integer # length of the window in values, at most 100000
---@return Window window
function ta.window(n) end

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


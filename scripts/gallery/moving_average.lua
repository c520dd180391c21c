-- Moving averages: long while the fast average of closes is above the slow one, flat (or
-- short) while it is below.
--
-- It earns in long trends, and pays a little again and again while the price goes nowhere:
-- many small losses, few large gains. Fees decide below hourly bars.

local M = { name = "moving_average" }

M.params = {
  symbol   = { type = "string", default = "usdm:BTCUSDT", doc = "what to trade" },
  length   = { type = "string", default = "4h", doc = "length of the bars" },
  fast     = { type = "integer", default = 18, min = 2, max = 500, doc = "bars of the fast average" },
  slow     = { type = "integer", default = 90, min = 3, max = 1000, doc = "bars of the slow average" },
  notional = { default = 5000, min = 20, doc = "value of the position, in USDT" },
  short    = { default = false, doc = "short below the slow average, instead of flat; perpetuals only" },
}

M.universe = function(p) return { p.symbol } end
M.bars = function(p) return { p.length } end

local p, fast, slow = params, nil, nil

local function feed(bar) return fast:update(bar.close), slow:update(bar.close) end

-- Averages are no state: they are made of the bars that the host keeps, at the start, when the
-- past of a live market is here, and after a save.
local function rebuild()
  fast, slow = ta.ema(p.fast), ta.ema(p.slow)
  for _, bar in ipairs(market.bars(p.symbol, 1000)) do feed(bar) end
end

M.on_start, M.on_past, M.on_reload = rebuild, rebuild, rebuild

function M.on_bar(bar)
  local f, s = feed(bar)
  if not s then return end
  chart.plot("fast", f)
  chart.plot("slow", s)
  local want = f > s and 1 or p.short and -1 or 0
  local qty = account.position(p.symbol).qty
  local have = qty > 0 and 1 or qty < 0 and -1 or 0
  -- Only a change of side trades: the size is not adjusted to the price on the way.
  if want ~= have then order.target(p.symbol, want * p.notional / bar.close) end
end

function M.on_order(o)
  if o.status == "denied" or o.status == "rejected" then log.warn(o.reason) end
end

return M

-- Breakout: a close beyond the highest high of the last bars is bought, one below the lowest
-- low is sold, and a trailing stop follows as far behind as the market usually moves.
--
-- Most breakouts fail, and cost the distance of the stop; the few that run must pay for all of
-- them. The stop is held by this program, so it works only while it runs.

local M = { name = "breakout" }

M.params = {
  symbol = { type = "string", default = "usdm:BTCUSDT", doc = "what to trade" },
  length = { type = "string", default = "4h", doc = "length of the bars" },
  n      = { type = "integer", default = 55, min = 2, max = 900, doc = "bars of the channel" },
  atr_n  = { type = "integer", default = 20, min = 2, max = 500, doc = "bars of the average true range" },
  trail  = { default = 3, min = 0.5, max = 20, doc = "distance of the stop, in average true ranges" },
  risk   = { default = 0.005, min = 0.0005, max = 0.1, unit = "fraction", doc = "of the equity that is lost when the stop is hit at once" },
  most   = { default = 10000, min = 20, doc = "largest value of a position, in USDT" },
  short  = { default = true, doc = "sell breaks of the low, too" },
}

M.universe = function(p) return { p.symbol } end
M.bars = function(p) return { p.length } end

local p, channel, range = params, nil, nil

-- Returns the channel before the bar, so that the bar can break it.
local function feed(bar)
  local upper, _, lower = channel:value()
  channel:update(bar.high, bar.low)
  return upper, lower, range:update(bar.high, bar.low, bar.close)
end

local function rebuild()
  channel, range = ta.donchian(p.n), ta.atr(p.atr_n)
  for _, bar in ipairs(market.bars(p.symbol, 1000)) do feed(bar) end
end

M.on_start, M.on_past, M.on_reload = rebuild, rebuild, rebuild

local function enter(side, price, atr)
  local distance = p.trail * atr
  local notional = math.min(p.most, account.equity() * p.risk / distance * price)
  order.bracket { symbol = p.symbol, side = side, qty = notional / price, stop = { trail = distance } }
  log.info(string.format("%s at %s, the stop %s behind", side, num.fmt(price, 2), num.fmt(distance, 2)))
end

function M.on_bar(bar)
  local upper, lower, atr = feed(bar)
  if not upper or not atr or exec.halted() then return end
  chart.plot("upper", upper)
  chart.plot("lower", lower)
  -- While there is a position or an order, the stop decides.
  if account.position(p.symbol).qty ~= 0 or #order.open(p.symbol) > 0 then return end
  if bar.close > upper then enter("buy", bar.close, atr)
  elseif p.short and bar.close < lower then enter("sell", bar.close, atr) end
end

function M.on_order(o)
  if o.status == "failed" or o.status == "denied" or o.status == "rejected" then log.warn(o.type .. ": " .. (o.reason or "")) end
end

return M

-- Liquidation fade: when many positions of one side are closed by force at once, they push the
-- price further than anybody wanted. It takes the other side, with a stop, a profit and an end.
--
-- A cascade may be the beginning of a real move, and then the stop is all that helps. Venues tell
-- of a part of liquidations only, and bars of none.

local M = { name = "liquidation_fade" }

M.params = {
  symbol  = { type = "string", default = "usdm:BTCUSDT", doc = "what to trade" },
  burst   = { default = 1e6, min = 1000, unit = "quote", doc = "value liquidated on one side within the window" },
  window  = { default = 60, min = 1, max = 3600, unit = "seconds", doc = "length of that window" },
  size    = { default = 2000, min = 20, doc = "value of a position, in USDT" },
  profit  = { default = 60, min = 5, max = 2000, unit = "bp", doc = "distance of the profit" },
  stop    = { default = 60, min = 5, max = 2000, unit = "bp", doc = "distance of the stop" },
  hold    = { type = "string", default = "30m", doc = "longest time to hold" },
  rest    = { default = 600, min = 0, unit = "seconds", doc = "pause after a position, so that one cascade is faded once" },
}

M.universe = function(p) return { p.symbol } end

local p, bp = params, 1e-4
local seen = { buy = {}, sell = {} } -- of the window, the oldest first

-- The value that was liquidated on a side within the window.
local function pressure(side, now)
  local list, sum = seen[side], 0
  while list[1] and list[1].time < now - p.window do table.remove(list, 1) end
  for _, l in ipairs(list) do sum = sum + l.notional end
  return sum
end

local function free(now)
  return account.position(p.symbol).qty == 0 and #order.open(p.symbol) == 0 and now >= (state.rest or 0) and not exec.halted()
end

function M.on_liquidation(l)
  local list = seen[l.side]
  list[#list + 1] = { time = l.time, notional = l.notional }
  if #list > 1000 then table.remove(list, 1) end
  if pressure(l.side, l.time) < p.burst or not free(market.now()) then return end
  local mid = market.book(p.symbol):mid()
  if not mid then return end
  local side, up = "buy", 1
  if l.side == "buy" then side, up = "sell", -1 end
  order.bracket { symbol = p.symbol, side = side, qty = p.size / mid,
    take_profit = mid * (1 + up * p.profit * bp), stop = mid * (1 - up * p.stop * bp) }
  state.rest = market.now() + p.rest
  timer.after("over", p.hold)
  log.info(string.format("%.0f liquidated (%s): %s at %s", pressure(l.side, l.time), l.side, side, num.fmt(mid, 2)))
end

function M.on_timer()
  order.close(p.symbol)
end

return M

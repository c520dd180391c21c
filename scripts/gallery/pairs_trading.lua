-- Pairs trading: two coins that move together; when one is far from what the other says it
-- should be, sell the dear one and buy the cheap one until they meet again.
--
-- Nothing makes them meet: a pair that drifts apart for good loses without end, so there is a
-- stop, and a limit of time from how fast it used to come back. Four fees a round trip.

local M = { name = "pairs_trading" }

M.params = {
  y        = { type = "string", default = "usdm:ETHUSDT", doc = "the coin that is judged" },
  x        = { type = "string", default = "usdm:BTCUSDT", doc = "the one that it is judged by" },
  n        = { type = "integer", default = 168, min = 20, max = 1000, doc = "bars of the fit" },
  enter    = { default = 2, min = 0.5, max = 10, doc = "standard errors away to enter" },
  leave    = { default = 0.3, min = 0, max = 5, doc = "standard errors away to leave" },
  stop     = { default = 4, min = 1, max = 20, doc = "standard errors away to give up" },
  patience = { default = 3, min = 0.5, max = 20, doc = "half-lives to wait" },
  notional = { default = 5000, min = 50, doc = "value of the leg in y, in USDT" },
}

M.universe = function(p) return { p.y, p.x } end
M.bars = { "1h" }

local p, spread, life, price = params, nil, nil, {}
local flat = { side = 0, y = 0, x = 0 }

local function feed(bar)
  price[bar.symbol], price[bar.symbol .. "@"] = bar.close, bar.time
  if price[p.y .. "@"] ~= price[p.x .. "@"] then return end -- until both have closed
  local z, gap, slope = spread:update(price[p.y], price[p.x])
  return z, slope, gap and life:update(gap)
end

local function rebuild()
  spread, life = ta.spread(p.n), ta.half_life(p.n)
  local ys, xs = market.bars(p.y, 1000), market.bars(p.x, 1000)
  local of = {}
  for _, b in ipairs(xs) do of[b.time] = b end
  for _, b in ipairs(ys) do
    if of[b.time] then feed(of[b.time]) feed(b) end
  end
end

M.on_start, M.on_past, M.on_reload = rebuild, rebuild, rebuild

-- Both legs are asked for again at every bar, so that one that was refused is not left out.
local function hold(t)
  order.target(p.y, t.y)
  order.target(p.x, t.x)
end

function M.on_bar(bar)
  local z, slope, half = feed(bar)
  if not z then return end
  chart.plot("z", z)
  local t, hours = state.trade or flat, bar.time / 3600
  if t.side ~= 0 and (-z * t.side < p.leave or math.abs(z) > p.stop or hours > t.last) then
    log.info(string.format("out at z %.2f", z))
    t = flat
  elseif t.side == 0 and half and half < p.n and math.abs(z) > p.enter and math.abs(z) < p.stop and slope > 0 then
    local side = z > 0 and -1 or 1
    local qty = side * p.notional / price[p.y]
    t = { side = side, y = qty, x = -slope * qty, last = hours + p.patience * half }
    log.info(string.format("in at z %.2f, half-life %.0f h", z, half))
  end
  state.trade = t
  hold(t)
end

return M

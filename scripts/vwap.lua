-- VWAP: buy or sell a fixed quantity over a window of time, in slices that follow
-- the market's usual volume, so that the average price is near the market's own.
--
-- The slices are whole lots and sum exactly to the total: what one slice does not
-- fill is carried into the next, and nothing is ever dropped. How much each part
-- of the day trades comes from the bars and trades seen so far; until there are
-- some, every slice is the same size, and the log says so.

local M = { name = "vwap" }

M.params = {
  symbol   = { type = "string", default = "spot:BTCUSDT", doc = "what to trade" },
  side     = { type = "choice", choices = { "buy", "sell" }, default = "buy", doc = "buy or sell" },
  qty      = { default = 0.5, min = 0, doc = "how much, in units of the base coin" },
  minutes  = { default = 240, min = 1, max = 10080, doc = "length of the window" },
  slices   = { type = "integer", default = 24, min = 1, max = 1000, doc = "parts of the window" },
  slip_bp  = { default = 20, min = 0, doc = "a slice waits while the price is worse than at the start by more than this, bp" },
}

M.universe = { "spot:*", "usdm:*" }

local p = params

-- Splits total lots by weights into whole numbers that sum to it: each part gets
-- its floor, and what is left goes to the largest remainders.
local function split(total, weights)
  local sum, plan, rest, given = 0, {}, {}, 0
  for i = 1, #weights do sum = sum + weights[i] end
  for i = 1, #weights do
    local share = sum > 0 and total * weights[i] / sum or total / #weights
    plan[i] = math.floor(share)
    given = given + plan[i]
    rest[i] = { i = i, part = share - plan[i] }
  end
  table.sort(rest, function(a, b)
    if a.part ~= b.part then return a.part > b.part end
    return a.i < b.i
  end)
  for k = 1, total - given do plan[rest[k].i] = plan[rest[k].i] + 1 end
  return plan
end

-- The usual volume of the slices of a window that begins at t, from the volume
-- seen in each half hour of the day.
local function curve(t)
  local weights, known = {}, 0
  local span = p.minutes * 60 / p.slices
  for i = 1, p.slices do
    local half_hour = math.floor((t + (i - 0.5) * span) % 86400 / 1800)
    weights[i] = state.volume[half_hour + 1] or 0
    if weights[i] > 0 then known = known + 1 end
  end
  if known < p.slices then
    for i = 1, p.slices do weights[i] = 1 end
    return weights, "equal slices: volume is known for " .. known .. " of " .. p.slices
  end
  return weights, "volume curve"
end

local function begin()
  local rules = market.instrument(p.symbol)
  local total = math.floor(p.qty / rules.lot + 1e-9)
  if total < 1 then error("qty " .. p.qty .. " is below one lot of " .. rules.lot) end
  local weights, how = curve(market.now())
  local book = market.book(p.symbol)
  state.job = {
    plan = split(total, weights), total = total, done = 0, due = 0, slice = 0,
    lot = rules.lot, arrival = book:mid(), cash = 0,
  }
  log.info(string.format("%s %g %s in %d slices over %g min (%s)", p.side, total * rules.lot, p.symbol, p.slices, p.minutes, how))
end

local function lots(qty) return math.floor(qty / state.job.lot + 0.5) end

-- Sends what is due and not yet filled or working.
local function work()
  local j = state.job
  local book = market.book(p.symbol)
  if not book:ready() then return end
  local working = 0
  for _, o in ipairs(order.open()) do working = working + lots(o.leaves) end
  local need = j.due - j.done - working
  if need <= 0 then return end

  local touch = p.side == "buy" and book:ask(1) or book:bid(1)
  local sign = p.side == "buy" and 1 or -1
  local worse = sign * (touch / j.arrival - 1) * 1e4
  local last = j.slice >= p.slices
  if worse > p.slip_bp and not last then return end -- it stays due
  local limit = touch * (1 + sign * 5e-4)
  order.submit { symbol = p.symbol, side = p.side, qty = need * j.lot, price = limit, tif = "ioc" }
end

local function finish()
  local j = state.job
  local price = j.done > 0 and j.cash / (j.done * j.lot) or 0
  local sign = p.side == "buy" and 1 or -1
  log.info(string.format("done: %g of %g at %.2f, %+.2f bp against arrival",
    j.done * j.lot, j.total * j.lot, price, j.done > 0 and sign * (price / j.arrival - 1) * 1e4 or 0))
  timer.cancel("slice")
  timer.cancel("work")
end

function M.on_start()
  state.volume = state.volume or {}
  if not state.job then timer.after("begin", "10s") end
end

function M.on_timer(name)
  if name == "begin" then
    if not market.book(p.symbol):ready() then return timer.after("begin", "10s") end
    begin()
    timer.every("slice", p.minutes * 60 / p.slices)
    timer.every("work", "10s")
  end
  local j = state.job
  if name ~= "work" and j.slice < p.slices then
    j.slice = j.slice + 1
    j.due = j.due + j.plan[j.slice]
  end
  if j.done >= j.total then return finish() end
  work()
end

function M.on_fill(fill)
  local j = state.job
  j.done = j.done + lots(fill.qty)
  j.cash = j.cash + fill.qty * fill.price
  chart.plot("filled", j.done * j.lot)
end

local function seen(time, volume)
  local i = math.floor(time % 86400 / 1800) + 1
  state.volume[i] = (state.volume[i] or 0) + volume
end

function M.on_trade(trade)
  if trade.symbol == p.symbol then seen(trade.time, trade.qty) end
end

function M.on_bar(bar)
  if bar.symbol == p.symbol then seen(bar.time - bar.interval / 2, bar.volume) end
end

return M

-- VWAP: buy or sell a fixed quantity over a window of time, in slices that follow
-- the market's usual volume, so that the average price is near the market's own.
--
-- The slices are whole lots and sum exactly to the total. What a slice does not
-- fill stays due, and nothing is dropped: not by a thin book, not by the slippage
-- guard, which only waits and lets go in the last quarter of the window, and not by
-- a reload or a restart, because what is due follows from the clock and the fills.
--
-- How much each hour of the day trades is learned from the trades and bars seen so
-- far; until every hour of the window is known the slices are equal, and the log
-- says so. To begin with a curve, let it watch first: --set learn_hours=25.

local M = { name = "vwap" }

M.params = {
  symbol      = { type = "string", default = "spot:BTCUSDT", doc = "what to trade" },
  side        = { type = "choice", choices = { "buy", "sell" }, default = "buy", doc = "buy or sell" },
  qty         = { default = 0.5, min = 0, doc = "how much, in units of the base coin" },
  minutes     = { default = 240, min = 1, max = 10080, doc = "length of the window" },
  slices      = { type = "integer", default = 24, min = 1, max = 1000, doc = "parts of the window" },
  slip_bp     = { default = 50, min = 0, doc = "a slice waits while the price is worse than at the start, and than the market's VWAP since, by more than this, bp" },
  max_order   = { default = 20000, min = 20, doc = "largest value of one order, in USDT; a larger slice goes in parts" },
  reach_bp    = { default = 5, min = 0, max = 90, doc = "how far beyond the best price a slice may take, bp" },
  learn_hours = { default = 0, min = 0, max = 720, doc = "hours to watch the market before the window begins" },
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

-- The usual volume of every slice of a window that begins at t.
local function curve(t, span)
  local weights, known = {}, 0
  for i = 1, p.slices do
    weights[i] = state.volume[math.floor((t + (i - 0.5) * span) / 3600) % 24 + 1] or 0
    if weights[i] > 0 then known = known + 1 end
  end
  if known == p.slices then return weights, "volume curve" end
  for i = 1, p.slices do weights[i] = 1 end
  return weights, "equal slices, volume is known for " .. known .. " of them"
end

-- The job keeps what it began with: parameters that change on the way are for the next one.
local function begin()
  local rules, now, span = market.instrument(p.symbol), market.now(), p.minutes * 60 / p.slices
  local total = math.floor(p.qty / rules.lot + 1e-6)
  if total < 1 then error("qty " .. p.qty .. " is below one lot of " .. rules.lot) end
  local weights, how = curve(now, span)
  state.job = {
    symbol = p.symbol, side = p.side, sign = p.side == "buy" and 1 or -1, start = now, span = span,
    plan = split(total, weights), total = total, lot = rules.lot,
    arrival = market.book(p.symbol):mid(), traded = 0, volume = 0,
  }
  log.info(string.format("%s %g %s in %d slices over %g min (%s)", p.side, total * rules.lot, p.symbol, p.slices, p.minutes, how))
end

-- The lots that are due by now, and the number of the slice.
local function due(j)
  local slice, sum = math.floor((market.now() - j.start) / j.span + 1e-9) + 1, 0
  for i = 1, math.min(slice, #j.plan) do sum = sum + j.plan[i] end
  return sum, slice
end

-- How much worse a price is than at the start and than the market's average since,
-- whichever is kinder: a price that has moved for good is not slippage. In bp.
local function slippage(j, price)
  local vwap = j.volume > 0 and j.traded / j.volume or j.arrival
  return math.min(j.sign * (price / j.arrival - 1), j.sign * (price / vwap - 1)) * 1e4
end

local function lots(j, qty) return math.floor(qty / j.lot + 0.5) end

-- What is filled is the strategy's own position, which the host keeps from the
-- fills: even a crash between a fill and the saving of state can't lose it.
local function done(j) return lots(j, math.abs(account.position(j.symbol).qty)) end

local function finish(j)
  j.finished = market.now()
  timer.cancel("work")
  local price = account.position(j.symbol).entry
  local text = string.format("done: %g of %g", done(j) * j.lot, j.total * j.lot)
  if price then
    text = text .. string.format(" at %.8g, %+.2f bp against arrival", price, j.sign * (price / j.arrival - 1) * 1e4)
    if j.volume > 0 then
      local vwap = j.traded / j.volume
      text = text .. string.format(", %+.2f bp against the market's VWAP of %.8g", j.sign * (price / vwap - 1) * 1e4, vwap)
    end
  end
  log.info(text)
end

-- Sends what is due and neither filled nor on its way.
local function work()
  local j = state.job
  local book = market.book(j.symbol)
  local price = j.sign > 0 and book:ask() or book:bid()
  if not (book:ready() and price) then return end
  local working = 0
  for _, o in ipairs(order.open(j.symbol)) do working = working + lots(j, o.leaves) end
  local sum, slice = due(j)
  local filled = done(j)
  local rest = j.total - filled - working
  if filled >= j.total then return finish(j) end
  if rest <= 0 then return end

  local rules = market.instrument(j.symbol)
  local least = math.ceil(math.max(rules.min_qty, rules.min_notional * 1.05 / price) / j.lot)
  local need = math.min(sum - filled - working, math.max(least, math.floor(p.max_order / price / j.lot)))
  if rest - need < least then need = rest end -- what could not be sent alone goes along
  if need < least then
    if slice >= #j.plan and working == 0 and rest < least then
      log.warn(string.format("%g is left, less than the venue's smallest order", rest * j.lot))
      finish(j)
    end
    return -- until more is due
  end
  if slice <= #j.plan * 0.75 and slippage(j, price) > p.slip_bp then return end
  order.submit {
    symbol = j.symbol, side = j.side, tif = "ioc", qty = num.fmt(need * j.lot, 8),
    price = price * (1 + j.sign * p.reach_bp / 1e4),
  }
end

function M.on_start()
  state.volume = state.volume or {}
  if not state.job then
    timer.after("begin", p.learn_hours * 3600 + 10)
  elseif not state.job.finished then -- after a restart the clock tells what is due
    timer.every("work", "10s")
  end
end

function M.on_timer(name)
  if name == "begin" then
    if not market.book(p.symbol):ready() then return timer.after("begin", "10s") end
    begin()
    timer.every("work", "10s")
  end
  if not state.job.finished then work() end
end

function M.on_fill()
  local j = state.job
  if not j or j.finished then return end
  chart.plot("filled", done(j) * j.lot)
  if done(j) == j.total then finish(j) end
end

function M.on_order(o)
  local j = state.job
  if j and (o.status == "denied" or o.status == "rejected") and j.complaint ~= o.status then
    j.complaint = o.status -- once is enough: it is tried again all the same
    log.warn("a slice was " .. o.status .. ": " .. (o.reason or ""))
  end
end

-- Learns the volume of every hour of the day; an older day counts for less. The
-- first hour was seen in part only and is left out.
local function seen(time, price, volume)
  local hour, j = math.floor(time / 3600), state.job
  if state.hour ~= hour then
    local i = (state.hour or 0) % 24 + 1
    if state.whole then state.volume[i] = state.volume[i] and (state.volume[i] + state.sofar) / 2 or state.sofar end
    state.whole = state.hour ~= nil
    state.hour, state.sofar = hour, 0
  end
  state.sofar = state.sofar + volume
  if j and not j.finished then j.traded, j.volume = j.traded + price * volume, j.volume + volume end
end

function M.on_trade(trade)
  if trade.symbol == p.symbol then
    state.trades = true
    seen(trade.time, trade.price, trade.qty)
  end
end

function M.on_bar(bar)
  if bar.symbol == p.symbol and not state.trades then -- trades tell more
    seen(bar.time - bar.interval / 2, (bar.high + bar.low + bar.close) / 3, bar.volume)
  end
end

return M

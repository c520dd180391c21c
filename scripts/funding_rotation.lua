-- Funding rotation: hold coins on spot, short the same amount on the perpetual,
-- and collect the funding that longs pay. Move to another coin when, and only
-- when, it pays so much more that the switch earns its own costs.
--
-- The price of the coin does not matter: what spot gains, the short loses. What
-- does matter: the funding collected, the basis at entry and exit, and fees. The
-- shorts' losses are paid from another wallet than the one that holds the coins:
-- exec.keep sees to their margin, and to the money for the next pair. All rates below are in basis points
-- (bp, 0.01 %) per 8 hours, whatever interval the contract settles at; all gains
-- are in bp of one leg's value.

local M = { name = "funding_rotation" }

M.params = {
  capital      = { default = 30000, min = 100, doc = "value of all short legs together, in USDT" },
  max_pairs    = { type = "integer", default = 3, min = 1, max = 20, doc = "how many coins to hold at once" },
  batch        = { default = 2500, min = 20, doc = "value that is bought and sold at a time, in USDT" },
  level        = { type = "integer", default = 5, min = 1, max = 20, doc = "book level that counts as the price, to be conservative" },
  horizon_days = { default = 30, min = 1, max = 365, doc = "how long a position is expected to be held" },
  mean_rate    = { default = 1, min = -10, max = 10, doc = "where funding returns to, bp per 8 h" },
  persistence  = { default = 0.85, min = 0, max = 0.999, doc = "part of the distance to mean_rate that is left one settlement later" },
  min_edge     = { default = 10, min = 0, doc = "enter when the expected gain after all costs is above this, bp" },
  hysteresis   = { default = 1.5, min = 1, max = 10, doc = "rotate when the gain is above this many times the cost of switching" },
  exit_loss    = { default = 15, min = 0, doc = "leave when the expected loss over the next week is above this, bp" },
  min_hold     = { default = 8, min = 0, doc = "hours before a position may be rotated" },
  max_switches = { type = "integer", default = 3, min = 0, doc = "rotations a day" },
  max_unhedged = { default = 3000, min = 20, doc = "value that may be unhedged at any moment, in USDT" },
  margin       = { default = 0.6, min = 0.25, max = 5, doc = "margin to open with: the rise in price that would liquidate the shorts" },
  margin_low   = { default = 0.35, min = 0.1, max = 5, doc = "margin to defend with spare cash; below three quarters of it pairs are made smaller" },
  resize       = { default = 2, min = 1.1, max = 100, doc = "renew a position when its price has changed by this factor" },
}

M.universe = { "usdm:*", "spot:*" }

local p = params
local coins, by_perp = nil, {} -- what could be held, and what is known about it

-- What n settlements of 8 h should bring if funding is r now and returns to its
-- mean: a geometric series.
local function expected(r, n)
  local rho = p.persistence
  return p.mean_rate * n + (r - p.mean_rate) * (1 - rho ^ n) / (1 - rho)
end

-- Two rates per coin: the running estimate and the median of the last settlements.
-- One print is not a trend, so entering counts on the lower and leaving on the higher.
local function look(c)
  local _, _, _, now = market.funding(c.perp)
  local open = basis.open(c.spot, c.perp, p.level)
  local close = basis.close(c.spot, c.perp, p.level)
  c.known = now and open and close
  if not c.known then return end
  local past = {}
  for _, s in ipairs(market.settled(c.perp, 3)) do past[#past + 1] = s.rate_8h end
  table.sort(past)
  local median = past[math.ceil(#past / 2)] or now
  c.low, c.high = math.min(now, median) * 1e4, math.max(now, median) * 1e4

  local usual, n = state.usual[c.perp] or close, p.horizon_days * 3
  c.close, c.exit = close, usual + 5e-4                   -- exit: the basis it may be left at while there is time
  c.edge = expected(c.low, n) + (open - usual) * 1e4 - 2 * c.fees -- what it brings to one who enters, and leaves again
  c.stay = expected(c.high, n) + (close - usual) * 1e4    -- what it brings to one who is in
end

local function look_around()
  state.usual, state.rest = state.usual or {}, state.rest or {}
  if not coins then
    coins = market.pairs { margin = "usdt" }
    for _, c in ipairs(coins) do
      local _, spot_fee = account.fees(c.spot)
      local _, perp_fee = account.fees(c.perp)
      c.fees, by_perp[c.perp] = (spot_fee + perp_fee) * 1e4, c -- of one side; a round trip pays it twice
    end
  end
  local remember = market.now() >= (state.remembered or 0) + 4 * 3600 - 60
  if remember then state.remembered = market.now() end
  for _, c in ipairs(coins) do
    c.pair = nil
    look(c)
    if c.known and remember then -- how the closing basis usually is, averaged over about four days
      local usual = state.usual[c.perp] or c.close
      state.usual[c.perp] = usual + (c.close - usual) * 0.04
    end
  end
end

local function target() return math.max(p.margin, 1.2 * p.margin_low) end

local function leave(pair, max_basis, reason, ...)
  reason = string.format(reason, ...)
  local ok, err = exec.pair.close(pair.id, { max_basis = max_basis, patience = "10m", reason = reason })
  if not ok then return log.warn("cannot close " .. pair.tag .. ": " .. err) end
  log.info("close " .. pair.tag .. ": " .. reason)
end

-- Leaves a coin that costs money or has outgrown its size; true when it did.
local function prune(c)
  local grown = c.pair.perp_qty * market.mark(c.perp).mark / -c.pair.perp_cost
  if expected(c.high, 21) < -p.exit_loss then
    state.rest[c.perp] = market.now() + 86400
    leave(c.pair, c.exit, "funding of %.1f bp per 8 h costs more than leaving", c.low)
  elseif grown > p.resize or grown < 1 / p.resize then
    leave(c.pair, c.exit, "it is worth %.2f times what it was, renew it", grown)
  else
    return false
  end
  return true
end

-- Whether both legs can be traded in slices of this value.
local function tradable(c, value)
  for _, symbol in ipairs { c.spot, c.perp } do
    local rules, price = market.instrument(symbol), market.book(symbol):ask()
    if math.max(rules.min_notional, rules.min_qty * price, rules.lot * price) * 1.1 > value then return false end
  end
  return basis.open_for(c.spot, c.perp, value) ~= nil -- and the books are deep enough
end

-- The best coin that is not held and is worth its costs.
local function best_free(value)
  local best
  for _, c in ipairs(coins) do
    if c.known and not c.pair and c.edge > p.min_edge and expected(c.low, 21) > 0
      and not (best and best.edge >= c.edge) and (state.rest[c.perp] or 0) <= market.now()
      and tradable(c, math.min(value, p.batch, p.max_unhedged)) then
      best = c
    end
  end
  return best
end

-- Opens a pair once both wallets hold what it needs. With less money it is smaller.
local function enter(c, share)
  local now, soon = exec.room("usdm")
  local value = math.min(share, soon)
  if value < share / 2 then return end
  if now < 0.9 * value then return timer.after("soon", "1m") end -- its money is on the way
  value = math.min(value, now)
  local id, err = exec.pair.open {
    spot = c.spot, perp = c.perp, notional = value, batch = p.batch, level = p.level,
    max_unhedged = p.max_unhedged, max_unhedged_time = "5s", timeout = "30m", tag = c.base,
  }
  if not id then return log.warn("cannot open " .. c.base .. ": " .. err) end
  log.info(string.format("open %s: funding %.1f bp per 8 h, edge %.0f bp", c.base, c.low, c.edge))
end

-- The weakest holding gives way to the best other coin if the difference pays for
-- four executions, hysteresis times over.
local function rotate(best)
  local weakest
  for _, c in ipairs(coins) do
    if c.pair and c.known and not (weakest and weakest.stay <= c.stay) then weakest = c end
  end
  local today = math.floor(market.now() / 86400)
  if state.day ~= today then state.day, state.switches = today, 0 end
  if not weakest or state.switches >= p.max_switches or market.now() < weakest.pair.opened + p.min_hold * 3600 then return end
  local cost = best.fees + weakest.fees
  local gain = best.edge + 2 * best.fees - weakest.stay
  if gain > p.hysteresis * cost then
    state.switches = state.switches + 1
    leave(weakest.pair, weakest.exit, "%s pays %.0f bp more, the switch costs %.0f", best.base, gain, cost)
  end
end

-- Does one thing at a time; what comes of it calls for the next look.
local function scan()
  look_around()
  local list, busy = exec.pair.list(), false
  for _, pair in ipairs(list) do
    by_perp[pair.perp].pair = pair
    busy = busy or pair.state == "opening" or pair.state == "closing"
  end
  if busy or exec.halted() then return end
  for _, c in ipairs(coins) do
    if c.pair and c.known and prune(c) then return end
  end
  local share = math.min(p.capital, account.equity() / (1.05 + target())) / p.max_pairs
  local best = best_free(share)
  if not best then return end
  if market.now() == state.remembered then chart.plot("best funding, bp per 8 h", best.low) end
  if #list < p.max_pairs then enter(best, share) else rotate(best) end
end

-- Once the books are there, and then five minutes before every hour, because
-- funding settles on the hour.
function M.on_start()
  local ok, err = exec.keep { wallet = "usdm", target = target(), soft = p.margin_low, hard = 0.75 * p.margin_low }
  if not ok then log.warn(err) end
  timer.after("soon", "30s")
  timer.at_next("scan", "1h", "55m")
end

function M.on_timer(name)
  if name == "scan" then timer.at_next("scan", "1h", "55m") end
  local second = market.now() % 3600
  if second < 60 or second > 3300 then return timer.after("soon", "6m") end
  scan()
end

function M.on_pair(pair)
  if pair.state == "closed" then
    log.info(string.format("closed %s: %+.2f USDT, of which funding %.2f and fees -%.2f",
      pair.tag, pair.realised, pair.funding, pair.fees))
  elseif pair.state == "failed" then
    state.rest[pair.perp] = market.now() + 6 * 3600
    log.warn(pair.tag .. " did not open: " .. (pair.reason or ""))
  end
  if pair.done or (pair.state == "open" and pair.settlements == 0) then timer.after("soon", "5s") end
end

return M

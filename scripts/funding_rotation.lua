-- Funding rotation: hold coins on spot, short the same amount on the perpetual,
-- and collect the funding that longs pay. Move to another coin when, and only
-- when, it pays so much more that the switch earns its own costs.
--
-- The price of the coin does not matter: what spot gains, the short loses. What
-- does matter: the funding collected, the basis at entry and exit, and fees. All
-- rates below are in basis points (bp, 0.01 %) per 8 hours, whatever interval the
-- contract settles at; all gains are in bp of one leg's value.

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
}

M.universe = { "usdm:*", "spot:*" }

local p = params
local rest = {}  -- by perp: not to be tried again before
local usual = {} -- by perp: how the closing basis has been, exponentially averaged

-- What n settlements of 8 h should bring if funding is r now and returns to its
-- mean: a geometric series.
local function expected(r, n)
  local rho = p.persistence
  return p.mean_rate * n + (r - p.mean_rate) * (1 - rho ^ n) / (1 - rho)
end

-- The rate to count on: the running estimate, but never more than the median of
-- the last settlements. One high print is not a trend.
local function signal(perp)
  local _, _, next_funding, now8 = market.funding(perp)
  if not now8 then return nil end
  local past = {}
  for _, s in ipairs(market.settled(perp, 3)) do past[#past + 1] = s.rate * 8 / s.hours end
  if #past == 0 then return now8 * 1e4, next_funding end
  table.sort(past)
  return math.min(now8, past[math.ceil(#past / 2)]) * 1e4, next_funding
end

-- One row for every coin that could be held now.
local function look(pair)
  local rate, next_funding = signal(pair.perp)
  local open = basis.open(pair.spot, pair.perp, p.level)
  local close = basis.close(pair.spot, pair.perp, p.level)
  if not (rate and open and close) then return nil end
  local mean = usual[pair.perp] or close
  usual[pair.perp] = mean + (close - mean) * 0.01

  local _, spot_fee = account.fees(pair.spot)
  local _, perp_fee = account.fees(pair.perp)
  local fees = (spot_fee + perp_fee) * 1e4 -- of one side; a round trip pays it twice
  local n = p.horizon_days * 3
  local gain = expected(rate, n) + (open - mean) * 1e4
  return {
    base = pair.base, spot = pair.spot, perp = pair.perp, rate = rate, fees = fees,
    gain = gain,                             -- what it brings from now on
    edge = gain - 2 * fees,                  -- ... after getting in and out
    stay = expected(rate, n) + (close - mean) * 1e4, -- what it brings to one who is in
    week = expected(rate, 21),
    settling = next_funding and next_funding - market.now() < 60,
  }
end

local function by_edge(a, b)
  if a.edge ~= b.edge then return a.edge > b.edge end
  return a.base < b.base
end

local function enter(c)
  local id, err = exec.pair.open {
    spot = c.spot, perp = c.perp, notional = p.capital / p.max_pairs, batch = p.batch, level = p.level,
    max_unhedged = p.max_unhedged, max_unhedged_time = "5s", timeout = "30m", tag = c.base,
  }
  if not id then return log.warn("cannot open " .. c.base .. ": " .. err) end
  log.info(string.format("open %s: funding %.1f bp per 8 h, edge %.0f bp", c.base, c.rate, c.edge))
end

local function leave(pair, reason)
  local ok, err = exec.pair.close(pair.id, { max_basis = (usual[pair.perp] or 0) + 5e-4, patience = "30m", reason = reason })
  if not ok then return log.warn("cannot close " .. pair.tag .. ": " .. err) end
  log.info("close " .. pair.tag .. ": " .. reason)
end

-- The weakest holding gives way to the best other coin if the difference pays for
-- four executions, hysteresis times over.
local function rotate(held, free)
  local best, weakest = free[1], nil
  for _, h in ipairs(held) do
    if h.row and h.pair.state == "open" and (not weakest or h.row.stay < weakest.row.stay) then weakest = h end
  end
  if not (best and weakest) then return end
  local age = (market.now() - weakest.pair.opened) / 3600
  local today = math.floor(market.now() / 86400)
  if state.day ~= today then state.day, state.switches = today, 0 end
  if age < p.min_hold or state.switches >= p.max_switches then return end
  local cost = best.fees + weakest.row.fees
  local gain = best.gain - weakest.row.stay
  if gain > p.hysteresis * cost then
    state.switches = state.switches + 1
    leave(weakest.pair, string.format("%s pays %.0f bp more, the switch costs %.0f", best.base, gain, cost))
  end
end

local function scan()
  local rows, free, held = {}, {}, {}
  for _, pair in ipairs(market.pairs { margin = "usdt" }) do rows[pair.perp] = look(pair) end

  local taken = {}
  for _, pair in ipairs(exec.pair.list()) do
    taken[pair.perp] = true
    held[#held + 1] = { pair = pair, row = rows[pair.perp] }
  end
  for _, pair in ipairs(market.pairs { margin = "usdt" }) do
    local row = rows[pair.perp]
    local tired = (rest[pair.perp] or 0) > market.now()
    if row and not (taken[pair.perp] or row.settling or tired) and row.edge > p.min_edge then free[#free + 1] = row end
  end
  table.sort(free, by_edge)

  for _, h in ipairs(held) do
    if h.row and h.pair.state == "open" and h.row.week < -p.exit_loss then
      leave(h.pair, string.format("funding of %.1f bp per 8 h costs more than leaving", h.row.rate))
      return
    end
  end
  if #held < p.max_pairs then
    for i = 1, math.min(#free, p.max_pairs - #held) do enter(free[i]) end
  else
    rotate(held, free)
  end
  if free[1] then chart.plot("best funding, bp per 8 h", free[1].rate) end
end

-- Five minutes past the hour, well away from the settlements on the hour.
function M.on_start() timer.after("first", "5m") end

function M.on_timer(name)
  if name == "first" then timer.every("scan", "1h") end
  scan()
end

function M.on_pair(pair)
  if pair.state == "closed" then
    log.info(string.format("closed %s: %+.2f USDT, of which funding %.2f and fees -%.2f",
      pair.tag, pair.realised, pair.funding, pair.fees))
  elseif pair.state == "failed" then
    rest[pair.perp] = market.now() + 6 * 3600
    log.warn(pair.tag .. " did not open: " .. (pair.reason or ""))
  end
end

return M

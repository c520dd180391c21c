-- Funding rotation: hold coins on spot, short the same amount on the perpetual,
-- and collect the funding that longs pay. Move to another coin when, and only
-- when, it pays so much more that the switch earns its own costs.
--
-- The price of the coin does not matter: what spot gains, the short loses. What
-- does: the funding collected, the basis at entry and exit, and fees, which
-- carry.rank puts together. With margin = "usdt" the shorts' losses are paid from
-- another wallet than the one that holds the coins, and exec.keep sees to it; with
-- margin = "coin" the coins themselves move to the perpetual's wallet and back it.
--
-- With legs = "perp-perp" nothing is bought on spot: one perpetual is held long against
-- another of the same coin that pays more to be short, at the same venue or another, and
-- what counts is the difference of their fundings. What one venue then gains the other one
-- loses: the host says in time which needs money, and makes pairs smaller when none comes.
--
-- Rates are in basis points (bp, 0.01 %) per 8 hours, whatever interval a contract
-- settles at; gains and costs are in bp of one leg's value.

local M = { name = "funding_rotation" }

M.params = {
  legs         = { type = "choice", default = "spot-perp", choices = { "spot-perp", "perp-perp", "any" }, doc = "what is held against a short perpetual: its coins, another perpetual of any venue, or whichever pays more" },
  margin       = { type = "choice", default = "usdt", choices = { "usdt", "coin" }, doc = "what backs the shorts: USDT (USD-M perpetuals) or the coins (COIN-M)" },
  capital      = { default = 30000, min = 100, doc = "value of all short legs together, in USDT" },
  max_pairs    = { type = "integer", default = 3, min = 1, max = 20, doc = "how many coins to hold at once" },
  batch        = { default = 2500, min = 20, doc = "value that is bought and sold at a time, in USDT" },
  max_unhedged = { default = 3000, min = 20, doc = "value that may be unhedged at any moment, in USDT" },
  level        = { type = "integer", default = 5, min = 1, max = 20, doc = "book level that counts as the price, to be conservative" },
  depth        = { default = 1, min = 1, max = 100, doc = "enter when the books are this many slices deep" },
  seasoned     = { type = "integer", default = 0, min = 0, max = 100, doc = "enter when this many settlements are known: 90 keeps out new listings on the live market" },
  horizon_days = { default = 30, min = 1, max = 365, doc = "how long a position is expected to be held" },
  mean_rate    = { default = 1, min = -10, max = 10, doc = "where funding returns to, bp per 8 h" },
  persistence  = { default = 0.85, min = 0, max = 0.999, doc = "part of the distance to mean_rate that is left 8 hours later" },
  last         = { type = "integer", default = 3, min = 1, max = 90, doc = "settlements whose median must agree with the prediction: one print is not a trend" },
  basis_days   = { default = 7, min = 1, max = 60, doc = "days over which a pair's own basis is compared" },
  entry_part   = { default = 0.5, min = 0, max = 1, doc = "wait for an opening basis above this part of them, unless the next settlement pays for what is missing" },
  exit_part    = { default = 0.5, min = 0, max = 1, doc = "close at a basis below this part of them, as long as patience lasts" },
  exit_slack   = { default = 5, min = 0, doc = "and this much above it, bp" },
  patience     = { default = 10, min = 0.1, max = 1440, doc = "minutes; then close at any basis" },
  min_edge     = { default = 10, min = 0, doc = "enter when the expected gain after all costs is above this, bp" },
  hysteresis   = { default = 1.5, min = 1, max = 10, doc = "rotate when the gain is above this many times the cost of switching" },
  exit_loss    = { default = 15, min = 0, doc = "leave when the expected loss over the next week is above this, bp" },
  min_hold     = { default = 8, min = 0, doc = "hours before a position may be rotated" },
  rest         = { default = 24, min = 0, doc = "hours before a coin that cost money is entered again" },
  max_switches = { type = "integer", default = 3, min = 0, doc = "rotations a day" },
  grace        = { default = 30, min = 0, max = 480, doc = "minutes, at most half an interval; do not leave a coin that pays when its settlement is nearer" },
  cushion      = { default = 0.6, min = 0.25, max = 5, doc = "usdt: margin to open with, as the rise in price that would liquidate the shorts" },
  cushion_low  = { default = 0.35, min = 0.1, max = 5, doc = "usdt: margin to defend with spare cash; below three quarters of it pairs are made smaller" },
  resize       = { default = 2, min = 1.1, max = 100, doc = "usdt: renew a position when its price has changed by this factor" },
}

local p, bp = params, 1e-4

function M.universe()
  if p.legs ~= "spot-perp" then return { "*:*" } end
  return { p.margin == "coin" and "coinm:*_PERP" or "usdm:*", "spot:*" }
end

-- What a pair is known by: its short, and with other legs both.
local function key(x) return p.legs == "spot-perp" and x.perp or x.long .. " " .. x.short end

local function target() return math.max(p.cushion, 1.2 * p.cushion_low) end

local function leave(c, pair, reason, ...)
  if c.predicted > 0 and c.due < math.min(p.grace * 60, c.hours * 1800) then return timer.after("soon", c.due + 90) end -- it pays first
  reason = string.format(reason, ...)
  local ok, err = exec.pair.close(pair.id, { max_basis = c.exit + p.exit_slack * bp, patience = p.patience * 60, reason = reason })
  log.info("close " .. c.base .. ": " .. (ok and reason or "refused: " .. err))
  return ok
end

-- Leaves a coin that costs money or has outgrown its size; true when it should be left.
local function prune(c, pair)
  local grown = p.margin == "usdt" and p.legs == "spot-perp" and pair.perp_qty * market.mark(c.perp).mark / -pair.perp_cost or 1
  if c.near_high < -p.exit_loss * bp then
    state.rest[key(c)] = market.now() + p.rest * 3600
    leave(c, pair, "funding of %.1f bp per 8 h costs more than leaving", c.low / bp)
  elseif grown > p.resize or grown < 1 / p.resize then
    leave(c, pair, "it is worth %.2f times what it was, renew it", grown)
  else
    return false
  end
  return true
end

local function worthwhile(c)
  return c.tradable and c.settled >= p.seasoned and (state.rest[key(c)] or 0) <= market.now()
    and c.edge > p.min_edge * bp and c.near_low > 0
    and c.open + math.max(c.low, 0) * c.hours / 8 >= c.entry -- waiting for a better basis costs more than it brings
end

-- Opens a pair once the wallets hold what it needs. With less money it is smaller.
local function enter(c, share)
  local now, soon = share, share -- of other legs each wallet is asked when the pair is opened
  if p.legs == "spot-perp" then now, soon = exec.room(p.margin == "coin" and "coinm" or "usdm") end
  local value = math.min(share, soon)
  if value < share / 2 then return end
  if now < 0.9 * value then return timer.after("soon", "1m") end -- its money is on the way
  local id, err = exec.pair.open { long = c.long, short = c.short, notional = math.min(value, now), batch = p.batch, level = p.level,
    max_unhedged = p.max_unhedged, timeout = "30m", tag = c.base }
  if not id then return log.warn("cannot open " .. c.base .. ": " .. err) end
  log.info(string.format("open %s: long %s, short %s: funding %.1f bp per 8 h, edge %.0f bp, paid for after %.0f settlements", c.base, c.long, c.short, c.low / bp, c.edge / bp, c.break_even or 0))
end

-- The weakest holding gives way to the best other coin if that pays for four
-- executions, hysteresis times over.
local function rotate(weakest, pair, best)
  local today = math.floor(market.now() / 86400)
  if state.day ~= today then state.day, state.switches = today, 0 end
  if state.switches >= p.max_switches or market.now() < pair.opened + p.min_hold * 3600 then return end
  local gain, cost = carry.switch_gain(weakest, best)
  if gain > p.hysteresis * cost and leave(weakest, pair, "%s pays %.0f bp more, the switch costs %.0f", best.base, gain / bp, cost / bp) then
    state.switches = state.switches + 1
  end
end

-- Whether a contract of a candidate is in another pair than one: what it pays would be
-- counted twice, and all pairs would end on the one that pays most.
local function taken(c, pairs, but)
  for _, pair in ipairs(pairs) do
    if pair ~= but and (pair.short == c.short or pair.long == c.long or pair.short == c.long or pair.long == c.short) then return true end
  end
  return false
end

-- Does one thing at a time; what comes of it calls for the next look.
local function scan()
  state.basis, state.rest = state.basis or {}, state.rest or {}
  local held, pairs = {}, exec.pair.list()
  for _, pair in ipairs(pairs) do
    if pair.state ~= "open" then return end -- wait for it
    held[key(pair)] = pair
  end
  if exec.halted() then return end
  local share = math.min(p.capital, account.equity() / (1.05 + (p.margin == "usdt" and target() or 0))) / p.max_pairs
  local coins = carry.rank { legs = p.legs, margin = p.legs == "spot-perp" and p.margin or "any", level = p.level, slice = math.min(share, p.batch, p.max_unhedged), depth = p.depth,
    horizon = p.horizon_days * 86400, mean = p.mean_rate * bp, persistence = p.persistence, last = p.last,
    memory = state.basis, days = p.basis_days, entry_quantile = p.entry_part, exit_quantile = p.exit_part }
  local best, weakest
  for _, c in ipairs(coins) do -- the best edge first
    local pair = held[key(c)]
    if pair and prune(c, pair) then return end
    if pair and not (weakest and weakest.stay <= c.stay) then weakest = c end
  end
  local gives = #pairs >= p.max_pairs and weakest and held[key(weakest)] or nil
  for _, c in ipairs(coins) do
    if not held[key(c)] and worthwhile(c) and not taken(c, pairs, gives) then
      best = c
      break
    end
  end
  if coins[1] and market.now() % 14400 > 10800 then chart.plot("best funding, bp per 8 h", coins[1].low / bp) end
  if best and #pairs < p.max_pairs then enter(best, share)
  elseif best and weakest then rotate(weakest, held[key(weakest)], best) end
end

-- Once the books are there, and then five minutes after every hour, because
-- funding settles on the hour.
function M.on_start()
  if p.margin == "usdt" and p.legs == "spot-perp" then
    local ok, err = exec.keep { wallet = "usdm", target = target(), soft = p.cushion_low, hard = 0.75 * p.cushion_low }
    if not ok then log.warn(err) end
  end
  timer.after("soon", "30s")
  timer.at_next("scan", "1h", "55m")
end

function M.on_timer(name)
  if name == "scan" then timer.at_next("scan", "1h", "55m") end
  local second = market.now() % 3600
  if second < 60 or second > 3540 then return timer.after("soon", "2m") end -- never within a minute of a settlement
  scan()
end

function M.on_pair(pair)
  if pair.state == "closed" then
    log.info(string.format("closed %s: %+.2f USDT, of which funding %.8g and fees -%.2f", pair.tag, pair.realised, pair.funding, pair.fees))
  elseif pair.state == "failed" then
    state.rest[key(pair)] = market.now() + 6 * 3600
    log.warn(pair.tag .. " did not open: " .. (pair.reason or ""))
  end
  if pair.done or (pair.state == "open" and pair.settlements == 0) then timer.after("soon", "5s") end
end

return M

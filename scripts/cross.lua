-- Funding between venues: long the perpetual that is paid to hold, short the one of the
-- same coin that pays more to be short, wherever they trade. The price of the coin does not
-- matter; the difference of the two fundings, less four fees, is what is earned.
--
-- What differed yesterday is gone tomorrow, and four fees are dear: a pair is chosen by what
-- the two have paid over weeks (memory_days), is expected to be held for weeks, and gives
-- way only to one that pays for the move hysteresis times over. baselines/cross_naive.lua
-- does without; perilune docs study has the figures of both.
--
-- This is the short version, to learn from: one pair of a coin. funding_rotation.lua with
-- --set legs=perp-perp also waits for a good basis, and sizes its pairs by the capital.

local M = { name = "cross" }

M.params = {
  notional     = { default = 5000, min = 50, doc = "value of one leg, in USDT" },
  max_pairs    = { type = "integer", default = 2, min = 1, max = 20, doc = "how many coins to hold at once" },
  max_unhedged = { default = 2000, min = 20, doc = "value that may be unhedged at any moment, in USDT" },
  memory_days  = { default = 21, min = 1, max = 40, doc = "days of settlements that say what a perpetual pays" },
  horizon_days = { default = 21, min = 1, max = 365, doc = "how long a pair is expected to be held" },
  persistence  = { default = 0.5, min = 0, max = 0.999, doc = "part of what a rate is above that, which is left 8 hours later" },
  min_edge     = { default = 10, min = 0, doc = "enter when what is expected after all costs is above this, bp of one leg" },
  exit_loss    = { default = 5, min = 0, doc = "leave when holding on is expected to cost more than this, bp" },
  hysteresis   = { default = 1.5, min = 1, max = 10, doc = "move when the gain is above this many times the cost of moving" },
  dark_wait    = { default = 5, min = 0.1, max = 60, doc = "minutes that a venue which went dark is waited for, before the other leg is made to match" },
}

M.universe = { "*:*" }

local p, bp = params, 1e-4

local function leave(pair, reason, ...)
  local ok, err = exec.pair.close(pair.id, { reason = string.format(reason, ...) })
  if not ok then log.warn("cannot close " .. pair.tag .. ": " .. err) end
end

local function enter(c)
  local id, err = exec.pair.open { long = c.long, short = c.short, notional = p.notional,
    max_unhedged = p.max_unhedged, timeout = "30m", tag = c.base, dark = { wait = p.dark_wait * 60 } }
  if not id then return log.warn("cannot open: " .. err) end
  log.info(string.format("long %s, short %s: %.0f bp expected after costs", c.long, c.short, c.edge / bp))
end

-- A pair that is held leaves when it is expected to cost money, or when the best of its coin
-- pays for the move.
local function review(pair, held, best)
  if held.stay < -p.exit_loss * bp then return leave(pair, "it is expected to cost %.0f bp", -held.stay / bp) end
  if not best or best.long == held.long and best.short == held.short then return end
  local gain, cost = carry.switch_gain(held, best)
  if gain > p.hysteresis * cost then leave(pair, "%s against %s pays %.0f bp more", best.long, best.short, gain / bp) end
end

-- What a look came to, so that one that opens nothing shows why.
local function tell(list)
  for _, c in ipairs(list) do
    if c.tradable then
      return log.info(string.format("best of %d pairs: long %s, short %s: %.1f bp expected after costs in %d days, %.1f%% a year; opens above %g (min_edge)",
        #list, c.long, c.short, c.edge / bp, p.horizon_days, c.edge * 365 / p.horizon_days * 100, p.min_edge))
    end
  end
  log.info(string.format("none of %d pairs can be traded: it takes two perpetuals of one coin whose books and funding are known", #list))
end

local function decide()
  state.basis = state.basis or {} -- how each pair's basis was; carry.rank keeps it there
  local list = carry.rank { legs = "perp-perp", margin = "any", horizon = p.horizon_days * 86400, mean_days = p.memory_days,
    persistence = p.persistence, slice = math.min(p.notional, p.max_unhedged), memory = state.basis }
  tell(list)
  local open, of, best = exec.pair.list(), {}, {}
  for _, pair in ipairs(open) do of[pair.tag] = pair end
  for _, c in ipairs(list) do -- the best edge first
    if c.tradable and not best[c.base] then best[c.base] = c end
  end
  for _, c in ipairs(list) do
    local pair = of[c.base]
    if pair and pair.state == "open" and pair.long == c.long and pair.short == c.short then review(pair, c, best[c.base]) end
  end
  if exec.halted() then return end
  local held = #open
  for _, c in ipairs(list) do
    if best[c.base] == c and not of[c.base] and c.edge > p.min_edge * bp and held < p.max_pairs then
      held = held + 1
      enter(c)
    end
  end
end

-- Five minutes after a settlement, because what it paid is known then.
function M.on_start()
  local at = timer.at_next("look", "4h", "3h55m")
  log.info(string.format("compares what the perpetuals of each coin pay, five minutes after 00:00, 04:00, 08:00 … UTC; next in %.0f minutes", (at - market.now()) / 60))
end

function M.on_timer(name)
  if name == "look" then timer.at_next("look", "4h", "3h55m") end
  decide()
end

function M.on_pair(pair)
  if pair.dark then log.warn(pair.tag .. ": " .. pair.dark) end
  if pair.state ~= "closed" then return end
  log.info(string.format("closed %s: %+.2f USDT, of which funding %.2f and fees -%.2f", pair.tag, pair.realised, pair.funding, pair.fees))
  timer.after("again", "5s")
end

return M

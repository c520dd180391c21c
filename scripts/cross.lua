-- Funding between venues: long the perpetual that is paid to hold, short the one of the
-- same coin that pays more to be short, wherever they trade. The price of the coin does not
-- matter; the difference of the two fundings, less four fees, is what is earned.
--
-- This is the short version, to learn from: one pair at a time, and all of the deciding in
-- one function. funding_rotation.lua with --set legs=perp-perp holds several, waits for a
-- good basis, and moves when moving pays. On one venue it trades its USDT against its coin
-- margined contracts; with more venues in the session it looks across all of them.

local M = { name = "cross" }

M.params = {
  notional     = { default = 5000, min = 50, doc = "value of one leg, in USDT" },
  max_unhedged = { default = 2000, min = 20, doc = "value that may be unhedged at any moment, in USDT" },
  horizon_days = { default = 14, min = 1, max = 365, doc = "how long a pair is expected to be held" },
  min_edge     = { default = 10, min = 0, doc = "enter when what is expected after all costs is above this, bp of one leg" },
  exit_loss    = { default = 5, min = 0, doc = "leave when the next week is expected to cost more than this, bp" },
  dark_wait    = { default = 5, min = 0.1, max = 60, doc = "minutes that a venue which went dark is waited for, before the other leg is made to match" },
}

M.universe = { "*:*" }

local p, bp = params, 1e-4

local function decide()
  state.basis = state.basis or {} -- how each pair's basis was; carry.rank keeps it there
  local list = carry.rank { legs = "perp-perp", margin = "any", horizon = p.horizon_days * 86400,
    slice = math.min(p.notional, p.max_unhedged), memory = state.basis }

  local pair = exec.pair.list()[1]
  if pair then
    for _, c in ipairs(list) do
      if c.long == pair.long and c.short == pair.short and pair.state == "open" and c.near_high < -p.exit_loss * bp then
        exec.pair.close(pair.id, { reason = string.format("funding turned to %.1f %% a year", c.annual * 100) })
      end
    end
    return
  end

  local best = list[1]
  if not best or not best.tradable or best.edge < p.min_edge * bp or exec.halted() then return end
  local id, err = exec.pair.open { long = best.long, short = best.short, notional = p.notional,
    max_unhedged = p.max_unhedged, timeout = "30m", tag = best.base, dark = { wait = p.dark_wait * 60 } }
  if not id then return log.warn("cannot open: " .. err) end
  log.info(string.format("long %s, short %s: %.1f %% a year, %.0f bp expected after costs", best.long, best.short, best.annual * 100, best.edge / bp))
end

-- Five minutes before every hour, because funding settles on the hour.
function M.on_start() timer.at_next("look", "1h", "55m") end

function M.on_timer()
  timer.at_next("look", "1h", "55m")
  decide()
end

function M.on_pair(pair)
  if pair.state == "closed" then log.info(string.format("closed %s: %+.2f USDT, of which funding %.2f and fees -%.2f", pair.tag, pair.realised, pair.funding, pair.fees)) end
  if pair.dark then log.warn(pair.tag .. ": " .. pair.dark) end
end

return M

-- Funding between venues, in its shortest form: of one coin, long the perpetual that pays
-- less and short the one that pays more, as one pair, while the difference lasts.
--
-- What is left after four fees is small, and differences of a day are gone the next: memory
-- is the whole strategy. cross.lua does it for many coins and moves a pair that is held.

local M = { name = "cross_venue_funding" }

M.params = {
  coin     = { type = "string", default = "BTC", doc = "whose perpetuals are compared" },
  notional = { default = 5000, min = 50, doc = "value of one leg, in USDT" },
  days     = { default = 21, min = 1, max = 40, doc = "days of settlements that say what a perpetual pays" },
  horizon  = { default = 21, min = 1, max = 365, unit = "days", doc = "how long it is expected to be held" },
  enter    = { default = 10, min = 0, doc = "enter above this gain after all costs, bp of one leg" },
  leave    = { default = 5, min = 0, doc = "leave when holding on costs more than this, bp" },
}

M.universe = function(p) return { "*:" .. p.coin .. "*" } end

local p, bp = params, 1e-4

function M.on_start() timer.at_next("look", "1h", "5m") end

function M.on_timer()
  timer.at_next("look", "1h", "5m")
  state.basis = state.basis or {}
  local list = carry.rank { legs = "perp-perp", margin = "any", horizon = p.horizon * 86400, mean_days = p.days,
    slice = math.min(p.notional, 2000), memory = state.basis }
  local pair = exec.pair.list()[1]
  if pair then
    for _, c in ipairs(list) do
      if c.long == pair.long and c.short == pair.short and pair.state == "open" and c.stay < -p.leave * bp then
        exec.pair.close(pair.id, { reason = string.format("holding on costs %.0f bp", -c.stay / bp) })
      end
    end
    return
  end
  local best = list[1]
  if not best or not best.tradable or best.edge < p.enter * bp or exec.halted() then return end
  local id, err = exec.pair.open { long = best.long, short = best.short, notional = p.notional, max_unhedged = 2000, timeout = "30m" }
  if not id then return log.warn("cannot open: " .. err) end
  log.info(string.format("long %s, short %s: %.0f bp expected", best.long, best.short, best.edge / bp))
end

function M.on_pair(pair)
  if pair.done then
    log.info(string.format("%s: %.2f, of it funding %.2f and fees %.2f", pair.state, pair.realised, pair.funding, -pair.fees))
  end
end

return M

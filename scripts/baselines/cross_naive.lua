-- What a strategy on funding between venues has to beat: of each coin, long the perpetual
-- that paid least over the last days and short the one that paid most, whatever it costs.
-- With a memory of one day it moves almost daily, and the fees eat all of it.

local M = { name = "cross_naive" }

M.params = {
  notional     = { default = 5000, min = 50, doc = "value of one leg, in USDT" },
  memory_days  = { default = 1, min = 1, max = 40, doc = "days of settlements to compare" },
  max_unhedged = { default = 2000, min = 20, doc = "value that may be unhedged at any moment, in USDT" },
}

M.universe = { "*:*" }

local p = params

local function decide()
  state.basis = state.basis or {}
  local best, of = {}, {}
  for _, c in ipairs(carry.rank { legs = "perp-perp", margin = "any", horizon = "24h", mean_days = p.memory_days, persistence = 0,
    slice = math.min(p.notional, p.max_unhedged), memory = state.basis }) do
    if not best[c.base] or c.gain > best[c.base].gain then best[c.base] = c end
  end
  for _, pair in ipairs(exec.pair.list()) do of[pair.tag] = pair end
  for base, c in pairs(best) do
    local pair = of[base]
    if pair and pair.state == "open" and (pair.long ~= c.long or pair.short ~= c.short) then
      exec.pair.close(pair.id)
    elseif not pair and not exec.halted() then
      local _, err = exec.pair.open { long = c.long, short = c.short, notional = p.notional, max_unhedged = p.max_unhedged, timeout = "30m", tag = base }
      if err then log.warn("cannot open " .. base .. ": " .. err) end
    end
  end
end

function M.on_start() timer.at_next("look", "8h", "7h55m") end

function M.on_timer(name)
  if name == "look" then timer.at_next("look", "8h", "7h55m") end
  decide()
end

function M.on_pair(pair)
  if pair.state == "closed" then timer.after("again", "5s") end
end

return M

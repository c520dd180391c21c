-- A baseline to judge strategies by: holds one pair of every coin from the first
-- day, in equal parts, whatever funding does. A pair that has outgrown its part, or
-- that the keeper of the margin closed, is renewed.

local M = { name = "hold" }

M.params = {
  capital = { default = 30000, min = 100, doc = "value of all short legs together, in USDT" },
  batch   = { default = 2500, min = 20, doc = "value that is bought and sold at a time, in USDT" },
  cushion = { default = 0.6, min = 0.45, max = 5, doc = "margin to open with, as the rise in price that would liquidate" },
  resize  = { default = 2, min = 1.1, max = 100, doc = "renew a pair when its price has changed by this factor" },
}

M.universe = { "usdm:*", "spot:*" }

function M.on_start()
  exec.keep { wallet = "usdm", target = params.cushion, soft = 0.35, hard = 0.26 }
  timer.at_next("look", "1h", "55m")
end

function M.on_timer()
  timer.at_next("look", "1h", "55m")
  local held, coins = {}, market.pairs()
  for _, pair in ipairs(exec.pair.list()) do
    local grown = pair.state == "open" and pair.perp_qty * market.mark(pair.perp).mark / -pair.perp_cost or 1
    if grown > params.resize or grown < 1 / params.resize then exec.pair.close(pair.id, { reason = "renew it" }) end
    held[pair.perp] = true
  end
  local share = math.min(params.capital, account.equity() / (1.05 + params.cushion)) / #coins
  for _, c in ipairs(coins) do
    if not held[c.perp] and market.mark(c.perp) and basis.open_for(c.spot, c.perp, params.batch)
      and exec.room("usdm") >= share and not exec.halted() then
      exec.pair.open { spot = c.spot, perp = c.perp, notional = share, batch = params.batch, timeout = "30m", tag = c.base }
      return -- one at a time: the next sees what it has left
    end
  end
end

return M

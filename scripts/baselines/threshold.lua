-- A baseline to judge strategies by: the rule of thumb. Opens a pair of a coin when
-- its funding rate reaches one threshold, closes it below another or when the
-- basis is lower than a third. It knows nothing of costs and of how rates go on. So
-- that it is compared at the same size, a pair that has outgrown its part is renewed.

local M = { name = "threshold" }

M.params = {
  capital   = { default = 30000, min = 100, doc = "value of all short legs together, in USDT" },
  batch     = { default = 2500, min = 20, doc = "value that is bought and sold at a time, in USDT" },
  cushion   = { default = 0.6, min = 0.45, max = 5, doc = "margin to open with, as the rise in price that would liquidate" },
  enter     = { default = 3, doc = "open at this rate, bp per 8 h" },
  leave     = { default = 0, doc = "close below this rate, bp per 8 h" },
  min_basis = { default = -1000, doc = "close when the basis to close at is below this, bp; 0 is the rule of thumb" },
  resize    = { default = 2, min = 1.1, max = 100, doc = "renew a pair when its price has changed by this factor" },
}

M.universe = { "usdm:*", "spot:*" }

function M.on_start()
  exec.keep { wallet = "usdm", target = params.cushion, soft = 0.35, hard = 0.26 }
  timer.at_next("look", "1h", "55m")
end

function M.on_timer()
  timer.at_next("look", "1h", "55m")
  local held, coins = {}, market.pairs()
  for _, pair in ipairs(exec.pair.list()) do held[pair.perp] = pair end
  local share = math.min(params.capital, account.equity() / (1.05 + params.cushion)) / #coins
  for _, c in ipairs(coins) do
    local _, _, _, rate = market.funding(c.perp)
    local spread, pair = basis.close(c.spot, c.perp), held[c.perp]
    if not rate or not spread then -- not known yet
    elseif pair and pair.state == "open" then
      local grown = pair.perp_qty * market.mark(c.perp).mark / -pair.perp_cost
      if rate * 1e4 < params.leave or spread * 1e4 < params.min_basis or grown > params.resize or grown < 1 / params.resize then
        exec.pair.close(pair.id, { reason = string.format("%.2f bp per 8 h", rate * 1e4) })
      end
    elseif not pair and rate * 1e4 >= params.enter and exec.room("usdm") >= share and not exec.halted()
      and basis.open_for(c.spot, c.perp, params.batch) then
      exec.pair.open { spot = c.spot, perp = c.perp, notional = share, batch = params.batch, timeout = "30m", tag = c.base }
      return -- one at a time: the next sees what it has left
    end
  end
end

return M

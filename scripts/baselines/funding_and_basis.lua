-- A baseline to judge strategies by: the rule of a well-known guide to funding. It opens a
-- pair of a coin while its funding, the running rate and the predicted one, and its basis
-- are both high, and closes it when either is gone. The basis is the cautious one: coins at
-- the fifth ask and the contract at the fifth bid to open, the other way round to close.
--
-- Rates are in basis points per 8 hours whatever the interval, the basis in basis points of
-- the price. Nothing here knows costs (about 30 bp there and back), how rates go on, or
-- that a basis which closes is earned once: it is what a strategy has to beat. So that it
-- is compared at the same size, a pair that has outgrown its part is renewed.

local M = { name = "funding_and_basis" }

M.params = {
  capital     = { default = 30000, min = 100, doc = "value of all short legs together, in USDT" },
  batch       = { default = 2500, min = 20, doc = "value that is bought and sold at a time, in USDT" },
  cushion     = { default = 0.6, min = 0.45, max = 5, doc = "margin to open with, as the rise in price that would liquidate" },
  enter_rate  = { default = 2, unit = "bp", doc = "open while running and predicted rate are at least this, bp per 8 h" },
  enter_basis = { default = 5, unit = "bp", doc = "and while the basis to open at is at least this" },
  leave_rate  = { default = 0, unit = "bp", doc = "close when running and predicted rate are both below this, bp per 8 h" },
  leave_basis = { default = 0, unit = "bp", doc = "and close when the basis to close at is below this" },
  resize      = { default = 2, min = 1.1, max = 100, doc = "renew a pair when its price has changed by this factor" },
}

M.universe = { "usdm:*", "spot:*" }

function M.on_start()
  exec.keep { wallet = "usdm", target = params.cushion, soft = 0.35, hard = 0.26 }
  timer.at_next("look", "1h", "55m")
end

-- Running and predicted rate in bp per 8 h; nil: not known yet.
local function rates(perp)
  local rate, hours, _, rate_8h, predicted = market.funding(perp)
  if rate then return rate_8h * 1e4, (predicted or rate) * 8 / hours * 1e4 end
end

-- Why a pair is to be closed, or nil.
local function over(pair, running, predicted, spread)
  if running < params.leave_rate and predicted < params.leave_rate then
    return string.format("funding is gone: %.2f bp per 8 h, %.2f predicted", running, predicted)
  elseif spread * 1e4 < params.leave_basis then
    return string.format("the basis is gone: %.1f bp", spread * 1e4)
  end
  local grown = pair.perp_qty * market.mark(pair.perp).mark / -pair.perp_cost
  if grown > params.resize or grown < 1 / params.resize then return "renew it" end
end

function M.on_timer()
  timer.at_next("look", "1h", "55m")
  local held, coins = {}, market.pairs()
  for _, pair in ipairs(exec.pair.list()) do held[pair.perp] = pair end
  local share = math.min(params.capital, account.equity() / (1.05 + params.cushion)) / #coins
  for _, c in ipairs(coins) do
    local running, predicted = rates(c.perp)
    local out, into, pair = basis.close(c.spot, c.perp), basis.open_for(c.spot, c.perp, params.batch), held[c.perp]
    if not running or not out then -- not known yet
    elseif pair and pair.state == "open" then
      local why = over(pair, running, predicted, out)
      if why then exec.pair.close(pair.id, { reason = why }) end
    elseif not pair and into and math.min(running, predicted) >= params.enter_rate and into * 1e4 >= params.enter_basis
      and exec.room("usdm") >= share and not exec.halted() then
      exec.pair.open { spot = c.spot, perp = c.perp, notional = share, batch = params.batch, timeout = "30m", tag = c.base,
        min_basis = params.enter_basis / 1e4 }
      return -- one at a time: the next sees what it has left
    end
  end
end

return M

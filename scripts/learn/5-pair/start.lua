local M = { name = "pair" }

M.params = {
  notional = { default = 2000, min = 50, doc = "value of one leg, in USDT" },
  enter_bp = { default = 3, min = 0, doc = "open when funding per 8 hours is above this, in basis points" },
}
M.universe = { "spot:BTCUSDT", "usdm:BTCUSDT" }

local SPOT, PERP = "spot:BTCUSDT", "usdm:BTCUSDT"

function M.on_start() timer.every("look", "10m") end

function M.on_timer()
  local _, _, _, rate = market.funding(PERP)
  if not rate then return end
  local pair = exec.pair.list()[1]
  -- Your task: exec.pair.open { spot = SPOT, perp = PERP, notional = … } or exec.pair.close(pair.id)
end

function M.on_pair(pair)
  if pair.done then log.info(string.format("%s: %.2f USDT, of it funding %.2f", pair.state, pair.realised, pair.funding)) end
end

return M

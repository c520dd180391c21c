local M = { name = "live" }

M.params = {
  notional = { default = 100, min = 20, doc = "value of one order, in USDT" },
  every    = { default = 60, min = 1, unit = "seconds", doc = "time between two looks" },
}
M.universe = { "spot:BTCUSDT" }

local BTC = "spot:BTCUSDT"

function M.on_start() timer.every("look", params.every) end

-- Keeps one bid a little below the market.
function M.on_timer()
  local book = market.book(BTC)
  if not book:ready() or exec.halted() then return end
  for _, o in ipairs(order.open(BTC)) do order.cancel(o.id) end
  local price = book:bid(1) * 0.9995
  order.buy(BTC, params.notional / price, price, { tif = "post_only" })
end

-- Your task: on_order, and on_stop.

return M

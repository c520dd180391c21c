local M = { name = "threshold" }

M.params = {
  high = { default = 60000, min = 1, doc = "sell above this price" },
  qty  = { default = 0.1, min = 0.001, doc = "coins to sell in all" },
}
M.universe = { "usdm:BTCUSDT" }

local BTC = "usdm:BTCUSDT"

function M.on_start()
  state.sold = state.sold or 0
  timer.every("look", "1m")
end

function M.on_timer()
  local bid = market.book(BTC):bid(1)
  if not bid or bid <= params.high or state.sold >= 9 then return end
  if state.last and market.now() < state.last + 3600 then return end
  order.sell(BTC, params.qty / 3, bid, { tif = "ioc" })
  state.sold, state.last = state.sold + 1, market.now()
end

return M

local M = { name = "stop" }

M.params = {
  notional = { default = 1000, min = 20, doc = "value of the position, in USDT" },
  stop_bp  = { default = 100, min = 5, doc = "distance of the stop, in basis points" },
}
M.universe = { "usdm:BTCUSDT" }

local BTC = "usdm:BTCUSDT"

function M.on_signal(name)
  local mid = market.book(BTC):mid()
  if name ~= "long" or not mid then return end
  order.buy(BTC, params.notional / mid, mid * 1.01, { tif = "ioc" })
  -- Your task: a bracket instead, and nothing while there is a position or an order.
end

return M

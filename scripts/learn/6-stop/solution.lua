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
  if account.position(BTC).qty ~= 0 or #order.open(BTC) > 0 then return end
  local distance = mid * params.stop_bp * 1e-4
  order.bracket { symbol = BTC, side = "buy", qty = params.notional / mid, stop = mid - distance, take_profit = mid + 2 * distance }
end

return M

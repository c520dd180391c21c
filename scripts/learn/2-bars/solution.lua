local M = { name = "bars" }

M.params = {
  n        = { type = "integer", default = 14, min = 2, doc = "bars of the index" },
  notional = { default = 1000, min = 20, doc = "value of the position, in USDT" },
}
M.universe = { "usdm:BTCUSDT" }
M.bars = { "15m" }

local BTC = "usdm:BTCUSDT"
local rsi

function M.on_start() rsi = ta.rsi(params.n) end

function M.on_bar(bar)
  local strength = rsi:update(bar.close)
  if not strength then return end
  chart.plot("rsi", strength)
  local held = account.position(BTC).qty
  if strength < 30 and held == 0 then
    order.target(BTC, params.notional / bar.close)
  elseif strength > 60 and held > 0 then
    order.target(BTC, 0)
  end
end

return M

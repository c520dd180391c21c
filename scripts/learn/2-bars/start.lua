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
  -- Your task: below 30 hold params.notional worth, above 60 nothing.
end

return M

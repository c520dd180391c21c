local M = { name = "state" }

M.params = {
  amount = { default = 100, min = 20, doc = "value of one purchase, in USDT" },
  budget = { default = 1000, min = 20, doc = "what may be spent in all, in USDT" },
}
M.universe = { "spot:BTCUSDT" }

local BTC = "spot:BTCUSDT"
local spent = 0 -- Your task: this is forgotten at a restart, and counts what was only asked for.

function M.on_start() timer.at_next("buy", "1h") end

function M.on_timer()
  timer.at_next("buy", "1h")
  local ask = market.book(BTC):ask(1)
  if not ask or spent + params.amount > params.budget then return end
  order.buy(BTC, params.amount / ask, ask, { tif = "ioc" })
  spent = spent + params.amount
end

return M

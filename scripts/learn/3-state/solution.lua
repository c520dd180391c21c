local M = { name = "state" }

M.params = {
  amount = { default = 100, min = 20, doc = "value of one purchase, in USDT" },
  budget = { default = 1000, min = 20, doc = "what may be spent in all, in USDT" },
}
M.universe = { "spot:BTCUSDT" }

local BTC = "spot:BTCUSDT"

function M.on_start()
  state.spent = state.spent or 0
  timer.at_next("buy", "1h")
end

function M.on_timer()
  timer.at_next("buy", "1h")
  local ask = market.book(BTC):ask(1)
  if not ask or state.spent + params.amount > params.budget then return end
  order.buy(BTC, params.amount / ask, ask, { tif = "ioc" })
end

function M.on_fill(fill) state.spent = state.spent + fill.notional end

return M

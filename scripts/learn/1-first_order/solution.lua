local M = { name = "first_order" }

M.params = {
  notional = { default = 1000, min = 20, doc = "what to spend, in USDT" },
  most_bp  = { default = 2, min = 0, doc = "widest spread to buy at, in basis points" },
}
M.universe = { "spot:BTCUSDT" }

local BTC = "spot:BTCUSDT"

function M.on_start() timer.every("look", "1m") end

function M.on_timer()
  local book = market.book(BTC)
  if not book:ready() then return end
  local spread_bp = book:spread() / book:mid() * 1e4
  log.info("the spread is " .. num.fmt(spread_bp, 2) .. " bp")
  if spread_bp <= params.most_bp and account.position(BTC).qty == 0 then
    local ask = book:ask(1)
    order.buy(BTC, params.notional / ask, ask, { tif = "ioc" })
  end
end

return M

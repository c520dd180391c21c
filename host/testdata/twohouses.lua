-- Buys a little of everything it sees, on every venue, sells it again, and says what became
-- of each order.

local M = { name = "twohouses" }

M.params = {
  symbols = { default = { "usdm:BTCUSDT", "bybit.linear:BTCUSDT" }, doc = "what to trade" },
  every = { default = 0.3, min = 0.05, doc = "seconds between orders" },
  acts = { default = 8, min = 0, doc = "orders of each symbol, an even number" },
}
M.universe = function(p) return p.symbols end

function M.on_start()
  state.acts = state.acts or 0
  timer.every("act", params.every)
end

function M.on_timer()
  if state.acts >= params.acts then return end
  for _, symbol in ipairs(params.symbols) do
    if not market.book(symbol):ready() then return end
  end
  if #order.open() > 0 then return end
  state.acts = state.acts + 1
  for _, symbol in ipairs(params.symbols) do
    local b, buy = market.book(symbol), account.position(symbol).qty == 0
    order.submit { symbol = symbol, side = buy and "buy" or "sell", qty = 0.002, price = buy and b:ask(1) * 1.001 or b:bid(1) * 0.999, tif = "ioc", reduce_only = not buy }
  end
end

function M.on_order(o)
  if o.status == "rejected" or o.status == "denied" then log.warn(o.symbol .. ": " .. o.reason) end
end

function M.on_fill(f)
  state.fills = (state.fills or 0) + 1
end

return M

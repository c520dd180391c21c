local sizes = require("lib.sizes")
local M = { name = "stepper", params = { notional = { default = 200, min = 20, doc = "value of one order, in USDT" } }, universe = { "usdm:BTCUSDT" } }
turns = 0

function M.on_start()
  timer.every("look", "10s")
end

function M.on_timer(name)
  turns = turns + 1
  state.turns = turns
  local book = market.book("usdm:BTCUSDT")
  local qty = sizes.of(params.notional, book:ask(1))
  if turns == 3 then
    state.order = order.buy("usdm:BTCUSDT", qty, book:ask(1), { tif = "ioc" })
  end
  local ok = pcall(function() if turns == 4 then error("caught") end end)
  if turns == 5 then
    local missing = state.nowhere
    log.info(missing.price)
  end
end

function M.on_fill(fill)
  state.filled = fill.qty
end

return M

-- NAME: say here in one sentence what it trades and why that should pay.

local M = { name = "NAME" }

-- Set from outside with --set notional=500, and read as params.notional.
M.params = {
  notional = { default = 1000, min = 20, doc = "value of one order, in USDT" },
}

-- What it watches; * stands for anything.
M.universe = { "spot:BTCUSDT" }

function M.on_start()
  timer.every("look", "1m")
end

function M.on_timer(name)
  local book = market.book("spot:BTCUSDT")
  if not book:ready() then return end
  chart.plot("mid", book:mid())
  log.info(string.format("mid %.2f, imbalance %+.2f", book:mid(), book:imbalance(5)))
  -- order.buy("spot:BTCUSDT", params.notional / book:ask(1), book:ask(1), { tif = "ioc" })
end

function M.on_order(order)
  if order.status == "denied" or order.status == "rejected" then log.warn(order.reason) end
end

function M.on_fill(fill)
  log.info(string.format("%s %g at %.2f", fill.side, fill.qty, fill.price))
end

return M

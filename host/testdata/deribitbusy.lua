-- Rests, takes and cancels in spot, linear and inverse instruments, again and again.

local M = { name = "deribitbusy" }

M.params = {
  every = { default = 0.3, min = 0.1, doc = "seconds between actions" },
  acts = { default = 60, min = 1, doc = "actions before it cleans up" },
}
M.universe = { "spot:BTC_USDC", "linear:BTC_USDC-PERPETUAL", "inverse:BTC-PERPETUAL", "linear:ETH_USDC-PERPETUAL", "inverse:ETH-PERPETUAL", "spot:ETH_USDC" }

function M.on_start()
  state.acts = 0
  timer.every("act", params.every)
end

local function size(symbol, price)
  if symbol:find("^inverse") then return symbol:find("BTC") and 100 or 120 end
  return 300 / price
end

local function send(symbol, buy, price, tif)
  order.submit { symbol = symbol, side = buy and "buy" or "sell", qty = size(symbol, price), price = price, tif = tif }
end

local function cancel_some(n)
  for i, o in ipairs(order.open()) do
    if i <= n then order.cancel(o.id) end
  end
end

function M.on_timer()
  state.acts = state.acts + 1
  if state.acts == params.acts + 1 then log.info("nothing more is begun") end
  if state.acts > params.acts then return cancel_some(100) end
  local symbol = M.universe[state.acts % #M.universe + 1]
  local b = market.book(symbol)
  if not b:ready() then return end
  local buy = state.acts % 2 == 0
  if state.acts % 3 == 0 then cancel_some(4) end
  send(symbol, buy, buy and b:bid(2) or b:ask(2), state.acts % 3 == 0 and "gtc" or "post_only")
  buy = state.acts % 4 < 2
  send(symbol, buy, buy and b:ask(3) or b:bid(3), "ioc")
end

return M

-- Trades all the time, so that a test that stops it stops it in the middle of
-- something: pairs, resting orders, orders that take, and transfers.

local M = { name = "busy" }

M.params = { every = { default = 30, min = 1, doc = "seconds between actions" } }
M.universe = { "usdm:*", "spot:*" }

local coins = { "BTC", "ETH", "SOL", "XRP", "DOGE" }

function M.on_start()
  state.acts = state.acts or 0
  timer.every("act", params.every)
end

local function pair_of(base)
  for _, p in ipairs(exec.pair.list()) do
    if p.tag == base then return p end
  end
end

function M.on_timer()
  state.acts = state.acts + 1
  local base = coins[state.acts % #coins + 1]
  local spot = "spot:" .. base .. "USDT"
  local book = market.book(spot)
  if not book:ready() then return end
  local bid, ask = book:bid(1), book:ask(1)
  local pair = pair_of(base)
  if not pair then
    exec.pair.open { spot = spot, perp = "usdm:" .. base .. "USDT", notional = 4000, batch = 1000, level = 3, tag = base, timeout = "5m" }
  elseif pair.state == "open" then
    exec.pair.close(pair.id, { patience = "1m", reason = "next" })
  end
  for _, o in ipairs(order.open()) do order.cancel(o.id) end
  order.buy(spot, 100 / ask, bid)
  if state.acts % 3 == 0 then order.buy(spot, 50 / ask, ask, { tif = "ioc" }) end
  if state.acts % 4 == 0 then exec.transfer("USDT", "spot", "usdm", 10) end
  if state.acts % 4 == 2 then exec.transfer("USDT", "usdm", "spot", 10) end
end

function M.on_order(o)
  if o.status == "filled" then state.filled = (state.filled or 0) + 1 end
end

return M

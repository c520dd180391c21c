-- Does everything that a live session can be asked for, again and again, and then
-- cleans up: pairs, orders that rest and are canceled, orders that take, in all
-- three markets, and transfers both ways.

local M = { name = "livebusy" }

M.params = {
  every = { default = 0.5, min = 0.1, doc = "seconds between actions" },
  acts = { default = 60, min = 1, doc = "actions before it cleans up" },
  away = { default = 0, min = 0, max = 0.5, doc = "if not 0: only orders that rest this far from the market, as a fraction, and stay" },
  pairs = { default = true, doc = "open and close pairs" },
}
M.universe = { "spot:BTCUSDT", "spot:ETHUSDT", "usdm:BTCUSDT", "usdm:ETHUSDT", "coinm:BTCUSD_PERP", "coinm:ETHUSD_PERP" }

function M.on_start()
  state.acts = 0
  timer.every("act", params.every)
end

local function cancel_some(n)
  for i, o in ipairs(order.open()) do
    if i <= n and not o.pair then order.cancel(o.id) end
  end
end

local function pairs_turn()
  local base = state.acts % 2 == 0 and "BTC" or "ETH"
  for _, p in ipairs(exec.pair.list()) do
    if p.tag == base then
      if p.state == "open" then exec.pair.close(p.id, { patience = "2s", reason = "next" }) end
      return
    end
  end
  exec.pair.open { spot = "spot:" .. base .. "USDT", perp = "usdm:" .. base .. "USDT", notional = 1500, batch = 700, level = 3, tag = base, timeout = "5s" }
end

-- size is a small amount in the units of the symbol.
local function size(symbol, price)
  if symbol:find("coinm") then return symbol:find("BTC") and 1 or 10 end
  return 120 / price
end

local function rest(symbol)
  local b = market.book(symbol)
  if not b:ready() then return end
  local buy = state.acts % 2 == 0
  local price = buy and b:bid(2) * (1 - params.away) or b:ask(2) * (1 + params.away)
  order.submit { symbol = symbol, side = buy and "buy" or "sell", qty = size(symbol, price), price = price,
    tif = state.acts % 3 == 0 and "gtc" or "post_only" }
end

local function take(symbol)
  local b = market.book(symbol)
  if not b:ready() then return end
  local buy = state.acts % 4 < 2
  local price = buy and b:ask(3) or b:bid(3)
  order.submit { symbol = symbol, side = buy and "buy" or "sell", qty = size(symbol, price), price = price, tif = "ioc" }
end

local function flat(symbol)
  local p = account.position(symbol)
  local b = market.book(symbol)
  if p.qty == 0 or not b:ready() then return end
  order.submit { symbol = symbol, side = p.qty > 0 and "sell" or "buy", qty = math.abs(p.qty),
    price = p.qty > 0 and b:bid(5) or b:ask(5), tif = "ioc", reduce_only = true }
end

local function clean_up()
  cancel_some(100)
  for _, p in ipairs(exec.pair.list()) do
    if p.state == "open" then exec.pair.close(p.id, { patience = "1s", reason = "the end" }) end
  end
end

function M.on_timer()
  state.acts = state.acts + 1
  local symbol = M.universe[state.acts % #M.universe + 1]
  if params.away > 0 then return state.acts <= params.acts and rest(symbol) end
  if state.acts == params.acts + 1 then log.info("nothing more is begun") end
  if state.acts > params.acts then return clean_up() end
  if state.acts % 3 == 0 then cancel_some(4) end
  rest(symbol)
  take(M.universe[(state.acts + 3) % #M.universe + 1])
  if params.pairs and state.acts % 4 == 1 then pairs_turn() end
  if state.acts % 20 == 3 then exec.transfer("USDT", "spot", "usdm", 11) end
  if state.acts % 20 == 6 then exec.transfer("USDT", "usdm", "spot", 10) end
  if state.acts % 20 == 9 then exec.transfer("BTC", "spot", "coinm", "0.001") end
  if state.acts % 20 == 12 then exec.transfer("BTC", "coinm", "spot", "0.001") end
  if state.acts % 11 == 0 and not symbol:find("^spot") then flat(symbol) end
end

return M

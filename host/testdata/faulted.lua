-- Trades without rest in all that it is given: orders that rest and are canceled, orders that
-- take, pairs of any two legs, transfers; and cleans up when its acts are over.

local M = { name = "faulted" }

M.params = {
  symbols = { default = { "usdm:BTCUSDT" }, doc = "what to trade" },
  pairs = { default = {}, doc = "legs of pairs, LONG>SHORT" },
  moves = { default = {}, doc = "transfers there and back, ASSET>WALLET>WALLET>AMOUNT" },
  every = { default = 0.4, min = 0.05, doc = "seconds between actions" },
  acts = { default = 60, min = 0, doc = "actions of which an order went out before it cleans up" },
}
M.universe = function(p) return p.symbols end

function M.on_start()
  state.acts, state.turns = state.acts or 0, state.turns or 0
  timer.every("act", params.every)
end

local function parts(text)
  local out = {}
  for part in text:gmatch("[^>]+") do out[#out + 1] = part end
  return out
end

-- size is worth some hundred dollars, in the units of the instrument.
local function size(symbol, price)
  local rules = market.instrument(symbol)
  if rules.inverse then return math.ceil(120 / rules.contract_size / rules.lot) * rules.lot end
  return 120 / price
end

local function send(symbol, buy, price, tif, reduce)
  return order.submit { symbol = symbol, side = buy and "buy" or "sell", qty = size(symbol, price), price = price, tif = tif, reduce_only = reduce }
end

local function cancel_some(n)
  for _, o in ipairs(order.open()) do
    if n == 0 then return end
    if not o.pair then
      order.cancel(o.id)
      n = n - 1
    end
  end
end

local function turn_pairs(n)
  local legs = parts(params.pairs[n])
  for _, p in ipairs(exec.pair.list()) do
    if p.tag == params.pairs[n] then
      if p.state == "open" then exec.pair.close(p.id, { patience = "2s", reason = "next" }) end
      return
    end
  end
  local id, err = exec.pair.open { long = legs[1], short = legs[2], notional = 900, batch = 450, max_unhedged = 900, level = 3, tag = params.pairs[n], timeout = "8s" }
  if not id then log.warn("no pair: " .. err) end
end

local function move(n, back)
  local m = parts(params.moves[n])
  exec.transfer(m[1], back and m[3] or m[2], back and m[2] or m[3], m[4])
end

local told = false -- by this run

local function clean_up()
  if not told then log.info("nothing more is begun") end
  told = true
  cancel_some(100)
  for _, p in ipairs(exec.pair.list()) do
    if p.state == "open" then exec.pair.close(p.id, { patience = "1s", reason = "the end" }) end
  end
end

function M.on_timer()
  if state.acts >= params.acts then return clean_up() end
  state.turns = state.turns + 1
  local turn = state.turns
  if #params.pairs > 0 and turn % 4 == 1 then turn_pairs(math.floor(turn / 4) % #params.pairs + 1) end
  if #params.moves > 0 and turn % 10 == 3 then move(math.floor(turn / 20) % #params.moves + 1, turn % 20 > 10) end
  if turn % 3 == 0 then cancel_some(4) end
  local symbol = params.symbols[turn % #params.symbols + 1]
  local b = market.book(symbol)
  if not b:ready() then return end
  local buy = turn % 2 == 0
  local rests = send(symbol, buy, buy and b:bid(2) or b:ask(2), turn % 3 == 0 and "gtc" or "post_only")
  buy = turn % 4 < 2
  local takes = send(symbol, buy, buy and b:ask(3) or b:bid(3), "ioc")
  if rests or takes then state.acts = state.acts + 1 end
end

return M

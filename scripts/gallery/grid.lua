-- Grid: buys at fixed distances below a center, and sells each of what it bought one step
-- higher. Every step up and down again earns a step, less two maker fees.
--
-- It is a bet that the price stays in a range. A fall leaves it with all it could buy, at a loss
-- on paper that the small gains before do not make good; above the grid it has nothing.

local M = { name = "grid" }

M.params = {
  symbol  = { type = "string", default = "spot:BTCUSDT", doc = "what to trade" },
  step    = { default = 0.01, min = 0.001, max = 0.2, unit = "fraction", doc = "distance of two levels" },
  levels  = { type = "integer", default = 10, min = 1, max = 50, doc = "how many levels below the center" },
  slice   = { default = 500, min = 20, doc = "value of one order, in USDT" },
  reach   = { default = 0.04, min = 0.005, max = 1, unit = "fraction", doc = "only levels this near to the price have an order; the gate refuses what is far" },
  recenter = { default = 0.05, min = 0, max = 1, unit = "fraction", doc = "holding nothing, follow the price when it is this far above the center; 0: never" },
}

M.universe = function(p) return { p.symbol } end

local p = params

-- A slot is a level: what it holds, and its order. It buys at its price, and sells a step above;
-- never through the other side of the book, where the price has gone on.
local function work(i)
  local slot, book = state.slots[i], market.book(p.symbol)
  local at = slot.order and order.get(slot.order)
  local bid, ask = book:bid(1), book:ask(1)
  if at and not at.done or not bid or not ask then return end
  local level, rules = state.center * (1 - p.step) ^ i, market.instrument(p.symbol)
  local holds = slot.held >= rules.min_qty and slot.held * level >= rules.min_notional
  local price = holds and math.max(level / (1 - p.step), ask) or math.min(level, bid)
  if math.abs(price / ask - 1) > p.reach then return end
  local qty = holds and slot.held or p.slice / price
  slot.order = order[holds and "sell" or "buy"](p.symbol, qty, price, { tif = "post_only" })
end

local function lay(center)
  for _, o in ipairs(order.open(p.symbol)) do order.cancel(o.id) end
  state.center, state.slots = center, {}
  for i = 1, p.levels do state.slots[i] = { held = 0 } end
  log.info("the grid hangs below " .. num.fmt(center, 2))
end

function M.on_start() timer.every("look", "1m") end

-- An order that was refused, or that a restart ended, is placed again at the next look.
function M.on_timer()
  local mid = market.book(p.symbol):mid()
  if not mid or exec.halted() then return end
  local free = account.position(p.symbol).qty * mid < market.instrument(p.symbol).min_notional
  if not state.center or p.recenter > 0 and free and mid > state.center * (1 + p.recenter) then lay(mid) end
  for i = 1, #state.slots do work(i) end
end

function M.on_fill(fill)
  for i, slot in ipairs(state.slots) do
    if slot.order == fill.order then
      local fee = fill.fee_asset == market.instrument(p.symbol).base and fill.fee or 0
      slot.held = math.max(0, slot.held + (fill.side == "buy" and fill.qty - fee or -fill.qty))
      local o = order.get(fill.order)
      if o and o.done then work(i) end
    end
  end
end

return M

-- Remembers what it is told, and does what its parameters say.
local M = { name = "probe", version = 1 }

M.params = {
  qty = { default = 0.01, min = 0 },
  tif = { type = "choice", default = "ioc", choices = { "ioc", "gtc", "post_only" } },
  words = { type = "list", default = { "a" } },
  on = { default = true },
}
M.universe = { "*:BTCUSDT" }
M.bars = { "1m", "1h" }

local function count(what) state[what] = (state[what] or 0) + 1 end

function M.on_start() count("starts") timer.every("tick", "1m") end
function M.on_timer() count("ticks") end
function M.on_book(book)
  count("books")
  state.bid, state.ask, state.imbalance = book:bid(), book:ask(), book:imbalance(5)
end
function M.on_trade(t) state.trade = t.price end
function M.on_mark(symbol, m) state.mark, state.rate, state.next = m.mark, m.rate, m.next end
function M.on_liquidation(l) state.liquidated = l.qty end
function M.on_funding(p) state.funding = (state.funding or 0) + p.amount end
function M.on_bar(bar) state["bar" .. bar.length] = { bar.open, bar.high, bar.low, bar.close, bar.volume } end
function M.on_order(o) state.status, state.reason = o.status, o.reason end
function M.on_fill(f) state.filled, state.why = (state.filled or 0) + f.qty, f.reason end
function M.on_gap(symbol, reason) state.gap = reason end
function M.on_halt(reason) state.halted = reason end
function M.on_advice(a) state.advice = a.ok and a.answer.action or a.verdict end
function M.on_stop() state.stopped = true end

function M.on_signal(name, payload)
  if name == "buy" or name == "sell" then
    local b = market.book(payload)
    local price = params.tif == "post_only" and b:bid() or name == "buy" and (b:ask(1)) or (b:bid(1))
    order.submit { symbol = payload, side = name, qty = params.qty, price = price, tif = params.tif }
  elseif name == "cancel" then
    for _, o in ipairs(order.open(payload)) do order.cancel(o.id) end
  elseif name == "ask" then
    ai.ask { tag = "t", question = "What now?", context = { n = 1 }, schema = { action = { "go", "stay" } } }
  elseif name == "fail" then
    error("asked to fail")
  elseif name == "note" then
    notify.send("look here")
    chart.plot("line", payload.value)
  end
end

return M

-- Dollar-cost averaging: buys for the same amount at the same hour, whatever the price; and
-- twice as much when the price is well below its average, if you like.
--
-- It has no edge: it is a way to own a coin. What it earns is what the coin does, less fees.

local M = { name = "dca" }

M.params = {
  symbol  = { type = "string", default = "spot:BTCUSDT", doc = "what to buy" },
  amount  = { default = 50, min = 10, doc = "value of one purchase, in USDT" },
  every   = { type = "string", default = "1d", doc = "time between two purchases, counted from midnight UTC" },
  dip     = { default = 0.1, min = 0, max = 0.9, unit = "fraction", doc = "so far below the average of 30 days it buys twice as much; 0: never" },
  slip_bp = { default = 20, min = 0, max = 500, unit = "bp", doc = "no more than this above the best ask is paid" },
  budget  = { default = 0, min = 0, doc = "stop when so much was spent, in USDT; 0: when there is no money left" },
}

M.universe = function(p) return { p.symbol } end
M.bars = { "1d" }

local p = params

function M.on_start()
  state.spent, state.coins = state.spent or 0, state.coins or 0
  timer.at_next("buy", p.every)
end

local function average()
  local bars, sum = market.bars(p.symbol, 30, "1d"), 0
  for _, b in ipairs(bars) do sum = sum + b.close end
  if #bars == 30 then return sum / 30 end
end

function M.on_timer()
  timer.at_next("buy", p.every)
  local ask = market.book(p.symbol):ask(1)
  if not ask then return log.warn("no price: this purchase is left out") end
  local mean = average()
  local amount = mean and p.dip > 0 and ask < mean * (1 - p.dip) and 2 * p.amount or p.amount
  if p.budget > 0 then amount = math.min(amount, p.budget - state.spent) end
  if amount < market.instrument(p.symbol).min_notional then return log.info("the budget is spent") end
  local limit = ask * (1 + p.slip_bp * 1e-4)
  order.buy(p.symbol, amount / ask, limit, { tif = "ioc" })
end

-- What was paid is counted by fills, which may be less than what was asked for.
function M.on_fill(fill)
  state.spent, state.coins = state.spent + fill.notional, state.coins + fill.qty
  chart.plot("average price", state.spent / state.coins)
end

function M.on_order(o)
  if o.status == "denied" or o.status == "rejected" then log.warn(o.reason) end
end

return M

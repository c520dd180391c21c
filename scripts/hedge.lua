-- Hedge: holds a short perpetual against coins that the account owns, so that
-- their price matters less. It never opens a position of its own: without coins
-- there is nothing to hedge and it stays flat.
--
-- How much to hedge is a ratio of the holding. By itself the script keeps the
-- ratio in its parameters. With an advisor configured it asks every ask_minutes,
-- and follows an answer within [min_ratio, max_ratio] for as long as it counts
-- (ttl); whatever goes wrong with the advisor, the fixed ratio applies again.
-- The position is read before every action, orders are sent only for the
-- difference, and one coin is acted upon at most once a minute.

local M = { name = "hedge" }

M.params = {
  coins        = { type = "list", default = { "BTC" }, min = 1, max = 20, doc = "coins to hedge: spot:<coin>USDT with usdm:<coin>USDT" },
  exposure     = { default = 0, min = 0, doc = "coins to hedge of each; 0: what the spot wallet holds" },
  ratio        = { default = 0.5, min = 0, max = 1, doc = "part of the holding to hedge when there is no advice" },
  min_ratio    = { default = 0, min = 0, max = 1, doc = "least part, whatever the advisor says" },
  max_ratio    = { default = 1, min = 0, max = 1, doc = "greatest part, whatever the advisor says" },
  band         = { default = 0.05, min = 0, max = 1, doc = "leave it while the ratio is off by less than this" },
  min_notional = { default = 110, min = 0, doc = "smallest change worth an order, in USDT" },
  reach_bp     = { default = 5, min = 0, max = 90, doc = "how far beyond the best price an order may take, bp" },
  ask_minutes  = { default = 15, min = 1, doc = "minutes between questions to the advisor" },
  ttl          = { type = "string", default = "30m", doc = "how long an answer counts, from the asking" },
}

M.universe = function(p)
  local list = {}
  for _, coin in ipairs(p.coins) do
    list[#list + 1] = "spot:" .. coin .. "USDT"
    list[#list + 1] = "usdm:" .. coin .. "USDT"
  end
  return list
end

local p = params

local function perp(coin) return "usdm:" .. coin .. "USDT" end

local function holding(coin)
  if p.exposure > 0 then return p.exposure end
  return account.balance("spot", coin).total
end

-- The short that is held, in coins.
local function hedged(coin) return 0 - account.position(perp(coin)).qty end

local function clamp(x) return math.max(p.min_ratio, math.min(p.max_ratio, x)) end

-- The ratio to keep, and whose word it is; nil: leave it as it is.
local function target(coin)
  local advice = ai.latest(coin)
  if not advice then return clamp(p.ratio), "rule" end
  local a = advice.answer
  if a.action == "hold" then return nil, "advisor" end
  return clamp(a.action == "flat" and 0 or a.ratio), "advisor"
end

local function rebalance(coin)
  local symbol, coins, now = perp(coin), holding(coin), market.now()
  local book, short = market.book(symbol), hedged(coin)
  if not book:ready() or #order.open(symbol) > 0 or now < (state.acted[coin] or 0) + 60 then return end
  local ratio, who = target(coin)
  if not ratio then return end
  local want = ratio * coins
  chart.plot(coin .. " hedge ratio", coins > 0 and short / coins or 0)
  local change = want - short -- above 0: sell more
  local price = change > 0 and book:bid() or book:ask()
  if not price or math.abs(change) * price < p.min_notional then return end
  if coins > 0 and math.abs(change) < p.band * coins and want > 0 then return end

  state.acted[coin] = now
  local side = change > 0 and "sell" or "buy"
  order.submit {
    symbol = symbol, side = side, tif = "ioc", qty = num.fmt(math.abs(change), 8), reduce_only = change < 0,
    price = price * (1 + (side == "buy" and 1 or -1) * p.reach_bp / 1e4),
  }
  log.info(string.format("%s: hedged %.4f of %.4f, want %.0f%% (%s): %s %.4f", coin, short, coins, ratio * 100, who, side, math.abs(change)))
end

-- Change of the mark price over so many bars, as a fraction.
local function move(symbol, bars)
  local list = market.bars(symbol, bars)
  if #list < 2 then return nil end
  return list[#list].close / list[1].open - 1
end

-- One question at a time: the coins take turns.
local function consult()
  if not ai.advisor() then return end
  state.turn = (state.turn or 0) % #p.coins + 1
  local coin = p.coins[state.turn]
  local symbol, coins = perp(coin), holding(coin)
  local rate, hours, _, _, predicted = market.funding(symbol)
  local book = market.book(symbol)
  if coins <= 0 or not rate or not book:ready() then return end
  local id, err = ai.ask {
    tag = coin, deadline = "20s", ttl = p.ttl,
    question = "The account owns the coins in data and can short the perpetual against them. Which part of the holding "
      .. "should be hedged until you are asked again? hedge: keep that ratio; flat: no hedge; hold: leave it.",
    context = {
      coin = coin, coins_held = coins, hedge_ratio_now = hedged(coin) / coins, price = book:mid(),
      funding_rate = rate, funding_predicted = predicted, funding_hours = hours, imbalance = book:imbalance(5), move_60_bars = move(symbol, 60),
    },
    schema = { action = { "hedge", "flat", "hold" }, ratio = { min = p.min_ratio, max = p.max_ratio } },
  }
  if not id then log.debug(err) end
end

function M.on_start()
  if p.min_ratio > p.max_ratio then error("min_ratio is above max_ratio") end
  state.acted = state.acted or {}
  timer.every("rebalance", "10s")
  timer.every("consult", p.ask_minutes * 60 / #p.coins)
end

function M.on_timer(name)
  if name == "consult" then return consult() end
  for _, coin in ipairs(p.coins) do rebalance(coin) end
end

function M.on_advice(advice)
  if advice.ok then rebalance(advice.tag) end
end

function M.on_order(o)
  if o.status == "denied" or o.status == "rejected" then log.warn(o.symbol .. ": " .. (o.reason or o.status)) end
end

return M

-- Hedge: holds a short perpetual against coins that the account owns, so that
-- their price matters less. It never opens a position of its own: without coins
-- there is nothing to hedge and it stays flat.
--
-- How much to hedge is a ratio of the holding. By itself the script keeps the
-- ratio in its parameters. With an advisor configured it asks every ask_minutes,
-- and follows an answer within [min_ratio, max_ratio] for as long as it counts
-- (ttl); whatever goes wrong with the advisor, the fixed ratio applies again.
-- The position is read before every action, orders are sent only for the
-- difference, and one coin is acted upon at most once a minute, or in parts where the
-- difference is larger than one order may be.

-- With --set ask=signal the question is another one: LONG, SHORT or FLAT, how sure, and how
-- large, from the top of the book and the last trades. An answer counts from
-- min_confidence on and until ttl; SHORT hedges that part of the holding, within min_ratio
-- and max_ratio, FLAT none, and LONG none and buys that part of max_long on top, which is 0
-- unless asked for. One that is less sure, or outside of its schema, is told with the
-- reason and changes nothing. How sure a model says it is has been calibrated by nobody.

local M = { name = "hedge" }

M.params = {
  coins        = { type = "list", default = { "BTC" }, min = 1, max = 20, doc = "coins to hedge: spot:<coin>USDT with usdm:<coin>USDT" },
  exposure     = { default = 0, min = 0, doc = "coins to hedge of each; 0: what the spot wallet holds" },
  ratio        = { default = 0.5, min = 0, max = 1, doc = "part of the holding to hedge when there is no advice" },
  min_ratio    = { default = 0, min = 0, max = 1, doc = "least part, whatever the advisor says" },
  max_ratio    = { default = 1, min = 0, max = 1, doc = "greatest part, whatever the advisor says" },
  band         = { default = 0.05, min = 0, max = 1, doc = "leave it while the ratio is off by less than this" },
  min_notional = { default = 110, min = 0, doc = "smallest change worth an order, in USDT" },
  max_order    = { default = 49500, min = 1, doc = "largest order that adds to the position, in USDT: a greater change goes in parts, ten seconds apart; the session's own limit is max_order_notional" },
  reach_bp     = { default = 5, min = 0, max = 90, doc = "how far beyond the best price an order may take, bp" },
  ask_minutes  = { default = 15, min = 1, doc = "minutes between questions to the advisor" },
  ask          = { type = "choice", choices = { "ratio", "signal" }, default = "ratio", doc = "what the advisor is asked: a ratio, or LONG, SHORT or FLAT" },
  min_confidence = { default = 0.7, min = 0, max = 1, doc = "of a signal: below it nothing is changed" },
  max_long     = { default = 0, min = 0, doc = "of a signal: coins of the perpetual that LONG may buy; 0: LONG is no hedge" },
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
  if p.ask == "signal" then
    local s = state.signals[coin]
    if s and market.now() < s.till then return s.ratio, "signal", s.long end
    return clamp(p.ratio), "rule"
  end
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
  local ratio, who, long = target(coin)
  if not ratio then return end
  local want = ratio * coins - (long or 0)
  chart.plot(coin .. " hedge ratio", coins > 0 and short / coins or 0)
  local change = want - short -- above 0: sell more
  local price = change > 0 and book:bid() or book:ask()
  if not price or math.abs(change) * price < p.min_notional then return end
  if coins > 0 and math.abs(change) < p.band * coins and want > 0 then return end

  local side, size, rules = change > 0 and "sell" or "buy", math.abs(change), market.instrument(symbol)
  local reduces = change < 0 and want >= 0 -- which no limit of the session holds back
  local part = math.min(size, reduces and size or p.max_order / price, rules.max_qty or size)
  state.acted[coin] = part < size and now - 50 or now -- the next part is due soon
  order.submit {
    symbol = symbol, side = side, tif = "ioc", qty = num.fmt(part, 8), reduce_only = reduces,
    price = price * (1 + (side == "buy" and 1 or -1) * p.reach_bp / 1e4),
  }
  log.info(string.format("%s: hedged %.4f of %.4f, want %.0f%% (%s): %s %.4f", coin, short, coins, ratio * 100, who, side, part))
end

-- Change of the mark price over so many bars, as a fraction.
local function move(symbol, bars)
  local list = market.bars(symbol, bars)
  if #list < 2 then return nil end
  return list[#list].close / list[1].open - 1
end

-- The last trades of each perpetual, newest last.
local trades = {}

function M.on_trade(t)
  if p.ask ~= "signal" then return end
  local list = trades[t.symbol] or {}
  trades[t.symbol] = list
  list[#list + 1] = { price = t.price, qty = t.qty, side = t.side }
  if #list > 10 then table.remove(list, 1) end
end

-- The best five levels of a side, as { price, quantity }.
local function levels(book, side)
  local out = {}
  for i = 1, 5 do
    local price, qty = book[side](book, i)
    if not price then break end
    out[i] = { price, qty }
  end
  return out
end

local function signal(coin, symbol, book)
  local coins, short = holding(coin), hedged(coin)
  local _, err = ai.ask {
    tag = coin, deadline = "20s", ttl = p.ttl,
    question = "The account owns the coins in data, and its perpetual can be short against them. What should the perpetual be until you are asked again? "
      .. "action: SHORT, FLAT or LONG; position_size: the part of the greatest position, 0 to 1; confidence: 0 to 1; reasoning: at most 200 letters.",
    context = {
      coin = coin, coins_held = coins, short_now = short, bids = levels(book, "bid"), asks = levels(book, "ask"),
      last_trades = trades[symbol] or {}, funding_rate = (market.funding(symbol)), imbalance = book:imbalance(5), move_60_bars = move(symbol, 60),
    },
    schema = { action = { "LONG", "SHORT", "FLAT" }, confidence = { min = 0, max = 1 }, position_size = { min = 0, max = 1 },
      reasoning = { type = "text", max = 200, optional = true } },
  }
  if err then log.debug(err) end
end

-- Takes a signal, or says why it changes nothing.
local function take(advice)
  local coin, a = advice.tag, advice.answer
  if not advice.ok then
    return log.warn(string.format("%s: the signal changes nothing: %s", coin, advice.reason or advice.verdict))
  elseif a.confidence < p.min_confidence then
    return log.info(string.format("%s: %s changes nothing: confidence %.2f is below %.2f", coin, a.action, a.confidence, p.min_confidence))
  end
  state.signals[coin] = {
    ratio = a.action == "SHORT" and clamp(a.position_size) or clamp(0), till = advice.expires,
    long = a.action == "LONG" and p.max_long > 0 and a.position_size * p.max_long or nil,
  }
  log.info(string.format("%s: %s %.0f%%, confidence %.2f: %s", coin, a.action, a.position_size * 100, a.confidence, a.reasoning or ""))
  rebalance(coin)
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
  if p.ask == "signal" then return signal(coin, symbol, book) end
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
  state.acted, state.signals = state.acted or {}, state.signals or {}
  timer.every("rebalance", "10s")
  timer.every("consult", p.ask_minutes * 60 / #p.coins)
end

function M.on_timer(name)
  if name == "consult" then return consult() end
  for _, coin in ipairs(p.coins) do rebalance(coin) end
end

function M.on_advice(advice)
  if p.ask == "signal" then return take(advice) end
  if advice.ok then rebalance(advice.tag) end
end

function M.on_order(o)
  if o.status == "denied" or o.status == "rejected" then log.warn(o.symbol .. ": " .. (o.reason or o.status)) end
end

return M

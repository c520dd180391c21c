-- Market making: rests a bid and an ask around the fair price, and leans both against what it
-- holds, so that the side which brings it back to flat is the better one.
--
-- It earns the spread from those who must trade, and loses to those who know more: prices move
-- through its quotes when it is wrong. What counts is maker fee, queue and latency, which bars
-- do not have: judge it on recorded books or live data on paper, never on candles.

local M = { name = "market_maker" }

M.params = {
  symbol  = { type = "string", default = "usdm:BTCUSDT", doc = "what to trade" },
  size    = { default = 1000, min = 20, doc = "value of one quote, in USDT" },
  most    = { default = 5000, min = 20, doc = "value that may be held, either way, in USDT" },
  half_bp = { default = 4, min = 0, max = 200, unit = "bp", doc = "least distance of a quote from the fair price" },
  vol     = { default = 1, min = 0, max = 20, doc = "and as many standard deviations of the price in one look" },
  skew_bp = { default = 6, min = 0, max = 200, unit = "bp", doc = "how far a full position moves both quotes" },
  move_bp = { default = 1, min = 0, max = 50, unit = "bp", doc = "a quote that is off by less stays, and keeps its place in the queue" },
  every   = { default = 2, min = 0.1, max = 600, unit = "seconds", doc = "time between two looks" },
}

M.universe = function(p) return { p.symbol } end

local p, bp, noise, last = params, 1e-4, nil, nil

local function begin()
  noise, last = ta.stdev(60), nil
  timer.every("look", p.every)
end

M.on_start, M.on_reload = begin, begin

-- Brings the quote of a side to a price, or takes it away when price is nil.
local function quote(side, price, qty)
  local there
  for _, o in ipairs(order.open(p.symbol)) do
    if o.side == side then
      if price and not there and math.abs(o.price / price - 1) < p.move_bp * bp then there = o else order.cancel(o.id) end
    end
  end
  if price and not there then order[side](p.symbol, qty, price, { tif = "post_only" }) end
end

function M.on_timer()
  local book = market.book(p.symbol)
  local fair = book:ready() and book:microprice()
  if not fair then last = nil return M.on_gap() end
  local sd = last and noise:update(fair / last - 1)
  last = fair
  if not sd then return end
  local held = account.position(p.symbol).qty * fair / p.most -- -1 to 1
  local half = math.max(p.half_bp * bp, p.vol * sd)
  local center = fair * (1 - held * p.skew_bp * bp)
  local bid, ask = book:bid(1), book:ask(1)
  chart.plot("held", held)
  quote("buy", held < 1 and math.min(center * (1 - half), bid) or nil, p.size / fair)
  quote("sell", held > -1 and math.max(center * (1 + half), ask) or nil, p.size / fair)
end

-- Without a book there is no fair price: better no quote than an old one.
function M.on_gap()
  for _, o in ipairs(order.open(p.symbol)) do order.cancel(o.id) end
end

return M

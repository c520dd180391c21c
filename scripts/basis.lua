-- Basis: buy spot and sell the perpetual (or a dated future) when it is dear, undo
-- it when it is cheap again. With legs = "calendar" a dated future is sold against the
-- perpetual of its venue, with legs = "venues" a perpetual against that of another one. The basis alone decides; funding is a bonus or a cost
-- on the way.
--
-- "Dear" is relative. The basis of liquid coins rests a few basis points below
-- zero, so a fixed threshold above zero would never trade. Each pair is compared
-- with its own recent past instead: its mean and its standard deviation.
--
-- With the defaults it trades often, to be watched, and pays for it: the basis of
-- liquid coins swings by one to three bp within minutes, and a round trip of four
-- taker executions costs 30: on six recorded minutes of BTC it loses its fees and
-- little else. min_gain is what makes it a business: above 30 it waits for the
-- violent moments in which the swing pays for the fees, which are rare.

local M = { name = "basis" }

M.params = {
  notional  = { default = 2000, min = 20, doc = "value of one leg, in USDT" },
  level     = { type = "integer", default = 1, min = 1, max = 20, doc = "book level that counts as the price" },
  window    = { type = "integer", default = 120, min = 20, max = 10000, doc = "samples that make up the recent past" },
  every     = { default = 0.5, min = 0.01, doc = "seconds between samples" },
  enter     = { default = 1.5, min = 0, doc = "open when the basis is this many standard deviations above its mean" },
  leave     = { default = 0.5, doc = "close when it is less than this many above" },
  min_gain  = { default = 0, doc = "bp above the mean to open, and below the opening basis to close; set it above your fees to trade for profit" },
  max_skew  = { default = 1, min = 0, doc = "seconds that one leg's book may be older than the other's" },
  per_day   = { type = "integer", default = 20, min = 1, doc = "pairs it opens a day at most" },
  hold      = { default = 30, min = 0, doc = "seconds a pair is held at least" },
  legs      = { type = "choice", default = "spot", choices = { "spot", "calendar", "venues" }, doc = "what is bought against the contract that is sold: its coins, the perpetual of a dated future, or the same perpetual of another venue" },
  dated     = { type = "boolean", default = false, doc = "trade dated futures instead of perpetuals" },
  min_yield = { default = 0.04, min = 0, doc = "dated futures: open when the basis, less the fees of opening and of selling at delivery, is above this a year (0.04 is 4 %)" },
}

function M.universe() return params.legs == "venues" and { "*:*" } or { "spot:*", "usdm:*" } end

local p = params
local watch = {} -- by symbol: what is watched on its book

-- What is bought and what is sold. A perpetual of another venue is watched both ways round.
local function candidates()
  local list = market.pairs { margin = "usdt", dated = p.dated }
  if p.legs == "spot" then return list end
  local out, perps = {}, market.pairs { margin = "usdt" }
  local short = p.legs == "calendar" and market.pairs { margin = "usdt", dated = true } or perps
  for _, long in ipairs(perps) do
    for _, pair in ipairs(short) do
      if pair.base == long.base and pair.perp ~= long.perp then
        out[#out + 1] = { base = pair.base, spot = long.perp, perp = pair.perp, delivery = pair.delivery }
      end
    end
  end
  return out
end

local function watching(pair)
  for _, w in ipairs(watch[pair.short] or {}) do
    if w.spot == pair.long and w.perp == pair.short then return w end
  end
end

local function setup()
  for _, pair in ipairs(candidates()) do
    local w = { base = pair.base, delivery = pair.delivery, spot = pair.spot, perp = pair.perp, mean = ta.sma(p.window), dev = ta.stdev(p.window), at = 0, rest = 0 }
    for _, symbol in ipairs { pair.spot, pair.perp } do
      watch[symbol] = watch[symbol] or {}
      table.insert(watch[symbol], w)
    end
  end
  for _, pair in ipairs(exec.pair.list()) do
    local w = watching(pair)
    if w then w.pair = pair.id end
  end
end

M.on_start, M.on_reload = setup, setup -- a new version has to watch anew

-- A dated future is delivered at the price of the coin, so its basis is earned by
-- whoever waits: what opens the pair is its yield. It is closed early when the
-- basis is gone, as that of a perpetual is; otherwise delivery closes the future,
-- and the host sells the coins.
local function dear(w, open, mean, dev)
  if not w.delivery then return open > mean + p.enter * dev and (open - mean) * 1e4 >= p.min_gain end
  local _, spot_fee = account.fees(w.spot)
  local _, fee = account.fees(w.perp)
  return (basis.annual(open - 2 * (spot_fee + fee), w.perp) or 0) >= p.min_yield
end

local function cheap(w, pair, close, mean, dev)
  if w.delivery then return close <= 0 end
  return close < mean + p.leave * dev and (pair.open_basis - close) * 1e4 >= p.min_gain
end

-- The pair that is at work, if any. Asking for it alone is cheap on every book.
local function mine(w)
  local pair = w.pair and exec.pair.get(w.pair)
  if pair and not pair.done then return pair end
  w.pair = nil
end

local function look(w, now)
  if now - w.at < p.every then return end
  -- An old book against a new one is not a basis but the price's move in between.
  local spot_age, perp_age = market.book(w.spot):age(), market.book(w.perp):age()
  if not (spot_age and perp_age) or math.abs(spot_age - perp_age) > p.max_skew then return end
  w.at = now

  local open = basis.open(w.spot, w.perp, p.level)
  local close = basis.close(w.spot, w.perp, p.level)
  if not (open and close) then return end
  local mean, dev = w.mean:update((open + close) / 2), w.dev:update((open + close) / 2)
  if not mean then return end -- not enough of a past yet
  chart.plot(w.base .. " basis, bp", (open + close) / 2 * 1e4)

  local pair = mine(w)
  if not pair then
    local today = math.floor(now / 86400)
    if state.day ~= today then state.day, state.opened = today, 0 end
    if now >= w.rest and state.opened < p.per_day and dear(w, open, mean, dev) and not exec.halted() then
      local id, err = exec.pair.open {
        long = w.spot, short = w.perp, notional = p.notional, level = p.level,
        max_unhedged = p.notional * 1.05, timeout = "10s", tag = w.base,
      }
      if not id then
        w.rest = now + 600
        return log.warn(err)
      end
      w.pair, state.opened = id, state.opened + 1
    end
  elseif pair.state == "open" and now - pair.opened > p.hold and cheap(w, pair, close, mean, dev) then
    exec.pair.close(pair.id, { patience = "10s", reason = "basis is back" })
  end
end

function M.on_book(book)
  for _, w in ipairs(watch[book:symbol()] or {}) do look(w, market.now()) end
end

function M.on_pair(pair)
  local w = watching(pair)
  if w and not pair.done then w.pair = w.pair or pair.id end -- one that a late fill brought back, too
  if pair.state == "closed" then
    log.info(string.format("%s: %+.4f USDT, basis %.2f -> %.2f bp, fees -%.4f", pair.tag, pair.realised,
      pair.open_basis * 1e4, pair.close_basis * 1e4, pair.fees))
  elseif pair.state == "failed" then
    if w then w.rest = market.now() + 60 end
    log.warn(pair.tag .. " did not open: " .. (pair.reason or ""))
  end
end

return M

-- VWAP: buy or sell a fixed amount over a window of time, in slices that follow the
-- market's usual volume, so that the average price is near the market's own.
--
-- The host does the work (exec.vwap): whole lots that sum exactly to the total,
-- each slice resting first and taking late, a cap on the share of the volume, and a
-- guard on slippage that only ever defers. It goes on after a reload, a crash or a
-- restart. Afterwards:  perilune schedules
--
-- The curve is, in this order: that of a file (perilune data curve, then run --curve
-- FILE), learned from at most 45 days ago; what this session saw, from three days on; on
-- live data the venue's bars of the last days, which are asked for when the window begins;
-- that of the other markets; an even one. Which it is, of how many days and how old, is in
-- the log, in "perilune schedules" and in the report. To watch first: --set
-- learn_hours=73. With --set algo=twap or pov the same order is worked off by the clock,
-- or as a share of the volume; --set start=14:30 --set finish=16:00 is the next window between
-- these times of day, in UTC or, as in start="09:30 America/New_York", a zone's; --set curve=static follows the curve without correcting it
-- by today's volume, curve=uniform none at all.

-- With --set advise=true an advisor ([advisor] in the configuration) is asked every
-- ask_minutes how much faster or slower than planned to go, between min_pace and max_pace
-- (exec.schedule.pace). Nothing it says changes the total, the end, the cap or the guard;
-- an answer outside of the bounds is refused, and without one that counts the order goes
-- at its own pace.

local M = { name = "vwap" }

M.params = {
  algo          = { type = "choice", choices = { "vwap", "twap", "pov" }, default = "vwap", doc = "what the order follows" },
  symbol        = { type = "string", default = "spot:BTCUSDT", doc = "what to trade" },
  side          = { type = "choice", choices = { "buy", "sell" }, default = "buy", doc = "buy or sell" },
  qty           = { default = 0.5, min = 0, doc = "how much, in units of the base coin; 0: notional counts" },
  notional      = { default = 0, min = 0, unit = "quote", doc = "how much by value, when qty is 0" },
  minutes       = { default = 240, min = 1, max = 10080, doc = "length of the window, when finish is empty" },
  start         = { type = "string", default = "", doc = "time of day when the window begins, the next one: 14:30 in UTC, or 09:30 America/New_York; empty: at once" },
  finish        = { type = "string", default = "", doc = "time of day when it ends, with a zone where the start has one, the next one after the start; empty: minutes later" },
  slice_seconds = { default = 0, min = 0, doc = "length of a slice; 0: chosen by the window" },
  curve         = { type = "choice", choices = { "auto", "static", "uniform" }, default = "auto", doc = "of vwap: the curve corrected by today's volume, the curve alone, or none" },
  participation = { default = 0.1, min = 0.0001, max = 1, unit = "fraction", doc = "largest share of the market's volume; of pov the share aimed at" },
  slip_bp       = { default = 50, min = 0, max = 1000, unit = "bp", doc = "a price worse by more than this than at the start and than the market's VWAP since is not paid; 0: no guard" },
  at_end        = { type = "choice", choices = { "cross", "stop" }, default = "cross", doc = "what is left at the end: take it from the book, or leave it" },
  min_slice     = { default = 0, min = 0, doc = "smallest order, in units of the base coin, unless less is left; 0: the venue's" },
  advise        = { default = false, doc = "ask the advisor how fast to go" },
  ask_minutes   = { default = 10, min = 1, doc = "minutes between questions to the advisor" },
  min_pace      = { default = 0.5, min = 0.1, max = 1, doc = "slowest that it may go; 1 is as planned" },
  max_pace      = { default = 2, min = 1, max = 10, doc = "fastest that it may go" },
  learn_hours   = { default = 0, min = 0, max = 720, doc = "hours to watch the market before the window begins" },
}

M.universe = function(p) return { p.symbol } end

local p = params

local function optional(v) if v > 0 then return v end end
local function given(v) if v ~= "" then return v end end

-- Volume and volatility of the last bars, as the advisor sees them.
local function figures(s)
  local book, bars = market.book(p.symbol), market.bars(p.symbol, 30)
  local high, low, volume
  for _, b in ipairs(bars) do
    high, low, volume = math.max(high or b.high, b.high), math.min(low or b.low, b.low), (volume or 0) + b.volume
  end
  local price = book:mid()
  return {
    side = p.side, filled = s.completion, slice = s.slice, slices = s.slices, pace = s.pace or 1, price = price,
    slippage_vwap_bp = s.slippage_vwap, slippage_arrival_bp = s.slippage_arrival, participation = s.participation,
    imbalance = book:imbalance(5), range_30_bars = high and price and (high - low) / price, volume_30_bars = volume,
  }
end

local function repace(x)
  local s = state.id and exec.schedule.get(state.id)
  if not s or s.done or (s.pace or 1) == x then return end
  local ok, err = exec.schedule.pace(state.id, x)
  if not ok then log.warn(err) end
end

local function consult()
  local s = state.id and exec.schedule.get(state.id)
  if not s or s.state ~= "working" then return end
  if not ai.latest("pace") then repace(1) end -- what was said counts no more
  if not ai.advisor() or not market.book(p.symbol):ready() then return end
  local _, err = ai.ask {
    tag = "pace", deadline = "20s", ttl = p.ask_minutes * 60 + 30,
    question = "A large order is worked off along the usual volume. How many times as fast as planned should it go until you are asked again?",
    context = figures(s), schema = { pace = { min = p.min_pace, max = p.max_pace } },
  }
  if err then log.debug(err) end
end

function M.on_advice(advice)
  if advice.ok then repace(advice.answer.pace) else repace(1) end
end

function M.on_start()
  if p.advise and p.algo ~= "pov" then timer.every("consult", p.ask_minutes * 60) end
  if not state.id then timer.after("begin", p.learn_hours * 3600 + 10) end
end

function M.on_timer(name)
  if name == "consult" then return consult() end
  if not market.book(p.symbol):ready() then return timer.after("begin", 10) end
  local paced = p.advise and p.algo ~= "pov"
  local id, err = exec[p.algo] {
    symbol = p.symbol, side = p.side, qty = optional(p.qty), notional = p.qty == 0 and p.notional or nil,
    start = given(p.start), finish = given(p.finish), duration = p.finish == "" and p.minutes * 60 or nil, interval = optional(p.slice_seconds), participation = p.participation,
    slippage_bp = optional(p.slip_bp), at_end = p.at_end, curve = p.algo == "vwap" and p.curve or nil,
    min_slice = optional(p.min_slice), min_pace = paced and p.min_pace or nil, max_pace = paced and p.max_pace or nil,
  }
  if not id then error(err) end
  state.id = id
end

function M.on_schedule(s)
  chart.plot("filled", s.filled)
  if s.slippage_vwap then chart.plot("slippage_vwap_bp", s.slippage_vwap) end
end

return M

-- Tests of vwap.lua: what the script asks the host for, and that the sum is exact.

local BTC = "spot:BTCUSDT"

local function open(params, conditions)
  local c = { symbols = { BTC }, balances = { spot = { USDT = 100000, BTC = 1 } } }
  for k, v in pairs(conditions or {}) do c[k] = v end
  local s = strategy("vwap.lua", params, c)
  market.push { symbol = BTC, price = 50000 }
  return s
end

-- Lets a time pass in which others trade, so that there is a volume to follow.
local function trade(minutes)
  for i = 1, minutes do
    market.push { symbol = BTC, price = 50000, trade = { price = 50000, qty = 2, side = i % 2 == 0 and "buy" or "sell" } }
    clock.advance("1m")
  end
end

local function total(s)
  local sum = 0
  for _, f in ipairs(s:fills()) do sum = sum + f.qty end
  return sum
end

describe("vwap", function()
  it("trades its total, to the last lot", function()
    local s = open { qty = 0.12345, minutes = 30 }
    trade(35)
    expect(total(s)):to_be_near(0.12345, 1e-9)
    expect(s:open_orders()):to_equal {}
  end)

  it("sells too, by value", function()
    local s = open { side = "sell", qty = 0, notional = 5000, minutes = 20 }
    trade(25)
    expect(total(s)):to_be_near(0.1, 0.001)
    expect(s:fills()):never():to_have { side = "buy" }
  end)

  it("begins at a time of day", function()
    local s = open { qty = 0.1, start = "00:10", finish = "00:30" }
    trade(9)
    expect(s:orders()):to_equal {}
    trade(25)
    expect(total(s)):to_be_near(0.1, 1e-9)
  end)

  it("watches first when it is told to", function()
    local s = open { qty = 0.1, minutes = 10, learn_hours = 1 }
    trade(59)
    expect(s:orders()):to_equal {}
    trade(15)
    expect(total(s)):to_be_near(0.1, 1e-9)
  end)

  it("waits for a book", function()
    local s = strategy("vwap.lua", { qty = 0.1, minutes = 10 }, { symbols = { BTC } })
    clock.advance("5m")
    expect(s:orders()):to_equal {}
    trade(12)
    expect(total(s)):to_be_near(0.1, 1e-9)
  end)

  it("goes on after a restart, and buys nothing twice", function()
    local s = open { qty = 0.1, minutes = 20 }
    trade(10)
    s:restart { crash = true }
    trade(15)
    expect(total(s)):to_be_near(0.1, 1e-9)
  end)

  it("leaves the rest at the end when it may", function()
    local s = open { qty = 0.5, minutes = 10, at_end = "stop" }
    market.push { symbol = BTC, price = 60000 } -- the guard defers: the price is far from the start's
    clock.advance("15m")
    expect(total(s)):below(0.5)
  end)

  it("says what is wrong with an order that can't be", function()
    local s = open { qty = 0, notional = 0 }
    clock.advance("10s")
    expect(s:errors()[1]):to_contain("on_timer")
  end)
end)

it("twap goes by the clock", function()
  local s = open { algo = "twap", qty = 0.1, minutes = 20, slice_seconds = 60 }
  trade(11)
  expect(total(s)):to_be_near(0.05, 0.011)
  trade(12)
  expect(total(s)):to_be_near(0.1, 1e-9)
  expect(s:chart("filled")):to_contain(0.1)
end)

it("pov takes a share of what trades", function()
  local s = open { algo = "pov", qty = 5, minutes = 60, participation = 0.1 }
  trade(30)
  expect(total(s)):above(1)
  expect(total(s)):below(8)
end)

describe("an advisor", function()
  local s
  before_each(function()
    s = open({ qty = 0.5, minutes = 60, advise = true, ask_minutes = 10 }, { advisor = true })
    trade(10) -- it has 20 seconds to answer
  end)

  it("is asked how fast to go, with the figures of the order", function()
    expect(s:questions()[1]):to_have { tag = "pace", context = { side = "buy", pace = 1 } }
    expect(s:questions()[1].context.volume_30_bars):above(0)
  end)

  it("makes it faster, until the answer is old", function()
    local before = total(s)
    s:answer { pace = 2 }
    trade(10)
    expect(total(s) - before):above(0.1)
    s:answer(false)
    trade(45)
    expect(total(s)):to_be_near(0.5, 1e-9)
  end)

  it("can't go beyond the bounds", function()
    s:answer { pace = 50 }
    trade(55)
    expect(total(s)):to_be_near(0.5, 1e-9)
    expect(s:log()):to_contain("none, refused")
  end)
end)

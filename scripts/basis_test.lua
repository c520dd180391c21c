-- Tests of basis.lua: a basis that swings around its mean, and what is done about it.

local SPOT, PERP = "spot:BTCUSDT", "usdm:BTCUSDT"

local function open(params, symbols)
  local p = { window = 20, every = 1, hold = 10 }
  for k, v in pairs(params or {}) do p[k] = v end
  return strategy("basis.lua", p, { symbols = symbols or { SPOT, PERP } })
end

-- Shows a basis in bp for some seconds: the perpetual above its coins.
local function show(bp, seconds)
  for _ = 1, seconds or 1 do
    market.push { symbol = SPOT, price = 50000 }
    market.push { symbol = PERP, price = 50000 * (1 + bp / 1e4) }
    clock.advance("1s")
  end
end

-- A past in which it swings by one bp.
local function past(bp)
  for i = 1, 30 do show((bp or -4) + (i % 2 == 0 and 1 or -1)) end
end

describe("basis", function()
  it("looks on until it knows a past", function()
    local s = open()
    show(50, 15)
    expect(s:orders()):to_equal {}
    expect(s:chart("BTC basis, bp")):to_equal {}
  end)

  it("opens when the basis is dear, and closes when it is back", function()
    local s = open()
    past()
    show(10, 3)
    expect(s:pairs()):to_have { { state = "open", long = SPOT, short = PERP, tag = "BTC" } }
    expect(s:position(PERP)):to_be_near(-0.039, 0.001)
    past()
    expect(s:pairs()[1]):to_have { state = "closed", reason = "basis is back" }
    expect(s:position(PERP)):to_be(0)
    expect(s:log()):to_contain("BTC: ")
    expect(s:log()):to_contain("bp, fees -")
  end)

  it("holds a pair for as long as it was told", function()
    local s = open { hold = 3600 }
    past()
    show(10, 3)
    past()
    expect(s:pairs()):to_have { { state = "open" } }
  end)

  it("waits for a gain that is worth the fees", function()
    local s = open { min_gain = 30 }
    past()
    show(10, 3)
    expect(s:orders()):to_equal {}
    show(60, 3)
    expect(s:pairs()):to_have_length(1)
  end)

  it("takes no old book for a basis", function()
    local s = open()
    past()
    clock.advance("3s")
    for _ = 1, 10 do -- the coins' book stands still
      market.push { symbol = PERP, price = 50100 }
      clock.advance("2s")
    end
    expect(s:orders()):to_equal {}
  end)

  it("opens so many a day and no more", function()
    local s = open { per_day = 1 }
    for _ = 1, 3 do
      past()
      show(10, 3)
    end
    expect(s:pairs()):to_have_length(1)
    clock.advance("24h")
    past()
    show(10, 3)
    expect(s:pairs()):to_have_length(2)
  end)

  it("opens nothing while it is halted", function()
    local s = open()
    past()
    s:halt()
    show(10, 3)
    expect(s:pairs()):to_equal {}
  end)

  it("rests after a pair that was refused", function()
    local s = open { notional = 200000 }
    past()
    show(10, 3)
    expect(s:logs("warn")):never():to_equal {}
    expect(s:position(PERP)):to_be(0)
  end)

  it("rests after a pair that did not open", function()
    local s = open()
    past()
    venue.reject { count = 20, reason = "busy" }
    show(10, 15)
    expect(s:log()):to_contain("BTC did not open")
    expect(s:position(PERP)):to_be(0)
  end)

  it("goes on with its pair after a new version, and after a restart", function()
    local s = open()
    past()
    show(10, 3)
    expect(s:reload("basis.lua")):to_be(true)
    s:restart()
    expect(s:pairs()):to_have { { state = "open" } }
    past()
    expect(s:pairs()):to_have { { state = "closed" } }
  end)

  it("trades one venue's perpetual against another's", function()
    local A, B = "binance.usdm:BTCUSDT", "bybit.linear:BTCUSDT"
    local s = open({ legs = "venues" }, { A, B, "binance.spot:BTCUSDT", "bybit.spot:BTCUSDT" }) -- what is a pair of a coin, its spot market says
    local function both(bp)
      market.push { symbol = A, price = 50000 }
      market.push { symbol = B, price = 50000 * (1 + bp / 1e4) }
      clock.advance("1s")
    end
    for i = 1, 30 do both(i % 2) end
    for _ = 1, 3 do both(10) end
    expect(s:pairs()):to_have { { long = A, short = B, state = "open" } }
  end)
end)

describe("a dated future", function()
  local FUTURE = "usdm:BTCUSDT_260327"

  local function both(spot, bp, seconds)
    for _ = 1, seconds do
      market.push { symbol = SPOT, price = 50000 }
      market.push { symbol = PERP, price = 50000 }
      market.push { symbol = FUTURE, price = spot * (1 + bp / 1e4) }
      clock.advance("1s")
    end
  end

  it("is sold for its yield, and bought back when the basis is gone", function()
    local s = open({ dated = true }, { SPOT, PERP, FUTURE })
    both(50000, 90, 30) -- less the fees, less than four per cent a year
    expect(s:orders()):to_equal {}
    both(50000, 200, 3)
    expect(s:pairs()):to_have { { long = SPOT, short = FUTURE, state = "open" } }
    both(50000, 100, 15)
    expect(s:pairs()):to_have { { state = "open" } } -- it is earned by waiting
    both(50000, -5, 5)
    expect(s:pairs()):to_have { { state = "closed" } }
  end)

  it("can be sold against the perpetual", function()
    local s = open({ legs = "calendar" }, { SPOT, PERP, FUTURE })
    both(50000, 100, 30)
    both(50000, 250, 3)
    expect(s:pairs()):to_have { { long = PERP, short = FUTURE, state = "open" } }
  end)
end)

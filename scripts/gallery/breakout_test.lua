-- perilune test scripts/gallery/breakout.lua --cover

local BTC = "usdm:BTCUSDT"

describe("breakout", function()
  local function begin(params)
    params.length, params.n, params.atr_n = "1h", 5, 3
    return strategy("breakout.lua", params, { symbols = { BTC } })
  end

  local function bars(...)
    for _, b in ipairs { ... } do
      market.push { symbol = BTC, bar = { open = b[1], high = math.max(b[1], b[2]) + 50, low = math.min(b[1], b[2]) - 50, close = b[2], length = "1h" } }
    end
  end

  local function quiet(n) for _ = 1, n do bars { 50000, 50000 } end end

  it("stays out of the channel", function()
    local s = begin {}
    quiet(10)
    expect(s:orders()):to_equal {}
  end)

  it("buys a break of the high, with a stop behind", function()
    local s = begin {}
    quiet(8)
    bars { 50000, 50400 }
    expect(s:position(BTC)):above(0)
    expect(s:open_orders()):to_have { side = "sell", type = "trailing_stop", status = "held" }
  end)

  it("risks no more than it was told", function()
    local s = begin { risk = 0.001, most = 1000000 }
    quiet(8)
    local before = s:equity()
    bars { 50000, 50400 }
    local qty = s:position(BTC)
    local atr = (100 * 2 / 3 + 500) / 3 -- roughly: the last bar is wide
    expect(qty * 3 * atr):below(before * 0.001 * 2)
  end)

  it("is stopped out when the price falls back, and takes part again", function()
    local s = begin {}
    quiet(8)
    bars({ 50000, 50400 }, { 50400, 49000 })
    expect(s:fills()[2]):to_have { side = "sell" }
    expect(s:position(BTC)):at_most(0)
  end)

  it("sells a break of the low, unless it may not", function()
    local s, long = begin {}, begin { short = false }
    quiet(8)
    bars { 50000, 49600 }
    expect(s:position(BTC)):below(0)
    expect(long:position(BTC)):to_be(0)
  end)

  it("opens nothing while halted", function()
    local s = begin {}
    quiet(8)
    s:halt("a look first")
    bars { 50000, 50400 }
    expect(s:orders()):to_equal {}
  end)

  it("says why an entry was refused", function()
    local s = begin {}
    quiet(8)
    venue.reject { reason = "margin is insufficient", count = 100 } -- the host tries again some times
    bars { 50000, 50400 }
    clock.advance("1h")
    expect(s:position(BTC)):to_be(0)
    expect(s:log()):to_contain("margin is insufficient")
    expect(s:open_orders()):to_equal {} -- no stop without a position
  end)

  it("knows its channel after a save", function()
    local s = begin {}
    quiet(8)
    s:reload("breakout.lua")
    bars { 50000, 50400 }
    expect(s:position(BTC)):above(0)
  end)
end)

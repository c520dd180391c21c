-- perilune test scripts/gallery/moving_average.lua --cover

local BTC = "usdm:BTCUSDT"

describe("moving_average", function()
  local function begin(params)
    params.length, params.fast, params.slow = "1h", 2, 4
    return strategy("moving_average.lua", params, { symbols = { BTC } })
  end

  local function closes(...)
    for _, close in ipairs { ... } do
      market.push { symbol = BTC, bar = { close = close, length = "1h" } }
    end
  end

  it("says nothing until the slow average is there", function()
    local s = begin {}
    closes(100, 110, 120)
    expect(s:orders()):to_equal {}
  end)

  it("is long while the fast average is above the slow one", function()
    local s = begin { notional = 1000 }
    closes(50000, 50000, 50000, 50000, 51000, 52000)
    expect(s:position(BTC)):to_be_near(1000 / 51000, 0.001)
    expect(s:fills()):to_have_length(1) -- the size is not adjusted on the way
  end)

  it("is flat below it", function()
    local s = begin { notional = 1000 }
    closes(50000, 50000, 50000, 50000, 51000, 49000, 48000, 47000)
    expect(s:position(BTC)):to_be(0)
    expect(s:fills()):to_have { { side = "buy" }, { side = "sell" } }
  end)

  it("or short, when it may", function()
    local s = begin { notional = 1000, short = true }
    closes(50000, 50000, 50000, 50000, 49000, 48000)
    expect(s:position(BTC)):below(0)
  end)

  it("knows its averages after a save", function()
    local s = begin { notional = 1000 }
    closes(50000, 50000, 50000, 50000)
    expect(s:reload("moving_average.lua")):to_be(true)
    closes(51000) -- one bar is enough
    expect(s:position(BTC)):above(0)
  end)

  it("says why an order was refused, and tries again", function()
    local s = begin { notional = 1000 }
    closes(50000, 50000, 50000, 50000)
    venue.reject { reason = "too many orders" }
    closes(51000)
    expect(s:log()):to_contain("too many orders")
    closes(51100)
    expect(s:position(BTC)):above(0)
  end)
end)

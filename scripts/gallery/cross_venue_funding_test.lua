-- perilune test scripts/gallery/cross_venue_funding.lua --cover

local A, B = "binance.usdm:BTCUSDT", "bybit.linear:BTCUSDT"

describe("cross_venue_funding", function()
  local s
  local function rates(a, b)
    market.push { symbol = A, price = 50000, funding = a }
    market.push { symbol = B, price = 50000, funding = b }
  end

  before_each(function()
    s = strategy("cross_venue_funding.lua", { notional = 2000, days = 2 }, { symbols = { A, B } })
  end)

  it("does nothing while both pay the same", function()
    rates(0.0001, 0.0001)
    clock.advance("1d")
    expect(s:pairs()):to_equal {}
  end)

  it("is long where less is paid, and short where more is", function()
    rates(0.0001, 0.002)
    clock.advance("1d")
    local pair = s:pairs()[1]
    expect(pair):to_have { long = A, short = B, state = "open" }
    expect(s:position(A) + s:position(B)):to_be_near(0, 0.001)
    expect(s:log()):to_contain("bp expected")
  end)

  it("earns the difference, and leaves when it has turned", function()
    rates(0.0001, 0.002)
    clock.advance("2d")
    rates(0.002, -0.002)
    clock.advance("4d")
    expect(s:pairs()[1]):to_have { state = "closed" }
    expect(s:pairs()[1].funding):above(0)
    expect(s:log()):to_contain("closed:")
  end)

  it("opens nothing while halted", function()
    s:halt("a look first")
    rates(0.0001, 0.002)
    clock.advance("1d")
    expect(s:pairs()):to_equal {}
  end)
end)

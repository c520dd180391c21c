local SPOT, PERP = "spot:BTCUSDT", "usdm:BTCUSDT"

describe("pair", function()
  local s
  local function funding(rate)
    market.push({ symbol = SPOT, price = 50000 }, { symbol = PERP, price = 50000, funding = rate })
  end

  before_each(function()
    s = strategy("pair.lua", { notional = 2000, enter_bp = 3 }, { symbols = { SPOT, PERP } })
  end)

  it("stays out while little is paid", function()
    funding(0.0001)
    clock.advance("1h")
    expect(s:pairs()):to_equal {}
  end)

  it("opens one, hedged", function()
    funding(0.001)
    clock.advance("2h")
    expect(s:pairs()):to_have { { state = "open" } }
    expect(s:position(SPOT) + s:position(PERP)):to_be_near(0, 0.001)
    expect(s:position(SPOT)):above(0.03)
  end)

  it("is hedged or flat, whatever the venue refuses", function()
    funding(0.001)
    venue.reject { symbol = PERP, reason = "busy", count = 2 }
    clock.advance("2h")
    expect(s:position(SPOT) + s:position(PERP)):to_be_near(0, 0.001)
  end)

  it("collects funding, and leaves when it turns", function()
    funding(0.001)
    clock.advance("1d")
    funding(-0.001)
    clock.advance("1h")
    expect(s:position(SPOT)):to_be_near(0, 0.0001)
    expect(s:position(PERP)):to_be(0)
    expect(s:pairs()[1].funding):above(0)
  end)
end)

-- perilune test scripts/gallery/liquidation_fade.lua --cover

local BTC = "usdm:BTCUSDT"

describe("liquidation_fade", function()
  local s
  local function forced(side, qty)
    market.push { symbol = BTC, liquidation = { price = 50000, qty = qty, side = side } }
    clock.advance("1s")
  end

  before_each(function()
    s = strategy("liquidation_fade.lua", { burst = 1e6, size = 2000 }, { symbols = { BTC } })
    market.push { symbol = BTC, price = 50000 }
  end)

  it("lets single liquidations pass", function()
    forced("sell", 5)
    expect(s:orders()):to_equal {}
  end)

  it("buys when many longs are closed at once", function()
    for _ = 1, 4 do forced("sell", 6) end
    expect(s:position(BTC)):to_be_near(0.04, 0.001)
    expect(s:open_orders()):to_have { side = "sell", type = "stop", trigger = 49700 }
    expect(s:open_orders()):to_have { side = "sell", type = "take_profit", trigger = 50300 }
  end)

  it("sells when many shorts are", function()
    for _ = 1, 4 do forced("buy", 6) end
    expect(s:position(BTC)):below(0)
  end)

  it("forgets what is older than the window", function()
    for _ = 1, 4 do
      forced("sell", 6)
      clock.advance("2m")
    end
    expect(s:orders()):to_equal {}
  end)

  it("takes its profit", function()
    for _ = 1, 4 do forced("sell", 6) end
    market.push { symbol = BTC, price = 50400 }
    clock.advance("1s")
    expect(s:position(BTC)):to_be(0)
    expect(s:open_orders()):to_equal {} -- the stop went with it
  end)

  it("stops its loss", function()
    for _ = 1, 4 do forced("sell", 6) end
    market.push { symbol = BTC, price = 49600 }
    clock.advance("1s")
    expect(s:position(BTC)):to_be(0)
    expect(s:open_orders()):to_equal {}
  end)

  it("ends in time, and rests", function()
    for _ = 1, 4 do forced("sell", 6) end
    clock.advance("30m")
    expect(s:position(BTC)):to_be(0)
    expect(s:open_orders()):to_equal {}
  end)

  it("fades a cascade once", function()
    for _ = 1, 4 do forced("sell", 6) end
    market.push { symbol = BTC, price = 50400 }
    for _ = 1, 4 do forced("sell", 6) end
    expect(s:position(BTC)):to_be(0)
  end)
end)

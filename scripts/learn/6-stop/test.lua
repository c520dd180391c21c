local BTC = "usdm:BTCUSDT"

describe("stop", function()
  local s
  local function price(x)
    market.push { symbol = BTC, price = x }
    clock.advance("1s")
  end

  before_each(function()
    s = strategy("stop.lua", { notional = 1000, stop_bp = 100 }, { symbols = { BTC } })
    price(50000)
    s:signal("long")
    clock.advance("1s")
  end)

  it("is long, with a stop and a take-profit", function()
    expect(s:position(BTC)):to_be_near(0.02, 0.001)
    expect(s:open_orders()):to_have { side = "sell", type = "stop", trigger = 49500 }
    expect(s:open_orders()):to_have { side = "sell", type = "take_profit", trigger = 51000 }
  end)

  it("is flat after a fall", function()
    price(49400)
    expect(s:position(BTC)):to_be(0)
    expect(s:open_orders()):to_equal {}
  end)

  it("is flat after a rise", function()
    price(51100)
    expect(s:position(BTC)):to_be(0)
    expect(s:equity()):above(50000)
  end)

  it("does not buy twice", function()
    s:signal("long")
    clock.advance("1s")
    expect(s:position(BTC)):to_be_near(0.02, 0.001)
  end)

  it("is stopped after a crash, too", function()
    s:restart { crash = true }
    price(49400)
    expect(s:position(BTC)):to_be(0)
  end)
end)

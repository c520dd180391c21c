local BTC = "spot:BTCUSDT"

describe("reload", function()
  it("brings the old count over", function()
    local s = strategy("old.lua", {}, { symbols = { BTC } })
    market.push { symbol = BTC, price = 50000 }
    expect(s:reload("reload.lua")):to_be(true)
    expect(s:state()):to_equal { by_side = { buy = 0, sell = 0, unknown = 7 } }
  end)

  it("goes on counting", function()
    local s = strategy("old.lua", {}, { symbols = { BTC } })
    market.push { symbol = BTC, price = 50000 }
    s:reload("reload.lua")
    s:signal("buy")
    clock.advance("1s")
    expect(s:state().by_side):to_equal { buy = 1, sell = 0, unknown = 7 }
  end)

  it("leaves state alone that is new already", function()
    local s = strategy("reload.lua", {}, { symbols = { BTC } })
    market.push { symbol = BTC, price = 50000 }
    s:signal("buy")
    clock.advance("1s")
    expect(s:reload("reload.lua")):to_be(true)
    expect(s:state()):to_equal { by_side = { buy = 1, sell = 0, unknown = 0 } }
  end)
end)

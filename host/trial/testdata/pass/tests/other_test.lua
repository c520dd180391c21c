-- A folder of tests beside the strategies.
it("finds the strategy above", function()
  local s = strategy("probe.lua", nil, { symbols = { "bybit.linear:BTCUSDT", "binance.usdm:BTCUSDT" } })
  market.push { symbol = "bybit.linear:BTCUSDT", price = 50000 }
  expect(s:state().bid):to_be(49999.9)
end)

describe("expectations", function()
  it("hold", function()
    expect(1):to_be(1)
    expect(0.1 + 0.2):to_be(0.3)
    expect("a"):never():to_be("b")
    expect({ 1, { x = 2 } }):to_equal { 1, { x = 2 } }
    expect({ x = 1, y = { z = 2, w = 3 } }):to_have { y = { z = 2 } }
    expect({ { a = 1 }, { a = 2, b = 3 } }):to_have { a = 2 }
    expect({ { a = 1 } }):never():to_have { a = 2 }
    expect(function() expect({ 1 }):to_have {} end):to_error("want to_equal {}")
    expect("hello"):to_match("^h.*o$")
    expect({ 1, 2 }):to_contain(2)
    expect(3):above(2)
    expect(3):at_most(3)
    expect(0):to_be_truthy()
    expect(nil):to_be_nil()
    expect(function() error("no") end):to_error("no")
    expect(function() end):never():to_error()
    expect(num.dec("1.5")):to_be(1.5)
  end)

  it.skip("will hold", "nobody knows yet")
end)

describe("properties", function()
  it("hold for all", function()
    forall({ runs = 50 }, gen.integer(-5, 5), gen.list(gen.choice { "a", "b" }, 1, 4), gen.table { x = gen.boolean() }, function(n, list, t)
      expect(n):at_least(-5)
      expect(#list):at_least(1)
      expect(type(t.x)):to_be("boolean")
    end)
  end)

  it("open sessions of their own", function()
    forall({ runs = 5 }, gen.number(100, 60000), function(price)
      local s = strategy("probe.lua", nil, { symbols = { "spot:BTCUSDT" } })
      market.push { symbol = "spot:BTCUSDT", price = price }
      expect(s:state().ask):above(s:state().bid)
    end)
  end)
end)

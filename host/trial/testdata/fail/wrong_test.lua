-- What every kind of failure looks like.
describe("a failure", function()
  it("names the values", function() expect(2):to_be(3) end)

  it("tells tables apart", function()
    expect({ side = "buy", qty = 1, legs = { 1, 2 } }):to_equal { side = "sell", qty = 1, legs = { 1, 3, 4 }, more = true }
  end)

  it("shows the nearest of a list", function()
    expect({ { side = "buy", price = 1 }, { side = "buy", price = 2 } }):to_have { side = "buy", price = 3 }
  end)

  it("is the reverse", function() expect("a"):never():to_be("a") end)

  it("is an error", function() local x = nil; return x.y end)

  it("is an error that was expected to be another", function()
    expect(function() error("one") end):to_error("other")
  end)

  it("is a strategy's", function()
    local s = strategy("broken.lua", nil, { symbols = { "spot:BTCUSDT" } })
    clock.advance("1m")
    expect(s:orders()):to_equal {}
  end)

  it("is a property's", function()
    forall(gen.integer(0, 100), gen.list(gen.integer(0, 9)), function(n, list)
      local sum = n
      for _, v in ipairs(list) do sum = sum + v end
      expect(sum):below(50)
    end)
  end)

  it("is a golden file that is not there", function()
    local s = strategy("broken.lua", nil, { symbols = { "spot:BTCUSDT" } })
    s:to_match_golden("absent")
  end)

  it("is a golden file that differs", function()
    local s = strategy("broken.lua", nil, { symbols = { "spot:BTCUSDT" } })
    s:to_match_golden("differs")
  end)

  it("is a test without end", function() while true do end end)

  it("leaves those behind it", function() expect(1):to_be(1) end)
end)

-- perilune test scripts/gallery/dca.lua --cover

local BTC = "spot:BTCUSDT"

describe("dca", function()
  local function days(n, price)
    for _ = 1, n do
      market.push { symbol = BTC, bar = { close = price, length = "1d" } }
    end
  end

  it("buys once a day", function()
    local s = strategy("dca.lua", { amount = 50 }, { symbols = { BTC } })
    market.push { symbol = BTC, price = 50000 }
    clock.advance("3d")
    expect(s:fills()):to_have { { side = "buy" }, { side = "buy" }, { side = "buy" } }
    expect(s:state().spent):to_be_near(150, 1.5)
  end)

  it("waits for a price", function()
    local s = strategy("dca.lua", {}, { symbols = { BTC } })
    clock.advance("1d")
    expect(s:log()):to_contain("no price")
    expect(s:orders()):to_equal {}
  end)

  it("stops at its budget", function()
    local s = strategy("dca.lua", { amount = 50, budget = 120 }, { symbols = { BTC } })
    market.push { symbol = BTC, price = 50000 }
    clock.advance("10d")
    expect(s:state().spent):at_most(120)
    expect(s:state().spent):above(110)
    expect(s:log()):to_contain("the budget is spent")
  end)

  it("buys twice as much in a dip", function()
    local s = strategy("dca.lua", { amount = 50, dip = 0.1 }, { symbols = { BTC } })
    days(32, 50000)
    local before = s:state().spent
    days(1, 40000)
    expect(s:state().spent - before):to_be_near(100, 2)
  end)

  it("says why a purchase was refused, and goes on the next day", function()
    local s = strategy("dca.lua", {}, { symbols = { BTC } })
    market.push { symbol = BTC, price = 50000 }
    venue.reject { reason = "insufficient balance" }
    clock.advance("2d")
    expect(s:log()):to_contain("insufficient balance")
    expect(s:fills()):to_have_length(1)
  end)

  it("remembers what it spent over a restart", function()
    local s = strategy("dca.lua", { amount = 50, budget = 100 }, { symbols = { BTC } })
    market.push { symbol = BTC, price = 50000 }
    clock.advance("1d")
    s:restart()
    clock.advance("5d")
    expect(s:state().spent):at_most(100)
  end)

  it("never pays more than it was told, whatever the price", function()
    forall({ runs = 10 }, gen.number(100, 100000), function(price)
      local s = strategy("dca.lua", { amount = 100 }, { symbols = { BTC } })
      market.push { symbol = BTC, price = price }
      clock.advance("1d")
      for _, f in ipairs(s:fills()) do expect(f.notional):at_most(100.2) end
    end)
  end)
end)

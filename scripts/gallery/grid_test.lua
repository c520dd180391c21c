-- perilune test scripts/gallery/grid.lua --cover

local BTC = "spot:BTCUSDT"

describe("grid", function()
  local s
  local function price(x)
    market.push { symbol = BTC, price = x }
    clock.advance("1m")
  end

  before_each(function()
    s = strategy("grid.lua", { step = 0.01, levels = 3, slice = 500, recenter = 0.05 }, { symbols = { BTC } })
  end)

  it("waits for a price", function()
    clock.advance("5m")
    expect(s:orders()):to_equal {}
  end)

  it("rests a buy at each level", function()
    price(50000)
    expect(s:open_orders()):to_have { { side = "buy", price = 49500 }, { side = "buy", price = 49005 }, { side = "buy", price = 48514.95 } }
  end)

  it("sells a step above what a level bought, and buys there again", function()
    price(50000)
    price(49400)
    market.push { symbol = BTC, trade = { price = 49400, qty = 5, side = "sell" } }
    clock.advance("1s")
    expect(s:fills()):to_have { { side = "buy", maker = true } }
    expect(s:open_orders()):to_have { side = "sell", price = 50000 }
    price(50100)
    expect(s:fills()):to_have { { side = "buy" }, { side = "sell" } }
    expect(s:open_orders()):to_have { side = "buy", price = 49500 }
    expect(s:equity()):above(49000)
  end)

  it("sells what it has of a level that was bought in part", function()
    venue.partial { part = 0.5 }
    price(50000)
    price(49400)
    expect(s:fills()):to_have { { side = "buy" } }
    local id = s:fills()[1].order
    expect(s:state().slots[1].order):to_be(id) -- the rest still waits
    expect(s:state().slots[1].held):above(0)
  end)

  it("follows the price up while it holds nothing", function()
    price(50000)
    price(53000)
    expect(s:state().center):to_be_near(53000, 1)
    for _, o in ipairs(s:open_orders()) do expect(o.price):above(51000) end
  end)

  it("keeps its levels over a restart", function()
    price(50000)
    price(49400)
    s:restart()
    price(49400)
    expect(s:open_orders()):to_have { side = "sell", price = 50000 }
    expect(s:open_orders()):to_have { side = "buy", price = 49005 }
  end)

  it("earns a step less two fees on each way up and down", function()
    forall({ runs = 5 }, gen.integer(1, 5), function(rounds)
      local one = strategy("grid.lua", { levels = 1, slice = 1000, recenter = 0 }, { symbols = { BTC } })
      price(50000)
      local before = one:equity()
      for _ = 1, rounds do
        price(49400)
        price(50100)
      end
      expect(one:equity() - before):above(rounds * 1000 * (0.01 - 0.0025))
    end)
  end)
end)

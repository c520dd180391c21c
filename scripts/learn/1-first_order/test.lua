local BTC = "spot:BTCUSDT"

describe("first_order", function()
  local s
  before_each(function()
    s = strategy("first_order.lua", { notional = 1000, most_bp = 2 }, { symbols = { BTC } })
  end)

  it("waits for a book", function()
    clock.advance("5m")
    expect(s:orders()):to_equal {}
  end)

  it("buys for 1000 USDT at the best ask", function()
    market.push { symbol = BTC, bid = 50000, ask = 50001 }
    clock.advance("1m")
    expect(s:fills()):to_have { { side = "buy", price = 50001 } }
    expect(s:fills()[1].notional):to_be_near(1000, 1)
  end)

  it("waits while the spread is wide", function()
    market.push { symbol = BTC, bid = 50000, ask = 50100 }
    clock.advance("5m")
    expect(s:orders()):to_equal {}
  end)

  it("buys only once", function()
    market.push { symbol = BTC, bid = 50000, ask = 50001 }
    clock.advance("10m")
    expect(s:fills()):to_have_length(1)
  end)
end)

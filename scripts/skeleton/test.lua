-- Tests of NAME.lua: perilune test strategies --cover

describe("NAME", function()
  local s
  before_each(function()
    s = strategy("NAME.lua", { notional = 500 }, { symbols = { "spot:BTCUSDT" } })
  end)

  it("waits for a book", function()
    clock.advance("5m")
    expect(s:log()):to_be("")
    expect(s:orders()):to_equal {}
  end)

  it("looks at the book every minute", function()
    market.push { symbol = "spot:BTCUSDT", bid = 50000, ask = 50002, bid_qty = 3, ask_qty = 1 }
    clock.advance("1m")
    expect(s:log()):to_contain("mid 50001.00, imbalance +0.50")
    expect(s:chart("mid")):to_equal { 50001 }
  end)
end)

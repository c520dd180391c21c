local BTC = "usdm:BTCUSDT"

describe("bars", function()
  local s
  before_each(function()
    s = strategy("bars.lua", { n = 3, notional = 1000 }, { symbols = { BTC } })
  end)

  -- A bar that is pushed takes its time: each is 15 minutes.
  local function closes(...)
    for _, close in ipairs { ... } do market.push { symbol = BTC, bar = { close = close, length = "15m" } } end
  end

  it("waits until the index is there", function()
    closes(50000, 49000, 48000)
    expect(s:orders()):to_equal {}
  end)

  it("buys what is oversold, once", function()
    closes(50000, 49000, 48000, 47000, 46000, 45000)
    expect(s:position(BTC)):to_be_near(1000 / 47000, 0.001)
    expect(s:fills()):to_have_length(1)
  end)

  it("sells when it has recovered", function()
    closes(50000, 49000, 48000, 47000, 48000, 49000, 50000)
    expect(s:position(BTC)):to_be(0)
    expect(s:fills()):to_have { { side = "buy" }, { side = "sell" } }
  end)
end)

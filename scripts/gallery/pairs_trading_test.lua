-- perilune test scripts/gallery/pairs_trading.lua --cover

local BTC, ETH = "usdm:BTCUSDT", "usdm:ETHUSDT"

describe("pairs_trading", function()
  local s, hour

  local function bars(btc, eth)
    market.push({ symbol = BTC, bar = { close = btc, length = "1h" } }, { symbol = ETH, bar = { close = eth, length = "1h" } })
  end

  -- Ethereum is a twentieth of Bitcoin, with a deviation that comes back within hours.
  local function calm(n)
    for _ = 1, n do
      hour = hour + 1
      local btc = 50000 + 500 * math.sin(hour / 7)
      bars(btc, btc / 20 + 4 * math.sin(hour * 1.3))
    end
  end

  before_each(function()
    hour = 0
    s = strategy("pairs_trading.lua", { n = 40, notional = 1000 }, { symbols = { BTC, ETH } })
  end)

  it("stays out while the two agree", function()
    calm(90)
    expect(s:fills()):to_equal {}
  end)

  it("sells the dear one against the other, and closes both when they meet", function()
    calm(90)
    bars(50000, 2513)
    expect(s:position(ETH)):below(0)
    expect(s:position(BTC)):above(0)
    calm(12)
    expect(s:position(ETH)):to_be(0)
    expect(s:position(BTC)):to_be(0)
    expect(s:log()):to_contain("out at z")
  end)

  it("buys it when it is cheap", function()
    calm(90)
    bars(50000, 2487)
    expect(s:position(ETH)):above(0)
    expect(s:position(BTC)):below(0)
  end)

  it("gives up when they drift apart", function()
    calm(90)
    bars(50000, 2513)
    bars(50000, 2900)
    expect(s:position(ETH)):to_be(0)
    expect(s:position(BTC)):to_be(0)
  end)

  it("asks again for a leg that was refused", function()
    calm(90)
    venue.reject { symbol = BTC, reason = "busy" }
    bars(50000, 2513)
    expect(s:position(BTC)):to_be(0)
    bars(50000, 2513)
    expect(s:position(BTC)):above(0)
  end)

  it("knows its fit after a save", function()
    calm(90)
    s:reload("pairs_trading.lua")
    bars(50000, 2513)
    expect(s:position(ETH)):below(0)
  end)
end)

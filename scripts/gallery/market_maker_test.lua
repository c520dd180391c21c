-- perilune test scripts/gallery/market_maker.lua --cover

local BTC = "usdm:BTCUSDT"

describe("market_maker", function()
  local s
  local params = { size = 1000, most = 2000, half_bp = 4, vol = 0, skew_bp = 6, move_bp = 1, every = 2 }

  before_each(function()
    s = strategy("market_maker.lua", params, { symbols = { BTC } })
  end)

  local function quiet(price, looks)
    for _ = 1, looks do
      market.push { symbol = BTC, price = price }
      clock.advance("2s")
    end
  end

  local function quotes()
    local of = {}
    for _, o in ipairs(s:open_orders()) do of[o.side] = o.price end
    return of.buy, of.sell
  end

  it("watches before it quotes", function()
    quiet(50000, 30)
    expect(s:orders()):to_equal {}
  end)

  it("rests on both sides of the fair price, and leaves quotes where they are good", function()
    quiet(50000, 70)
    local bid, ask = quotes()
    expect(bid):to_be_near(50000 * (1 - 0.0004), 0.2)
    expect(ask):to_be_near(50000 * (1 + 0.0004), 0.2)
    expect(s:orders()):to_have_length(2)
  end)

  it("follows the price", function()
    quiet(50000, 70)
    quiet(50100, 2)
    local bid, ask = quotes()
    expect(bid):above(50000)
    expect(ask):above(50100)
  end)

  it("leans against what it holds, and stops buying at the most", function()
    quiet(50000, 70)
    for n = 1, 2 do
      local bid = quotes()
      market.push { symbol = BTC, bid = bid - 10, ask = bid - 5 } -- somebody sells through our bid
      quiet(50000, 2)
      expect(s:position(BTC)):to_be_near(n * 0.02, 0.002)
    end
    local bid, ask = quotes()
    expect(bid):to_be_nil()
    expect(ask):below(50000 * (1 + 0.0004))
  end)

  it("takes its quotes away when the book is gone", function()
    quiet(50000, 70)
    market.push { symbol = BTC, gap = "the connection was cut" }
    clock.advance("2s")
    expect(s:open_orders()):to_equal {}
  end)

  it("knows the noise anew after a save", function()
    quiet(50000, 70)
    s:reload("market_maker.lua")
    quiet(50000, 10)
    expect(s:open_orders()):to_have_length(2) -- what rests stays
  end)
end)

-- Tests of hedge.lua: how a strategy that asks an advisor is tested. The test is the advisor.

local BTC, PERP = "spot:BTCUSDT", "usdm:BTCUSDT"

-- An account that owns two coins, and a market at 50 000.
local function hedger(params, conditions)
  local c = { symbols = { BTC, PERP }, balances = { spot = { BTC = 2 }, usdm = { USDT = 60000 } }, advisor = false }
  for k, v in pairs(conditions or {}) do c[k] = v end
  local s = strategy("hedge.lua", params, c)
  market.push { symbol = BTC, price = 50000 }
  market.push { symbol = PERP, price = 50000, funding = 0.0001 }
  return s
end

describe("the fixed ratio", function()
  it("is kept: half of two coins is sold short", function()
    local s = hedger { max_order = 1e6 }
    clock.advance("10s")
    expect(s:position(PERP)):to_be(-1)
    clock.advance("10m")
    expect(s:fills()):to_have_length(1) -- and left alone
    expect(s:chart("BTC hedge ratio")):to_contain(0.5)
  end)

  it("is come to in parts, ten seconds apart, when one order would be too large", function()
    local s = hedger { max_order = 20000 }
    clock.advance("10s")
    expect(s:position(PERP)):to_be(-0.4)
    clock.advance("1m")
    expect(s:position(PERP)):to_be(-1)
  end)

  it("has a band in which nothing is done", function()
    local s = hedger({ max_order = 1e6, band = 0.2 })
    clock.advance("10s")
    s:set { ratio = 0.55 }
    clock.advance("5m")
    expect(s:position(PERP)):to_be(-1)
    s:set { ratio = 0.9 }
    clock.advance("5m")
    expect(s:position(PERP)):to_be(-1.8)
  end)

  it("is bought back without a limit of the session in the way", function()
    local s = hedger { max_order = 1e6 }
    clock.advance("10s")
    s:set { ratio = 0 }
    clock.advance("2m")
    expect(s:position(PERP)):to_be(0)
    expect(s:orders()[2]):to_have { side = "buy", reduce_only = true }
  end)

  it("stays flat without coins", function()
    local s = hedger({}, { balances = { usdm = { USDT = 60000 } } })
    clock.advance("10m")
    expect(s:orders()):to_equal {}
  end)

  it("can be of an exposure that is elsewhere", function()
    local s = hedger({ exposure = 1, max_order = 1e6 }, { balances = { usdm = { USDT = 60000 } } })
    clock.advance("10s")
    expect(s:position(PERP)):to_be(-0.5)
  end)

  it("waits for a book, and for the order before", function()
    local s = hedger { max_order = 1e6 }
    market.push { symbol = PERP, gap = "the wire broke" }
    clock.advance("5m")
    expect(s:orders()):to_equal {}
    market.push { symbol = PERP, price = 50000 }
    venue.delay { delay = "30s" }
    clock.advance("1m")
    expect(s:orders()):to_have_length(1)
  end)

  it("says why an order was refused, and tries again after a minute", function()
    local s = hedger { max_order = 1e6 }
    venue.reject { reason = "reduce your leverage" }
    clock.advance("10s")
    expect(s:log()):to_contain("reduce your leverage")
    clock.advance("1m")
    expect(s:position(PERP)):to_be(-1)
  end)

  it("refuses bounds that are the wrong way round", function()
    local s = strategy("hedge.lua", { min_ratio = 0.8, max_ratio = 0.2 }, { symbols = { BTC, PERP } })
    expect(s:errors()[1]):to_contain("min_ratio is above max_ratio")
  end)
end)

describe("an advisor", function()
  local s
  before_each(function()
    s = hedger({ max_order = 1e6, ask_minutes = 5, min_ratio = 0.2 }, { advisor = true })
    clock.advance("5m") -- half is hedged, and the question is asked
  end)

  it("is asked with what it needs to know", function()
    expect(s:questions()):to_have { { tag = "BTC" } }
    expect(s:questions()[1].context):to_have { coin = "BTC", coins_held = 2, hedge_ratio_now = 0.5, funding_rate = 0.0001 }
  end)

  it("is followed", function()
    s:answer { action = "hedge", ratio = 0.75 }
    expect(s:position(PERP)):to_be(-1.5)
  end)

  it("may say that there should be less, but not less than the least", function()
    s:answer { action = "flat", ratio = 0.2 }
    expect(s:position(PERP)):to_be_near(-0.4, 1e-9)
  end)

  it("may say that all is well", function()
    s:answer { action = "hold", ratio = 0.9 }
    clock.advance("2m")
    expect(s:position(PERP)):to_be(-1)
  end)

  it("that answers out of bounds changes nothing", function()
    s:answer { action = "hedge", ratio = 7 }
    clock.advance("2m")
    expect(s:position(PERP)):to_be(-1)
  end)

  it("counts until its answer is old; then the rule does again", function()
    s:answer { action = "hedge", ratio = 1 }
    expect(s:position(PERP)):to_be(-2)
    clock.advance("1h")
    expect(s:position(PERP)):to_be(-1)
  end)
end)

describe("a signal", function()
  local s
  before_each(function()
    s = hedger({ ask = "signal", max_order = 1e6, ask_minutes = 5, ratio = 0, max_long = 0.5 }, { advisor = true })
    for i = 1, 12 do market.push { symbol = PERP, trade = { price = 50000, qty = i / 100, side = "buy" } } end
    clock.advance("5m")
  end)

  it("is asked for with the book and the last ten trades", function()
    local context = s:questions()[1].context
    expect(context.last_trades):to_have_length(10)
    expect(context.last_trades[10]):to_have { qty = 0.12, side = "buy" }
    expect(context.bids[1]):to_have_length(2)
    expect(context.move_60_bars):to_be(0)
  end)

  it("SHORT hedges a part", function()
    s:answer { action = "SHORT", confidence = 0.9, position_size = 0.5, reasoning = "it falls" }
    expect(s:position(PERP)):to_be(-1)
    expect(s:log()):to_contain("BTC: SHORT 50%, confidence 0.90: it falls")
  end)

  it("LONG buys a part of what it may", function()
    s:answer { action = "LONG", confidence = 0.9, position_size = 0.4 }
    expect(s:position(PERP)):to_be(0.2)
  end)

  it("that is not sure enough changes nothing", function()
    s:answer { action = "SHORT", confidence = 0.3, position_size = 1 }
    expect(s:log()):to_contain("confidence 0.30 is below 0.70")
    expect(s:position(PERP)):to_be(0)
  end)

  it("that fails changes nothing", function()
    s:answer(false)
    expect(s:log()):to_contain("the signal changes nothing")
  end)
end)

it("takes turns between coins", function()
  local s = strategy("hedge.lua", { coins = { "BTC", "ETH" }, ask_minutes = 10 }, {
    symbols = { BTC, PERP, "spot:ETHUSDT", "usdm:ETHUSDT" }, advisor = true,
    balances = { spot = { BTC = 1, ETH = 10 }, usdm = { USDT = 60000 } },
  })
  for symbol, price in pairs { [BTC] = 50000, [PERP] = 50000, ["spot:ETHUSDT"] = 3000, ["usdm:ETHUSDT"] = 3000 } do
    market.push { symbol = symbol, price = price }
  end
  clock.advance("5m")
  expect(s:questions()):to_have { { tag = "BTC" } }
  s:answer { action = "hold", ratio = 0 }
  clock.advance("5m")
  expect(s:questions()):to_have { { tag = "ETH" } }
end)

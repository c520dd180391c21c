-- Tests of cross.lua: two venues, two perpetuals of one coin, and what they pay.

local A, B = "binance.usdm:ETHUSDT", "bybit.linear:ETHUSDT"

-- Two venues at the same price, whose funding differs, for days.
local function open(params, days)
  local s = strategy("cross.lua", params, { symbols = { A, B }, balances = { ["binance.usdm"] = { USDT = 50000 }, ["bybit.unified"] = { USDT = 50000 } } })
  market.push { symbol = A, price = 3000, funding = 0.0006 }
  market.push { symbol = B, price = 3000, funding = -0.0004 }
  clock.advance((days or 3) * 86400)
  return s
end

-- The pair as it is by now.
local function pair(s) return s:pairs()[#s:pairs()] end

describe("cross", function()
  it("says that there is nothing to look at before there are books", function()
    local s = strategy("cross.lua", nil, { symbols = { A, B } })
    clock.advance("4h")
    expect(s:log()):to_contain("can be traded: it takes two perpetuals of one coin")
  end)

  it("is short where it is paid to be, and long on the other venue", function()
    local s = open()
    expect(pair(s)):to_have { state = "open", short = A, long = B, tag = "ETH" }
    expect(s:position(A)):to_be_near(-s:position(B), 0.01)
    expect(s:position(A)):below(0)
    expect(s:log()):to_contain("bp expected after costs")
  end)

  it("is paid by both", function()
    local s = open()
    local before = #s:payments()
    clock.advance("8h")
    expect(#s:payments()):above(before)
    for _, p in ipairs(s:payments()) do expect(p.amount):above(0) end
  end)

  it("stays out when it is not worth four fees", function()
    local s = open { min_edge = 100000 }
    expect(s:pairs()):to_equal {}
    expect(s:log()):to_contain("opens above 100000 (min_edge)")
  end)

  it("opens nothing while it is halted", function()
    local s = strategy("cross.lua", nil, { symbols = { A, B }, balances = { ["binance.usdm"] = { USDT = 50000 }, ["bybit.unified"] = { USDT = 50000 } } })
    s:halt()
    market.push { symbol = A, price = 3000, funding = 0.0006 }
    market.push { symbol = B, price = 3000, funding = -0.0004 }
    clock.advance("72h")
    expect(s:orders()):to_equal {}
  end)

  it("leaves a pair that has turned, and enters the other way round", function()
    local s = open { memory_days = 2 }
    expect(pair(s)):to_have { short = A }
    market.push { symbol = A, funding = -0.002 }
    market.push { symbol = B, funding = 0.002 }
    clock.advance(6 * 86400)
    expect(s:pairs()[1]):to_have { short = A, state = "closed" }
    expect(s:log()):to_contain("closed ETH")
    expect(pair(s)):to_have { short = B, state = "open" }
  end)

  it("moves to a venue that pays so much more that the move is paid for", function()
    local C = "okx.swap:ETH-USDT-SWAP"
    local s = strategy("cross.lua", { memory_days = 2 }, { symbols = { A, B, C },
      balances = { ["binance.usdm"] = { USDT = 50000 }, ["bybit.unified"] = { USDT = 50000 }, ["okx.trading"] = { USDT = 50000 } } })
    market.push { symbol = A, price = 3000, funding = 0.0006 }
    market.push { symbol = B, price = 3000, funding = -0.0004 }
    market.push { symbol = C, price = 3000, funding = 0.0001 }
    clock.advance("72h")
    expect(pair(s)):to_have { short = A, long = B, state = "open" }
    market.push { symbol = C, funding = 0.004 }
    clock.advance("96h")
    expect(s:pairs()[1]):to_have { state = "closed" }
    expect(s:pairs()[1].reason):to_contain("bp more")
    expect(pair(s)):to_have { short = C, state = "open" }
  end)

  it("tells that a venue is dark", function()
    local s = open()
    venue.dark("bybit", "no answer")
    clock.advance("1m")
    expect(s:logs("warn")):never():to_equal {}
    expect(pair(s).dark):to_contain("bybit")
  end)

  it("holds no more pairs than it may", function()
    local s = open { max_pairs = 1 }
    expect(s:pairs()):to_have_length(1)
  end)

  it("says why a pair could not be opened", function()
    local s = strategy("cross.lua", { notional = 50, max_unhedged = 1000 }, { symbols = { A, B }, balances = { ["binance.usdm"] = { USDT = 1 }, ["bybit.unified"] = { USDT = 1 } } })
    market.push { symbol = A, price = 3000, funding = 0.0006 }
    market.push { symbol = B, price = 3000, funding = -0.0004 }
    clock.advance("72h")
    expect(s:position(A)):to_be(0)
    expect(s:logs("warn")):never():to_equal {}
  end)
end)

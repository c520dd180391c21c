-- Tests of what a strategy has to beat. They are simple on purpose, and so are these.

local SPOT, PERP = "spot:BTCUSDT", "usdm:BTCUSDT"
local two = { symbols = { SPOT, PERP } }

-- A market with a basis and a rate, in bp and bp per 8 hours.
local function show(basis, rate, price)
  price = price or 50000
  market.push { symbol = SPOT, price = price }
  market.push { symbol = PERP, price = price * (1 + basis / 1e4), funding = rate / 1e4 }
end

-- Lets hours pass in which the books stay where they are.
local function hours(n, basis, rate, price)
  for _ = 1, n do
    show(basis, rate, price)
    clock.advance("1h")
  end
end

local function states(s)
  local out = {}
  for _, p in ipairs(s:pairs()) do out[#out + 1] = p.state end
  return out
end

describe("hold", function()
  it("opens a pair of every coin and keeps it", function()
    local s = strategy("hold.lua", { capital = 10000 }, two)
    hours(48, -4, -3)
    expect(states(s)):to_equal { "open" }
    expect(s:position(PERP)):to_be_near(-0.2, 0.01)
  end)

  it("renews a pair that has outgrown its part", function()
    local s = strategy("hold.lua", { capital = 5000 }, two)
    hours(2, 0, 0)
    for price = 52500, 115000, 2500 do hours(1, 0, 0, price) end
    hours(3, 0, 0, 115000)
    expect(s:pairs()[1]):to_have { state = "closed" }
    expect(states(s)[2]):to_be("open")
  end)

  it("opens nothing while it is halted", function()
    local s = strategy("hold.lua", nil, two)
    s:halt()
    hours(3, 0, 0)
    expect(s:orders()):to_equal {}
  end)
end)

describe("threshold", function()
  it("opens at a rate and closes below another", function()
    local s = strategy("threshold.lua", { capital = 10000 }, two)
    hours(10, 0, 2)
    expect(states(s)):to_equal {}
    hours(10, 0, 5)
    expect(states(s)):to_equal { "open" }
    hours(10, 0, -1)
    expect(states(s)):to_equal { "closed" }
    expect(s:pairs()[1].reason):to_contain("bp per 8 h")
  end)

  it("knows nothing before there is a book", function()
    local s = strategy("threshold.lua", nil, two)
    clock.advance("3h")
    expect(s:orders()):to_equal {}
  end)
end)

describe("funding and basis", function()
  it("opens when both are high", function()
    local s = strategy("funding_and_basis.lua", { capital = 10000 }, two)
    hours(3, 20, 0)
    hours(3, 0, 5)
    expect(states(s)):to_equal {}
    hours(3, 20, 5)
    expect(states(s)):to_equal { "open" }
  end)

  it("closes when the funding is gone", function()
    local s = strategy("funding_and_basis.lua", { capital = 10000 }, two)
    hours(3, 20, 5)
    hours(9, 20, -5)
    expect(s:pairs()[1]):to_have { state = "closed" }
    expect(s:pairs()[1].reason):to_contain("funding is gone")
  end)

  it("closes when the basis is gone", function()
    local s = strategy("funding_and_basis.lua", { capital = 10000 }, two)
    hours(3, 20, 5)
    hours(3, -20, 5)
    expect(s:pairs()[1].reason):to_contain("the basis is gone")
  end)

  it("renews a pair that has outgrown its part", function()
    local s = strategy("funding_and_basis.lua", { capital = 5000 }, two)
    hours(2, 20, 5)
    for price = 52500, 115000, 2500 do hours(1, 20, 5, price) end
    hours(3, 20, 5, 115000)
    expect(s:pairs()[1]):to_have { state = "closed" }
  end)

  it("knows nothing before there is a book", function()
    local s = strategy("funding_and_basis.lua", nil, two)
    clock.advance("3h")
    expect(s:orders()):to_equal {}
  end)
end)

describe("cross, the naive way", function()
  local A, B = "binance.usdm:ETHUSDT", "bybit.linear:ETHUSDT"
  local function rates(a, b)
    market.push { symbol = A, price = 3000, funding = a }
    market.push { symbol = B, price = 3000, funding = b }
  end
  local function open(money)
    return strategy("cross_naive.lua", nil, { symbols = { A, B }, balances = { ["binance.usdm"] = { USDT = money or 50000 }, ["bybit.unified"] = { USDT = 50000 } } })
  end

  it("is where yesterday paid most, and moves when it does", function()
    local s = open()
    rates(0.0006, -0.0004)
    clock.advance("40h")
    expect(s:pairs()[1]):to_have { short = A, long = B, state = "open" }
    rates(-0.0006, 0.0004)
    clock.advance("72h")
    expect(s:pairs()[1]):to_have { state = "closed" }
    expect(s:pairs()[2]):to_have { short = B, long = A }
  end)

  it("says why it can't", function()
    local s = open(1)
    rates(0.0006, -0.0004)
    clock.advance("40h")
    expect(s:log()):to_contain("cannot open ETH")
  end)
end)

-- Tests of funding_rotation.lua: coins that pay, cease to pay, and give way to others.

local WINDOW = { "BTC", "ETH", "SOL" }
local PRICES = { BTC = 50000, ETH = 3000, SOL = 150 }

local function spot(coin) return "spot:" .. coin .. "USDT" end
local function perp(coin) return "usdm:" .. coin .. "USDT" end

local function open(params, conditions)
  local c = { symbols = {} }
  for _, coin in ipairs(WINDOW) do
    c.symbols[#c.symbols + 1] = spot(coin)
    c.symbols[#c.symbols + 1] = perp(coin)
  end
  for k, v in pairs(conditions or {}) do c[k] = v end
  local p = { capital = 20000, max_pairs = 1, patience = 1, mean_rate = 0 } -- what pays nothing is expected to go on so
  for k, v in pairs(params or {}) do p[k] = v end
  return strategy("funding_rotation.lua", p, c)
end

-- What each coin pays, in bp per 8 hours, and a price that is so many times the usual one.
local function show(rates, times, basis)
  for _, coin in ipairs(WINDOW) do
    local price = PRICES[coin] * (times or 1)
    market.push { symbol = spot(coin), price = price }
    market.push { symbol = perp(coin), price = price * (1 + (basis or 0) / 1e4), funding = (rates[coin] or 0) / 1e4 }
  end
end

-- Lets hours pass, with books that are as they are.
local function hours(n, rates, times, basis)
  for _ = 1, n do
    show(rates, times, basis)
    clock.advance("1h")
  end
end

-- Coins that are held, in order of opening, with what became of each.
local function held(s)
  local out = {}
  for _, p in ipairs(s:pairs()) do out[#out + 1] = p.tag .. " " .. p.state end
  return table.concat(out, ", ")
end

describe("entering", function()
  it("waits until so many settlements are known", function()
    local s = open { seasoned = 3 }
    hours(6, { BTC = 20 })
    expect(held(s)):to_be("")
    hours(26, { BTC = 20 })
    expect(held(s)):to_be("BTC open")
    expect(s:log()):to_contain("open BTC: long spot:BTCUSDT, short usdm:BTCUSDT")
  end)

  it("takes the coin that pays best", function()
    local s = open()
    hours(32, { BTC = 8, ETH = 25, SOL = 10 })
    expect(held(s)):to_be("ETH open")
    expect(s:position(perp("ETH"))):below(0)
    expect(s:position(perp("ETH"))):to_be_near(-s:balance("spot", "ETH"), 0.01)
  end)

  it("collects what it is there for", function()
    local s = open()
    hours(32, { BTC = 20 })
    local before = #s:payments()
    hours(24, { BTC = 20 })
    expect(#s:payments() - before):to_be(3)
    for _, p in ipairs(s:payments()) do expect(p.amount):above(0) end
  end)

  it("stays out where it does not pay for its costs", function()
    local s = open()
    hours(48, { BTC = 1, ETH = 0.5, SOL = -1 })
    expect(s:orders()):to_equal {}
  end)

  it("opens nothing while it is halted", function()
    local s = open()
    s:halt()
    hours(48, { BTC = 20 })
    expect(s:orders()):to_equal {}
  end)

  it("is smaller with less money, and not at all with half of that", function()
    local s = open({}, { balances = { spot = { USDT = 14000 }, usdm = { USDT = 9000 } } })
    hours(40, { BTC = 20 })
    expect(-s:position(perp("BTC")) * 50000):below(15000)
  end)

  it("rests after a pair that did not open", function()
    local s = open()
    hours(24, {})
    venue.reject { count = 1000, reason = "busy" }
    hours(30, { BTC = 20 })
    expect(held(s)):to_contain("BTC failed")
    expect(s:log()):to_contain("BTC did not open")
  end)
end)

describe("leaving", function()
  it("a coin that costs more than going", function()
    local s = open { min_hold = 0 }
    hours(32, { BTC = 20 })
    hours(72, { BTC = -10 })
    expect(held(s)):to_be("BTC closed")
    expect(s:log()):to_contain("costs more than leaving")
    expect(s:log()):to_contain("closed BTC")
  end)

  it("and lets it rest before it comes again", function()
    local s = open { rest = 1000 }
    hours(32, { BTC = 20 })
    hours(72, { BTC = -10 })
    hours(48, { BTC = 20 })
    expect(held(s)):to_be("BTC closed")
  end)

  it("for a coin that pays so much more that the switch is paid for", function()
    local s = open()
    hours(40, { BTC = 8 })
    expect(held(s)):to_be("BTC open")
    hours(72, { BTC = 4, SOL = 29 })
    expect(held(s)):to_be("BTC closed, SOL open")
    expect(s:log()):to_contain("bp more, the switch costs")
  end)

  it("not for a little more", function()
    local s = open()
    hours(40, { BTC = 20 })
    hours(48, { BTC = 20, SOL = 21 })
    expect(held(s)):to_be("BTC open")
  end)

  it("not more often than it may", function()
    local s = open { max_switches = 0 }
    hours(40, { BTC = 8 })
    hours(72, { BTC = 4, SOL = 29 })
    expect(held(s)):to_be("BTC open")
  end)

  it("a pair whose price has doubled, to renew it at its size", function()
    local s = open { capital = 5000 }
    hours(32, { BTC = 20 })
    for times = 1.1, 2.3, 0.1 do hours(2, { BTC = 20 }, times) end
    expect(s:pairs()[1]):to_have { state = "closed" }
    expect(s:log()):to_contain("times what it was, renew it")
  end)
end)

describe("margin", function()
  it("is kept while the price rises", function()
    local s = open { capital = 30000 }
    hours(32, { BTC = 20 })
    for times = 1.05, 1.6, 0.05 do hours(2, { BTC = 20 }, times) end
    expect(s:fills()):never():to_have { reason = "liquidation" }
    expect(s:position(perp("BTC"))):below(0)
  end)
end)

describe("other legs", function()
  it("are perpetuals of two venues", function()
    local A, B = "binance.usdm:ETHUSDT", "bybit.linear:ETHUSDT"
    local s = strategy("funding_rotation.lua", { legs = "perp-perp", capital = 10000, max_pairs = 1 },
      { symbols = { A, B }, balances = { ["binance.usdm"] = { USDT = 50000 }, ["bybit.unified"] = { USDT = 50000 } } })
    for _ = 1, 60 do
      market.push { symbol = A, price = 3000, funding = 0.001 }
      market.push { symbol = B, price = 3000, funding = -0.0005 }
      clock.advance("1h")
    end
    expect(s:pairs()):to_have { { long = B, short = A, state = "open" } }
  end)

  it("are coins that back their own shorts", function()
    local s = strategy("funding_rotation.lua", { margin = "coin", capital = 10000, max_pairs = 1 },
      { symbols = { "spot:BTCUSDT", "coinm:BTCUSD_PERP" }, balances = { spot = { USDT = 50000 } } })
    for _ = 1, 60 do
      market.push { symbol = "spot:BTCUSDT", price = 50000 }
      market.push { symbol = "coinm:BTCUSD_PERP", price = 50000, funding = 0.002 }
      clock.advance("1h")
    end
    expect(s:pairs()):to_have { { state = "open", short = "coinm:BTCUSD_PERP" } }
  end)
end)

it("is never short more than its capital, nor of what it does not own", function()
  local rate = gen.integer(-20, 40)
  forall({ runs = 8 }, gen.list(gen.table { BTC = rate, ETH = rate, SOL = rate }, 1, 6), function(course)
    local s = open { max_pairs = 2, capital = 10000 }
    for _, rates in ipairs(course) do
      hours(10, rates)
      local short = 0
      for _, coin in ipairs(WINDOW) do
        local qty = -s:position(perp(coin))
        short = short + qty * PRICES[coin]
        expect(qty):at_most(s:balance("spot", coin) * 1.01 + 1e-9)
      end
      expect(short):at_most(10500)
    end
  end)
end)

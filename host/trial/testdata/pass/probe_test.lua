local BTC, PERP = "spot:BTCUSDT", "usdm:BTCUSDT"

describe("the market", function()
  local s
  before_each(function() s = strategy("probe.lua", nil, { symbols = { BTC, PERP } }) end)

  it("starts a strategy and stands still", function()
    expect(s:state()):to_equal { starts = 1 }
    expect(clock.now()):to_be(1767571200)
  end)

  it("shows a book by its best prices", function()
    market.push { symbol = BTC, bid = 50000, ask = 50001, bid_qty = 3, ask_qty = 1 }
    expect(s:state()):to_have { bid = 50000, ask = 50001, imbalance = 0.5, books = 1 }
    market.push { symbol = BTC, price = 40000 }
    expect(s:state()):to_have { bid = 39999.99, ask = 40000.01, imbalance = 0 }
  end)

  it("shows a book by its levels", function()
    market.push { symbol = BTC, bids = { { 100, 3 }, { 99, 3 } }, asks = { { 101, 2 } } }
    expect(s:state()):to_have { bid = 100, ask = 101, imbalance = 0.5 }
  end)

  it("shows trades, marks, liquidations and gaps", function()
    market.push { symbol = PERP, price = 50000, trade = { price = 50001, qty = 0.5, side = "buy" } }
    expect(s:state()):to_have { trade = 50001, mark = 50000, rate = 0 }
    market.push { symbol = PERP, mark = 50010, index = 50000, funding = 0.0001 }
    expect(s:state()):to_have { mark = 50010, rate = 0.0001, next = 1767571200 + 8 * 3600 }
    market.push { symbol = PERP, liquidation = { price = 49000, qty = 2, side = "sell" } }
    market.push { symbol = BTC, price = 50000 }
    market.push { symbol = BTC, gap = "the wire broke" }
    expect(s:state()):to_have { liquidated = 2 }
    expect(s:state().gap):to_contain("the wire broke")
  end)

  it("builds bars of every declared length", function()
    market.push { symbol = BTC, bar = { open = 100, high = 104, low = 99, close = 103, volume = 8, length = "1h" } }
    expect(s:state().bar1h):to_equal { 100, 104, 99, 103, 8 }
    expect(s:state().ticks):to_be(60)
    expect(clock.now()):to_be(1767571200 + 3600)
  end)

  it("says what is wrong with a push", function()
    expect(function() market.push { symbol = "spot:NOPE", price = 1 } end):to_error("NOPE")
    expect(function() market.push { symbol = BTC, bid = 2, ask = 1 } end):to_error("must be above the bid")
    expect(function() market.push { symbol = BTC, mark = 1 } end):to_error("no perpetual")
    expect(function() market.push { symbol = BTC, prise = 1 } end):to_error("did you mean \"price\"")
    expect(function() market.push { symbol = BTC } end):to_error("nothing is said")
  end)
end)

describe("the venue", function()
  local s
  local function open(params) s = strategy("probe.lua", params, { symbols = { BTC, PERP } }) market.push { symbol = BTC, price = 50000 } end

  it("fills at once without a latency", function()
    open()
    s:signal("buy", BTC)
    expect(s:fills()):to_have { { side = "buy", price = 50000.01, qty = 0.01, maker = false } }
    expect(s:position(BTC)):to_be(0.01)
    expect(s:balance("spot", "BTC")):to_be_near(0.01, 1e-4)
    expect(s:equity()):to_be_near(100000, 2)
  end)

  it("takes its time with one", function()
    s = strategy("probe.lua", nil, { symbols = { BTC }, latency = "20ms" })
    market.push { symbol = BTC, price = 50000 }
    s:signal("buy", BTC)
    expect(s:open_orders()):to_have { { status = "new" } }
    clock.advance("1s")
    expect(s:orders()):to_have { { status = "filled" } }
  end)

  it("keeps an order that rests, and fills it when trades go through it", function()
    open { tif = "post_only" }
    s:signal("buy", BTC)
    expect(s:open_orders()):to_have { { price = 49999.99, status = "accepted" } }
    market.push { symbol = BTC, trade = { price = 49999, qty = 5, side = "sell" } }
    expect(s:fills()):to_have { { price = 49999.99, maker = true } }
  end)

  it("refuses", function()
    open()
    venue.reject { reason = "insufficient balance", count = 2 }
    s:signal("buy", BTC)
    s:signal("buy", BTC)
    s:signal("buy", BTC)
    expect(s:orders()):to_have { { status = "rejected", reason = "insufficient balance" }, { status = "rejected" }, { status = "filled" } }
  end)

  it("fills in part", function()
    open()
    venue.partial { part = 0.25, symbol = BTC, side = "buy" }
    s:signal("sell", BTC)
    s:signal("buy", BTC)
    expect(s:orders()):to_have { { status = "denied" }, { status = "expired", filled = 0.0025 } } -- there was nothing to sell
  end)

  it("keeps the rest of one that may rest, until it is canceled", function()
    open { tif = "gtc" }
    venue.partial { part = 0.5 }
    s:signal("buy", BTC)
    expect(s:open_orders()):to_have { { status = "partial", filled = 0.005 } }
    s:signal("cancel", BTC)
    expect(s:orders()):to_have { { status = "canceled", filled = 0.005 } }
  end)

  it("answers late, or not at all", function()
    open()
    venue.delay { delay = "5s" }
    s:signal("buy", BTC)
    expect(s:fills()):to_equal {}
    clock.advance("5s")
    expect(s:fills()):to_have_length(1)
    venue.lose()
    s:signal("buy", BTC)
    expect(s:orders()[2]):to_have { status = "unknown", filled = 0 }
    venue.answer()
    expect(s:orders()[2]):to_have { status = "filled", filled = 0.01 }
  end)

  it("is asked by the gate first", function()
    s = strategy("probe.lua", nil, { symbols = { BTC }, limits = { max_order_notional = 100 } })
    market.push { symbol = BTC, price = 50000 }
    s:signal("buy", BTC)
    expect(s:orders()):to_have { status = "denied" }
    expect(s:orders()[1].reason):to_contain("100")
  end)

  it("knows stale books only when it is told to", function()
    open()
    clock.advance("1h")
    s:signal("buy", BTC)
    expect(s:fills()):to_have_length(1)
    s = strategy("probe.lua", nil, { symbols = { BTC }, limits = { stale_after = "5s" } })
    market.push { symbol = BTC, price = 50000 }
    clock.advance("1h")
    s:signal("buy", BTC)
    expect(s:orders()):to_have { status = "denied" }
  end)
end)

describe("positions", function()
  local s
  before_each(function()
    s = strategy("probe.lua", { qty = 0.1 }, { symbols = { PERP }, balances = { usdm = { USDT = 2000 } } })
    market.push { symbol = PERP, price = 50000, funding = 0.0002 }
  end)

  it("are paid funding when the hour comes", function()
    s:signal("sell", PERP)
    clock.advance("8h")
    expect(s:state().funding):to_be_near(1, 0.001)
    expect(s:payments()):to_have { { symbol = PERP, rate = 0.0002, position = -0.1 } }
    clock.advance("16h")
    expect(s:payments()):to_have_length(3)
    clock.advance("1h")
    funding.settle(PERP, -0.001)
    expect(s:payments()[4].amount):to_be_near(-5, 0.01)
  end)

  it("are liquidated when the mark goes too far", function()
    s:signal("buy", PERP)
    market.push { symbol = PERP, price = 30050 }
    expect(s:position(PERP)):to_be(0)
    expect(s:state().why):to_be("liquidation")
  end)

  it("are deleveraged", function()
    s:signal("buy", PERP)
    venue.deleverage(PERP, 0.04)
    expect(s:position(PERP)):to_be_near(0.06)
  end)
end)

describe("a session", function()
  local s
  before_each(function()
    s = strategy("probe.lua", { words = { "x", "y" }, on = false }, { symbols = { BTC } })
    market.push { symbol = BTC, price = 50000 }
  end)

  it("has its parameters", function()
    expect(s:param("words")):to_equal { "x", "y" }
    expect(s:param("on")):to_be(false)
    expect(s:set { qty = 0.02 }):to_be(true)
    expect(s:param("qty")):to_be(0.02)
    local ok, problem = s:set { qty = -1 }
    expect(ok):to_be(false)
    expect(problem):to_contain("at least 0")
    expect(s:set { words = {} }):to_be(true)
    expect(s:param("words")):to_equal {}
    ok, problem = s:set { words = { a = 1 } }
    expect(ok):to_be(false)
    expect(problem):to_contain("want a list")
  end)

  it("is halted and goes on", function()
    s:halt("enough")
    expect(s:halted()):to_be("enough")
    s:signal("buy", BTC)
    expect(s:orders()):to_have { status = "denied" }
    s:resume()
    expect(s:halted()):to_be_nil()
    s:signal("buy", BTC)
    expect(s:fills()):to_have_length(1)
  end)

  it("goes on after a restart, and after a crash", function()
    s:signal("buy", BTC)
    s:restart()
    expect(s:state()):to_have { starts = 2, stopped = true, filled = 0.01 }
    expect(s:position(BTC)):to_be(0.01)
    s:signal("buy", BTC)
    s:restart { crash = true }
    expect(s:state()):to_have { starts = 3 }
    expect(s:position(BTC)):to_be(0.02)
  end)

  it("takes another version, or says why not", function()
    local ok, problem = s:reload([[
      local M = { name = "probe" }
      function M.on_reload(state) state.migrated = true end
      function M.on_timer() state.ticks = -1 end
      return M]])
    expect(problem):to_be_nil()
    expect(ok):to_be(true)
    clock.advance("1m")
    expect(s:state()):to_have { migrated = true, ticks = -1 }
    ok, problem = s:reload("return { name = 'probe', on_timer = function() local x = end }")
    expect(ok):to_be(false)
    expect(problem):to_contain("probe.lua:1")
    expect(s:reload("probe.lua")):to_be(true)
  end)

  it("notes errors that are meant", function()
    s:signal("fail")
    expect(s:errors()[1]):to_contain("asked to fail")
    expect(s:errors()):to_have_length(1)
  end)

  it("tells people", function()
    s:signal("note", { value = 7 })
    expect(s:notes()):to_have { { text = "look here" } }
    expect(s:chart("line")):to_equal { 7 }
  end)

  it("asks an advisor", function()
    s = strategy("probe.lua", nil, { symbols = { BTC }, advisor = true })
    s:signal("ask")
    expect(s:questions()):to_have { { tag = "t", context = { n = 1 } } }
    s:answer { action = "go" }
    expect(s:state().advice):to_be("go")
    s:signal("ask")
    s:answer(false)
    expect(s:state().advice):to_be("failed")
    s:signal("ask")
    s:answer({ action = "leap" }, "t")
    expect(s:state().advice):never():to_be("leap")
    expect(s:questions()):to_equal {}
  end)

  it("decides as it did", function()
    s:signal("buy", BTC)
    clock.advance("1m")
    venue.reject { reason = "busy" }
    s:signal("buy", BTC)
    s:to_match_golden("decisions")
  end)

  it("is one of several", function()
    local other = strategy("probe.lua", nil, { symbols = { BTC, "usdm:NEWUSDT" } })
    market.push { symbol = BTC, price = 60000 }
    market.push { symbol = "usdm:NEWUSDT", price = 0.5 }
    expect(s:state().bid):to_be(59999.99)
    expect(other:state().bid):to_be_near(59999.99, 0.5)
    clock.advance("1m")
    expect(s:state().ticks):to_be(1)
    expect(other:state().ticks):to_be(1)
  end)
end)

local BTC = "spot:BTCUSDT"

describe("live", function()
  local s
  local function begin(conditions)
    conditions.symbols = { BTC }
    s = strategy("live.lua", { notional = 100 }, conditions)
    market.push { symbol = BTC, price = 50000 }
  end

  it("keeps one bid", function()
    begin {}
    clock.advance("10m")
    expect(s:open_orders()):to_have { { side = "buy" } }
  end)

  it("says why the venue refused", function()
    begin {}
    venue.reject { reason = "insufficient balance" }
    clock.advance("1m")
    expect(s:logs("warn")):to_have { text = "insufficient balance" }
  end)

  it("says why the gate refused", function()
    begin { limits = { max_order_notional = 50 } }
    clock.advance("1m")
    expect(#s:logs("warn")):above(0)
  end)

  it("leaves nothing resting", function()
    begin {}
    clock.advance("1m")
    s:stop()
    expect(s:open_orders()):to_equal {}
  end)
end)

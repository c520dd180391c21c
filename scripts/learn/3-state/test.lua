local BTC = "spot:BTCUSDT"

describe("state", function()
  local s
  before_each(function()
    s = strategy("state.lua", { amount = 100, budget = 500 }, { symbols = { BTC } })
    market.push { symbol = BTC, price = 50000 }
  end)

  it("stops when the budget is spent", function()
    clock.advance("1d")
    expect(s:fills()):to_have_length(5)
  end)

  it("remembers over a restart", function()
    clock.advance("3h")
    s:restart()
    clock.advance("1d")
    expect(s:fills()):to_have_length(5)
  end)

  it("also after a crash", function()
    clock.advance("3h")
    s:restart { crash = true }
    clock.advance("1d")
    expect(s:fills()):to_have_length(5)
  end)

  it("counts what was filled", function()
    venue.reject { reason = "busy", count = 3 }
    clock.advance("1d")
    expect(s:fills()):to_have_length(5)
  end)
end)

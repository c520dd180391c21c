local M = {}

local BTC = "usdm:BTCUSDT"

-- Each test is run with the strategy itself, and has to fail with one of those that are wrong.
local function begin(file)
  return strategy(file, { high = 60000, qty = 0.3 }, { symbols = { BTC } })
end

function M.sells_nothing_below(file)
  local s = begin(file)
  market.push { symbol = BTC, price = 59000 }
  clock.advance("1h")
  expect(s:fills()):to_equal {}
end

function M.sells_three_times_at_most(file)
  local s = begin(file)
  market.push { symbol = BTC, price = 61000 }
  clock.advance("1d")
  expect(s:fills()):to_have_length(3)
  expect(s:position(BTC)):to_be_near(-0.3, 0.01)
end

function M.waits_an_hour(file)
  local s = begin(file)
  market.push { symbol = BTC, price = 61000 }
  clock.advance("59m")
  expect(s:fills()):to_have_length(1)
end

return M

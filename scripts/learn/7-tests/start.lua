local M = {}

local BTC = "usdm:BTCUSDT"

-- Each test is run with the strategy itself, and has to fail with one of those that are wrong.
local function begin(file)
  return strategy(file, { high = 60000, qty = 0.3 }, { symbols = { BTC } })
end

function M.sells_nothing_below(file)
  local s = begin(file)
  -- Your task: show a price below 60000, let time pass, and expect that there are no fills.
end

function M.sells_three_times_at_most(file)
  local s = begin(file)
  -- Your task
end

function M.waits_an_hour(file)
  local s = begin(file)
  -- Your task
end

return M

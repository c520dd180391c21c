-- Opens one pair of BTC on the bar that ends at open_at, in one slice, and closes
-- it on the bar that ends at close_at; 0 holds it to the end.

local M = { name = "hold" }

M.params = {
  open_at  = { default = 0, min = 0, doc = "seconds since the epoch" },
  close_at = { default = 0, min = 0, doc = "seconds since the epoch" },
  notional = { default = 1000, min = 20, doc = "value of one leg, in USDT" },
}

M.universe = { "spot:BTCUSDT", "usdm:BTCUSDT" }

function M.on_bar(bar)
  if bar.symbol ~= "usdm:BTCUSDT" then return end
  local pair = exec.pair.list()[1]
  if bar.time == params.open_at then
    assert(exec.pair.open { spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = params.notional,
      batch = params.notional, max_unhedged = 2 * params.notional, level = 1 })
  elseif pair and bar.time == params.close_at then
    assert(exec.pair.close(pair.id))
  end
end

return M

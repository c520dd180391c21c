local M = { name = "reload", version = 2 }

M.universe = { "spot:BTCUSDT" }

function M.on_start()
  state.by_side = state.by_side or { buy = 0, sell = 0, unknown = 0 }
end

function M.on_reload(state, from_version)
  if from_version < 2 then
    state.by_side = state.by_side or { buy = 0, sell = 0, unknown = state.trades or 0 }
    state.trades = nil
  end
end

function M.on_fill(fill)
  state.by_side[fill.side] = state.by_side[fill.side] + 1
end

function M.on_signal(name)
  local ask = market.book("spot:BTCUSDT"):ask(1)
  if name == "buy" then order.buy("spot:BTCUSDT", 100 / ask, ask, { tif = "ioc" }) end
end

return M

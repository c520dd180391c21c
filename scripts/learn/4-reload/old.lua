-- The version that ran before: what you save takes its place.
local M = { name = "reload", version = 1 }
M.universe = { "spot:BTCUSDT" }
function M.on_start() state.trades = 7 end
function M.on_fill() state.trades = state.trades + 1 end
return M

-- Opens a pair with a leg on each venue and closes it, a few times, each way round.

local M = { name = "twopairs" }

M.params = { n = { default = 3, min = 1, doc = "pairs" } }
M.universe = { "usdm:BTCUSDT", "bybit.linear:BTCUSDT" }

function M.on_start()
  state.opened, state.closed = state.opened or 0, state.closed or 0
  timer.every("act", 0.3)
end

function M.on_timer()
  local busy = false
  for _, p in ipairs(exec.pair.list()) do
    busy = true
    if p.state == "open" then exec.pair.close(p.id, { patience = "1s", reason = "next" }) end
  end
  if busy or state.opened >= params.n then return end
  for _, symbol in ipairs(M.universe) do
    if not market.book(symbol):ready() then return end
  end
  local long, short = M.universe[state.opened % 2 + 1], M.universe[(state.opened + 1) % 2 + 1]
  local id, err = exec.pair.open { long = long, short = short, notional = 600, timeout = "10s" }
  if id then state.opened = state.opened + 1 else log.warn("refused: " .. tostring(err)) end
end

function M.on_pair(p)
  if p.state == "closed" or p.state == "failed" then
    state.closed = state.closed + 1
    log.info("pairs done: " .. state.closed .. " " .. p.state)
  end
end

return M

-- Holds the perpetual that is paid to be held, against coins that are borrowed and sold.

local M = { name = "borrow" }

M.params = {
  long = { default = "linear:ABCUSDT", doc = "the perpetual" },
  short = { default = "spot:ABCUSDT", doc = "whose coins are borrowed" },
  notional = { default = 3000, min = 10, doc = "of either leg" },
  borrow = { default = true, doc = "whether coins may be borrowed" },
  close = { default = "150m", doc = "after so long it is closed" },
  level = { default = 1, min = 1, doc = "of the book, that prices both legs" },
  delay = { default = "1m", doc = "after so long it is opened" },
}
M.universe = function(p) return { p.long, p.short } end

function M.on_start()
  if not state.pair then timer.after("open", params.delay) end
  if not state.closing then timer.after("close", params.close) end
end

function M.on_timer(name)
  if name == "close" then
    state.closing = true
    if state.pair then exec.pair.close(state.pair, { reason = "it was long enough" }) end
    return
  end
  local id, err = exec.pair.open { long = params.long, short = params.short, notional = params.notional, borrow = params.borrow, max_unhedged = 2000, level = params.level }
  if err then
    state.refused = err
    log.warn(err)
  end
  state.pair = id
end

function M.on_pair(p)
  log.info(("%s: owes %.8f, interest %.6f, realised %.4f %s"):format(p.state, p.owed, p.interest, p.realised, p.reason or ""))
  if p.done then log.info(("%.8f are left"):format(p.perp_qty)) end
end

return M

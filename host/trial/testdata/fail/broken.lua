local M = { name = "broken", universe = { "spot:*" } }
function M.on_start() timer.every("tick", "10s") end
function M.on_timer()
  log.info("about to fail")
  local nothing = nil
  return nothing.there
end
return M

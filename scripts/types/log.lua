---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---The strategy's log. Values are joined with spaces.
---@class loglib
log = {}

---For following a strategy's thought; off unless asked for.
---
---```lua
---log.debug("funding of", symbol, num.fmt(0.000123, 5))
---```
---@param ... any
function log.debug(...) end

---For what happens normally.
---
---```lua
---log.info("funding of", symbol, num.fmt(0.000123, 5))
---```
---@param ... any
function log.info(...) end

---For what someone should look at.
---
---```lua
---log.warn("funding of", symbol, num.fmt(0.000123, 5))
---```
---@param ... any
function log.warn(...) end

---For what someone must look at.
---
---```lua
---log.error("funding of", symbol, num.fmt(0.000123, 5))
---```
---@param ... any
function log.error(...) end


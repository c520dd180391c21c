---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Lines on the strategy's chart.
---@class chartlib
chart = {}

---Adds a point, at the time of the event, to a line. A value that is nil, NaN or infinite leaves a hole.
---
---```lua
---chart.plot("basis", basis.open(spot, perp))
---```
---@param series string # name of the line; 1 to 64 bytes
---@param value? number
function chart.plot(series, value) end


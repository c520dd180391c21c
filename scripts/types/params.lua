---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---The strategy's parameters, by name; read-only. They are declared in the table the file returns, so they are
---known in handlers and not yet while the file loads.
---@class paramslib
params = {}


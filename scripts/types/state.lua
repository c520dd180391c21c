---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---What the strategy remembers over reloads, crashes and restarts. Plain data only: booleans, finite numbers,
---strings and tables of them. Locals and upvalues do not survive. on_reload(state, from_version) may migrate it.
---@class statelib
state = {}


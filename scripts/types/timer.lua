---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Timers by name. When one is due, on_timer(name) is called.
---@class timerlib
timer = {}

---Repeats, first after one period.
---
---```lua
---timer.every("rebalance", "5m")
---```
---@param name string # what on_timer is called with; 1 to 64 bytes
---@param period number|string # [seconds, or "5m"]
function timer.every(name, period) end

---Fires once, after a delay.
---@param name string # what on_timer is called with; 1 to 64 bytes
---@param delay number|string # [seconds, or "5m"]
function timer.after(name, delay) end

---Fires once, at the coming multiple of a period since midnight UTC, as funding settles at multiples of 8 hours.
---
---```lua
---timer.at_next("funding", "8h", "1m")  -- 07:59, 15:59, 23:59 UTC
---```
---@param name string # what on_timer is called with; 1 to 64 bytes
---@param period number|string # [seconds, or "8h"]
---@param before? number|string # [seconds, or "1m"] fires this much earlier
---@return number time # [seconds since the epoch] when it will fire
function timer.at_next(name, period, before) end

---Removes a timer; nothing happens when there is none.
---@param name string # what on_timer is called with; 1 to 64 bytes
function timer.cancel(name) end


---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---The tradable difference between a perpetual and its spot market, as a fraction of the spot price.
---@class basislib
basis = {}

---bid_perp / ask_spot - 1 at a level of both books: what opening (buy spot, sell perpetual) would lock in.
---
---```lua
---if (basis.open(spot, perp, 5) or 0) > 0.001 then exec.pair.open{spot = spot, perp = perp, notional = 1000} end
---```
---@param spot string|Book # the spot leg
---@param perp string|Book # the perpetual leg
---@param level? integer # book level from 1, the best; 1 when left out
---@return number? basis # [fraction] nil when a book is not ready or too thin
function basis.open(spot, perp, level) end

---ask_perp / bid_spot - 1 at a level of both books: what closing (sell spot, buy perpetual) would give back.
---@param spot string|Book # the spot leg
---@param perp string|Book # the perpetual leg
---@param level? integer # book level from 1, the best; 1 when left out
---@return number? basis # [fraction] nil when a book is not ready or too thin
function basis.close(spot, perp, level) end

---basis.open at the average prices of a size.
---@param spot string|Book # the spot leg
---@param perp string|Book # the perpetual leg
---@param notional number # [quote] size of one leg
---@return number? basis # [fraction] nil when a book is not ready or too thin
function basis.open_for(spot, perp, notional) end

---basis.close at the average prices of a size.
---@param spot string|Book # the spot leg
---@param perp string|Book # the perpetual leg
---@param notional number # [quote] size of one leg
---@return number? basis # [fraction] nil when a book is not ready or too thin
function basis.close_for(spot, perp, notional) end

---What the basis of a dated future comes to in a year: basis × 365 / days to delivery, without compounding. A perpetual converges to nothing on a date; its yield is its funding.
---
---```lua
---local y = basis.annual(basis.open(spot, future, 5) or 0, future)
---```
---@param basis number # [fraction]
---@param future string|Book # the dated future
---@return number? yield # [fraction a year] nil within a day of delivery, where it means nothing
function basis.annual(basis, future) end


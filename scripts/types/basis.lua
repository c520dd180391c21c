---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---The tradable difference between two instruments of a coin, as a fraction of the price of what is long.
---@class basislib
basis = {}

---bid_short / ask_long - 1 at a level of both books: what opening (buy long, sell short) would lock in.
---
---```lua
---if (basis.open(spot, perp, 5) or 0) > 0.001 then exec.pair.open{spot = spot, perp = perp, notional = 1000} end
---```
---@param long string|Book # what is bought to open: a spot market, or any contract
---@param short string|Book # what is sold: another instrument of the coin, of any venue
---@param level? integer # book level from 1, the best; 1 when left out
---@return number? basis # [fraction] nil when a book is not ready or too thin
function basis.open(long, short, level) end

---ask_short / bid_long - 1 at a level of both books: what closing (sell long, buy short) would give back.
---@param long string|Book # what is bought to open: a spot market, or any contract
---@param short string|Book # what is sold: another instrument of the coin, of any venue
---@param level? integer # book level from 1, the best; 1 when left out
---@return number? basis # [fraction] nil when a book is not ready or too thin
function basis.close(long, short, level) end

---basis.open at the average prices of a size.
---@param long string|Book # what is bought to open: a spot market, or any contract
---@param short string|Book # what is sold: another instrument of the coin, of any venue
---@param notional number # [quote] size of one leg
---@return number? basis # [fraction] nil when a book is not ready or too thin
function basis.open_for(long, short, notional) end

---basis.close at the average prices of a size.
---@param long string|Book # what is bought to open: a spot market, or any contract
---@param short string|Book # what is sold: another instrument of the coin, of any venue
---@param notional number # [quote] size of one leg
---@return number? basis # [fraction] nil when a book is not ready or too thin
function basis.close_for(long, short, notional) end

---What a basis comes to in a year, without compounding. Of a dated future: basis × 365 / days to delivery, or to it from the delivery of another one. A perpetual converges to nothing on a date: of it, what the funding that such a premium leads to comes to.
---
---```lua
---local y = basis.annual(basis.open(spot, future, 5) or 0, future)
---```
---@param basis number # [fraction]
---@param future string|Book # the dated future, or the perpetual
---@param near? string|Book # the dated future that is long, in a calendar spread
---@return number? yield # [fraction a year] nil within a day of delivery, where it means nothing
function basis.annual(basis, future, near) end


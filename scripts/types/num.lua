---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Exact numbers: decimals, and rounding with a named direction.
---@class numlib
num = {}

---An exact decimal.
---
---```lua
---local d = num.dec("0.1") + num.dec("0.2")  -- exactly 0.3
---```
---@param x number|string|Decimal
---@return Decimal d
function num.dec(x) end

---The largest multiple of step that is at most x.
---@param x number|string|Decimal
---@param step number|string|Decimal # above 0, such as a tick
---@return number|Decimal rounded # a Decimal when x was one, otherwise a number
function num.floor_to(x, step) end

---The smallest multiple of step that is at least x.
---@param x number|string|Decimal
---@param step number|string|Decimal # above 0, such as a tick
---@return number|Decimal rounded # a Decimal when x was one, otherwise a number
function num.ceil_to(x, step) end

---The multiple of step nearest to x; halves go away from zero.
---@param x number|string|Decimal
---@param step number|string|Decimal # above 0, such as a tick
---@return number|Decimal rounded # a Decimal when x was one, otherwise a number
function num.round_to(x, step) end

---A price as a whole number of an instrument's ticks, rounded to the nearest: whole numbers compare exactly.
---@param symbol string|Book
---@param price number|string|Decimal # [quote]
---@return integer ticks
function num.ticks(symbol, price) end

---The price of a whole number of ticks.
---@param symbol string|Book
---@param ticks integer
---@return number price # [quote]
function num.price(symbol, ticks) end

---Text with a fixed number of decimal places; halves go away from zero.
---@param x number|string|Decimal
---@param places integer # 0 to 18
---@return string text
function num.fmt(x, places) end

---Whether two numbers, strings or decimals have the same value. Use it with decimals: == between a Decimal and a number is always false.
---@param a number|string|Decimal
---@param b number|string|Decimal
---@return boolean equal
function num.eq(a, b) end

---An exact decimal. + - * / take another Decimal, a number or a numeric string; division keeps 20 places.
---<, <= and == compare two Decimals; use :cmp or num.eq against a number.
---@class Decimal
local Decimal = {}

---The nearest number, for signals.
---@return number x
function Decimal:number() end

---The exact text.
---@return string text
function Decimal:string() end

----1, 0 or 1.
---@return integer sign
function Decimal:sign() end

----1, 0 or 1 when the decimal is less than, equal to or greater than x.
---@param x number|string|Decimal
---@return integer order
function Decimal:cmp(x) end


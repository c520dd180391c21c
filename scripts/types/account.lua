---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---What the account holds.
---@class accountlib
account = {}

---One asset in one wallet; zeros when there is none.
---
---```lua
---local free = account.balance("spot", "USDT").free
---```
---@param wallet "spot"|"usdm"|"coinm"
---@param asset string # such as "USDT"
---@return Balance balance
function account.balance(wallet, asset) end

---This strategy's position in an instrument.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return Position position
function account.position(symbol) end

---What the account is worth.
---@return number equity # [USDT]
function account.equity() end

---The account's fees on an instrument.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return number maker # [fraction of notional]
---@return number taker # [fraction of notional]
function account.fees(symbol) end

---One asset in one wallet.
---@class Balance
---@field total number # [asset]
---@field free number # [asset] what is neither in orders nor needed as margin
---@field locked number # [asset]

---The sum of this strategy's fills in one instrument.
---@class Position
---@field qty number # [units of quantity] signed; 0 when flat
---@field entry number? # [quote] average entry price; nil when flat
---@field realised number # [settlement asset] profit of what was closed, without fees and funding


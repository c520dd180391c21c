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
---@param wallet string # a wallet, as perilune venues lists them: "spot", "usdm" or "coinm", or another venue's such as "unified", "trading", "account" or "perp"; with its house in front (house.unified) where the session is not on that venue alone
---@param asset string # such as "USDT"
---@return Balance balance
function account.balance(wallet, asset) end

---The margin of a derivatives wallet.
---
---```lua
---local m = account.margin("usdm", "USDT")
---local distance = (m.equity - m.maintenance) / m.exposure
---```
---@param wallet string # a wallet, as perilune venues lists them: "spot", "usdm" or "coinm", or another venue's such as "unified", "trading", "account" or "perp"; with its house in front (house.unified) where the session is not on that venue alone
---@param asset string # such as "USDT"
---@return Margin margin
function account.margin(wallet, asset) end

---What stands behind the account's position in a contract: its own margin where that is isolated, and otherwise that of its wallet.
---
---```lua
---local m = account.margin_of("usdm:BTCUSDT")
---```
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return Margin margin
function account.margin_of(symbol) end

---This strategy's position in an instrument: the sum of its fills, less the coins that fees took on spot. Transfers do not count; account.balance tells what the wallet holds.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return Position position
function account.position(symbol) end

---What the account is worth. What is held and has no price yet counts nothing: on a market of venues that can be so for some seconds after the start.
---@return number equity # [the account's currency]
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

---What a derivatives wallet holds and what it has to back, at the mark price. The venue liquidates when equity falls to maintenance.
---@class Margin
---@field equity number # [asset] wallet balance and unrealised profit
---@field exposure number # [asset] value of the positions, long and short added up; of all strategies
---@field initial number # [asset] needed to keep positions and working orders open
---@field maintenance number # [asset] needed to keep the positions from liquidation
---@field movable number # [asset] what a transfer may take: unrealised profit may not leave

---The sum of this strategy's fills in one instrument, less the coins that fees took on spot.
---@class Position
---@field qty number # [units of quantity] signed; 0 when flat
---@field entry number? # [quote] average entry price; nil when flat
---@field realised number # [settlement asset] profit of what was closed, without fees and funding


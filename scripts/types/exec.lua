---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Intents that take more than one order.
---@class execlib
exec = {}

---Moves an asset between two wallets of the account.
---
---```lua
---exec.transfer("USDT", "spot", "usdm", 500)
---```
---@param asset string
---@param from "spot"|"usdm"|"coinm"
---@param to "spot"|"usdm"|"coinm"
---@param amount number|string|Decimal # [asset] above 0
function exec.transfer(asset, from, to, amount) end

---Stops this strategy's trading and says why. Only an operator resumes it.
---@param reason string
function exec.halt(reason) end

---Pair trades: long spot and short a perpetual, as one object.
---@class exec_pairlib
exec.pair = {}

---Opens a pair. Progress arrives in on_pair.
---
---```lua
---local id, err = exec.pair.open{spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 10000, min_basis = 0.001}
---```
---@param request PairRequest
---@return string? id
---@return string? err # why there is none
function exec.pair.open(request) end

---Makes a pair flat.
---@param id string
---@param request? CloseRequest
---@return boolean ok
---@return string? err
function exec.pair.close(id, request) end

---A pair by its id.
---@param id string
---@return PairTrade? pair
function exec.pair.get(id) end

---The pairs of this strategy that are not done, oldest first.
---@return PairTrade[] pairs
function exec.pair.list() end

---A hedged position to open: long spot and short the perpetual, in equal base quantity.
---@class PairRequest
---@field spot string|Book # symbol of the spot leg
---@field perp string|Book # symbol of the perpetual leg
---@field notional number|string|Decimal # [quote] target value of one leg
---@field batch? number|string|Decimal # [quote] value of one slice of each leg; max_unhedged when left out, and never more
---@field level? integer # book level that prices both legs, from 1; 5 when left out
---@field min_basis? number # [fraction] a slice starts only while basis.open(spot, perp, level) is at least this; any when left out
---@field max_unhedged? number|string|Decimal # [quote] largest value that may be unhedged at any moment; 5000 when left out
---@field max_unhedged_time? number|string # [seconds, or "5s"] how long a leg may stay unhedged before the excess is flattened; 5 s when left out
---@field timeout? number|string # [seconds, or "10m"] ends the opening with the size reached; 10 minutes when left out
---@field tag? string # a note that stays with the pair

---How a pair is to be closed.
---@class CloseRequest
---@field max_basis? number # [fraction] a slice starts only while basis.close(spot, perp, level) is at most this; any when left out
---@field patience? number|string # [seconds, or "10m"] how long max_basis is honoured; then the pair is closed at any basis; 10 minutes when left out
---@field reason? string # kept in the ledger

---A hedged position, long spot and short the perpetual: a copy as of the event being handled. Amounts come from fills only.
---@class PairTrade
---@field id string
---@field spot string # symbol of the spot leg
---@field perp string # symbol of the perpetual leg
---@field state "opening"|"open"|"closing"|"closed"|"failed"|"halted"
---@field done boolean # whether it will not trade again
---@field reason string?
---@field tag string?
---@field notional number # [quote] asked for
---@field spot_qty number # [base] net coins held
---@field perp_qty number # [units of quantity] signed; a short is negative
---@field spot_cost number # [quote] signed cash of the spot fills, without fees
---@field perp_cost number # [quote] signed cash of the perpetual's fills, without fees
---@field open_basis number # [fraction] executed, size-weighted
---@field close_basis number # [fraction]
---@field funding number # [settlement asset] received so far
---@field fees number # [quote]
---@field realised number # [quote] the whole result once closed, after fees and funding
---@field opened number? # [seconds since the epoch]
---@field closed number? # [seconds since the epoch]
---@field settlements integer # funding settlements seen while it had a position
---@field max_unhedged number # [quote] as measured
---@field max_unhedged_time number # [seconds] as measured


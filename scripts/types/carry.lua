---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---What holding coins against a short of their perpetual should bring, pair by pair.
---@class carrylib
carry = {}

---The pairs whose books and funding are known, best edge first. It also takes a sample of each pair's basis every four hours.
---
---```lua
---state.basis = state.basis or {}
---local best = carry.rank{horizon = "720h", slice = 2500, memory = state.basis}[1]
---```
---@param request CarryRequest
---@return CarryPair[] pairs
function carry.rank(request) end

---What moving from one pair to another should bring over the horizon, before the four executions that it costs beyond staying.
---@param from CarryPair
---@param to CarryPair
---@return number gain # [fraction]
---@return number cost # [fraction] fees of closing one and opening the other
function carry.switch_gain(from, to) end

---Which pairs to compare, and how funding is expected to go on.
---@class CarryRequest
---@field margin? "usdt"|"coin" # as of market.pairs
---@field level? integer # book level that prices both legs, from 1; 5 when left out
---@field horizon number|string # [seconds, or "720h"] how long a pair is expected to be held
---@field near? number|string # [seconds, or "168h"] a shorter horizon, to judge by whether to hold at all; a week when left out
---@field mean? number # [fraction per 8 hours] where funding returns to; 0.0001 when left out
---@field persistence? number # [fraction] part of the distance to mean that is left 8 hours later, below 1; 0.85 when left out
---@field last? integer # settled rates that the median is of; 3 when left out
---@field slice number # [quote] value that is bought and sold at a time
---@field depth? number # [slices] that the books must hold; 1 when left out
---@field memory table # a table in state that keeps how each pair's basis was
---@field days? number # of basis that are kept, six samples each; 7 when left out
---@field entry_quantile? number # of the opening basis; 0.7 when left out
---@field exit_quantile? number # of the closing basis; 0.3 when left out

---What is known of holding a pair, at the moment it was asked for. Gains and costs are fractions of one leg's value.
---@class CarryPair
---@field base string # the coin
---@field spot string # symbol of the spot leg
---@field perp string # symbol of the perpetual leg
---@field rate number # [fraction per 8 hours] the running estimate
---@field predicted number # [fraction per 8 hours] what will probably settle
---@field median number # [fraction per 8 hours] of the last settlements; predicted when there were none
---@field low number # [fraction per 8 hours] the lower of predicted and median: what to count on when entering
---@field high number # [fraction per 8 hours] the higher of them: what to grant when leaving
---@field hours number # [hours] funding interval
---@field due number # [seconds] until the coming settlement
---@field settled number # settlements that are known, at most 100; few of a new listing
---@field gain number # [fraction] funding expected over the horizon at low
---@field stay number # [fraction] funding expected over the horizon at high, and what the closing basis is above the usual: what a holding is worth keeping for
---@field near_low number # [fraction] funding expected over near at low
---@field near_high number # [fraction] funding expected over near at high
---@field open number # [fraction] basis.open at the level
---@field close number # [fraction] basis.close at the level
---@field usual number # [fraction] median of the closing basis over the days kept: what leaving will probably cost
---@field entry number # [fraction] the quantile of the opening basis over the days kept; open while less than a day of it is known
---@field exit number # [fraction] the quantile of the closing basis over the days kept
---@field fees number # [fraction] of taking both legs once; a round trip pays it twice
---@field edge number # [fraction] gain + open - usual - 2 fees: what entering now should bring after all costs
---@field break_even integer? # [settlements] expected until a round trip is paid for; nil when it is not within the horizon
---@field tradable boolean # whether a slice is large enough for both markets and their books are deep enough


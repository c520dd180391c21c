---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---What holding a pair should bring: coins or a perpetual against a short, pair by pair, net of what either leg pays and of both venues' fees.
---@class carrylib
carry = {}

---The pairs whose books and funding are known, best edge first; one whose past is still being read (market.ready) is left out. It also takes a sample of each pair's basis every four hours.
---
---```lua
---state.basis = state.basis or {}
---local best = carry.rank{legs = "any", horizon = "720h", slice = 2500, memory = state.basis}[1]
---```
---@param request CarryRequest
---@return CarryPair[] pairs
function carry.rank(request) end

---What a rate of each interval comes to in a year of 365 days, without compounding.
---
---```lua
---local rate, hours = market.funding("usdm:BTCUSDT")
---local yearly = rate and carry.annual(rate, hours)
---```
---@param rate number # [fraction per interval]
---@param hours number # [hours] interval, above 0
---@return number yearly # [fraction a year]
function carry.annual(rate, hours) end

---What moving from one pair to another should bring over the horizon, before the four executions that it costs beyond staying.
---@param from CarryPair
---@param to CarryPair
---@return number gain # [fraction]
---@return number cost # [fraction] fees of closing one and opening the other
function carry.switch_gain(from, to) end

---Which pairs to compare, and how funding is expected to go on.
---@class CarryRequest
---@field legs? "spot-perp"|"perp-perp"|"any" # spot-perp, when left out: each perpetual with the spot market that hedges it. perp-perp: each perpetual against each other one of the coin, of any venue, both ways round. any: both, and spot markets against the perpetuals of other venues
---@field borrow? boolean # also perpetuals that are paid to be held, against coins that are lent and sold short on spot, net of the interest as it was told at the start; false when left out, and not with perp-perp
---@field margin? "usdt"|"coin"|"any" # of the perpetuals: as of market.pairs, or any where legs is not spot-perp
---@field level? integer # book level that prices both legs, from 1; 5 when left out
---@field horizon number|string # [seconds, or "720h"] how long a pair is expected to be held
---@field near? number|string # [seconds, or "168h"] a shorter horizon, to judge by whether to hold at all; a week when left out
---@field mean? number # [fraction per 8 hours] where funding returns to; 0.0001 when left out
---@field mean_days? number # each perpetual's funding returns to its own mean over so many days instead, and to mean by the part of them that is not known; 0 when left out
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
---@field long string # symbol of what is to be bought
---@field short string # symbol of what is to be sold
---@field spot string # as long
---@field perp string # as short
---@field rate number # [fraction per 8 hours] the running estimate, of two perpetuals what the short is paid less what the long pays
---@field predicted number # [fraction per 8 hours] what will probably settle
---@field median number # [fraction per 8 hours] of the last settlements; predicted when there were none
---@field low number # [fraction per 8 hours] the lower of predicted and median: what to count on when entering
---@field high number # [fraction per 8 hours] the higher of them: what to grant when leaving
---@field annual number # [fraction a year] what predicted comes to in a year, without compounding
---@field hours number # [hours] funding interval, the shorter of two
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
---@field borrow number # [fraction per 8 hours] what borrowing the short costs, which gain, stay, near_low and near_high are net of; 0: nothing is borrowed
---@field fees number # [fraction] of taking both legs once; a round trip pays it twice
---@field edge number # [fraction] gain + open - usual - 2 fees: what entering now should bring after all costs
---@field break_even integer? # [settlements] expected until a round trip is paid for; nil when it is not within the horizon
---@field tradable boolean # whether a slice is large enough for both markets and their books are deep enough


---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---How large a position should be. It computes only; orders are yours to send, and the gate's limits hold all the same.
---@class sizinglib
sizing = {}

---Value of a position that gives equity a volatility: equity * target / vol, and at most cap times equity; 0 when vol is 0, because a price that does not move says nothing.
---
---```lua
---local vol = ta.ewma_vol(0.94, "1h"):update(bar.close)
---if vol then
---  local notional = sizing.vol_target{equity = account.equity(), target = 0.2, vol = vol, cap = 2}
---end
---```
---@param request VolTargetRequest
---@return number notional # [quote]
function sizing.vol_target(request) end

---Kelly's fraction of equity to put at stake: win_rate - (1 - win_rate) / payoff, or mean / variance, times fraction, and at most cap either way. 0 without an edge; below 0 only of a mean below 0.
---
---```lua
---local stake = sizing.kelly{win_rate = 0.55, payoff = 1.2, fraction = 0.25}
---local notional = stake * account.equity()
---stake = sizing.kelly{mean = 0.0004, variance = 0.0009, cap = 0.3}
---```
---@param request KellyRequest
---@return number stake # [times equity]
function sizing.kelly(request) end

---What a position is sized from by its volatility.
---@class VolTargetRequest
---@field equity number # [quote] what the strategy may count as its own, such as account.equity()
---@field target number # [fraction per year] volatility that the equity should have: 0.2 is 20 %
---@field vol number # [fraction per year] volatility of the instrument, as ta.realized_vol and ta.ewma_vol say it
---@field cap? number # [times equity] most, whatever the volatility; 1 when left out

---What is known of an edge: win_rate and payoff, or mean and variance.
---@class KellyRequest
---@field win_rate? number # [fraction] share of trades that win
---@field payoff? number # average win divided by average loss, after costs
---@field mean? number # [fraction per period] expected return, after costs; below 0 for a short
---@field variance? number # [per the same period] of that return
---@field fraction? number # how much of Kelly's bet to make, above 0 and at most 1; 0.5 when left out
---@field cap? number # [times equity] most, whatever the edge; 1 when left out


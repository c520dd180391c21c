---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Intents that take more than one order.
---@class execlib
exec = {}

---Works an order off along the market's usual volume, so that its price is near the market's own average. Progress arrives in on_schedule.
---
---```lua
---local id, err = exec.vwap{symbol = "usdm:BTCUSDT", side = "buy", notional = 200000, duration = "4h", slippage_bp = 30}
---exec.vwap{symbol = "spot:BTCUSDT", side = "sell", qty = 0.5, start = "14:30", finish = "16:00"}
---```
---@param request ScheduleRequest
---@return string? id
---@return string? err # why there is none
function exec.vwap(request) end

---Works an order off evenly. Progress arrives in on_schedule.
---
---```lua
---exec.twap{symbol = "spot:BTCUSDT", side = "sell", qty = 25, duration = "90m"}
---```
---@param request ScheduleRequest
---@return string? id
---@return string? err # why there is none
function exec.twap(request) end

---Works an order off as a share of what the market trades, until it is done or the window is over. Progress arrives in on_schedule.
---
---```lua
---exec.pov{symbol = "usdm:BTCUSDT", side = "sell", qty = 3, duration = "24h", participation = 0.05}
---```
---@param request ScheduleRequest
---@return string? id
---@return string? err # why there is none
function exec.pov(request) end

---Moves an asset between two wallets of the account.
---
---```lua
---exec.transfer("USDT", "spot", "usdm", 500)
---```
---@param asset string
---@param from string # a wallet, as perilune venues lists them: "spot", "usdm" or "coinm", or another venue's such as "unified", "trading", "account" or "perp"; with its house in front (house.unified) where the session is not on that venue alone
---@param to string # a wallet, as perilune venues lists them: "spot", "usdm" or "coinm", or another venue's such as "unified", "trading", "account" or "perp"; with its house in front (house.unified) where the session is not on that venue alone
---@param amount number|string|Decimal # [asset] above 0
function exec.transfer(asset, from, to, amount) end

---Has the margin of a wallet kept from now on: cash of the spot wallet becomes margin when it runs low, pairs are made smaller when there is none, and what neither wallet needs is shared out so that another pair can be opened. A wallet has one keeper.
---
---```lua
---exec.keep{wallet = "usdm", target = 0.6, soft = 0.35, hard = 0.25}
---```
---@param request KeepRequest
---@return boolean ok
---@return string? err
function exec.keep(request) end

---The value of one leg of a further pair that there is money for, with its margin at the keeper's target. nil when the wallet is not kept; coinm needs no keeper, because the coins are the margin.
---@param wallet string # a wallet, as perilune venues lists them: "spot", "usdm" or "coinm", or another venue's such as "unified", "trading", "account" or "perp"; with its house in front (house.unified) where the session is not on that venue alone
---@return number? now # [quote] as the wallets are
---@return number? soon # [quote] once the keeper has shared the money out
function exec.room(wallet) end

---Why this strategy may open nothing, or nil: its own latch or the session's. Asking first spares a refusal at every try.
---
---```lua
---if exec.halted() then return end
---```
---@return string? reason
function exec.halted() end

---Trips the kill latch of this strategy: its working orders that would open are canceled (stops stay), openings of pairs end, it is told with on_halt, and from then on only those of its orders pass that reduce what it holds. Others trade on. The latch survives restarts; a person lifts it, with perilune resume --strategy. It happens once the callback returned without an error.
---
---```lua
---exec.halt("the basis is 5 %: the data can't be right")
---```
---@param reason string # named in the log, in on_halt and by exec.halted
function exec.halt(reason) end

---Trips the kill latch of the session: every strategy is told with on_halt, openings end, and from then on only orders that reduce pass, whoever asks for them. The latch survives restarts; a person lifts it, with perilune resume or --clear-halt. It happens once the callback returned without an error.
---
---```lua
---exec.halt_all("the venue's books and its trades differ")
---```
---@param reason string # named in the log, in on_halt and by exec.halted, after the strategy's name
function exec.halt_all(reason) end

---A large order to work off over a window of time. Give qty or notional.
---@class ScheduleRequest
---@field symbol string|Book
---@field side "buy"|"sell"
---@field qty? number|string|Decimal # [units of quantity] the whole, in coins, or contracts of coinm; rounded down to lots
---@field notional? number|string|Decimal # [quote] the whole, by value; it becomes lots once, at the mid when the window begins
---@field start? number|string # [seconds since the epoch, or "14:30"] of the window; a time of day is UTC, or that of a zone that is named, as in "09:30 America/New_York", and the next one; one that clocks skip is when they do, one that they show twice the first; now when left out
---@field duration? number|string # [seconds, or "2h"] of the window, from a minute to seven days; this or finish
---@field finish? number|string # [seconds since the epoch, or "16:00"] of the window, instead of duration; a time of day, as of start, and the next one after it; with a zone where the start has one
---@field interval? number|string # [seconds, or "5m"] length of a slice; 5 minutes when left out, 1 in windows below two hours, a tenth of those below ten minutes
---@field participation? number # [fraction] largest share of the market's volume to be, 0.1 when left out; for pov the share to aim at, and required
---@field curve? "auto"|"uniform"|"static" # vwap only: auto follows the usual volume and corrects by today's, static does not correct, uniform ignores it
---@field slippage_bp? number # [bp] a price worse by more than this than both arrival and the market's VWAP since is not paid; what waits stays due; no guard when left out
---@field at_end? "cross"|"stop" # what is left when the window is over: cross takes it from the book, within 80 bp of mid, and lets cap and guard go towards the end; stop leaves it; cross when left out, stop for pov
---@field min_slice? number|string|Decimal # [units of quantity] smallest order while the window lasts, unless less is left; the venue's smallest when left out
---@field min_pace? number # slowest that exec.schedule.pace may make it, 0.1 to 1; given with max_pace, and not for pov. 1 is its own pace
---@field max_pace? number # fastest that exec.schedule.pace may make it, 1 to 10
---@field reduce_only? boolean # never beyond flat; perpetuals only
---@field tag? string # a note that stays with the schedule

---Pair trades: long one instrument and short another of the same coin, wherever they trade, as one object.
---@class exec_pairlib
exec.pair = {}

---Opens a pair. Progress arrives in on_pair.
---
---```lua
---local id, err = exec.pair.open{spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 10000, min_basis = 0.001}
---exec.pair.open{long = "usdm:BTCUSDT", short = "coinm:BTCUSD_PERP", notional = 10000, dark = {wait = "5m"}}
---```
---@param request PairRequest
---@return string? id
---@return string? err # why there is none
function exec.pair.open(request) end

---Makes a pair flat, or smaller. One that is closing may be asked again for more, or for sooner.
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

---A hedged position to open: long one instrument and short another of the same coin, in equal base quantity.
---@class PairRequest
---@field long? string|Book # symbol of what is bought: a spot market, perpetual or dated future of any venue. long and short are given, or spot and perp
---@field short? string|Book # symbol of what is sold: a perpetual or dated future of any venue, or a spot market: coins that the account has, or with borrow borrowed ones
---@field spot? string|Book # long, where that is a spot market
---@field perp? string|Book # short, where that is a contract
---@field notional number|string|Decimal # [quote] target value of one leg
---@field batch? number|string|Decimal # [quote] value of one slice of each leg; max_unhedged when left out, half of it on a coin-margined perpetual, and never more
---@field level? integer # book level that prices both legs, from 1; 5 when left out
---@field min_basis? number # [fraction] a slice starts only while basis.open(spot, perp, level) is at least this; any when left out
---@field max_unhedged? number|string|Decimal # [quote] largest value that may be unhedged at any moment; 5000 when left out
---@field max_unhedged_time? number|string # [seconds, or "5s"] how long a leg may stay unhedged before the excess is flattened; 5 s when left out, 30 s on a coin-margined perpetual, where it includes a transfer and holds as long as transfers arrive: coins of a late one are hedged on what margin the COIN-M wallet has, and for the first slice of an opening without a buffer and the last of a closing it has none, so at most one batch waits for the venue's answer
---@field timeout? number|string # [seconds, or "10m"] ends the opening with the size reached; 10 minutes when left out
---@field borrow? boolean # the coins of a short leg on spot are borrowed from its venue, up to max_borrowed of [risk] together; false when left out. Interest is charged every hour. Closing buys back what is owed with its interest: nothing stays owed, and no more than the smallest order is left over
---@field dark? DarkPolicy # for a venue that goes dark while something is unhedged
---@field tag? string # a note that stays with the pair
---@field buffer? number|string|Decimal # [coin] coin-margined only: coins of the COIN-M wallet that may back the short until the pair's own arrive, so that both legs go at once; without it the short waits for the transfer
---@field rebalance_bp? number # [bp of the pair's value] coin-margined only: what may be unhedged while it is held; half a contract when left out, and never less
---@field harvest? number|string|Decimal # [quote] coin-margined only: coins that funding brought are sold when they are worth this much; hedged with another contract when left out
---@field style? "taker"|"maker" # taker, when left out: both legs at once. maker: rests an order on one leg and takes the other with each fill, which is cheaper and slower. With legs anywhere what rests is worth at most half of max_unhedged
---@field maker_leg? "spot"|"perp"|"long"|"short" # the leg that rests; spot is long, and perp short. When left out, the one where that saves more: the difference of its fees, and its spread
---@field maker_time? number|string # [seconds, or "5m"] how long to wait for others before what is left is taken; half of timeout when left out, and nothing is taken when it is as long as timeout

---What is done about what is unhedged while the venue of a leg can't be traded at. What is hedged stays as it is.
---@class DarkPolicy
---@field wait? number|string # [seconds, or "5m"] how long the venue is waited for; max_unhedged_time when left out. What moves beyond max_unhedged meanwhile is not waited with
---@field action? "flatten"|"hold"|"substitute" # after that: flatten, when left out, makes the leg that can be traded match the other one; hold waits on; substitute hedges with another contract until the venue is back
---@field substitute? string|Book # symbol of that contract; action is substitute when it is given

---How a pair is to be closed.
---@class CloseRequest
---@field max_basis? number # [fraction] a slice starts only while basis.close(spot, perp, level) is at most this; any when left out
---@field patience? number|string # [seconds, or "10m"] how long max_basis is honoured; then the pair is closed at any basis; 10 minutes when left out
---@field reason? string # kept in the ledger
---@field notional? number|string|Decimal # [quote] closes only this value of each leg; a rest too small to trade goes with it; all when left out
---@field style? "taker"|"maker" # maker waits for others as long as patience, and then takes; taker when left out

---A hedged position, long one instrument and short another: a copy as of the event being handled. Amounts come from fills only.
---@class PairTrade
---@field id string
---@field long string # symbol of what is long
---@field short string # symbol of what is short
---@field spot string # as long
---@field perp string # as short
---@field state "opening"|"open"|"closing"|"closed"|"failed"
---@field done boolean # whether it will not trade again
---@field reason string?
---@field dark string? # which leg's venue can't be traded at, and why
---@field held string? # why it makes no order just now: our books and the venue's account differ
---@field tag string?
---@field notional number # [quote] asked for
---@field spot_qty number # [base] net coins of what is long
---@field perp_qty number # [units of quantity] signed; a short is negative
---@field margin_qty number? # [base] coin-margined only: coins in the COIN-M wallet, without the profit of the short
---@field moving number? # [base] coin-margined only: coins on their way between the wallets
---@field coin_result number? # [base] coin-margined only: what the short made in coin once closed, after its fees and with funding
---@field spot_cost number # [quote] signed cash of the spot fills, without fees
---@field perp_cost number # [quote] signed cash of the perpetual's fills, without fees
---@field open_basis number # [fraction] executed, size-weighted
---@field close_basis number # [fraction]
---@field funding number # [settlement asset] received so far
---@field insurance number # [settlement asset] its part of what the insurance fund paid after a liquidation
---@field interest number # [quote] charged so far on borrowed coins, at the prices of those hours; negative
---@field owed number # [base] borrowed coins that are still to be brought back, with their interest
---@field fees number # [quote]
---@field realised number # [quote] the whole result once closed, after fees, funding, insurance and interest
---@field opened number? # [seconds since the epoch]
---@field closed number? # [seconds since the epoch]
---@field settlements integer # funding settlements seen while it had a position
---@field max_unhedged number # [quote] as measured
---@field max_unhedged_time number # [seconds] as measured

---Orders that exec.vwap, exec.twap and exec.pov are working off.
---@class exec_schedulelib
exec.schedule = {}

---A schedule by its id.
---@param id string
---@return Schedule? schedule
function exec.schedule.get(id) end

---The schedules of this strategy that are not done, oldest first.
---@return Schedule[] schedules
function exec.schedule.list() end

---Ends a schedule. What is filled stays; its order is taken back.
---@param id string
---@return boolean ok
---@return string? err
function exec.schedule.cancel(id) end

---Makes a vwap or twap go faster or slower than planned from its next slice on, within the min_pace and max_pace that it was started with. Total and end stay: the last slice does what is left. Of what is left, a slice does 1-(1-h)^x, where h is what it would do at 1.
---
---```lua
---for _, s in ipairs(exec.schedule.list()) do exec.schedule.pace(s.id, 1.3) end
---```
---@param id string
---@param x number # how many times as fast as planned; 1 is its own pace
---@return boolean ok
---@return string? err
function exec.schedule.pace(id, x) end

---A large order that is worked off over a window of time: a copy as of the event being handled. What was done comes from fills only.
---@class Schedule
---@field id string
---@field algo "vwap"|"twap"|"pov"
---@field symbol string
---@field side "buy"|"sell"
---@field state "waiting"|"working"|"paused"|"completed"|"expired"|"canceled"|"failed" # expired: the window ended with something left; failed: it never began
---@field done boolean # whether it will send no more orders
---@field reason string? # why it ended, or what it waits for
---@field tag string?
---@field curve string? # what the plan was made from: "learned from 12 days", "uniform: ..."
---@field qty number # [units of quantity] the whole; 0 until the window begins, when it was asked for by notional
---@field due number # [units of quantity] what the plan wants done by the end of the slice
---@field filled number # [units of quantity]
---@field completion number # [fraction]
---@field maker_share number? # [fraction] of what is filled, the part that rested
---@field late number # [units of quantity] of filled: taken after the window's end
---@field cost number # [quote; coin for an inverse contract] of the fills, without a sign
---@field fees number # [quote; coin for an inverse contract]
---@field price number? # [quote] average of the fills
---@field arrival number? # [quote] mid when the window began
---@field market_vwap number? # [quote] from the window's beginning until now, or until it was done
---@field market_qty number # [units of quantity] what the market traded in that time
---@field participation number? # [fraction] filled against market_qty
---@field slippage_vwap number? # [bp] against market_vwap; positive is worse
---@field slippage_arrival number? # [bp] against arrival; positive is worse
---@field slippage_at_once number? # [bp] against arrival, of one market order for the whole when the window began, before fees; nil before it
---@field at_once_qty number? # [units of quantity] what the book held for that order; below qty when it did not hold the whole
---@field starts number # [seconds since the epoch]
---@field ends number # [seconds since the epoch]
---@field closed number? # [seconds since the epoch]
---@field slice integer # the current one, from 1; 0 before the window
---@field slices integer
---@field pace number? # that exec.schedule.pace made it; nil: its own
---@field orders integer # sent so far
---@field refused integer # orders that the venue or the risk gate refused


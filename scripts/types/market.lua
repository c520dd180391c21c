---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Prices and instruments. What is not known yet is nil.
---@class marketlib
market = {}

---The time of the event being handled.
---@return number time # [seconds since the epoch]
function market.now() end

---The order book of an instrument. Keep the handle: it stays current.
---
---```lua
---local book = market.book("usdm:BTCUSDT")
---local price, qty = book:bid(5)
---```
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return Book book
function market.book(symbol) end

---The best bid and ask by the ticker stream, which may be ahead of the book; nil when there is none.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return number? bid # [quote]
---@return number? bid_qty # [units of quantity]
---@return number? ask # [quote]
---@return number? ask_qty # [units of quantity]
function market.quote(symbol) end

---The last public trade.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return Trade? trade
function market.last_trade(symbol) end

---The mark price of a perpetual.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return Mark? mark
function market.mark(symbol) end

---The running estimate of the coming funding. It moves until it settles and is not the rate that was settled last.
---
---```lua
---local rate, hours, next, rate_8h, predicted = market.funding("usdm:BTCUSDT")
---```
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return number? rate # [fraction per interval]
---@return integer? hours # [hours] interval
---@return number? next # [seconds since the epoch] the coming settlement
---@return number? rate_8h # [fraction per 8 hours] the rate scaled to eight hours, which compares between instruments
---@return number? predicted # [fraction per interval] what will probably settle, from how the estimate moves; later samples weigh more, so the estimate lags
function market.funding(symbol) end

---How much of a perpetual is open, all accounts together; nil when the market does not say. Live it is asked for once a minute.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return number? qty # [units of quantity] base, or contracts of a coin-margined one
---@return number? time # [seconds since the epoch] at the venue
function market.open_interest(symbol) end

---Settled funding rates, oldest first; the newest 100 at most.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@param n? integer # at most this many of the newest
---@return SettledRate[] rates
function market.settled(symbol, n) end

---Whether the past of an instrument (bars, settled) is here, as far as it can be had. A live session that reads the past of many instruments begins before it has all of them: on_past tells when it comes, and that which is asked for comes first.
---
---```lua
---if not market.ready("usdm:BTCUSDT") then return end  -- on_past will come
---```
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return boolean ready
---@return string? why # what is still to come, or can't be had
function market.ready(symbol) end

---Finished bars, oldest first; the host keeps the last 1000 of each length.
---
---```lua
---local hours = market.bars("usdm:BTCUSDT", 20, "1h")  -- with M.bars = { "1m", "1h" }
---```
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@param n? integer # at most this many of the newest
---@param length? string|number # [seconds, or "1h"] one of M.bars; when left out, the first of them
---@return Bar[] bars
function market.bars(symbol, n, length) end

---The last 24 hours of an instrument; nil and the reason when nothing is known. Live the venue is asked once a minute, from the first call on; elsewhere trades or bars are counted from then on, to five minutes.
---
---```lua
---local t, why = market.ticker("usdm:BTCUSDT")
---if t then log.info(t.last, t.change, t.quote_volume) else log.info(why) end
---```
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return Ticker? ticker
---@return string? why # there is none
function market.ticker(symbol) end

---What the perpetuals of this session's venues pay, also those that it does not trade; nil and the reason until the first answer is there. Live the venues are asked once a minute, from the first call on, and of more than 2000 the most traded are kept; elsewhere there is nobody to ask.
---
---```lua
---local rows, age = market.scan{symbols = "*:BTC*", min_turnover = 1e6}
---if not rows then return log.info(age) end
---for _, r in ipairs(rows) do log.info(r.symbol, r.annual, r.hedge, r.days) end
---```
---@param filter? ScanFilter
---@return ScanRow[]? rows # the best first
---@return number|string age # [seconds] since they were told; without rows the reason
function market.scan(filter) end

---The curve that exec.vwap would follow: the market's own from three days on, that of the other markets, or an even one.
---
---```lua
---local curve = market.volume_curve("usdm:BTCUSDT", {duration = "4h", interval = "5m"})
---```
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@param window? CurveWindow
---@return VolumeCurve curve
function market.volume_curve(symbol, window) end

---The symbols of this run, sorted by market and name.
---@param pattern? string # a glob such as "usdm:*USDT", in which * stands for anything; all when left out
---@return string[] symbols
function market.instruments(pattern) end

---The trading rules of an instrument.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return Instrument rules
function market.instrument(symbol) end

---Every perpetual that has a spot market of the same coin, sorted by coin.
---
---```lua
---for _, p in ipairs(market.pairs{margin = "usdt"}) do log.info(p.base, p.spot, p.perp) end
---```
---@param filter? PairsFilter
---@return InstrumentPair[] pairs
function market.pairs(filter) end

---An order book, read as of the event being handled. It is a handle: keep it, it stays current.
---Levels are counted from 1, the best. A level that does not exist is nil. Prices and quantities are numbers
---for signals; quantities are in units of base, or in contracts for coinm.
---@class Book
local Book = {}

---The instrument's symbol, as in "usdm:BTCUSDT".
---@return string symbol
function Book:symbol() end

---The n-th best bid: price and quantity. In an argument list write (book:bid(n)) to pass the price alone.
---
---```lua
---local price, qty = book:bid()
---```
---@param n? integer # level from 1, the best; 1 when left out
---@return number? price # [quote]
---@return number? qty # [units of quantity]
function Book:bid(n) end

---The n-th best ask: price and quantity. In an argument list write (book:ask(n)) to pass the price alone.
---
---```lua
---local fifth = book:ask(5)
---```
---@param n? integer # level from 1, the best; 1 when left out
---@return number? price # [quote]
---@return number? qty # [units of quantity]
function Book:ask(n) end

---The middle of the best bid and ask.
---@return number? price # [quote]
function Book:mid() end

---The best bid and ask, each weighted by the quantity on the other side.
---@return number? price # [quote]
function Book:microprice() end

---Best ask minus best bid.
---@return number? spread # [quote]
function Book:spread() end

---(bids - asks) / (bids + asks) of the quantities of the first n levels: 1 is all bids.
---@param n? integer # level from 1, the best; 1 when left out
---@return number? imbalance # [-1 to 1]
function Book:imbalance(n) end

---What taking a quantity would cost now: a buy walks the asks, a sell the bids.
---
---```lua
---local average, filled = book:walk("buy", 2)
---```
---@param side "buy"|"sell"
---@param qty number # [units of quantity]
---@return number? average # [quote] average price; nil when there is nothing to take
---@return number filled # at most qty, less when the book is thinner
---@return number? worst # [quote] price of the last level taken
function Book:walk(side, qty) end

---Time since the book last changed; nil before the first update.
---@return number? age # [seconds]
function Book:age() end

---Whether the book is complete and has both sides. If not, the second result says why.
---@return boolean ready
---@return string? reason
function Book:ready() end

---What the book can prove of itself: verified (each update names the one before, so that nothing is missing unseen),
---forward-only (what comes late or twice is seen, not what is missing) or unverifiable (nothing is, as of a relay or of bars).
---@return "verified"|"forward-only"|"unverifiable" integrity
function Book:integrity() end

---How many levels a side has.
---@param side "buy"|"sell" # buy is the bids
---@return integer levels
function Book:depth(side) end

---A public trade.
---@class Trade
---@field symbol string
---@field price number # [quote]
---@field qty number # [units of quantity]
---@field notional number # [quote]
---@field side "buy"|"sell" # of the aggressor
---@field time number # [seconds since the epoch]

---A position that was closed by force. Venues tell of some, not of all: see on_liquidation in the guide.
---@class Liquidation
---@field symbol string
---@field side "buy"|"sell" # of the forced order: sell closes a long position, buy a short one
---@field price number # [quote] the average it was closed at, or the price of bankruptcy where the venue tells only that
---@field qty number # [units of quantity]
---@field notional number # [quote]
---@field time number? # [seconds since the epoch] at the venue

---The latest mark price of a perpetual and the running estimate of its coming funding.
---@class Mark
---@field mark number # [quote] mark price
---@field index number # [quote] index price
---@field rate number # [fraction per interval] estimate of the coming funding rate
---@field hours integer # [hours] the funding interval the rate is for
---@field next number? # [seconds since the epoch] the coming settlement
---@field time number? # [seconds since the epoch] when it was last updated

---A finished candle. What its source does not tell is nil.
---@class Bar
---@field symbol string
---@field open number # [quote]
---@field high number # [quote]
---@field low number # [quote]
---@field close number # [quote]
---@field volume number # [units of quantity]
---@field quote_volume number? # [quote] what its trades were worth
---@field trades integer? # how many there were
---@field taker_buy_volume number? # [units of quantity] the volume that buyers took
---@field taker_share number? # [fraction] taker_buy_volume of volume; nil without a trade
---@field interval number # [seconds]
---@field length string # the interval as M.bars has it: "1m", "1h"
---@field time number # [seconds since the epoch] when it closed

---The last 24 hours of a market. What is not told is nil.
---@class Ticker
---@field symbol string
---@field last number? # [quote] price
---@field open number? # [quote] the price a day ago
---@field high number? # [quote]
---@field low number? # [quote]
---@field change number? # [fraction] of the price since a day ago
---@field volume number? # [units of quantity]
---@field quote_volume number? # [quote] what was traded, in what prices are in; USD of inverse contracts
---@field count integer? # trades
---@field age number # [seconds] since the venue told it, or since the last trade or bar that was counted
---@field span number # [seconds] what was counted: a day, or less while the session is younger than that
---@field source "venue"|"trades"|"bars" # who counted: the venue, or this session

---Which perpetuals are asked for, and in which order.
---@class ScanFilter
---@field venues? string|string[] # houses of this session; all when left out
---@field symbols? string|string[] # keys and globs, such as "*:BTC*"; all when left out
---@field min_turnover? number # [USD in 24 hours] less is left out
---@field sort? "net"|"annual"|"rate"|"basis"|"spread"|"depth"|"turnover"|"cost"|"days"|"symbol" # the best first: the greatest, of spread, cost and days the smallest; net when left out. Rows without a hedge are last by net, cost and days
---@field limit? integer # rows at most: 1 to 2000; 50 when left out

---What a perpetual pays now, as perilune rates has it.
---@class ScanRow
---@field symbol string
---@field rate number # [fraction per interval] estimate of the coming settlement
---@field after number? # [fraction per interval] of the one after it, where the venue tells
---@field hours integer # [hours] interval; 0: it accrues all the time, and rate is that of 8 hours
---@field next number? # [seconds since the epoch] the coming settlement
---@field annual number # [fraction per year] 365 days of rate, without compounding
---@field basis number # [fraction] middle of its book to that of the spot market, else mark to index
---@field spread number # [fraction] of its book; 0: it is not quoted
---@field depth number # [USD] at the best prices, on the thinner side
---@field turnover number # [USD in 24 hours]
---@field hedge string? # the other leg that earns its cost back soonest, another perpetual, or a spot market: bought, or where the perpetual is paid to be held sold with borrowed coins, whose cost is off net; nil: none does
---@field net number? # [fraction per year] what both legs are paid
---@field cost number? # [fraction] taking both legs and leaving them again
---@field days number? # [days] when net has paid for cost

---One settled funding rate.
---@class SettledRate
---@field time number # [seconds since the epoch] the settlement
---@field rate number # [fraction per interval]
---@field rate_8h number # [fraction per 8 hours]
---@field mark number # [quote]
---@field hours integer # [hours] interval

---How a window's volume is usually spread. It is that of a file (run --curve), or learned from the trades or bars of the session so far, day by day, and of what the venue told of the days before once a vwap asked.
---@class VolumeCurve
---@field weights number[] # [fraction] expected share of each slice; they sum to 1
---@field volume number? # [units of quantity] expected in the whole window; nil when it is not known
---@field days integer # that it was learned from
---@field source string # "profile of 28 days, 2 days old" (run --curve), "learned from 12 days", "learned from 30 other markets", or "uniform: ..." with the reason

---The window that a volume curve is of.
---@class CurveWindow
---@field start? number # [seconds since the epoch] now when left out
---@field duration? number|string # [seconds, or "24h"] a day when left out
---@field interval? number|string # [seconds, or "1h"] length of a slice; an hour when left out

---The trading rules of an instrument.
---@class Instrument
---@field symbol string
---@field market string # its venue: "spot", "usdm", "coinm"; with its house where that is not the session's default
---@field name string # what the same thing is called at every venue: BTC/USDT, BTC/USDT:USDT
---@field base string
---@field quote string
---@field settle string # asset of profit, funding and margin
---@field perp boolean
---@field inverse boolean # margined and settled in the coin itself
---@field tick number # [quote] price increment
---@field lot number # [units of quantity] quantity increment
---@field min_qty number # [units of quantity]
---@field max_qty number? # [units of quantity] nil: no limit
---@field min_notional number # [quote]
---@field multiplier integer # base per unit of quantity: 1000 for 1000SHIBUSDT
---@field contract_size number # [USD] value of one inverse contract; 1 elsewhere
---@field maker_fee number # [fraction]
---@field taker_fee number # [fraction]
---@field funding_hours integer? # [hours]
---@field funding_accrues boolean # by the millisecond: funding_hours is what rates are told for, not when they are paid
---@field assumed string? # which of the rules are assumed and not from the venue

---Which pairs are asked for.
---@class PairsFilter
---@field margin? "usdt"|"coin" # usdt: contracts margined in the quote asset (the default); coin: in the coin itself
---@field dated? boolean # true: dated futures instead of perpetuals

---A spot market and the perpetual that hedges it.
---@class InstrumentPair
---@field base string # the coin
---@field spot string # symbol of the spot market
---@field perp string # symbol of the perpetual or future
---@field delivery number? # [seconds] when a dated future is settled, since 1970


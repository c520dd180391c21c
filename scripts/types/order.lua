---@meta
-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.

---Single orders. An order is staged by the call and sent when the callback returns; refusals arrive in on_order.
---@class orderlib
order = {}

---Submits an order.
---
---```lua
---local id = order.submit{symbol = "usdm:BTCUSDT", side = "buy", qty = "0.01", price = 61800.5, tif = "post_only"}
---```
---@param request OrderRequest
---@return string id # names the order in cancel, get and on_order
function order.submit(request) end

---Submits a limit order to buy.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@param qty number|string|Decimal # [units of quantity] rounded down to the lot
---@param price number|string|Decimal # [quote] limit price: a buy is rounded down to the tick, a sell up
---@param options? OrderOptions
---@return string id # names the order in cancel, get and on_order
function order.buy(symbol, qty, price, options) end

---Submits a limit order to sell.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@param qty number|string|Decimal # [units of quantity] rounded down to the lot
---@param price number|string|Decimal # [quote] limit price: a buy is rounded down to the tick, a sell up
---@param options? OrderOptions
---@return string id # names the order in cancel, get and on_order
function order.sell(symbol, qty, price, options) end

---Asks for an order to be canceled. The order may still fill before the venue acts.
---@param id string
---@return boolean asked # false when the order is done or unknown
function order.cancel(id) end

---An order by its id.
---@param id string
---@return Order? order
function order.get(id) end

---The open orders of this strategy, oldest first: those at venues, and then those that the host holds.
---@param symbol? string|Book # only those of this instrument
---@return Order[] orders
function order.open(symbol) end

---An entry with a take-profit, a stop or both, which the host holds: they are as large as what the entry filled, and the one that fills cancels the other.
---
---```lua
---local ids = order.bracket{symbol = "usdm:BTCUSDT", side = "buy", qty = "0.01", take_profit = 66000, stop = 60000}
---```
---@param request BracketRequest
---@return BracketIDs ids
function order.bracket(request) end

---A take-profit and a stop for what is held already: the one that fills cancels the other.
---
---```lua
---order.oco{symbol = "usdm:BTCUSDT", side = "sell", qty = "0.01", take_profit = 66000, stop = {trail_percent = 2}}
---```
---@param request OCORequest
---@return BracketIDs ids
function order.oco(request) end

---Changes price, size or trigger of an order. What the host holds is changed in its place; an order at the venue is taken back, and what is left of it then is sent anew, under another id.
---
---```lua
---for _, o in ipairs(order.open("usdm:BTCUSDT")) do
---  order.amend(o.id, {price = 61750})
---end
---```
---@param id string
---@param change OrderChange
---@return string id # under which it goes on
function order.amend(id, change) end

---Closes what this strategy holds of an instrument outside of pairs, at the market, and cancels its other orders of it first.
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@return string? id # nil: it holds nothing
function order.close(symbol) end

---Sends what is missing to a position of this size, counting what is held and what is under way.
---
---```lua
---order.target("usdm:BTCUSDT", -0.5)
---```
---@param symbol string|Book # such as "usdm:BTCUSDT"
---@param qty number|string|Decimal # [units of quantity] signed: below 0 is short; rounded towards 0 to the lot
---@param options? TargetOptions
---@return string? id # nil: it is there already, or on its way
function order.target(symbol, qty, options) end

---An order to submit.
---@class OrderRequest
---@field symbol string|Book # such as "usdm:BTCUSDT"
---@field side "buy"|"sell" # "buy" or "sell"
---@field qty number|string|Decimal # [units of quantity] rounded down to the lot
---@field price? number|string|Decimal # [quote] limit price: a buy is rounded down to the tick, a sell up; none for a market order
---@field type? "limit"|"market"|"stop"|"stop_limit"|"take_profit"|"take_profit_limit"|"trailing_stop" # limit when left out
---@field tif? "gtc"|"ioc"|"fok"|"post_only" # gtc for a limit order, ioc for a market order, when left out
---@field reduce_only? boolean # may only shrink a position; perpetuals only
---@field borrow? boolean # a sale on spot may take coins that the wallet does not have: they are borrowed, at interest, until they are bought back; up to max_borrowed of [risk]
---@field trigger? number|string|Decimal # [quote] of a stop or a take-profit: the price that lets it go
---@field trigger_source? "last"|"mark"|"mid" # the price that trigger is compared with: of perpetuals the mark and on spot the last trade when left out
---@field trail? number|string|Decimal # [quote] distance of a trailing stop from the best price
---@field trail_percent? number|string|Decimal # [percent] the same as a part of the best price: at most 50
---@field activation? number|string|Decimal # [quote] price from which on it trails; at once when left out
---@field display? number|string|Decimal # [units of quantity] an iceberg: the most that one slice shows
---@field expires_in? number|string # [seconds] how long it counts: seconds, or text such as "2h"
---@field expires_at? number # [seconds since the epoch] until when it counts

---What order.buy and order.sell may be told beside price and size.
---@class OrderOptions
---@field tif? "gtc"|"ioc"|"fok"|"post_only" # gtc for a limit order, ioc for a market order, when left out
---@field reduce_only? boolean # may only shrink a position; perpetuals only
---@field borrow? boolean # a sale on spot may take coins that the wallet does not have: they are borrowed, at interest, until they are bought back; up to max_borrowed of [risk]
---@field display? number|string|Decimal # [units of quantity] an iceberg: the most that one slice shows
---@field expires_in? number|string # [seconds] how long it counts: seconds, or text such as "2h"
---@field expires_at? number # [seconds since the epoch] until when it counts

---A take-profit or a stop of order.bracket and order.oco.
---@class OrderLeg
---@field price? number|string|Decimal # [quote] limit. With a trigger it is what is sent then; a take-profit without one rests at the venue from the beginning
---@field tif? "gtc"|"ioc"|"fok"|"post_only" # of one with a price; gtc when left out
---@field trigger? number|string|Decimal # [quote] of a stop or a take-profit: the price that lets it go
---@field trigger_source? "last"|"mark"|"mid" # the price that trigger is compared with: of perpetuals the mark and on spot the last trade when left out
---@field trail? number|string|Decimal # [quote] distance of a trailing stop from the best price
---@field trail_percent? number|string|Decimal # [percent] the same as a part of the best price: at most 50
---@field activation? number|string|Decimal # [quote] price from which on it trails; at once when left out

---An entry, and what closes the position that it brings.
---@class BracketRequest
---@field symbol string|Book # such as "usdm:BTCUSDT"
---@field side "buy"|"sell" # of the entry
---@field qty number|string|Decimal # [units of quantity] rounded down to the lot
---@field price? number|string|Decimal # [quote] limit price: a buy is rounded down to the tick, a sell up; none for an entry at the market
---@field take_profit? number|string|Decimal|OrderLeg # [quote] the price that triggers it, or a table
---@field stop? number|string|Decimal|OrderLeg # [quote] the price that triggers it, or a table
---@field type? "limit"|"market"|"stop"|"stop_limit" # of the entry: limit with a price and market without one, when left out
---@field tif? "gtc"|"ioc"|"fok"|"post_only" # of the entry
---@field trigger? number|string|Decimal # [quote] of a stop or a take-profit: the price that lets it go
---@field trigger_source? "last"|"mark"|"mid" # the price that trigger is compared with: of perpetuals the mark and on spot the last trade when left out
---@field display? number|string|Decimal # [units of quantity] an iceberg: the most that one slice shows
---@field expires_in? number|string # [seconds] how long it counts: seconds, or text such as "2h"
---@field expires_at? number # [seconds since the epoch] until when it counts

---Two orders of which the one that fills cancels the other.
---@class OCORequest
---@field symbol string|Book # such as "usdm:BTCUSDT"
---@field side "buy"|"sell" # of both
---@field qty number|string|Decimal # [units of quantity] rounded down to the lot
---@field take_profit? number|string|Decimal|OrderLeg # [quote] the price that triggers it, or a table
---@field stop? number|string|Decimal|OrderLeg # [quote] the price that triggers it, or a table
---@field reduce_only? boolean # true on perpetuals when left out
---@field expires_in? number|string # [seconds] how long it counts: seconds, or text such as "2h"
---@field expires_at? number # [seconds since the epoch] until when it counts

---The ids of what order.bracket or order.oco made.
---@class BracketIDs
---@field entry string?
---@field take_profit string?
---@field stop string?

---What order.amend changes; what is left out stays.
---@class OrderChange
---@field price? number|string|Decimal # [quote] limit price: a buy is rounded down to the tick, a sell up
---@field qty? number|string|Decimal # [units of quantity] the whole size, with what is filled; rounded down to the lot
---@field trigger? number|string|Decimal # [quote] of one that is held

---How order.target gets there.
---@class TargetOptions
---@field price? number|string|Decimal # [quote] limit price: a buy is rounded down to the tick, a sell up; at the market when left out
---@field tif? "gtc"|"ioc"|"fok"|"post_only" # gtc with a price, when left out

---An order and what became of it: a copy as of the event being handled.
---@class Order
---@field id string
---@field client_id string? # the id the venue knows it by
---@field symbol string
---@field side "buy"|"sell"
---@field type "limit"|"market"|"stop"|"stop_limit"|"take_profit"|"take_profit_limit"|"trailing_stop"
---@field tif "gtc"|"ioc"|"fok"|"post_only"
---@field reduce_only boolean
---@field price number? # [quote] the limit; nil for a market order
---@field qty number # [units of quantity]
---@field filled number # [units of quantity]
---@field leaves number # [units of quantity] what may still fill
---@field status "new"|"accepted"|"partial"|"unknown"|"filled"|"canceled"|"expired"|"rejected"|"denied"|"waiting"|"held"|"triggered"|"working"|"replacing"|"failed" # rejected is the venue's refusal, denied that of the risk gate; unknown: the outcome of a send is not known yet. Of an order that the host holds: waiting for its entry or for others to end, held, triggered and to be sent, working at the venue, replacing what is there, failed to be sent
---@field done boolean # whether it can no longer fill
---@field reason string? # why it was rejected, denied or expired
---@field created number? # [seconds since the epoch]
---@field updated number? # [seconds since the epoch]
---@field pair string? # the pair trade it belongs to
---@field parent string? # the order that the host held, and that sent it
---@field held_by_host boolean? # true of an order that the host holds: a stop, a leg of a bracket, an iceberg
---@field trigger number? # [quote] where it is triggered now
---@field trigger_source "last"|"mark"|"mid"|nil # the price that trigger is compared with
---@field reference number? # [quote] best price that a trailing stop has seen; nil: it does not trail yet
---@field seen number? # [quote] the price that triggered it
---@field role "entry"|"leg"|nil # in a bracket, or of orders that cancel one another
---@field group string? # id of the first order of its bracket or OCO
---@field child string? # the order that it has at the venue
---@field average number? # [quote] price of what the orders that it sent have filled
---@field display number? # [units of quantity] most of one slice
---@field expires number? # [seconds since the epoch]


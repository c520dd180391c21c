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

---The open orders of this strategy, oldest first.
---@param symbol? string|Book # only those of this instrument
---@return Order[] orders
function order.open(symbol) end

---An order to submit.
---@class OrderRequest
---@field symbol string|Book # such as "usdm:BTCUSDT"
---@field side "buy"|"sell" # "buy" or "sell"
---@field qty number|string|Decimal # [units of quantity] rounded down to the lot
---@field price? number|string|Decimal # [quote] limit price: a buy is rounded down to the tick, a sell up; none for a market order
---@field type? "limit"|"market" # limit when left out
---@field tif? "gtc"|"ioc"|"fok"|"post_only" # gtc for a limit order, ioc for a market order, when left out
---@field reduce_only? boolean # may only shrink a position; perpetuals only
---@field borrow? boolean # a sale on spot may take coins that the wallet does not have: they are borrowed, at interest, until they are bought back; up to max_borrowed of [risk]

---What order.buy and order.sell may be told beside price and size.
---@class OrderOptions
---@field tif? "gtc"|"ioc"|"fok"|"post_only" # gtc for a limit order, ioc for a market order, when left out
---@field reduce_only? boolean # may only shrink a position; perpetuals only
---@field borrow? boolean # a sale on spot may take coins that the wallet does not have: they are borrowed, at interest, until they are bought back; up to max_borrowed of [risk]

---An order and what became of it: a copy as of the event being handled.
---@class Order
---@field id string
---@field client_id string? # the id the venue knows it by
---@field symbol string
---@field side "buy"|"sell"
---@field type "limit"|"market"
---@field tif "gtc"|"ioc"|"fok"|"post_only"
---@field reduce_only boolean
---@field price number? # [quote] the limit; nil for a market order
---@field qty number # [units of quantity]
---@field filled number # [units of quantity]
---@field leaves number # [units of quantity] what may still fill
---@field status "new"|"accepted"|"partial"|"unknown"|"filled"|"canceled"|"expired"|"rejected"|"denied" # rejected is the venue's refusal, denied that of the risk gate; unknown: the outcome of a send is not known yet
---@field done boolean # whether it can no longer fill
---@field reason string? # why it was rejected, denied or expired
---@field created number? # [seconds since the epoch]
---@field updated number? # [seconds since the epoch]
---@field pair string? # the pair trade it belongs to


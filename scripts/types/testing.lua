---@meta
-- Generated from the specifications in host/trial; run go test ./host/trial -update to renew it.
-- For files *_test.lua: market is that of a test there, and not that of a strategy.

---A suite: the tests and hooks that its function declares.
---
---```lua
---describe("hello", function()
---  it("waits for a book", function()
---    local s = strategy("hello.lua")
---    clock.advance("5m")
---    expect(s:orders()):to_equal {}
---  end)
---end)
---```
---@param name string # what is described
---@param body fun()
function describe(name, body) end

---Runs before each test of the suite and of those inside it.
---@param body fun()
function before_each(body) end

---Runs after each test of the suite and of those inside it, also after one that failed.
---@param body fun()
function after_each(body) end

---Starts a strategy in a session of its own: the real core, gate and paper venue, on a market that the test pushes. Its on_start has run.
---An error of one of its callbacks fails the test, unless s:errors() takes note of it.
---
---```lua
---local s = strategy("hello.lua", { notional = 500 }, { symbols = { "spot:BTCUSDT" }, balances = { spot = { USDT = 1000 } } })
---```
---@param path string # its file, seen from the test's; from a folder tests also from the one above
---@param params? table<string, any> # parameters that are set
---@param conditions? Conditions
---@return Session session
function strategy(path, params, conditions) end

---Says that something is expected of a value; what, its methods say.
---
---```lua
---expect(s:fills()):to_have { { side = "buy", price = 50001 } }
---```
---@param value any
---@return Expectation expectation
function expect(value) end

---A property: calls the function with many values, made by generators from the seed. Values that fail are made smaller before they are told.
---A table {runs = n} before the generators says how many; 100 are usual.
---
---```lua
---forall(gen.integer(0, 9), gen.list(gen.number(-1, 1)), function(n, list)
---  expect(#list):at_most(10)
---end)
---```
---@param generator Generator # as many as the function has arguments
---@param body fun(...) # the last argument
function forall(generator, body) end

---Tests: it(name, body).
---@class itlib
---@overload fun(name: string, body: fun())
it = {}

---A test that is not run, and why not.
---@param name string
---@param reason string # for the people who read the report
---@param body? fun()
function it.skip(name, reason, body) end

---The market that the strategies of the test see.
---@class marketlib
market = {}

---Shows something of an instrument, all at one moment; with several tables of several instruments. Bars take the time that they have, one beside another.
---
---```lua
---market.push { symbol = "spot:BTCUSDT", bid = 50000, ask = 50001 }
---market.push { symbol = "usdm:BTCUSDT", price = 50000, funding = 0.0003 }
---market.push { symbol = "spot:BTCUSDT", bar = { open = 100, high = 104, low = 99, close = 103, length = "1h" } } -- an hour passes
---market.push({ symbol = "usdm:BTCUSDT", price = 50000 }, { symbol = "usdm:ETHUSDT", price = 2500 })
---```
---@param what Push
---@param ...? Push
function market.push(what, ...) end

---What market.push shows of an instrument. A book is given by price, by bid and ask, or by levels. A perpetual's mark price follows the middle of its book until one is pushed.
---@class Push
---@field symbol string # "spot:BTCUSDT"
---@field price? number # [quote] a book with its best prices a tick on each side
---@field bid? number # [quote] the best bid; 20 levels, a tick apart
---@field ask? number # [quote] the best ask; a tick above the bid when left out
---@field bid_qty? number # [units of quantity] on each level; what is worth 100 000 of quote when left out
---@field ask_qty? number # [units of quantity]
---@field bids? number[][] # levels, { price, quantity } each, the best first
---@field asks? number[][]
---@field trade? PushTrade # a trade of others
---@field mark? number # [quote] mark price; it stays there
---@field index? number # [quote] as the mark when left out
---@field funding? number # [fraction per interval] the running estimate, at which it settles when clock.advance comes to the hour
---@field hours? integer # [hours] the funding interval; the instrument's own when left out
---@field bar? PushBar # a candle: books and trades from its open to its close, while its time passes
---@field liquidation? PushTrade # somebody's position was closed by force
---@field open_interest? number # [units of quantity]
---@field gap? string # data is missing, and why: the book is gone until it is pushed again

---A candle to be shown.
---@class PushBar
---@field open? number # [quote] the close when left out
---@field high? number # [quote]
---@field low? number # [quote]
---@field close number # [quote]
---@field volume? number # [units of quantity]
---@field length? string|number # "1m" when left out; it ends at the coming multiple of it

---A trade to be shown.
---@class PushTrade
---@field price number # [quote]
---@field qty number # [units of quantity]
---@field side "buy"|"sell" # of the aggressor; of a liquidation, of the forced order

---The time of the strategies of the test. It stands still unless it is told to pass.
---@class clocklib
clock = {}

---Lets time pass. Timers are due, bars close, the venue's answers come, and funding settles at the venue's hours where a rate was pushed.
---
---```lua
---clock.advance("8h")
---```
---@param duration number|string # [seconds, or "8h"]
function clock.advance(duration) end

---What time it is.
---@return number time # [seconds since the epoch]
function clock.now() end

---What goes wrong at the venue. Each is said before the order that it is for.
---@class venuelib
venue = {}

---Has the coming orders refused by the venue.
---
---```lua
---venue.reject { symbol = "spot:BTCUSDT", reason = "insufficient balance" }
---```
---@param which? Fault
function venue.reject(which) end

---Has the coming orders filled in part alone. The rest of one that may rest stays open until it is canceled; of any other it expires.
---
---```lua
---venue.partial { part = 0.25 }
---```
---@param which? Fault
function venue.partial(which) end

---Has the coming orders reach the venue later.
---
---```lua
---venue.delay { delay = "5s" }
---```
---@param which? Fault
function venue.delay(which) end

---Has the answers to the coming orders lost: what becomes of them is unknown until venue.answer().
---@param which? Fault
function venue.lose(which) end

---Brings the answers that were lost.
function venue.answer() end

---Closes a part of a position by force, as a venue does to the winning side.
---@param symbol string
---@param qty number # [units of quantity]
function venue.deleverage(symbol, qty) end

---Says that a venue can't be reached, or without a reason that it can again.
---@param house string # as perilune venues names it
---@param reason? string
function venue.dark(house, reason) end

---Which of the coming orders something happens to, and what.
---@class Fault
---@field symbol? string # of any instrument when left out
---@field side? "buy"|"sell" # either when left out
---@field count? integer # how many orders; 1
---@field reason? string # of a refusal, in the venue's words
---@field part? number # of one that fills in part: which part, 0.5 when left out
---@field delay? number|string # [seconds, or "5s"] 1 s when left out

---Funding of perpetuals.
---@class fundinglib
funding = {}

---Settles a rate now, on the positions there are.
---
---```lua
---funding.settle("usdm:BTCUSDT", 0.0005)
---```
---@param symbol string
---@param rate number # [fraction] above 0: longs pay shorts
function funding.settle(symbol, rate) end

---Generators of values for forall.
---@class genlib
gen = {}

---A number of a range.
---@param least number
---@param most number
---@return Generator generator
function gen.number(least, most) end

---A whole number of a range.
---@param least integer
---@param most integer
---@return Generator generator
function gen.integer(least, most) end

---True or false.
---@return Generator generator
function gen.boolean() end

---One of a list; the first are simpler.
---@param of any[]
---@return Generator generator
function gen.choice(of) end

---A list of values of a generator.
---@param of Generator
---@param least? integer # how many; 0
---@param most? integer # how many; 10
---@return Generator generator
function gen.list(of, least, most) end

---A table with a value for each name.
---@param of table<string, Generator>
---@return Generator generator
function gen.table(of) end

---What is expected of a value. What is not so ends the test, with the line, the value and what differs.
---@class Expectation
local Expectation = {}

---The reverse: expect(x):never():to_be(1).
---@return Expectation expectation
function Expectation:never() end

---The same value, as == has it; numbers may differ in the last of their digits.
---@param want any
function Expectation:to_be(want) end

---The same value, or a table with the same in it, all the way down.
---@param want any
function Expectation:to_equal(want) end

---A number not further away than that.
---@param want number
---@param within? number # a billionth of it when left out
function Expectation:to_be_near(want, within) end

---A table with at least these fields. Of a list, one shape means that an element has it, and a list of shapes that there are as many elements and each has its own.
---@param shape table
function Expectation:to_have(shape) end

---A list with so many elements, or text of so many bytes.
---@param length integer
function Expectation:to_have_length(length) end

---Text with a part in it, or a list with an element.
---@param what any
function Expectation:to_contain(what) end

---Text that a regular expression fits (RE2).
---@param pattern string
function Expectation:to_match(pattern) end

---Nothing.
function Expectation:to_be_nil() end

---Anything but nil and false.
function Expectation:to_be_truthy() end

---A number greater than that.
---@param than number
function Expectation:above(than) end

---A number less than that.
---@param than number
function Expectation:below(than) end

---A number not below that.
---@param than number
function Expectation:at_least(than) end

---A number not above that.
---@param than number
function Expectation:at_most(than) end

---A function that raises an error, with this text in it.
---@param part? string
function Expectation:to_error(part) end

---A strategy under test, in its session. Lists are oldest first, and copies.
---@class Session
local Session = {}

---All of its orders, as they are by now: those at venues, and then those that the host holds; status tells what became of them.
---@return Order[] orders
function Session:orders() end

---Those that may still fill.
---@return Order[] orders
function Session:open_orders() end

---Its executions.
---@return Fill[] fills
function Session:fills() end

---Its funding.
---@return FundingPayment[] payments
function Session:payments() end

---Its pairs, as they are by now.
---@return PairTrade[] pairs
function Session:pairs() end

---What it holds of an instrument: the signed quantity, and the average price.
---@param symbol string
---@return number qty # [units of quantity]
---@return number? entry # [quote]
function Session:position(symbol) end

---What a wallet of the account has of an asset.
---@param wallet string # "spot"
---@param asset string
---@return number amount
function Session:balance(wallet, asset) end

---What the account is worth.
---@return number equity # [the account's currency]
function Session:equity() end

---What the strategy remembers.
---@return table state
function Session:state() end

---The value of a parameter.
---@param name string
---@return any value
function Session:param(name) end

---What it and the host have logged: level, text, where, host.
---@param least? "debug"|"info"|"warn"|"error" # the lowest level
---@return table[] lines
function Session:logs(least) end

---All of that as one text, a line each.
---@return string text
function Session:log() end

---What it wanted people to be told: severity, text.
---@return table[] notes
function Session:notes() end

---The points of a line of its chart.
---@param series string
---@return number[] values
function Session:chart(series) end

---The errors of its callbacks so far, which the test then takes for meant.
---@return string[] errors
function Session:errors() end

---Why the session is halted; nil: it is not.
---@return string? reason
function Session:halted() end

---Why the strategy is paused, as it is after many errors; nil: it is not.
---@return string? reason
function Session:paused() end

---Trips the kill latch, as a person does.
---@param reason? string
function Session:halt(reason) end

---Lifts it.
function Session:resume() end

---Tells it a signal: on_signal.
---@param name string
---@param payload? any # text, or a value that becomes JSON
function Session:signal(name, payload) end

---Sets parameters while it runs.
---@param params table<string, any>
---@return boolean ok
---@return string? problem
function Session:set(params) end

---Puts another version in its place, as a save does: a file, or the text of one.
---@param source string
---@return boolean ok
---@return string? problem # why it was refused
function Session:reload(source) end

---Ends the session and goes on with what it left, as a run does on the ledger of the one before. With {crash = true} on_stop does not run. The market is shown again as it was pushed last.
---@param how? { crash: boolean }
function Session:restart(how) end

---Ends the session in good order: on_stop runs.
function Session:stop() end

---What it has asked the advisor and waits for: id, tag, question, context.
---@return table[] questions
function Session:questions() end

---Answers the oldest question, or that of a tag; false says that the advisor failed.
---@param answer table|string|false
---@param tag? string
function Session:answer(answer, tag) end

---Compares all that it decided (orders, fills, funding, pairs, and what the account is worth) with what perilune test --record wrote to a file beside the test.
---@param name? string # of the file; that of the test
function Session:to_match_golden(name) end

---The session that a strategy runs in.
---@class Conditions
---@field symbols? string[] # the instruments, by symbol or glob; those of other venues with their house in front. All that the built-in market lists of the default venue when left out. One that is not listed is made, also a dated future: usdm:BTCUSDT_260327
---@field balances? table<string, table<string, number>> # by wallet and asset; 50 000 of the dollars that each wallet's instruments are paid in when left out
---@field leverage? integer # 5 when left out
---@field limits? TestLimits # those of the gate; its defaults, and books that never become stale, when left out
---@field latency? number|string # [seconds, or "20ms"] each way to the venue; none when left out: an order that can be filled is filled at once
---@field start? string # when the session begins; "2026-01-05T00:00:00Z", a Monday, when left out
---@field seed? integer # of math.random and latencies; that of the run when left out
---@field advisor? boolean # whether there is one: the test answers with s:answer

---Limits of the risk gate.
---@class TestLimits
---@field max_order_notional? number # [quote]
---@field max_position_notional? number # [quote]
---@field collar_bp? number # [bp]
---@field orders_per_second? number
---@field max_open_orders? integer
---@field daily_loss? number # [fraction]
---@field stale_after? number|string # [seconds, or "5s"] books never become stale when left out

---Makes values for forall.
---@class Generator


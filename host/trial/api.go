package trial

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/num"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
)

// What a test file finds. The specifications here check its calls, and are what editors read
// (scripts/types/testing.lua).

// api are the types of one sandbox.
type api struct{ expectation, session, generator bindings.Type }

// environment is what the functions of modules see during a test: the session they are about.
type environment struct{ of *session }

func (f *runner) env() *environment { return &environment{} }

func (e *environment) Now() exchange.Time {
	if e.of == nil {
		return 0
	}
	return e.of.stage.Now()
}

func (e *environment) Universe() *exchange.Universe {
	if e.of == nil {
		return nothing
	}
	return e.of.u
}

// nothing is the universe while no session is looked at.
var nothing = func() *exchange.Universe {
	u, _ := exchange.NewUniverse(nil)
	return u
}()

func (e *environment) Book(id exchange.InstrumentID) *book.Book { return e.of.stage.Core().Book(id) }
func (e *environment) Mark(id exchange.InstrumentID) exchange.MarkState {
	return e.of.stage.Core().MarkOf(id)
}
func (e *environment) Wallets() []exchange.Wallet       { return e.Universe().Wallets() }
func (e *environment) Log(intent.Level, string, string) {}

// Stub is the annotations for editors, a file of its own.
func Stub() bindings.Stub {
	text := "---@meta\n-- Generated from the specifications in host/trial; run go test ./host/trial -update to renew it.\n" +
		"-- For files *_test.lua: market is that of a test there, and not that of a strategy.\n\n"
	for _, m := range (&runner{}).modules() {
		if m.Name == "num" {
			continue
		}
		part := m.Annotations().Text
		text += strings.TrimPrefix(part, "---@meta\n\n")
	}
	return bindings.Stub{Name: "testing.lua", Text: text}
}

func arg(name, kind, doc string) bindings.Value {
	return bindings.Value{Name: name, Type: kind, Doc: doc}
}

func maybe(name, kind, doc string) bindings.Value {
	return bindings.Value{Name: name, Type: kind, Doc: doc, Optional: true}
}

func fn(name, doc string, call func(*bindings.Runtime) int, args ...bindings.Value) bindings.Func {
	return bindings.Func{Spec: bindings.Spec{Name: name, Doc: doc, Args: args}, Load: true, Call: call}
}

func giving(f bindings.Func, results ...bindings.Value) bindings.Func {
	f.Returns = results
	return f
}

func showing(f bindings.Func, example string) bindings.Func {
	f.Example = example
	return f
}

func (f *runner) modules() []bindings.Module {
	f.api = &api{expectation: f.expectationType(), session: calls{f}.sessionType(), generator: bindings.Type{Name: "Generator", Doc: "Makes values for forall."}}
	g := generators{f}
	it := fn("it", "A test.", f.it, arg("name", "string", "what the strategy does"), arg("body", "fun()", ""))
	return []bindings.Module{
		{Funcs: []bindings.Func{
			showing(fn("describe", "A suite: the tests and hooks that its function declares.", f.describe, arg("name", "string", "what is described"), arg("body", "fun()", "")),
				"describe(\"hello\", function()\n  it(\"waits for a book\", function()\n    local s = strategy(\"hello.lua\")\n    clock.advance(\"5m\")\n    expect(s:orders()):to_equal {}\n  end)\nend)"),
			fn("before_each", "Runs before each test of the suite and of those inside it.", f.beforeEach, arg("body", "fun()", "")),
			fn("after_each", "Runs after each test of the suite and of those inside it, also after one that failed.", f.afterEach, arg("body", "fun()", "")),
			showing(giving(fn("strategy", "Starts a strategy in a session of its own: the real core, gate and paper venue, on a market that the test pushes. Its on_start has run.\nAn error of one of its callbacks fails the test, unless s:errors() takes note of it.", f.open,
				arg("path", "string", "its file, seen from the test's; from a folder tests also from the one above"), maybe("params", "table<string, any>", "parameters that are set"),
				maybe("conditions", "Conditions", "")), arg("session", "Session", "")),
				"local s = strategy(\"hello.lua\", { notional = 500 }, { symbols = { \"spot:BTCUSDT\" }, balances = { spot = { USDT = 1000 } } })"),
			showing(giving(fn("expect", "Says that something is expected of a value; what, its methods say.", f.expect, arg("value", "any", "")), arg("expectation", "Expectation", "")),
				"expect(s:fills()):to_have { { side = \"buy\", price = 50001 } }"),
			showing(fn("forall", "A property: calls the function with many values, made by generators from the seed. Values that fail are made smaller before they are told.\nA table {runs = n} before the generators says how many; 100 are usual.", f.forall,
				arg("generator", "Generator", "as many as the function has arguments"), arg("body", "fun(...)", "the last argument")),
				"forall(gen.integer(0, 9), gen.list(gen.number(-1, 1)), function(n, list)\n  expect(#list):at_most(10)\nend)"),
		}},
		{Name: "it", Doc: "Tests: it(name, body).", Call: &it, Funcs: []bindings.Func{
			fn("skip", "A test that is not run, and why not.", f.skip, arg("name", "string", ""), arg("reason", "string", "for the people who read the report"), maybe("body", "fun()", "")),
		}},
		{Name: "market", Doc: "The market that the strategies of the test see.", Funcs: []bindings.Func{
			showing(fn("push", "Shows something of an instrument, all at one moment; with several tables of several instruments. Bars take the time that they have, one beside another.", f.push, arg("what", "Push", ""), maybe("...", "Push", "")),
				"market.push { symbol = \"spot:BTCUSDT\", bid = 50000, ask = 50001 }\nmarket.push { symbol = \"usdm:BTCUSDT\", price = 50000, funding = 0.0003 }\nmarket.push { symbol = \"spot:BTCUSDT\", bar = { open = 100, high = 104, low = 99, close = 103, length = \"1h\" } } -- an hour passes\nmarket.push({ symbol = \"usdm:BTCUSDT\", price = 50000 }, { symbol = \"usdm:ETHUSDT\", price = 2500 })"),
		}, Types: []bindings.Type{pushType, barType, tradeType}},
		{Name: "clock", Doc: "The time of the strategies of the test. It stands still unless it is told to pass.", Funcs: []bindings.Func{
			showing(fn("advance", "Lets time pass. Timers are due, bars close, the venue's answers come, and funding settles at the venue's hours where a rate was pushed.", f.advance, bindings.Value{Name: "duration", Type: "number|string", Unit: "seconds, or \"8h\""}),
				"clock.advance(\"8h\")"),
			giving(fn("now", "What time it is.", f.now), bindings.Value{Name: "time", Type: "number", Unit: "seconds since the epoch"}),
		}},
		{Name: "venue", Doc: "What goes wrong at the venue. Each is said before the order that it is for.", Funcs: []bindings.Func{
			showing(fn("reject", "Has the coming orders refused by the venue.", f.plan("reject"), maybe("which", "Fault", "")), "venue.reject { symbol = \"spot:BTCUSDT\", reason = \"insufficient balance\" }"),
			showing(fn("partial", "Has the coming orders filled in part alone. The rest of one that may rest stays open until it is canceled; of any other it expires.", f.plan("partial"), maybe("which", "Fault", "")), "venue.partial { part = 0.25 }"),
			showing(fn("delay", "Has the coming orders reach the venue later.", f.plan("delay"), maybe("which", "Fault", "")), "venue.delay { delay = \"5s\" }"),
			fn("lose", "Has the answers to the coming orders lost: what becomes of them is unknown until venue.answer().", f.plan("lose"), maybe("which", "Fault", "")),
			fn("answer", "Brings the answers that were lost.", f.answer),
			fn("deleverage", "Closes a part of a position by force, as a venue does to the winning side.", f.deleverage, arg("symbol", "string", ""), bindings.Value{Name: "qty", Type: "number", Unit: "units of quantity"}),
			fn("dark", "Says that a venue can't be reached, or without a reason that it can again.", f.dark, arg("house", "string", "as perilune venues names it"), maybe("reason", "string", "")),
		}, Types: []bindings.Type{faultType}},
		{Name: "funding", Doc: "Funding of perpetuals.", Funcs: []bindings.Func{
			showing(fn("settle", "Settles a rate now, on the positions there are.", f.settle, arg("symbol", "string", ""), bindings.Value{Name: "rate", Type: "number", Unit: "fraction", Doc: "above 0: longs pay shorts"}), "funding.settle(\"usdm:BTCUSDT\", 0.0005)"),
		}},
		{Name: "gen", Doc: "Generators of values for forall.", Funcs: []bindings.Func{
			giving(fn("number", "A number of a range.", g.genNumber, arg("least", "number", ""), arg("most", "number", "")), arg("generator", "Generator", "")),
			giving(fn("integer", "A whole number of a range.", g.genInteger, arg("least", "integer", ""), arg("most", "integer", "")), arg("generator", "Generator", "")),
			giving(fn("boolean", "True or false.", g.genBoolean), arg("generator", "Generator", "")),
			giving(fn("choice", "One of a list; the first are simpler.", g.genChoice, arg("of", "any[]", "")), arg("generator", "Generator", "")),
			giving(fn("list", "A list of values of a generator.", g.genList, arg("of", "Generator", ""), maybe("least", "integer", "how many; 0"), maybe("most", "integer", "how many; 10")), arg("generator", "Generator", "")),
			giving(fn("table", "A table with a value for each name.", g.genTable, arg("of", "table<string, Generator>", "")), arg("generator", "Generator", "")),
		}, Types: []bindings.Type{f.api.expectation, f.api.session, conditionsType, limitsType, f.api.generator}},
		num.Module(),
	}
}

func (f *runner) expectationType() bindings.Type {
	judged := func(name, doc string, judge func(*bindings.Runtime, lua.LValue) verdict, args ...bindings.Value) bindings.Func {
		return fn(name, doc, f.judged(judge), args...)
	}
	return bindings.Type{Name: "Expectation", Doc: "What is expected of a value. What is not so ends the test, with the line, the value and what differs.", Methods: []bindings.Func{
		giving(fn("never", "The reverse: expect(x):never():to_be(1).", f.never), arg("expectation", "Expectation", "")),
		judged("to_be", "The same value, as == has it; numbers may differ in the last of their digits.", toBe, arg("want", "any", "")),
		judged("to_equal", "The same value, or a table with the same in it, all the way down.", toEqual, arg("want", "any", "")),
		judged("to_be_near", "A number not further away than that.", toBeNear, arg("want", "number", ""), maybe("within", "number", "a billionth of it when left out")),
		judged("to_have", "A table with at least these fields. Of a list, one shape means that an element has it, and a list of shapes that there are as many elements and each has its own.", toHave, arg("shape", "table", "")),
		judged("to_have_length", "A list with so many elements, or text of so many bytes.", toHaveLength, arg("length", "integer", "")),
		judged("to_contain", "Text with a part in it, or a list with an element.", toContain, arg("what", "any", "")),
		judged("to_match", "Text that a regular expression fits (RE2).", toMatch, arg("pattern", "string", "")),
		judged("to_be_nil", "Nothing.", toBeNil),
		judged("to_be_truthy", "Anything but nil and false.", toBeTruthy),
		judged("above", "A number greater than that.", ordered("above", func(a, b float64) bool { return a > b }), arg("than", "number", "")),
		judged("below", "A number less than that.", ordered("below", func(a, b float64) bool { return a < b }), arg("than", "number", "")),
		judged("at_least", "A number not below that.", ordered("at least", func(a, b float64) bool { return a >= b }), arg("than", "number", "")),
		judged("at_most", "A number not above that.", ordered("at most", func(a, b float64) bool { return a <= b }), arg("than", "number", "")),
		fn("to_error", "A function that raises an error, with this text in it.", f.toError, maybe("part", "string", "")),
	}}
}

func (f calls) sessionType() bindings.Type {
	return bindings.Type{Name: "Session", Doc: "A strategy under test, in its session. Lists are oldest first, and copies.", Methods: []bindings.Func{
		giving(fn("orders", "All of its orders, as they are by now: those at venues, and then those that the host holds; status tells what became of them.", f.sessionOrders), arg("orders", "Order[]", "")),
		giving(fn("open_orders", "Those that may still fill.", f.sessionOpen), arg("orders", "Order[]", "")),
		giving(fn("fills", "Its executions.", f.sessionFills), arg("fills", "Fill[]", "")),
		giving(fn("payments", "Its funding.", f.sessionPayments), arg("payments", "FundingPayment[]", "")),
		giving(fn("pairs", "Its pairs, as they are by now.", f.sessionPairs), arg("pairs", "PairTrade[]", "")),
		giving(fn("position", "What it holds of an instrument: the signed quantity, and the average price.", f.sessionPosition, arg("symbol", "string", "")),
			bindings.Value{Name: "qty", Type: "number", Unit: "units of quantity"}, bindings.Value{Name: "entry", Type: "number?", Unit: "quote"}),
		giving(fn("balance", "What a wallet of the account has of an asset.", f.sessionBalance, arg("wallet", "string", "\"spot\""), arg("asset", "string", "")), arg("amount", "number", "")),
		giving(fn("equity", "What the account is worth.", sessionEquity), bindings.Value{Name: "equity", Type: "number", Unit: "the account's currency"}),
		giving(fn("state", "What the strategy remembers.", sessionState), arg("state", "table", "")),
		giving(fn("param", "The value of a parameter.", sessionParam, arg("name", "string", "")), arg("value", "any", "")),
		giving(fn("logs", "What it and the host have logged: level, text, where, host.", sessionLogs, maybe("least", "\"debug\"|\"info\"|\"warn\"|\"error\"", "the lowest level")), arg("lines", "table[]", "")),
		giving(fn("log", "All of that as one text, a line each.", sessionLog), arg("text", "string", "")),
		giving(fn("notes", "What it wanted people to be told: severity, text.", sessionNotes), arg("notes", "table[]", "")),
		giving(fn("chart", "The points of a line of its chart.", sessionChart, arg("series", "string", "")), arg("values", "number[]", "")),
		giving(fn("errors", "The errors of its callbacks so far, which the test then takes for meant.", sessionErrors), arg("errors", "string[]", "")),
		giving(fn("halted", "Why the session is halted; nil: it is not.", sessionHalted), arg("reason", "string?", "")),
		giving(fn("paused", "Why the strategy is paused, as it is after many errors; nil: it is not.", sessionPaused), arg("reason", "string?", "")),
		fn("halt", "Trips the kill latch, as a person does.", sessionHalt, maybe("reason", "string", "")),
		fn("resume", "Lifts it.", sessionResume),
		fn("signal", "Tells it a signal: on_signal.", sessionSignal, arg("name", "string", ""), maybe("payload", "any", "text, or a value that becomes JSON")),
		giving(fn("set", "Sets parameters while it runs.", sessionSet, arg("params", "table<string, any>", "")), arg("ok", "boolean", ""), arg("problem", "string?", "")),
		giving(fn("reload", "Puts another version in its place, as a save does: a file, or the text of one.", f.sessionReload, arg("source", "string", "")), arg("ok", "boolean", ""), arg("problem", "string?", "why it was refused")),
		fn("restart", "Ends the session and goes on with what it left, as a run does on the ledger of the one before. With {crash = true} on_stop does not run. The market is shown again as it was pushed last.", f.sessionRestart, maybe("how", "{ crash: boolean }", "")),
		fn("stop", "Ends the session in good order: on_stop runs.", sessionStop),
		giving(fn("questions", "What it has asked the advisor and waits for: id, tag, question, context.", sessionQuestions), arg("questions", "table[]", "")),
		fn("answer", "Answers the oldest question, or that of a tag; false says that the advisor failed.", sessionAnswer, arg("answer", "table|string|false", ""), maybe("tag", "string", "")),
		fn("to_match_golden", "Compares all that it decided (orders, fills, funding, pairs, and what the account is worth) with what perilune test --record wrote to a file beside the test.", f.golden, maybe("name", "string", "of the file; that of the test")),
	}}
}

var pushType = bindings.Type{Name: "Push", Doc: "What market.push shows of an instrument. A book is given by price, by bid and ask, or by levels. A perpetual's mark price follows the middle of its book until one is pushed.", Fields: []bindings.Value{
	arg("symbol", "string", "\"spot:BTCUSDT\""),
	{Name: "price", Type: "number", Unit: "quote", Optional: true, Doc: "a book with its best prices a tick on each side"},
	{Name: "bid", Type: "number", Unit: "quote", Optional: true, Doc: "the best bid; 20 levels, a tick apart"},
	{Name: "ask", Type: "number", Unit: "quote", Optional: true, Doc: "the best ask; a tick above the bid when left out"},
	{Name: "bid_qty", Type: "number", Unit: "units of quantity", Optional: true, Doc: "on each level; what is worth 100 000 of quote when left out"},
	{Name: "ask_qty", Type: "number", Unit: "units of quantity", Optional: true},
	maybe("bids", "number[][]", "levels, { price, quantity } each, the best first"),
	maybe("asks", "number[][]", ""),
	maybe("trade", "PushTrade", "a trade of others"),
	{Name: "mark", Type: "number", Unit: "quote", Optional: true, Doc: "mark price; it stays there"},
	{Name: "index", Type: "number", Unit: "quote", Optional: true, Doc: "as the mark when left out"},
	{Name: "funding", Type: "number", Unit: "fraction per interval", Optional: true, Doc: "the running estimate, at which it settles when clock.advance comes to the hour"},
	{Name: "hours", Type: "integer", Unit: "hours", Optional: true, Doc: "the funding interval; the instrument's own when left out"},
	maybe("bar", "PushBar", "a candle: books and trades from its open to its close, while its time passes"),
	maybe("liquidation", "PushTrade", "somebody's position was closed by force"),
	{Name: "open_interest", Type: "number", Unit: "units of quantity", Optional: true},
	maybe("gap", "string", "data is missing, and why: the book is gone until it is pushed again"),
}}

var barType = bindings.Type{Name: "PushBar", Doc: "A candle to be shown.", Fields: []bindings.Value{
	{Name: "open", Type: "number", Unit: "quote", Optional: true, Doc: "the close when left out"},
	{Name: "high", Type: "number", Unit: "quote", Optional: true},
	{Name: "low", Type: "number", Unit: "quote", Optional: true},
	{Name: "close", Type: "number", Unit: "quote"},
	{Name: "volume", Type: "number", Unit: "units of quantity", Optional: true},
	maybe("length", "string|number", "\"1m\" when left out; it ends at the coming multiple of it"),
}}

var tradeType = bindings.Type{Name: "PushTrade", Doc: "A trade to be shown.", Fields: []bindings.Value{
	{Name: "price", Type: "number", Unit: "quote"},
	{Name: "qty", Type: "number", Unit: "units of quantity"},
	arg("side", "\"buy\"|\"sell\"", "of the aggressor; of a liquidation, of the forced order"),
}}

var faultType = bindings.Type{Name: "Fault", Doc: "Which of the coming orders something happens to, and what.", Fields: []bindings.Value{
	maybe("symbol", "string", "of any instrument when left out"),
	maybe("side", "\"buy\"|\"sell\"", "either when left out"),
	maybe("count", "integer", "how many orders; 1"),
	maybe("reason", "string", "of a refusal, in the venue's words"),
	maybe("part", "number", "of one that fills in part: which part, 0.5 when left out"),
	{Name: "delay", Type: "number|string", Unit: "seconds, or \"5s\"", Optional: true, Doc: "1 s when left out"},
}}

var conditionsType = bindings.Type{Name: "Conditions", Doc: "The session that a strategy runs in.", Fields: []bindings.Value{
	maybe("symbols", "string[]", "the instruments, by symbol or glob; those of other venues with their house in front. All that the built-in market lists of the default venue when left out. One that is not listed is made, also a dated future: usdm:BTCUSDT_260327"),
	maybe("balances", "table<string, table<string, number>>", "by wallet and asset; 50 000 of the dollars that each wallet's instruments are paid in when left out"),
	maybe("leverage", "integer", "5 when left out"),
	maybe("limits", "TestLimits", "those of the gate; its defaults, and books that never become stale, when left out"),
	{Name: "latency", Type: "number|string", Unit: "seconds, or \"20ms\"", Optional: true, Doc: "each way to the venue; none when left out: an order that can be filled is filled at once"},
	maybe("start", "string", "when the session begins; \"2026-01-05T00:00:00Z\", a Monday, when left out"),
	maybe("seed", "integer", "of math.random and latencies; that of the run when left out"),
	maybe("advisor", "boolean", "whether there is one: the test answers with s:answer"),
}}

var limitsType = bindings.Type{Name: "TestLimits", Doc: "Limits of the risk gate.", Fields: []bindings.Value{
	{Name: "max_order_notional", Type: "number", Unit: "quote", Optional: true},
	{Name: "max_position_notional", Type: "number", Unit: "quote", Optional: true},
	{Name: "collar_bp", Type: "number", Unit: "bp", Optional: true},
	{Name: "orders_per_second", Type: "number", Optional: true},
	{Name: "max_open_orders", Type: "integer", Optional: true},
	{Name: "daily_loss", Type: "number", Unit: "fraction", Optional: true},
	{Name: "stale_after", Type: "number|string", Unit: "seconds, or \"5s\"", Optional: true, Doc: "books never become stale when left out"},
}}

var restartType = bindings.Type{Name: "Restart", Fields: []bindings.Value{maybe("crash", "boolean", "")}}

var forallType = bindings.Type{Name: "ForallOptions", Fields: []bindings.Value{maybe("runs", "integer", "how many values are tried; 100")}}

package script_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// TestHandlerArguments calls every handler with what the core will pass.
func TestHandlerArguments(t *testing.T) {
	vm := newVM(t, `
local function note(...) print(...) end
return {name = "t", subscribe = {"usdm:*"},
  on_start = function() note("start") end,
  on_book = function(b) note("book", b:symbol(), b:bid()) end,
  on_trade = function(tr) note("trade", tr.symbol, tr.price, tr.qty, tr.side) end,
  on_mark = function(s, m) note("mark", s, m.mark, m.rate, m.hours) end,
  on_funding = function(p) note("funding", p.symbol, p.rate, p.amount, p.asset, p.position) end,
  on_bar = function(b) note("bar", b.symbol, b.close, market.now() - b.time) end,
  on_timer = function(n) note("timer", n) end,
  on_order = function(o) note("order", o.id, o.status, o.reason) end,
  on_fill = function(f) note("fill", f.order, f.price, f.qty, f.fee, f.maker) end,
  on_pair = function(p) note("pair", p.id, p.state, p.open_basis) end,
  on_signal = function(n, p) note("signal", n, type(p) == "table" and p.list[2].x or p) end,
  on_gap = function(s, why) note("gap", s, why) end,
  on_halt = function(why) note("halt", why) end,
  on_stop = function() note("stop") end,
}`)
	env := bindtest.NewEnv()
	id := env.ID("usdm:BTCUSDT")
	env.Marks[id] = exchange.MarkState{Mark: 10050000000, Rate: 10000, Hours: 8, Time: 1}
	notices := []core.Callback{
		{Handler: core.OnStart},
		{Handler: core.OnBook, Instrument: id},
		{Handler: core.OnTrade, Event: &exchange.Event{Instrument: id, Time: env.Time, Price: 1005, Qty: 1500, Side: exchange.Buy}},
		{Handler: core.OnMark, Instrument: id},
		{Handler: core.OnFunding, Payment: &exchange.FundingPayment{Instrument: id, Settled: env.Time, Rate: 10000, Position: -1000, Amount: decimal.RequireFromString("0.0101"), Asset: "USDT"}},
		{Handler: core.OnBar, Event: &exchange.Event{Instrument: id, Time: env.Time, Bar: exchange.Bar{Close: 1007}}},
		{Handler: core.OnBar, Event: &exchange.Event{Instrument: id, Time: env.Time, VenueTime: env.Time - 2*exchange.Second, Bar: exchange.Bar{Close: 1007}}},
		{Handler: core.OnTimer, Name: "rebalance"},
		{Handler: core.OnOrder, Order: &exchange.Order{ID: 5, Instrument: id, Status: exchange.StatusDenied, Reason: "over the limit"}},
		{Handler: core.OnFill, Fill: &exchange.Fill{Order: 5, Instrument: id, Price: 1005, Qty: 100, Fee: decimal.RequireFromString("0.02"), Maker: true}},
		{Handler: core.OnPair, Pair: &intent.Pair{ID: 9, Spot: env.ID("spot:BTCUSDT"), Perp: id, State: intent.PairOpen, OpenBasis: 0.002}},
		{Handler: core.OnSignal, Name: "tv", Payload: `{"list":[1,{"x":"y"}],"none":null}`},
		{Handler: core.OnSignal, Name: "tv", Payload: "not {json"},
		{Handler: core.OnSignal, Name: "tv", Payload: strings.Repeat("[", 20) + strings.Repeat("]", 20)},
		{Handler: core.OnSignal, Name: "tv"},
		{Handler: core.OnGap, Instrument: id, Reason: "pu does not link"},
		{Handler: core.OnHalt, Reason: "operator"},
		{Handler: core.OnStop},
	}
	for _, n := range notices {
		if !vm.Wants(n.Handler) {
			t.Errorf("%s is defined and not wanted", n.Handler)
		}
		if err := vm.Call(env, &n); err != nil {
			t.Errorf("%s: %v", n.Handler, err)
		}
	}
	want := []string{"start", "book usdm:BTCUSDT 100.5 1", "trade usdm:BTCUSDT 100.5 1.5 buy", "mark usdm:BTCUSDT 100.5 0.0001 8",
		"funding usdm:BTCUSDT 0.0001 0.0101 USDT -1", "bar usdm:BTCUSDT 100.7 0", "bar usdm:BTCUSDT 100.7 2", "timer rebalance", "order 5 denied over the limit",
		"fill 5 100.5 0.1 0.02 true", "pair 9 open 0.002", "signal tv y", "signal tv not {json", "signal tv " + strings.Repeat("[", 20) + strings.Repeat("]", 20), "signal tv nil",
		"gap usdm:BTCUSDT pu does not link", "halt operator", "stop"}
	var got []string
	for _, l := range env.Logged {
		got = append(got, strings.ReplaceAll(strings.TrimPrefix(l, "info s.lua:2 "), "\t", " "))
	}
	if !slices.Equal(got, want) {
		t.Errorf("called with\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if vm.Wants(core.OnReload) {
		t.Error("on_reload is wanted and not defined")
	}
}

// TestHandlersMatchTheirDocumentation: every handler the core calls is
// documented, in the core's order, and nothing else is.
func TestHandlersMatchTheirDocumentation(t *testing.T) {
	specs := bindings.Handlers()
	if len(specs) != int(core.Handlers) {
		t.Fatalf("%d handlers are documented, there are %d", len(specs), core.Handlers)
	}
	for h := range core.Handlers {
		if specs[h].Name != h.String() {
			t.Errorf("handler %d is %s and documented as %s", h, h, specs[h].Name)
		}
	}
}

// What is raised need not be text, nor short, nor fit for a terminal; the error
// says where and stays readable.
func TestErrorsOfAnyValueSayWhere(t *testing.T) {
	for raised, want := range map[string]string{
		`error()`:       "error called with nil",
		`error(nil)`:    "error called with nil",
		`error({})`:     "error called with a table",
		`error("x", 0)`: "x",
		`error({message = setmetatable({}, {__tostring = function() while true do end end})})`: "error called with a table",
		`error(setmetatable({}, {__index = function() while true do end end}))`:                "error called with a table",
		`error("a\27[2Jb\0c\rd\ne\tf", 0)`:                                                     "a\uFFFD[2Jb\uFFFDc\uFFFDd\ne\tf",
		`error(("x"):rep(1e6), 0)`:                                                             strings.Repeat("x", 2000) + "… and 998000 bytes more",
		`local function f() error({}) end f()`:                                                 "error called with a table",
	} {
		_, _, err := start(t, "\n"+raised+"\nlocal after", script.Limits{})
		e := wantError(t, err)
		if e.File != "s.lua" || e.Line != 3 || e.Message != want {
			t.Errorf("%s: %s:%d: %.80q, want line 3: %.80q", raised, e.File, e.Line, e.Message, want)
		}
	}
}

func TestErrorsSayWhere(t *testing.T) {
	_, _, err := start(t, "local function inner()\n\tlocal b = market.book('usdm:BTCUSTD')\nend\ninner()", script.Limits{})
	e := wantError(t, err, "s.lua:3: market.book: argument symbol: unknown symbol \"usdm:BTCUSTD\"; did you mean \"usdm:BTCUSDT\"?",
		"\n    \tlocal b = market.book('usdm:BTCUSTD')\n    \t^~~~")
	if e.File != "s.lua" || e.Line != 3 || !strings.Contains(e.Traceback, "s.lua:5: in ") {
		t.Errorf("file %q, line %d, traceback\n%s", e.File, e.Line, e.Traceback)
	}
	_, err = script.Compile(src("s.lua", "local x = 1\nlocal y = = 2\n"))
	e = wantError(t, err, "s.lua:2:", "near \"=\"", "\n    local y = = 2\n              ^")
	if e.Line != 2 || e.Col != 11 {
		t.Errorf("line %d, column %d", e.Line, e.Col)
	}
	_, err = script.Compile(src("s.lua", "local function f()\n  return 1\n"))
	wantError(t, err, "s.lua:2:", "is an `end` missing?")
	_, err = script.New(options(t, src("s.lua", "local m = require('lib.m')\nreturn {name = 't', on_start = m}", "lib/m.lua", "\n\nerror('in the module')")))
	wantError(t, err, "lib/m.lua:3: in the module", "error('in the module')")
}

func TestErrorLeavesTheVMUsable(t *testing.T) {
	vm := newVM(t, `local n = 0 return {name = "t", on_timer = function(name) n = n + 1 if name == "bad" then error("no") end state.n = n end}`)
	env := bindtest.NewEnv()
	for _, name := range []string{"good", "bad", "good"} {
		err := vm.Call(env, &core.Callback{Handler: core.OnTimer, Name: name})
		if (err != nil) != (name == "bad") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b, _ := vm.State(); string(b) != `{"n":3}` || vm.Poisoned() != nil {
		t.Errorf("state %s, poisoned %v", b, vm.Poisoned())
	}
}

// TestPanicInHostCodeIsNotCaught calls a module with a bug. A script must not be
// able to go on as if nothing had happened.
func TestPanicInHostCodeIsNotCaught(t *testing.T) {
	o := options(t, src("s.lua", handler(`pcall(buggy.call) state.went_on = true`)))
	o.Modules = append(o.Modules, bindings.Module{Name: "buggy", Funcs: []bindings.Func{{
		Spec: bindings.Spec{Name: "call"},
		Call: func(*bindings.Runtime) int { var m map[string]int; m["x"] = 1; return 0 },
	}}})
	vm, err := script.New(o)
	if err != nil {
		t.Fatal(err)
	}
	err = vm.Call(bindtest.NewEnv(), &core.Callback{Handler: core.OnStart})
	if !errors.Is(err, script.ErrPanic) || !errors.Is(vm.Poisoned(), script.ErrPanic) {
		t.Errorf("got %v, want a panic", err)
	}
	if b, _ := vm.State(); strings.Contains(string(b), "went_on") {
		t.Error("the script caught a panic of the host")
	}
}

func TestStrategyTable(t *testing.T) {
	for text, want := range map[string]string{
		`return {on_start = print}`:                                                    "name of the strategy: want 1 to 32 of a-z",
		`return {name = "Has Space", on_start = print}`:                                "name of the strategy: want 1 to 32 of a-z",
		`return {name = "x", on_boook = print}`:                                        `unknown handler on_boook; did you mean "on_book"?`,
		`return {name = "x", on_start = 1}`:                                            "on_start: want a function, got 1",
		`return {name = "x", on_start = print, parms = {}}`:                            `unknown key "parms"; did you mean "params"?`,
		`return {name = "x", on_start = print, symbols = {}}`:                          `unknown key "symbols": there are name, version`,
		`return {name = "x", on_start = print, 1}`:                                     "its keys are words",
		`return {name = "x", on_start = print, version = 1.5}`:                         "version: want a whole number",
		`return {name = "x", on_start = print, subscribe = "usdm:BTCUSDT"}`:            "subscribe: want a list",
		`return {name = "x", on_start = print, subscribe = {"BTCUSDT"}}`:               "subscribe[1]: \"BTCUSDT\" is not a symbol",
		`return {name = "x", on_start = print, universe = {":BTC"}}`:                   `universe[1]: ":BTC" is not a symbol`,
		`return {name = "x", on_start = print, subscribe = {}, universe = {}}`:         "give one of them",
		`return {name = "x", on_start = print, subscribe = function() error("e") end}`: "s.lua:1: e",
		`market.now()`:           "market.now: there is no market while the file is loading",
		`order.submit{}`:         "call it from a handler such as on_start",
		`local x = params.level`: "parameters are known once the file has loaded",
	} {
		_, err := script.New(options(t, src("s.lua", text)))
		wantError(t, err, want)
	}
}

func TestSubscriptions(t *testing.T) {
	vm := newVM(t, `return {name = "x", on_start = print, params = {coin = {type = "string", default = "BTC"}},
		subscribe = function(p) return {"usdm:" .. p.coin .. "USDT", "spot:*", "usdm:BTCUSDT"} end}`)
	if got := fmt.Sprint(vm.Subscriptions()); got != "[usdm:BTCUSDT spot:* usdm:BTCUSDT]" {
		t.Errorf("subscriptions are %s", got)
	}
	u := bindtest.NewEnv().U
	ids, err := vm.Instruments(u)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, id := range ids {
		keys = append(keys, u.Get(id).Key())
	}
	if got := strings.Join(keys, " "); got != "spot:BTCUSDT spot:SHIBUSDT usdm:BTCUSDT" {
		t.Errorf("instruments are %s", got)
	}
	for pattern, want := range map[string]string{"usdm:BTCUSD": `did you mean "coinm:BTCUSD_PERP"`, "coinm:ETH*": "fits none of the 6 instruments"} {
		vm := newVM(t, `return {name = "x", on_start = print, subscribe = {"`+pattern+`"}}`)
		_, err := vm.Instruments(u)
		wantError(t, err, want)
	}
}

const declared = `return {name = "x", on_start = function()
  print(params.size, params.level, params.coin, params.dry, params.mode, table.concat(params.list, "+"), #params.names)
  params.list[1] = 99
  assert(params.list[1] ~= 99, "a list is a copy")
end, params = {
  size = {type = "number", default = 1.5, min = 0, max = 10, unit = "quote", doc = "how much"},
  level = {type = "integer", default = 5, min = 1},
  coin = {type = "string", default = "BTC"},
  dry = {type = "boolean", default = true},
  mode = {type = "choice", default = "slow", choices = {"slow", "fast"}},
  list = {type = "list", default = {1, 2}, max = 3},
  names = {type = "list", default = {}},
}}`

func TestParams(t *testing.T) {
	for _, c := range []struct {
		set  map[string]any
		want string
	}{
		{nil, "1.5 5 BTC true slow 1+2 0"},
		{map[string]any{"size": 2, "level": int64(7), "coin": "ETH", "dry": false, "mode": "fast", "list": []any{3.5}, "names": []string{"a", "b"}}, "2 7 ETH false fast 3.5 2"},
		{map[string]any{"size": "0.25", "level": "9", "dry": "false", "list": "4, 5", "names": "a,b,c"}, "0.25 9 BTC false slow 4+5 3"},
	} {
		o := options(t, src("s.lua", declared))
		o.Params = c.set
		vm, err := script.New(o)
		if err != nil {
			t.Fatal(err)
		}
		env := bindtest.NewEnv()
		if err := vm.Call(env, &core.Callback{Handler: core.OnStart}); err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(strings.TrimPrefix(env.Logged[0], "info s.lua:2 "), "\t", " "); got != c.want {
			t.Errorf("with %v the parameters are %s, want %s", c.set, got, c.want)
		}
	}
	vm := newVM(t, declared)
	p := vm.Params()[slices.IndexFunc(vm.Params(), func(p script.Param) bool { return p.Name == "size" })]
	if p.Type != "number" || p.Value != 1.5 || *p.Min != 0 || *p.Max != 10 || p.Unit != "quote" || p.Doc != "how much" {
		t.Errorf("the declaration reads %+v", p)
	}
}

func TestParamMistakes(t *testing.T) {
	for _, c := range []struct {
		set  map[string]any
		want string
	}{
		{map[string]any{"sise": 1}, `no parameter "sise"; did you mean "size"?`},
		{map[string]any{"size": 11}, "parameter size: want at most 10, got 11"},
		{map[string]any{"size": "much"}, "want a finite number"},
		{map[string]any{"size": "inf"}, "want a finite number"},
		{map[string]any{"level": 1.5}, "want a whole number"},
		{map[string]any{"level": 0}, "want at least 1"},
		{map[string]any{"mode": "fsat"}, `want one of slow, fast, got "fsat"; did you mean "fast"?`},
		{map[string]any{"dry": 3}, "want true or false"},
		{map[string]any{"coin": 3}, "want a string"},
		{map[string]any{"list": []any{1.0, 2.0, 3.0, 4.0}}, "want at most 3, got 4 elements"},
		{map[string]any{"list": "1,x"}, "element 2: want a finite number"},
		{map[string]any{"list": `{"a":1}`}, "want a list"},
	} {
		o := options(t, src("s.lua", declared))
		o.Params = c.set
		_, err := script.New(o)
		wantError(t, err, c.want)
	}
	for decl, want := range map[string]string{
		`level = 5`: "params.level: want a table", `level = {}`: "type: want one of number",
		`level = {type = "int", default = 1}`:              `did you mean "list"`,
		`level = {type = "integer"}`:                       "default is missing",
		`level = {type = "integer", default = 1, mn = 0}`:  `unknown key "mn"; did you mean "min"?`,
		`level = {type = "integer", default = 1, min = 2}`: "default: want at least 2",
		`level = {type = "choice", default = "a"}`:         "choices go with",
		`level = {type = "number", default = 0/0}`:         "default: want a finite number",
		`level = {default = {1, 2}, min = -5, max = 5}`:    "of its length, and not of its elements",
		`level = {default = {1}, max = 1.5}`:               "of its length, and not of its elements",
		`level = {type = "list", default = {{}}}`:          "want a number, string, boolean or list",
		`level = {type = "string", default = print}`:       "want a number, string, boolean or list",
		`["a b"] = {type = "string", default = ""}`:        "is not a name",
	} {
		_, err := script.New(options(t, src("s.lua", `return {name = "x", on_start = print, params = {`+decl+`}}`)))
		wantError(t, err, want)
	}
	_, _, err := start(t, `local x = params.lvel`, script.Limits{})
	wantError(t, err, "params.lvel: no such parameter")
}

func TestTypeOfADefault(t *testing.T) {
	vm := newVM(t, `return {name = "x", on_start = print, params = {a = {default = 1.5}, b = {default = true}, c = {default = "s"},
		d = {default = "s", choices = {"s"}}, e = {default = {1}}}}`)
	var types []string
	for _, p := range vm.Params() {
		types = append(types, p.Type)
	}
	if got := strings.Join(types, " "); got != "number boolean string choice list" {
		t.Errorf("declarations without a type have the types %s", got)
	}
}

package extension_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/extension"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
)

var kept = map[string]any{"limit": 5.0}

var desk = extension.Module{Name: "firm", Version: 1, Doc: "The firm's own figures.", Funcs: []extension.Func{
	{Name: "fair", Doc: "The model's price.", Args: []extension.Value{{Name: "bid", Type: "number"}, {Name: "ask", Type: "number"}, {Name: "lean", Type: "number", Optional: true}},
		Returns: []extension.Value{{Name: "price", Type: "number"}},
		Pure: func(args []any) ([]any, error) {
			lean, _ := args[2].(float64)
			bid, ask := args[0].(float64), args[1].(float64)
			if bid > ask {
				return nil, errors.New("the book is crossed")
			}
			return []any{bid + (ask-bid)*(1+lean)/2}, nil
		}},
	{Name: "limits", Args: []extension.Value{{Name: "coins", Type: "list"}}, Returns: []extension.Value{{Name: "limits", Type: "table"}, {Name: "more", Type: "boolean"}},
		Pure: func(args []any) ([]any, error) {
			out := map[string]any{"kept": kept}
			for i, coin := range args[0].([]any) {
				out[coin.(string)] = i + 1
			}
			return []any{out, true}, nil
		}},
	{Name: "boom", Pure: func([]any) ([]any, error) { panic("a bug") }},
	{Name: "odd", Returns: []extension.Value{{Name: "x", Type: "any"}}, Pure: func([]any) ([]any, error) { return []any{make(chan int)}, nil }},
	{Name: "lot", Args: []extension.Value{{Name: "n", Type: "integer"}}, Pure: func([]any) ([]any, error) { return []any{1, 2}, nil }},
}}

func TestCalls(t *testing.T) {
	bound, err := extension.Bind([]extension.Module{desk}, std.Modules())
	if err != nil {
		t.Fatal(err)
	}
	bt := bindtest.New(t, bound...)
	bt.Run(`
assert(firm.fair(100, 102) == 101 and firm.fair(100, 102, 1) == 102)
local limits, more = firm.limits({ "BTC", "ETH" })
assert(limits.BTC == 1 and limits.ETH == 2 and more == true)
limits.kept.limit = 99
assert(firm.limits({}).kept.limit == 5, "what a script does to a result changes nothing of the module's")
`)
	bt.Fail(`firm.fair(102, 100)`, "test.lua:1", "firm.fair", "the book is crossed")
	bt.Fail(`firm.fair("100", 102)`, "argument bid", "want a number, got")
	bt.Fail(`firm.fair(100)`, "argument ask", "missing")
	bt.Fail(`firm.fair(1, 2, 3, 4)`, "at most, got 4")
	bt.Fail(`firm.limits({ f = function() end })`, "argument coins")
	bt.Fail(`firm.limits({ BTC = 1 })`, "argument coins", "want a list")
	bt.Fail(`firm.boom()`, "it panicked: a bug")
	bt.Fail(`firm.odd()`, "result x", "chan int")
	bt.Fail(`firm.lot(1.5)`, "whole number")
	bt.Fail(`firm.lot(1)`, "it returned 2 values and declares 0")
	if err := bt.Load(`local p = firm.fair(1, 2)`); err != nil {
		t.Errorf("a pure function needs no market: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	pure := func([]any) ([]any, error) { return nil, nil }
	fn := extension.Func{Name: "f", Pure: pure}
	for want, list := range map[string][]extension.Module{
		`"market": scripts have a global`: {{Name: "market", Funcs: []extension.Func{fn}}},
		`"exec": scripts have a global`:   {{Name: "exec", Funcs: []extension.Func{fn}}},
		`"a": scripts have a global`:      {{Name: "a", Funcs: []extension.Func{fn}}, {Name: "a", Funcs: []extension.Func{fn}}},
		`name "My Module"`:                {{Name: "My Module", Funcs: []extension.Func{fn}}},
		`it has no functions`:             {{Name: "a"}},
		`function "f" is there twice`:     {{Name: "a", Funcs: []extension.Func{fn, fn}}},
		`want one of Pure and Recorded`:   {{Name: "a", Funcs: []extension.Func{{Name: "f"}}}},
		`no word of Lua`:                  {{Name: "a", Funcs: []extension.Func{{Name: "end", Pure: pure}}}},
		`type "float"`:                    {{Name: "a", Funcs: []extension.Func{{Name: "f", Pure: pure, Args: []extension.Value{{Name: "x", Type: "float"}}}}}},
		`y follows one that may be left out`: {{Name: "a", Funcs: []extension.Func{{Name: "f", Pure: pure,
			Args: []extension.Value{{Name: "x", Type: "any", Optional: true}, {Name: "y", Type: "any"}}}}}},
	} {
		if _, err := extension.Bind(list, std.Modules()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestStub(t *testing.T) {
	name, text, err := desk.Stub()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"---@meta", "---@class firmlib", "---@param lean? number", "function firm.fair(bid, ask, lean) end"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if name != "firm.lua" || strings.Contains(text, "bindings/") {
		t.Errorf("%s:\n%s", name, text)
	}
}

var feed = extension.Module{Name: "desk", Version: 1, Funcs: []extension.Func{
	{Name: "quote", Doc: "The desk's price.", Args: []extension.Value{{Name: "coin", Type: "string"}},
		Returns: []extension.Value{{Name: "price", Type: "number"}, {Name: "firm", Type: "boolean"}, {Name: "note", Type: "string", Optional: true}},
		Recorded: func(_ context.Context, args []any) (map[string]any, error) {
			switch args[0] {
			case "BTC":
				return map[string]any{"price": 60000.5, "firm": true}, nil
			case "NAN":
				return map[string]any{"price": math.NaN(), "firm": true}, nil
			case "HALF":
				return map[string]any{"price": 1}, nil
			case "BUG":
				panic("a bug")
			}
			return nil, errors.New("unknown coin\nof the desk")
		}},
	{Name: "deaf", Returns: []extension.Value{{Name: "x", Type: "number"}}, Deadline: time.Millisecond,
		Recorded: func(context.Context, []any) (map[string]any, error) {
			<-hang
			return map[string]any{"x": 1}, nil
		}},
}}

var hang = make(chan struct{})

func TestRecordedAsks(t *testing.T) {
	bound, err := extension.Bind([]extension.Module{feed}, std.Modules())
	if err != nil {
		t.Fatal(err)
	}
	bt := bindtest.New(t, bound...)
	bt.Run(`assert(desk.quote("BTC"))`)
	bt.Fail(`desk.quote(5)`, "argument coin", "want a string")
	if len(bt.Env.Asked) != 1 {
		t.Fatalf("%d questions", len(bt.Env.Asked))
	}
	q := bt.Env.Asked[0]
	if q.Function != "desk.quote" || q.Tag != "desk.quote" || q.Context != `["BTC"]` || q.Deadline != 20*exchange.Second || q.TTL != 5*exchange.Minute {
		t.Errorf("%+v", q)
	}
}

func TestAnswerer(t *testing.T) {
	defer close(hang)
	bound, err := extension.Bind([]extension.Module{feed}, std.Modules())
	if err != nil {
		t.Fatal(err)
	}
	bt := bindtest.New(t, bound...)
	a := extension.NewAnswerer([]extension.Module{feed}, nil)
	for call, want := range map[string]string{
		`desk.quote("BTC")`:  `ok {"firm":true,"price":60000.5}`,
		`desk.quote("NAN")`:  "failed json: unsupported value: NaN",
		`desk.quote("HALF")`: "refused the answer has no field firm",
		`desk.quote("BUG")`:  "failed it panicked: a bug",
		`desk.quote("X")`:    "failed unknown coin of the desk",
		`desk.deaf()`:        "late there was no answer within 1ms",
	} {
		bt.Env.Asked = nil
		bt.Run(call)
		q := bt.Env.Asked[0]
		settled := advice.Settle(&q, a.Ask(t.Context(), &q), 0)
		if got := strings.TrimSpace(settled.Verdict + " " + settled.Text + settled.Reason); got != want {
			t.Errorf("%s: %q, want %q", call, got, want)
		}
	}
	if got := a.Ask(t.Context(), &advice.Question{ID: 1, Function: "desk.gone"}); got.Verdict != advice.Disabled {
		t.Errorf("%+v", got)
	}
}

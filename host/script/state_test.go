package script_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

func TestStateRoundTrip(t *testing.T) {
	vm, _, err := start(t, `
state.n, state.s, state.b, state.e = 0.1, "a\"b\n", false, {}
state.list = {1, 2, {x = 3}}
state.sparse = {[1] = "a", [3] = "c", [-1.5] = "d", x = 1}
state["#odd"] = 1
state.big = 2^53
`, script.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := vm.State()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"##odd":1,"b":false,"big":9.007199254740992e+15,"e":{},"list":[1,2,{"x":3}],"n":0.1,"s":"a\"b\n",` +
		`"sparse":{"#-1.5":"d","#1":"a","#3":"c","x":1}}`
	if string(first) != want {
		t.Errorf("state is\n%s\nwant\n%s", first, want)
	}
	other := newVM(t, handler(`
local t = state.sparse
assert(t[1] == "a" and t[3] == "c" and t[-1.5] == "d" and t.x == 1 and state["#odd"] == 1)
assert(state.list[3].x == 3 and #state.list == 3 and state.big == 2^53 and state.s == 'a"b\n')`))
	if err := other.SetState(first); err != nil {
		t.Fatal(err)
	}
	if err := other.Call(bindtest.NewEnv(), &core.Callback{Handler: core.OnStart}); err != nil {
		t.Fatal(err)
	}
	if second, err := other.State(); err != nil || string(second) != want {
		t.Errorf("after the round trip it is %s, %v", second, err)
	}
}

func TestStateIsRefusedWithItsPath(t *testing.T) {
	for code, want := range map[string]string{
		`state.a = {b = {print}}`:                               "state.a.b[1] is a function",
		`state.a = {[{}] = 1}`:                                  "state.a has a table as a key",
		`state.a = {[true] = 1}`:                                "state.a has true as a key",
		`state.a = 0/0`:                                         "state.a is NaN",
		`state.a = {1, 1/0}`:                                    "state.a[2] is +Inf",
		`state.a = state`:                                       "state.a is a table that contains itself",
		`local a, b = {}, {} a.b, b.a = b, a state.x = a`:       "state.x.b.a is a table that contains itself",
		`state.a = market.book("usdm:BTCUSDT")`:                 "state.a is a Book",
		`state.a = num.dec("1")`:                                "state.a is a Decimal",
		`state.a = "\255"`:                                      "state.a is not valid UTF-8",
		`local t = state for i = 1, 40 do t.n = {} t = t.n end`: "nest more than 32 deep",
		`state.a = {} for i = 1, 30 do state.a[i] = ("x"):rep(1000) end`: "state.a[20] is where state grows beyond 20000 bytes",
		`state = 1`: "state: want a table, got 1",
	} {
		vm, _, err := start(t, code, script.Limits{StateBytes: 20_000})
		if err != nil {
			t.Fatal(err)
		}
		_, err = vm.State()
		wantError(t, err, want)
	}
	must(t, `local shared = {} state.a, state.b = shared, shared`)
}

func TestSetStateKeepsReferencesAndRefusesRubbish(t *testing.T) {
	vm := newVM(t, `local mine = state return {name = "t", on_start = function() assert(mine == state and mine.x == 2 and mine.old == nil) end}`)
	if err := vm.SetState([]byte(`{"old":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := vm.SetState([]byte(`{"x":2}`)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`{`, `[1]`, `3`, `{"a":null}`, `{"#x":1}`} {
		if err := vm.SetState([]byte(bad)); (err == nil) != (bad == `[1]`) {
			t.Errorf("SetState(%s) = %v", bad, err)
		}
	}
	if err := vm.SetState([]byte(`{"x":2}`)); err != nil {
		t.Fatal(err)
	}
	if err := vm.Call(bindtest.NewEnv(), &core.Callback{Handler: core.OnStart}); err != nil {
		t.Error(err)
	}
}

// TestStateIsCanonical checks over random data that what is stored reads back to
// the same bytes.
func TestStateIsCanonical(t *testing.T) {
	vm := newVM(t, handler(""))
	leaf := rapid.OneOf(rapid.Float64Range(-1e18, 1e18).AsAny(), rapid.String().AsAny(), rapid.Bool().AsAny())
	rapid.Check(t, func(rt *rapid.T) {
		inner := rapid.MapOf(rapid.StringMatching(`[a-z#][a-z0-9]{0,3}`), leaf).Draw(rt, "inner")
		outer := map[string]any{"list": rapid.SliceOf(leaf).Draw(rt, "list")}
		for k, v := range inner {
			if k[0] == '#' {
				k = "#" + k
			}
			outer[k] = v
		}
		data, err := json.Marshal(outer)
		if err != nil {
			rt.Fatal(err)
		}
		if err := vm.SetState(data); err != nil {
			rt.Fatalf("%s: %v", data, err)
		}
		first, err := vm.State()
		if err != nil {
			rt.Fatalf("%s: %v", data, err)
		}
		if err := vm.SetState(first); err != nil {
			rt.Fatal(err)
		}
		if second, _ := vm.State(); string(second) != string(first) {
			rt.Fatalf("%s became %s", first, second)
		}
	})
}

package script

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/state"
	"github.com/perilune/perilune/exchange"
)

const lookedAt = `
local hidden = 1
total = 0
list = {3, 1, 2}
function bump() hidden = hidden + 1; return hidden end
function grow() total = total + 1; return total end
return {name = "w", on_timer = function(name)
  state.n = (state.n or 0) + 1
  return math.random()
end}`

func watchedVM(t *testing.T) *VM {
	t.Helper()
	p, err := Compile([]exchange.Source{{Path: "w.lua", Text: lookedAt}})
	if err != nil {
		t.Fatal(err)
	}
	vm, err := New(Options{Program: p, Modules: []bindings.Module{state.Module()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vm.Close)
	return vm
}

// A look sees what the strategy sees, and may make what it likes of its own.
func TestALookReads(t *testing.T) {
	vm := watchedVM(t)
	for _, tt := range []struct{ code, want string }{
		{"1 + 2", "3"},
		{"total, #list", "0 | 3"},
		{"local t = {} for i, v in ipairs(list) do t[i] = v * 2 end table.sort(t) return t", "{2, 4, 6}"},
		{"x = 5; y = {a = {b = 'c'}}; return x, y", `5 | {a = {b = "c"}}`},
		{"local n = 0 local function f() n = n + 1 return n end f() return f()", "2"},
		{"setmetatable({}, {__tostring = function() return 'z' end}) ~= nil", "true"},
		{"select(2, pcall(error, 'no'))", "no"},
		{"'plain'", "plain"},
		{"local t = {} table.insert(t, 9) rawset(t, 'k', 1) return t", "{9, k = 1}"},
	} {
		got, err := vm.Look(nil, tt.code)
		if err != nil || strings.Join(got, " | ") != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.code, got, err, tt.want)
		}
	}
}

// Functions that were typed in before are the strategy's, whatever they are called.
func TestALookAfterAWrite(t *testing.T) {
	vm := watchedVM(t)
	if _, err := vm.Evaluate(nil, "local n = 0 function count() n = n + 1 return n end"); err != nil {
		t.Fatal(err)
	}
	if got, err := vm.Look(nil, "count()"); err == nil || !strings.Contains(err.Error(), "changes a local") {
		t.Errorf("a look calls a function that counts: %v, %v", got, err)
	}
	if got, err := vm.Evaluate(nil, "count()"); err != nil || len(got) != 1 || got[0] != "1" {
		t.Errorf("after it the count is %v, %v; want 1", got, err)
	}
}

// Whatever a look tries, the VM goes on as if it had not been.
func TestALookLeavesNoTrace(t *testing.T) {
	vm, twin := watchedVM(t), watchedVM(t)
	for _, tt := range []struct{ code, want string }{
		{"total = 7 return _G.total", ""}, // a global of its own
		{"_G.total = 7", "read only: it would change a table"},
		{"list[1] = 9", "read only: it would change a table"},
		{"state.n = 9", "read only: it would change a table"},
		{"table.insert(list, 9)", "read only"},
		{"table.sort(list)", "read only"},
		{"table.remove(list)", "read only"},
		{"rawset(list, 1, 9)", "read only"},
		{"setmetatable(list, {})", "read only"},
		{"setmetatable(_G, {__index = function() return 1 end})", "read only"},
		{"setmetatable({}, {__newindex = state}).n = 9", "read only: it would change a table"},
		{"local t = setmetatable({}, {__newindex = setmetatable({}, {__newindex = list})}) t[9] = 9", "read only: it would change a table"},
		{"bump()", "read only: it calls a function that changes a local of the strategy"},
		{"grow()", "read only: it would change a global of the strategy"},
		{"pcall(bump)", "read only"},
		{"math.random(); math.randomseed(3)", ""},
		{"while true do end", "instruction budget exhausted"},
		{"local t = {} while true do t[#t+1] = string.rep('x', 1e5) .. #t end", ""},
		{"no_such.field", "nil"},
		{"f(", "eval:1"},
	} {
		_, err := vm.Look(nil, tt.code)
		if err == nil && tt.want != "" && tt.want != "nil" || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.code, err, tt.want)
		}
	}
	if vm.budget.allocated != twin.budget.allocated || vm.budget.room != twin.budget.room || *vm.random != *twin.random {
		t.Error("the count of memory or the random numbers moved")
	}
	const all = "total, list, state, bump(), grow(), math.random(), x"
	a, err := vm.Evaluate(nil, all)
	b, err2 := twin.Evaluate(nil, all)
	if err != nil || err2 != nil || strings.Join(a, " ") != strings.Join(b, " ") {
		t.Errorf("after looks %q, %v; without %q, %v", a, err, b, err2)
	}
	if err := vm.Poisoned(); err != nil {
		t.Error(err)
	}
}

// Code that may change things changes them, and a budget ends it as it ends a callback.
func TestCodeThatMayWrite(t *testing.T) {
	vm := watchedVM(t)
	if _, err := vm.Evaluate(nil, "total = 5; state.n = 3; list[1] = 9"); err != nil {
		t.Fatal(err)
	}
	if got, err := vm.Look(nil, "total, state.n, list[1]"); err != nil || strings.Join(got, " ") != "5 3 9" {
		t.Errorf("%q, %v", got, err)
	}
	if raw, err := vm.State(); err != nil || string(raw) != `{"n":3}` {
		t.Errorf("state %s, %v", raw, err)
	}
	if _, err := vm.Evaluate(nil, "while true do end"); err == nil || vm.Poisoned() == nil {
		t.Errorf("an endless loop: %v, poisoned %v", err, vm.Poisoned())
	}
}

package script_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// hazards are ways in which a script may take the process with it. Each must
// end with an error and leave the process usable. Unbounded, they take minutes
// to years, or all memory, so the test ends at all only when they are bounded.
var hazards = []struct {
	name, code string
	cause      error  // what poisons the VM; nil for an ordinary error
	text       string // in the error
}{
	{"loop", `while true do end`, script.ErrBudget, "instruction budget exhausted"},
	{"loop in pcall", `while true do pcall(function() while true do end end) end`, script.ErrBudget, ""},
	{"loop in nested pcall", `local function f() pcall(f) while true do end end f()`, script.ErrBudget, ""},
	{"loop in xpcall handler", `while true do xpcall(error, function() while true do end end) end`, script.ErrBudget, ""},
	{"loop of pcall alone", `while true do pcall(pcall, pcall) end`, script.ErrBudget, ""},
	{"loop in a metamethod", `local t = setmetatable({}, {__index = function() while true do end end}) pcall(function() return t.x end)`, script.ErrBudget, ""},
	{"loop in __tostring", `tostring(setmetatable({}, {__tostring = function() while true do end end}))`, script.ErrBudget, ""},
	{"loop in gsub", `string.gsub(("x"):rep(1000), ".", function() pcall(function() while true do end end) end)`, script.ErrBudget, ""},
	{"loop in sort", `table.sort({3, 2, 1}, function() while true do end end)`, script.ErrBudget, ""},
	{"pattern", `("a"):rep(200):find((".-"):rep(20) .. "b")`, script.ErrBudget, ""},
	{"pattern in pcall", `pcall(string.find, ("a"):rep(200), ("a*"):rep(12) .. "b")`, script.ErrBudget, ""},
	{"pattern in gmatch", `for _ in ("a"):rep(200):gmatch(("a-"):rep(12) .. "b") do end`, script.ErrBudget, ""},
	{"pattern in gsub", `("a"):rep(200):gsub(("a?"):rep(60) .. ("a"):rep(201), "")`, script.ErrBudget, ""},
	{"balance", `local s = ("("):rep(1e6) while true do s:find("%b()") end`, script.ErrBudget, ""},
	{"long pattern", `("a"):find(("a?"):rep(100000))`, nil, "at most 1024 are allowed"},
	{"gsub growth", `local s = "aaaaaaaa" for i = 1, 64 do s = s:gsub("a", "aaaaaaaa") end`, nil, "at most 1048576"},
	{"rep", `string.rep("a", 2e11)`, nil, "200000000000 bytes long"},
	{"rep in pcall", `assert(not pcall(string.rep, "a", 2e11)) assert(not pcall(string.rep, "aa", 2^62)) error("survived")`, nil, "survived"},
	{"rep of infinity", `string.rep("a", 1/0)`, nil, "at most 1048576"},
	{"concat doubling", `local s = "x" while true do s = s .. s end`, nil, "at most 1048576"},
	{"concat doubling in pcall", `local s = "x" while true do pcall(function() s = s .. s end) end`, script.ErrBudget, ""},
	{"many long strings", `local t = {} while true do t[#t + 1] = ("x"):rep(1e6 + #t) end`, script.ErrBudget, ""},
	{"table.concat", `local t = {} for i = 1, 1000 do t[i] = ("x"):rep(2000) end table.concat(t)`, nil, "at most 1048576"},
	{"table.concat separator", `table.concat({1, 2, 3}, ("x"):rep(1e6))`, nil, "at most 1048576"},
	{"table.concat range", `table.concat({}, "", -1e15, 1e15)`, nil, "more than 4194304 elements"},
	{"format width", `string.format("%1000000000d", 1)`, nil, "width or precision too long"},
	{"format precision", `string.format("%.1000000000f", 1)`, nil, "width or precision too long"},
	{"format growth", `string.format(("%s"):rep(20), (("x"):rep(1e5)):rep(1), "")`, nil, ""},
	{"upper and reverse", `local s = ("x"):rep(1e6) while true do s = s:upper():lower():reverse() end`, script.ErrBudget, ""},
	{"insert at the front", `local t = {} while true do for i = 1, 60000 do table.insert(t, 1, i) end t = {} end`, script.ErrBudget, ""},
	{"unpack", `local t = {} return unpack(t, 1, 1e8)`, nil, "too many results to unpack"},
	{"string.byte", `return ("x"):rep(1e6):byte(1, -1)`, nil, "registry overflow"},
	{"recursion", `local function f() return 1 + f() end f()`, nil, "stack overflow"},
	{"mutual recursion", `local g local function f() return 1 + g() end g = function() return 1 + f() end f()`, nil, "stack overflow"},
	{"recursion through __index", `local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. "x"] .. "" end return t.a`, nil, "stack overflow"},
	{"recursion through __tostring", `local t = setmetatable({}, {}) getmetatable(t).__tostring = function(t) return tostring(t) .. "" end tostring(t)`, nil, "stack overflow"},
	{"recursion through pcall", `local function f() return pcall(f) and error("x") end f() error("survived")`, nil, "survived"},
	{"__index loop", `local t = {} setmetatable(t, {__index = t}) return t.x`, nil, "too many recursions"},
	{"error(nil)", `error(nil)`, nil, "error called with nil"},
	{"error()", `error()`, nil, "error called with nil"},
	{"error({})", `error({})`, nil, "error called with a table"},
	{"error(function)", `error(print)`, nil, "error called with a function"},
	{"error with a message", `error({message = "from a table"})`, nil, "from a table"},
	{"error in the handler", `local ok, e = xpcall(error, function() error("in the handler") end) assert(not ok) error(e, 0)`, nil, "in the handler"},
	{"error in __tostring of an error", `error(setmetatable({}, {__tostring = function() error("x") end}))`, nil, "error called with a table"},
	{"__tostring that is no string", `tostring(setmetatable({}, {__tostring = function() return {} end}))`, nil, "must return a string"},
	{"yield", `coroutine.yield()`, nil, "attempt to index a non-table object(nil)"},
	{"random over nothing", `math.random(0)`, nil, "is empty"},
}

func TestHazards(t *testing.T) {
	for _, h := range hazards {
		t.Run(h.name, func(t *testing.T) {
			vm, env, err := start(t, h.code, script.Limits{Instructions: 500_000})
			e := wantError(t, err, h.text)
			if !errors.Is(e, h.cause) && h.cause != nil {
				t.Errorf("the error is %v, want %v", err, h.cause)
			}
			if poisoned := vm.Poisoned(); (poisoned != nil) != (h.cause != nil) {
				t.Errorf("poisoned: %v, want %v", poisoned, h.cause)
			}
			if again := vm.Call(env, &core.Callback{Handler: core.OnStart}); again == nil {
				t.Error("the second call found nothing wrong")
			}
		})
	}
}

func TestSparseIndexStaysSmall(t *testing.T) {
	before := heap()
	vm, _, err := start(t, `keep = {} keep[67108863] = 1 keep[1e15] = 2 keep[60000] = 3 state.ok = keep[67108863] + keep[1e15] + keep[60000]`, script.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if grown := int64(heap()) - int64(before); grown > 16<<20 {
		t.Errorf("three elements took %d MiB", grown>>20)
	}
	if b, _ := vm.State(); string(b) != `{"ok":6}` {
		t.Errorf("the elements read back as %s", b)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestInterruptFromAnotherGoroutine(t *testing.T) {
	o := options(t, src("s.lua", handler(`while true do pcall(function() while true do end end) end`)))
	o.Limits.Instructions = 1 << 40
	vm, err := script.New(o)
	if err != nil {
		t.Fatal(err)
	}
	go vm.Interrupt()
	if err := vm.Call(nil, &core.Callback{Handler: core.OnStart}); !errors.Is(err, script.ErrInterrupted) {
		t.Errorf("got %v, want an interruption", err)
	}
}

func TestLoadingHasABudgetToo(t *testing.T) {
	o := options(t, src("s.lua", `while true do end`))
	o.Limits.LoadInstructions = 100_000
	if _, err := script.New(o); !errors.Is(err, script.ErrBudget) {
		t.Errorf("got %v, want the budget", err)
	}
}

// TestBudgetIsDeterministic runs up to the same limit twice and must stop at the
// same point.
func TestBudgetIsDeterministic(t *testing.T) {
	count := func() string {
		vm, _, err := start(t, `state.n = 0 while true do state.n = state.n + 1 local s = ("a.b"):gsub("%.", "-") .. "x" end`, script.Limits{Instructions: 300_000})
		if !errors.Is(err, script.ErrBudget) {
			t.Fatal(err)
		}
		b, err := vm.State()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	first := count()
	for range 3 {
		if again := count(); again != first {
			t.Fatalf("stopped at %s and then at %s", first, again)
		}
	}
}

func TestCompileBombs(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct{ text, want string }{
		"45 000 constants":     {"return {" + many(45_000, "%d,") + "}", "constants"},
		"20 000 names":         {many(20_000, "x%d=1 "), "constants"},
		"nested parentheses":   {"return " + strings.Repeat("(", 120_000) + "1" + strings.Repeat(")", 120_000), "nest more than 200 deep"},
		"nested tables":        {"return " + strings.Repeat("{", 120_000), "nest more than 200 deep"},
		"nested functions":     {strings.Repeat("return function() ", 14_000), "nest more than 200 deep"},
		"nested blocks":        {strings.Repeat("do ", 80_000), "nest more than 200 deep"},
		"a chain of nots":      {"return " + strings.Repeat("not ", 60_000) + "1", "nest more than"},
		"a chain of minuses":   {"return " + strings.Repeat("- ", 120_000) + "1", "nest more than"},
		"a chain of powers":    {"return 1" + strings.Repeat("^1", 120_000), "nest more than"},
		"a chain of sums":      {"return 1" + strings.Repeat("+1", 120_000), "nest more than"},
		"a chain of concats":   {"return 1" + strings.Repeat(" ..1", 60_000), "s.lua"},
		"a chain of calls":     {"f" + strings.Repeat("()", 120_000), "nest more than"},
		"too long":             {"--" + strings.Repeat("x", 300_000), "at most 262144 are allowed"},
		"too many locals":      {many(300, "local a%d "), "s.lua"},
		"an unfinished string": {"return \"abc", "unterminated string"},
		"NUL bytes":            {"\x00\x00\x00", "s.lua"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := script.Compile(src("s.lua", c.text))
			wantError(t, err, c.want)
		})
	}
}

// TestNotReady is about the moment in which an editor has truncated a file and
// not written it yet.
func TestNotReady(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "blank": " \n\t\r\n", "only a mark": "\ufeff", "a prefix": "local x = 1\n", "a comment": "-- s",
		"no handler": `return {name = "x"}`, "not a table": "return 1",
	} {
		t.Run(name, func(t *testing.T) {
			p, err := script.Compile(src("s.lua", text))
			if err == nil {
				_, err = script.New(script.Options{Program: p})
			}
			if !errors.Is(err, script.ErrNotReady) {
				t.Errorf("got %v, want not ready", err)
			}
		})
	}
	empty := filepath.Join(t.TempDir(), "s.lua")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := script.Load(empty); !errors.Is(err, script.ErrNotReady) {
		t.Errorf("loading an empty file: %v, want not ready", err)
	}
}

// FuzzCompile feeds anything to the compiler and runs what comes out: no text
// may bring the process down.
func FuzzCompile(f *testing.F) {
	for _, h := range hazards {
		f.Add(handler(h.code))
	}
	f.Add(declared)
	f.Add("return {name = 'x', on_start = function(...) return ... .. 'a' end}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := script.Compile(src("s.lua", text))
		if err != nil {
			return
		}
		limits := script.Limits{Instructions: 20_000, LoadInstructions: 20_000, StringBytes: 1 << 16}
		vm, err := script.New(script.Options{Program: p, Modules: std.Modules(), Limits: limits})
		if err != nil {
			return
		}
		defer vm.Close()
		_ = vm.Call(bindtest.NewEnv(), &core.Callback{Handler: core.OnStart})
		if errors.Is(vm.Poisoned(), script.ErrPanic) {
			t.Errorf("a panic in host code: %v", vm.Poisoned())
		}
	})
}

package script_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// leaks hold more with every callback, each in its own way. One callback takes
// little; together they take everything, unless somebody counts.
var leaks = map[string]struct{ before, each, hangsOn string }{
	"tables in a local":        {`local keep = {}`, `for i = 1, 60 do keep[#keep + 1] = {i, {}, {}} end`, "keep"},
	"tables in a global":       {`kept = {}`, `for i = 1, 60 do kept[#kept + 1] = {i, {}} end`, "kept"},
	"tables in state":          {``, `state.n = state.n or {} for i = 1, 100 do state.n[#state.n + 1] = {i} end`, "state"},
	"names":                    {`local t = {}  local n = 0`, `for i = 1, 60 do n = n + 1 t["k" .. n] = true end`, "t"},
	"names that come and go":   {`local t = {}  local n = 0`, `for i = 1, 60 do n = n + 1 t["k" .. n] = n t["k" .. n] = nil end`, "t"},
	"numbers":                  {`local t = {}`, `for i = 1, 500 do t[#t + 1] = i + 0.5 end`, "t"},
	"long strings":             {`local t = {}  local n = 0`, `for i = 1, 20 do n = n + 1 t[n] = ("x"):rep(1e5) .. n end`, "t"},
	"parts of long strings":    {`local t = {}  local n = 0`, `for i = 1, 20 do n = n + 1 t[n] = (("x"):rep(1000) .. n):sub(1, 900) end`, "t"},
	"captures":                 {`local t = {}  local n = 0`, `for i = 1, 20 do n = n + 1 t[n] = (("x"):rep(1000) .. n):match("^(x+)") end`, "t"},
	"a list of strings":        {`local s = ""`, `for i = 1, 20 do s = {s, ("x"):rep(1e4) .. i} end`, "s"},
	"closures":                 {`local f = function() end`, `for i = 1, 100 do local g, x = f, {i} f = function() return g, x end end`, ""},
	"upvalues":                 {`local t = {}`, `for i = 1, 100 do local x = i t[#t + 1] = function() x = x + 1 return x end end`, "t"},
	"metatables":               {`local t = {}`, `for i = 1, 60 do t = setmetatable({}, {__index = t}) end`, "t"},
	"a cycle":                  {`local t = {}`, `for i = 1, 60 do local n = {t, i} t.next = n t = n end`, "t"},
	"sparse lists":             {`local t = {}`, `for i = 1, 4 do local u = {} u[60000] = 1 t[#t + 1] = u end`, "t"},
	"sparse lists by rawset":   {`local t = {}`, `for i = 1, 4 do local u = {} rawset(u, 60000, 1) t[#t + 1] = u end`, "t"},
	"wide tables":              {`local t = {}`, `for i = 1, 20 do t[#t + 1] = {1,2,3,4,5,6,7,8,9,10,a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9} end`, "t"},
	"iterators":                {`local t = {}`, `for i = 1, 20 do t[#t + 1] = (("x"):rep(1e4) .. i):gmatch("x") end`, "t"},
	"decimals":                 {`local t = {}`, `for i = 1, 100 do t[#t + 1] = num.dec(i) end`, "t"},
	"windows":                  {`local t = {}`, `for i = 1, 2 do t[#t + 1] = ta.window(100000) end`, "t"},
	"indicators":               {`local t = {}`, `for i = 1, 2 do t[#t + 1] = ta.quantile(100000, 0.5) end`, "t"},
	"names of the environment": {`n = 0`, `for i = 1, 60 do n = n + 1 _G["g" .. n] = {} end`, ""},
	"fields of a library":      {`local n = 0`, `for i = 1, 60 do n = n + 1 table["g" .. n] = {} end`, "table"},
	"caught errors":            {`local t = {}`, `for i = 1, 60 do local _, e = pcall(error, {i}) t[#t + 1] = e end`, "t"},
	"bars and books":           {`local t = {}`, `for i = 1, 20 do t[#t + 1] = market.mark("usdm:BTCUSDT") or {} end`, "t"},
}

func TestALeakCostsItsOwnVM(t *testing.T) {
	for name, l := range leaks {
		t.Run(name, func(t *testing.T) {
			o := options(t, src("s.lua", l.before+"\nreturn {name = \"t\", on_start = function()\n"+l.each+"\nend}"))
			o.Limits.MemoryBytes = 8 << 20
			vm, err := script.New(o)
			if err != nil {
				t.Fatal(err)
			}
			defer vm.Close()
			before, env := heap(), bindtest.NewEnv()
			for range 30_000 {
				if err = vm.Call(env, &core.Callback{Handler: core.OnStart}); err != nil {
					break
				}
			}
			if !errors.Is(err, script.ErrMemory) {
				t.Fatalf("got %v, want the end of its memory", err)
			}
			e := wantError(t, err, "s.lua:", "MiB; at most 8 MiB are allowed", l.hangsOn)
			if e.Line == 0 {
				t.Errorf("no line in %v", err)
			}
			if !errors.Is(vm.Poisoned(), script.ErrMemory) {
				t.Error("the VM may go on")
			}
			if grown := int64(heap()) - int64(before); grown > 4<<20 {
				t.Errorf("%d MiB are still held", grown>>20)
			}
			fresh, err := script.Reload(env, vm, vm.Program())
			if err != nil {
				t.Fatalf("it can't start again: %v", err)
			}
			fresh.Close()
		})
	}
}

// TestMemoryIsWhatGoTakes compares the count with the process's heap.
func TestMemoryIsWhatGoTakes(t *testing.T) {
	for name, l := range leaks {
		t.Run(name, func(t *testing.T) {
			o := options(t, src("s.lua", l.before+"\nreturn {name = \"t\", on_start = function()\n"+l.each+"\nend}"))
			o.Limits.MemoryBytes = 8 << 20
			vm, err := script.New(o)
			if err != nil {
				t.Fatal(err)
			}
			defer vm.Close()
			before, env := heap(), bindtest.NewEnv()
			var most uint64
			for i := range 30_000 {
				if err = vm.Call(env, &core.Callback{Handler: core.OnStart}); err != nil {
					break
				}
				if i%400 == 399 {
					now := heap()
					most = max(most, now-min(before, now))
				}
			}
			if most > 6*8<<20 {
				t.Errorf("%d MiB were held, of a limit of 8", most>>20)
			}
		})
	}
}

// A callback that makes much and holds little is not stopped, whatever the
// process around it holds.
func TestGarbageAndTheHeapOfOthersAreNotCounted(t *testing.T) {
	ballast := make([]byte, 300<<20)
	defer func() { _ = ballast[0] }()
	o := options(t, src("s.lua", handler(`for i = 1, 20000 do local t = {i, {}, {a = i}} local s = ("x"):rep(1000) .. i end`)))
	o.Limits.MemoryBytes = 8 << 20
	vm, err := script.New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	for range 10 {
		if err := vm.Call(bindtest.NewEnv(), &core.Callback{Handler: core.OnStart}); err != nil {
			t.Fatal(err)
		}
	}
}

// A bomb explodes within one callback. It must be stopped before it has taken
// much more than it may.
func TestAnExplosionIsStoppedInItsCallback(t *testing.T) {
	for name, code := range map[string]string{
		"tables":       `local t = {} while true do t = {t, {}, {}} end`,
		"caught":       `local t = {} while true do pcall(function() t = {t, {}, {}} end) end`,
		"sparse":       `local t = {} while true do local u = {} u[65535] = 1 t[#t + 1] = u end`,
		"sparse, deep": `local t = {} while true do local u = {} u[65535] = t t = u end`,
		"strings":      `local t = {} while true do t[#t + 1] = ("x"):rep(1e6) .. #t end`,
		"closures":     `local t = {} while true do local a, b, c, d t[#t + 1] = function() return a, b, c, d end end`,
		"names":        `local t, n = {}, 0 while true do n = n + 1 t[n .. "x"] = n end`,
		"constructors": `local t = {} while true do t[#t + 1] = {a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9,j=10,k=11,l=12} end`,
		"varargs":      `local t = {} local function f(...) t[#t + 1] = {...} end while true do f(unpack({}, 1, 1000)) end`,
	} {
		t.Run(name, func(t *testing.T) {
			limits := script.Limits{Instructions: 1 << 40, MemoryBytes: 32 << 20}
			_, _, err := start(t, code, limits)
			if !errors.Is(err, script.ErrMemory) {
				t.Errorf("got %v, want the end of its memory", err)
			}
		})
	}
}

func TestTheEndOfMemoryIsDeterministic(t *testing.T) {
	count := func() string {
		o := options(t, src("s.lua", `local t = {} return {name = "t", on_start = function() for i = 1, 997 do t[#t + 1] = {i} log.debug(#t) end end}`))
		o.Limits.MemoryBytes = 4 << 20
		vm, err := script.New(o)
		if err != nil {
			t.Fatal(err)
		}
		defer vm.Close()
		n := 0
		for ; n < 1_000_000; n++ {
			env := bindtest.NewEnv()
			if err := vm.Call(env, &core.Callback{Handler: core.OnStart}); errors.Is(err, script.ErrMemory) {
				return fmt.Sprint(n, " callbacks, ", len(env.Logged), " lines: ", err)
			}
		}
		return "never"
	}
	first := count()
	if again := count(); again != first || first == "never" {
		t.Errorf("ended at %s, and then at %s", first, again)
	}
}

// Lists are right beyond what gopher-lua keeps in a slice.
func TestLongLists(t *testing.T) {
	must(t, strings.ReplaceAll(`
local N = 70000
local t = {}
for i = 1, N do t[#t + 1] = i end
assert(#t == N and t[65535] == 65535 and t[65536] == 65536 and t[N] == N)
local n, sum = 0, 0
for i, v in ipairs(t) do n, sum = n + 1, sum + v assert(i == v) end
assert(n == N and sum == N * (N + 1) / 2)
n = 0
for k, v in pairs(t) do n = n + 1 end
assert(n == N and table.getn(t) == N and table.maxn(t) == N)
table.insert(t, N + 1)
assert(#t == N + 1 and t[N + 1] == N + 1)
assert(table.remove(t) == N + 1 and #t == N)
assert(table.concat(t, ",", N - 1) == (N - 1) .. "," .. N)
local a, b = unpack(t, N - 1)
assert(a == N - 1 and b == N)
`, "\t", " "))
	must(t, `
local t = {}
for i = 70000, 1, -1 do t[i] = i end
assert(#t == 70000, #t)
assert(table.remove(t, 1) == 1 and #t == 69999 and t[1] == 2 and t[65535] == 65536 and t[69999] == 70000 and t[70000] == nil)
table.insert(t, 1, 1)
assert(#t == 70000 and t[1] == 1 and t[65535] == 65535 and t[65536] == 65536 and t[70000] == 70000)
`)
	must(t, `
local t = {}
for i = 1, 66000 do t[i] = 66001 - i end
table.sort(t)
assert(t[1] == 1 and t[65535] == 65535 and t[65536] == 65536 and t[66000] == 66000)
for i = 66000, 65000, -1 do assert(table.remove(t) == i and #t == i - 1) end
`)
	must(t, `
local t = {}
for i = 1, 65535 do t[i] = true end
assert(#t == 65535)
t[#t + 1] = true
assert(#t == 65536)
t[#t] = nil
assert(#t == 65535)
t[#t] = nil
assert(#t == 65534)
for i = 1, 65533 do t[i] = nil end
t[65534] = nil
assert(#t == 0)
`)
}

func TestStateHoldsLongLists(t *testing.T) {
	vm, _, err := start(t, `state.t = {} for i = 1, 66000 do state.t[i] = 1 end`, script.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := vm.State()
	if err != nil || len(b) != len(`{"t":[]}`)+66000*2-1 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	if err := vm.SetState(b); err != nil {
		t.Fatal(err)
	}
	if again, err := vm.State(); err != nil || string(again) != string(b) {
		t.Errorf("it does not come back as it was: %v", err)
	}
}

// What is slow within single instructions is ended by the clock.
func TestTheWatchdogEndsASlowCallback(t *testing.T) {
	w := script.NewWatchdog(100 * time.Millisecond)
	defer w.Close()
	o := options(t, src("s.lua", handler(`state.n = 1 while true do pcall(function() while true do end end) end`)))
	o.Limits.Instructions = 1 << 40
	o.Watchdog = w
	vm, err := script.New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	err = vm.Call(bindtest.NewEnv(), &core.Callback{Handler: core.OnStart})
	e := wantError(t, err, "s.lua:2", "took longer than 100ms")
	if !errors.Is(err, script.ErrInterrupted) || e.Line != 2 {
		t.Errorf("got %v, want an interruption in line 2", err)
	}
	if b, err := vm.State(); err != nil || string(b) != "{}" {
		t.Errorf("its state is %s, %v; want what was saved before", b, err)
	}
}

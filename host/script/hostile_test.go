package script_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

var allHostile = flag.Bool("hostile", false, "run every hostile script, not one in eight")

// hostileDeeds never end by themselves, or take all there is.
var hostileDeeds = []struct{ name, code string }{
	{"loop", `while true do end`},
	{"goto-like loop", `repeat local x = 1 until false`},
	{"numeric loop", `for i = 1, 1e18 do end`},
	{"loop of calls", `local function f() end while true do f() end`},
	{"recursion", `local function f(n) return 1 + f(n + 1) end f(1)`},
	{"mutual recursion", `local g local function f() return 1 + g() end g = function() return 1 + f() end f()`},
	{"tail recursion", `local function f() return f() end f()`},
	{"protected recursion", `local function f() return pcall(f) end while true do f() end`},
	{"swallowed errors", `while true do pcall(error, "x") end`},
	{"error in the handler", `while true do xpcall(error, function() error("again") end) end`},
	{"doubling string", `local s = "x" while true do s = s .. s end`},
	{"long strings", `local t = {} while true do t[#t + 1] = ("x"):rep(1e6) .. #t end`},
	{"string.rep", `string.rep("x", 1e12)`},
	{"string.format", `while true do string.format("%99.99f", 1 / 3) end`},
	{"gsub growth", `local s = ("a"):rep(100) while true do s = s:gsub("a", "aa") end`},
	{"empty gmatch", `while true do for _ in ("x"):rep(1e5):gmatch("") do end end`},
	{"empty gsub", `while true do ("x"):rep(1e5):gsub("", "") end`},
	{"backtracking", `("a"):rep(5000):find(("a*"):rep(50) .. "b")`},
	{"balance", `local s = ("("):rep(1e5) while true do s:find("%b()") end`},
	{"lower and upper", `local s = ("x"):rep(1e6) while true do s = s:upper():lower():reverse() end`},
	{"parts of strings", `local t = {} while true do t[#t + 1] = (("x"):rep(1e4) .. #t):sub(1, -2) end`},
	{"concat of a table", `local t = {} for i = 1, 1000 do t[i] = ("x"):rep(5000) end while true do table.concat(t) end`},
	{"tables", `local t = {} while true do t = {t, {}, {}} end`},
	{"appending", `local t = {} while true do t[#t + 1] = {} end`},
	{"inserting in front", `local t = {} while true do table.insert(t, 1, {}) end`},
	{"sparse tables", `local t = {} while true do local u = {} u[65535] = 1 t[#t + 1] = u end`},
	{"sparse rawset", `local t = {} while true do local u = {} rawset(u, 65535, 1) t[#t + 1] = u end`},
	{"names", `local t, n = {}, 0 while true do n = n + 1 t["k" .. n] = n end`},
	{"globals", `local n = 0 while true do n = n + 1 _G["g" .. n] = n end`},
	{"closures", `local t = {} while true do local a, b t[#t + 1] = function() return a, b end end`},
	{"weak tables", `local t = setmetatable({}, {__mode = "kv"}) while true do t[{}] = {} end`},
	{"a metatable chain", `local t = {} while true do t = setmetatable({}, {__index = t}) end`},
	{"__index that is itself", `local t = {} setmetatable(t, {__index = t}) local x = t.x`},
	{"a comparison that lies", `local t = {} for i = 1, 3e4 do t[i] = i end while true do table.sort(t, function() return true end) end`},
	{"state", `state.a = {} while true do state.a[#state.a + 1] = {state.a} end`},
	{"orders", `while true do order.buy("usdm:BTCUSDT", 1, 100) end`},
	{"timers", `local n = 0 while true do n = n + 1 timer.every("t" .. n, 0.001) end`},
	{"lines", `while true do print("x") end`},
	{"points", `local n = 0 while true do n = n + 1 chart.plot("s", n) end`},
	{"decimals", `local d = num.dec("1.1") while true do d = d * d + d end`},
}

// hostileWays hide a deed.
var hostileWays = []struct{ name, before, after string }{
	{"openly", "", ""},
	{"in pcall", "pcall(function() ", " end) error('went on')"},
	{"in pcall, for ever", "while true do pcall(function() ", " end) end"},
	{"in an error handler", "xpcall(error, function() ", " end) error('went on')"},
	{"in a metamethod", "local m = setmetatable({}, {__add = function() ", " end}) local x = m + 1 error('went on')"},
	{"in __tostring", "tostring(setmetatable({}, {__tostring = function() ", " return '' end})) error('went on')"},
	{"in gsub", "(('x'):rep(3)):gsub('x', function() ", " end) error('went on')"},
	{"in sort", "table.sort({3, 1, 2}, function(a, b) ", " return a < b end) error('went on')"},
}

// Three hundred and twenty scripts that mean harm, or are wrong in the worst way,
// run beside an innocent one. Each ends with an error of its own that names its
// line, holds nothing afterwards, and its neighbour is called as if alone. Every
// eighth runs here; -hostile runs all.
func TestHostileScripts(t *testing.T) {
	w := script.NewWatchdog(2 * time.Second)
	defer w.Close()
	innocent := newVM(t, `local n = 0 return {name = "innocent", on_start = function() n = n + 1 state.n = n end}`)
	calm, ticks := bindtest.NewEnv(), 0
	for i, deed := range hostileDeeds {
		for j, way := range hostileWays {
			if !*allHostile && (i+j)%len(hostileWays) != 0 {
				continue
			}
			t.Run(deed.name+" "+way.name, func(t *testing.T) {
				o := options(t, src("s.lua", handler(way.before+deed.code+way.after)))
				o.Watchdog, o.Limits.MemoryBytes = w, 32<<20
				vm, err := script.New(o)
				if err != nil {
					t.Fatal(err)
				}
				defer vm.Close()
				err = vm.Call(bindtest.NewEnv(), &core.Callback{Handler: core.OnStart})
				if e := wantError(t, err); e.Line != 2 || strings.TrimSpace(e.Message) == "" {
					t.Errorf("it ended with %v, want an error in line 2", err)
				}
				if err := innocent.Call(calm, &core.Callback{Handler: core.OnStart}); err != nil {
					t.Errorf("the neighbour: %v", err)
				}
				ticks++
			})
		}
	}
	if b, err := innocent.State(); err != nil || string(b) != fmt.Sprintf(`{"n":%d}`, ticks) {
		t.Errorf("the neighbour has counted %s of %d, %v", b, ticks, err)
	}
	if n := len(hostileDeeds) * len(hostileWays); n != 320 {
		t.Errorf("there are %d scripts", n)
	}
}

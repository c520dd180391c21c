package script_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

var update = flag.Bool("update", false, "rewrite testdata")

// listGlobals walks everything a script can reach by name.
const listGlobals = `
local seen, out = {}, {}
local function walk(prefix, t)
  if seen[t] then return end
  seen[t] = true
  for k, v in pairs(t) do
    local name = prefix .. tostring(k)
    out[#out + 1] = name .. " " .. type(v)
    if type(v) == "table" then walk(name .. ".", v) end
  end
end
walk("", _G)
table.sort(out)
state.list = out
`

// TestGlobals pins what a script can see: anything new has to be added to the
// golden file by someone who looked at it.
func TestGlobals(t *testing.T) {
	vm, _, err := start(t, listGlobals, script.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := vm.State()
	if err != nil {
		t.Fatal(err)
	}
	var state struct{ List []string }
	if err := json.Unmarshal(data, &state); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(state.List, "\n") + "\n"
	const golden = "testdata/globals.txt"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the globals are\n%s\nand not those of %s; look at each difference, then run with -update", got, golden)
	}
}

// TestGlobalsAreInTheSameOrder guards against filling a table from a Go map:
// pairs shows the order in which a table was filled.
func TestGlobalsAreInTheSameOrder(t *testing.T) {
	order := func() string {
		env := must(t, `for k, v in pairs(_G) do print(k) if type(v) == "table" and v ~= _G then for n in pairs(v) do print(n) end end end`)
		return strings.Join(env.Logged, "\n")
	}
	if first := order(); first != order() || first != order() {
		t.Error("pairs(_G) is in another order the second time")
	}
}

func TestEscapes(t *testing.T) {
	for _, code := range []string{
		`os.exit(1)`, `os.time()`, `io.open("/etc/passwd")`, `io.popen("id")`, `debug.getinfo(1)`, `load("x")`, `loadstring("return 1")`,
		`dofile("/etc/passwd")`, `loadfile("/etc/passwd")`, `package.loaded.x = 1`, `package.loaders[1]()`, `module("x")`, `newproxy(true)`,
		`getfenv(0)`, `setfenv(1, {})`, `collectgarbage()`, `coroutine.create(print)`, `_printregs()`, `string.dump(print)`, `channel.make()`,
		`require("/etc/passwd")`, `require("../x")`, `require("lib.none")`, `require("os")`,
		`getmetatable("").__index = {}`, `setmetatable("", {})`, `setmetatable(1, {})`, `setmetatable(print, {})`,
		`getmetatable(market.book("usdm:BTCUSDT")).__index = {}`, `setmetatable(market.book("usdm:BTCUSDT"), {})`,
		`market.book("usdm:BTCUSDT").bid = 1`, `getmetatable(params).__index = nil`, `params.x = 1`, `setmetatable(params, {})`,
	} {
		t.Run(code, func(t *testing.T) {
			vm, _, err := start(t, code, script.Limits{})
			wantError(t, err, "s.lua:2:")
			if err := vm.Poisoned(); err != nil {
				t.Errorf("an ordinary mistake poisoned the VM: %v", err)
			}
		})
	}
}

func TestVMsShareNothing(t *testing.T) {
	must(t, `string.upper = nil math.pi = 3 _G.leak = 1 market.book = nil`)
	must(t, `assert(("x"):upper() == "X" and math.pi > 3.1 and leak == nil and market.book("usdm:BTCUSDT"))`)
}

func TestNoAddresses(t *testing.T) {
	must(t, `
assert(tostring({}) == "table" and tostring(print) == "function" and tostring(market.book("usdm:BTCUSDT")) == "Book")
assert(string.format("%s %5s|", {}, "x") == "table     x|")
local _, err = pcall(function() local t; return t[{}] end)
assert(not err:find("0x"), err)
`)
}

func TestRandomIsSeeded(t *testing.T) {
	draw := func(seed uint64, name string) string {
		o := options(t, src("s.lua", `return {name = "`+name+`", on_start = function() state.r = {math.random(), math.random(6), math.random(-3, 3)} end}`))
		o.Seed = seed
		vm, err := script.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := vm.Call(nil, &core.Callback{Handler: core.OnStart}); err != nil {
			t.Fatal(err)
		}
		b, _ := vm.State()
		return string(b)
	}
	if draw(1, "a") != draw(1, "a") {
		t.Error("the same seed and name gave different numbers")
	}
	if draw(1, "a") == draw(2, "a") || draw(1, "a") == draw(1, "b") {
		t.Error("another seed or name gave the same numbers")
	}
	must(t, `for i = 1, 2000 do local d = math.random(6) assert(d >= 1 and d <= 6 and d % 1 == 0) local f = math.random() assert(f >= 0 and f < 1) end`)
}

// TestProtectedCallsKeepClosures is about a flaw of gopher-lua's own pcall,
// after which a function and its closures no longer share their locals.
func TestProtectedCallsKeepClosures(t *testing.T) {
	must(t, `
local n = 1
local function inc() n = n + 1 end
pcall(error, "x")
inc()
xpcall(function() error("y") end, function() inc() end)
assert(n == 3, n)
local escaped
local ok = pcall(function() local k = 10 escaped = function() k = k + 1 return k end error("z") end)
pcall(function() local a, b, c = 1, 2, 3 return a + b + c end)
assert(not ok and escaped() == 11 and escaped() == 12)
local function values(...) return select("#", ...), ... end
assert(select("#", pcall(values, nil, nil)) == 4)
local ok, a, b = pcall(function(x, y) return y, x end, 1, 2)
assert(ok and a == 2 and b == 1)
local ok, e = pcall(error, {code = 7})
assert(not ok and e.code == 7)
local ok, e = pcall(nil)
assert(not ok and e:find("attempt to call"))
local ok, where = pcall(function() error("here") end)
assert(where:find("^s.lua:21: here"), where)
local ok, e = xpcall(function() error("a", 0) end, function(m) return m .. "b", "c" end)
assert(ok == false and e == "ab")
`)
}

func TestBaseFunctions(t *testing.T) {
	must(t, `
assert(tonumber("1e5") == 100000 and tonumber(" 0x1F ") == 31 and tonumber("ff", 16) == 255 and tonumber("-0x10") == -16)
assert(tonumber("nan") == nil and tonumber("inf") == nil and tonumber("1e999") == nil and tonumber("1_0") == nil and tonumber("") == nil and tonumber({}) == nil)
assert(tonumber("8", 8) == nil and tonumber("z", 36) == 35 and tonumber("0x1p4") == nil)
assert(math.huge > 1e308 and -math.huge < 0)
local t = {3, 1, 2}
table.sort(t, function(a, b) return a > b end)
assert(table.concat(t, ",") == "3,2,1")
table.insert(t, 9) table.insert(t, 1, 8)
assert(table.concat(t) == "83219" and table.remove(t) == 9 and table.remove(t, 1) == 8 and #t == 3)
assert(table.remove({}) == nil and not pcall(table.insert, t, 9, 1))
assert(select("#", assert(1, nil, 2)) == 3)
local ok, e = pcall(assert, false, "why")
assert(e == "why")
local mt = {__concat = function(a, b) return "cat" end, __tostring = function() return "T" end}
local o = setmetatable({}, mt)
assert("a" .. o == "cat" and o .. "b" == "cat" and 1 .. "x" .. 2 .. "y" == "1x2y" and tostring(o) == "T")
local function two() return "p", "q" end
assert("x" .. two() == "xp" and "x" .. (two()) .. "y" == "xpy" and ("a" .. "b"):upper() == "AB")
local function tail(...) return "n" .. ... end
assert(tail("1", "2") == "n1")
local ok, e = pcall(function() return "x" .. nil end)
assert(e:find("attempt to concatenate nil"), e)
`)
}

package script_test

import (
	"encoding/json"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/host/core"
)

// anyPattern draws a pattern of the part of the language on which gopher-lua
// follows Lua 5.1: single classes, sets and their repetitions, captures that do
// not nest in repetitions, and anchors.
func anyPattern(rt *rapid.T) string {
	class := rapid.SampledFrom([]string{"a", "b", "c", ".", "%a", "%d", "%w", "%A", "%.", "[ab]", "[^a]", "[a-c]", "[%d.]", "%s", "%p", "%l", "%U", "%x"})
	suffix := rapid.SampledFrom([]string{"", "", "*", "+", "-", "?"})
	var b strings.Builder
	if rapid.IntRange(0, 4).Draw(rt, "anchor") == 0 {
		b.WriteByte('^')
	}
	open := false
	for range rapid.IntRange(1, 5).Draw(rt, "items") {
		switch rapid.IntRange(0, 7).Draw(rt, "capture") {
		case 0:
			if !open {
				b.WriteByte('(')
				b.WriteString(class.Draw(rt, "class"))
				open = true
			}
		case 1:
			if open {
				b.WriteByte(')')
				open = false
			}
		}
		b.WriteString(class.Draw(rt, "class") + suffix.Draw(rt, "suffix"))
	}
	if open {
		b.WriteByte(')')
	}
	if rapid.IntRange(0, 4).Draw(rt, "end") == 0 {
		b.WriteByte('$')
	}
	return b.String()
}

const matchAll = `
local function all(...) if select("#", ...) == 0 then return "nil" end local t = {...} for i = 1, select("#", ...) do t[i] = tostring(t[i]) end return table.concat(t, ",") end
local out = {all(string.find(s, p)), all(string.find(s, p, 2)), all(string.match(s, p)), all(string.gsub(s, p, "<%0>")), all(string.gsub(s, p, "", 1))}
if p:sub(1, 1) ~= "^" then for a, b in string.gmatch(s, p) do out[#out + 1] = all(a, b) end end
result = table.concat(out, ";")
`

// TestPatternsLikeGopherLua compares random patterns on random subjects with the
// library that is replaced. The subject and the pattern reach our side as the
// name of a timer.
func TestPatternsLikeGopherLua(t *testing.T) {
	theirs := lua.NewState()
	defer theirs.Close()
	ours := newVM(t, `return {name = "t", on_timer = function(name)
local s, p = name:match("^([^|]*)|(.*)$")
`+strings.ReplaceAll(matchAll, "result =", "state.result =")+`
end}`)
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringOfN(rapid.RuneFrom([]rune("abcB1. ")), 1, 8, -1).Draw(rt, "subject")
		p := anyPattern(rt)
		theirs.SetGlobal("s", lua.LString(s))
		theirs.SetGlobal("p", lua.LString(p))
		if err := theirs.DoString(matchAll); err != nil {
			rt.Fatalf("gopher-lua refuses %q: %v", p, err)
		}
		if err := ours.Call(nil, &core.Callback{Handler: core.OnTimer, Name: s + "|" + p}); err != nil {
			rt.Fatalf("%q on %q: %v", p, s, err)
		}
		var got struct{ Result string }
		data, err := ours.State()
		if err != nil {
			rt.Fatal(err)
		}
		if err := json.Unmarshal(data, &got); err != nil {
			rt.Fatal(err)
		}
		if want := theirs.GetGlobal("result").String(); got.Result != want {
			rt.Fatalf("%q on %q gave %s, gopher-lua gives %s", p, s, got.Result, want)
		}
	})
}

// TestPatternsLikeLua51 holds what the reference manual and the C implementation
// say, in particular where gopher-lua differs.
func TestPatternsLikeLua51(t *testing.T) {
	must(t, `
local function eq(want, ...)
  local t = {...}
  for i = 1, select("#", ...) do t[i] = tostring(t[i]) end
  local got = table.concat(t, ",")
  if got ~= want then error(string.format("got %q, want %q", got, want), 2) end
end
eq("1,0", ("abc"):find(""))
eq("4,3", ("abc"):find("", 10))
eq("nil", ("abc"):find("z"))
eq("2,2", ("a.c"):find(".", 2, true))
eq("nil", ("abc"):find(".", 1, true))
eq("3,4", ("abab"):find("ab", -2))
eq("2,4", ("x(a)b)"):find("%b()"))
eq("(a(b)c)", ("x(a(b)c)d"):match("%b()"))
eq("THE (quick) fox,1", ("THE (quick) fox"):gsub("%((%a+)%)", "(%1)"))
eq("1,3,4", ("THE (quick) fox"):find("%f[%a]%a+()"))
eq("quick", ("THE (quick) fox"):match("%f[%l]%l+"))
eq("]", ("a]b"):match("[]]"))
eq("-", ("a-b"):match("[a-]", 2))
eq("^", ("a^b"):match("[%^]"))
eq("b", ("]b"):match("[^]]"))
eq("abab,ab", ("xababy"):match("((ab)%2)"))
eq("2,5", ("hello"):match("()ell()"))
eq("xx,2", ("abc"):gsub("%w*", "x"))
eq("-a-b-c-,4", ("abc"):gsub("", "-"))
eq("xbab,1", ("abab"):gsub("^a", "x"))
eq("a%b,1", ("a-b"):gsub("-", "%%"))
eq("bca,3", ("abc"):gsub("%w", {a = "b", b = "c", c = "a"}))
eq("a1c,3", ("abc"):gsub("%w", function(c) if c == "b" then return 1 end end))
eq("abc,0", ("abc"):gsub("x", "y"))
eq("h e l l o ,5", ("hello"):gsub("(.)", "%1 "))
eq("2 1,1", ("1 2"):gsub("(%d) (%d)", "%2 %1"))
local n = 0
for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do n = n + tonumber(v) end
eq("3", n)
local words = {}
for w in ("one two"):gmatch("%a+") do words[#words + 1] = w end
eq("one two", table.concat(words, " "))
for _, bad in ipairs{"%", "[a", "[", "(", "(a", "(a))", "%1", "%b", "%bx", "%f"} do
  assert(not pcall(string.find, "aaa", bad), bad)
end
assert(not pcall(string.find, "a", ("()"):rep(33)))
assert(not pcall(string.gsub, "a", "a", "%2"))
assert(not pcall(string.gsub, "a", "a", function() return {} end))
`)
}

func TestStringFunctions(t *testing.T) {
	must(t, `
local s = "hello"
assert(s:sub(2, 3) == "el" and s:sub(-3) == "llo" and s:sub(0) == s and s:sub(4, 2) == "" and s:sub(-100, 100) == s and s:sub(6) == "")
assert(s:byte() == 104 and s:byte(-1) == 111 and select("#", s:byte(1, -1)) == 5 and select("#", s:byte(10)) == 0)
assert(string.char(104, 105) == "hi" and string.char() == "" and not pcall(string.char, 256))
assert(("aB1é"):upper() == "AB1é" and ("aB1"):lower() == "ab1" and s:reverse() == "olleh" and s:len() == 5)
assert(("ab"):rep(3) == "ababab" and ("ab"):rep(0) == "" and ("ab"):rep(-1) == "" and (""):rep(1e18) == "" and ("a"):rep(2.9) == "aa")
local function f(want, ...) local got = string.format(...) if got ~= want then error(("got %q, want %q"):format(got, want), 2) end end
f("5 05   5|5  |+5", "%d %02d %3d|%-3d|%+d", 5, 5, 5, 5, 5)
f("1.50 1e+20 0.1 1e-05 100000 1e+06", "%.2f %g %g %g %g %g", 1.5, 1e20, 0.1, 1e-5, 1e5, 1e6)
f("ff FF 0xff 17 A", "%x %X %#x %o %c", 255, 255, 255, 15, 65)
f("inf -inf nan   inf", "%f %g %.2f %5f", math.huge, -math.huge, 0/0, math.huge)
f("100% x  true nil 1.5", "100%% %-2s %s %s %s", "x", true, nil, 1.5)
f("ab", "%.2s", "abc")
f('"a\\"b\\\\\\\nc"', "%q", 'a"b\\\nc')
f("1.234568e+03", "%e", 1234.5678)
for _, bad in ipairs{"%", "%y", "%123d", "%.123f", "%d"} do assert(not pcall(string.format, bad), bad) end
assert(not pcall(string.format, "%d", "x") and not pcall(string.format, "%d", 1e300) and not pcall(string.format, "%d", 0/0))
`)
}

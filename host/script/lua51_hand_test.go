package script_test

import "testing"

// bothWays are small programs that must mean here what they mean to the
// reference: the same result, or an error where it has one.
var bothWays = []string{
	`return "\x41\z\065\10\n\q"`, `return "a\
b"`, "return \"a\\\r\nb\"", `return 3 .. 4`, `return 3..4`, `return 1 ..2`, `return 0xA, 0Xa, 1e+2, 1E-2`, `return 0x`, `return 1e`, `return 1.2.3`, `return 3x`,
	`return #"abc", -2^2, 2^-1, 2^3^2, not nil == true, 1 .. 2 == "12"`, `return -2^2, -"2", - -2, -2 % 3, 5 % -3, -5 % 3, 5.5 % 2`, `return 1 < 2 == true, "a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c"`,
	`local t = {1,2,3,nil}; return #t`, `local t = {n=1, [1]=5, 6}; return t[1]`, `return ({1,2,3})[2], ("x"):rep(3), #{1,2,n=3}`,
	`local function f(...) return arg and arg.n or 'noarg' end return f(1,2,3)`, `local function f(...) local a = ... return arg and arg.n or 'noarg' end return f(1,2,3)`,
	`return [==[
x]==], [[
y]]`, `--[==[ c ]] ]==] return 1`, `--[[x]] return 2 --y`, `return 5 --[=[z]=] + 1`, `a = 1; b = 2 c = 3; return a + b + c`, `return 1,`, `do return 1 end`, `return return`, `break`, `while true do break end return 1`, `for i=1,2 do break break end`,
	`local a <const> = 1 return a`, `return 7 // 2`, `return 1 & 2`, `return 1 ~= 2, 1 ~ 2`, `x = = 1`, `local function f() return 1, 2, 3 end return (f()), f()`, `local t = {} t.a, t.b = 1 return t.a, t.b`, `return g and g()`, `local s = 'x' return s.len, s:len()`,
	`return 1e308 * 10, -1e308 * 10`, `return 2^63, 2^53 + 1, 1e15, 123456789012345678`, `return 0.1, 1/3, 100, 1e14, 1e13, 123456.7`, `return tostring(-0), 0 == -0`, `return 10 == "10", 0 == false, nil == false`, `return 1 == 1.0, "1" == 1`,
	`local a = {} a[1.0] = 'x' a["1"] = 'y' return a[1], a["1"], #a`, `local t = {} t[1e15] = 1 return t[1e15], next(t)`, `local t = {10,20,30} t[2] = nil local n = 0 for k in pairs(t) do n = n + 1 end return n`,
	`local t = setmetatable({}, {__index = function(t, k) return k .. '!' end}) return t.x, t[1]`, `local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v * 2) end}) t.a = 4 return t.a`,
	`local t = setmetatable({}, {__call = function(self, a, b) return b, a end}) return t(1, 2)`, `local mt = {__eq = function() return true end} return setmetatable({}, mt) == setmetatable({}, mt)`, `local mt = {__lt = function(a, b) return a.v < b.v end} local a, b = setmetatable({v=1}, mt), setmetatable({v=2}, mt) return a < b, a > b, a <= b, a >= b`,
	`local mt = {__le = function(a, b) return true end} local a = setmetatable({}, mt) return a <= a, a >= a`, `local mt = {__concat = function(a, b) return 'cat' end} return setmetatable({}, mt) .. 'x', 'x' .. setmetatable({}, mt), 1 .. setmetatable({}, mt)`,
	`local mt = {__unm = function(a) return 'neg' end, __add = function(a, b) return 'add' end} local t = setmetatable({}, mt) return -t, t + 1, 1 + t, '5' + t, t + 'x'`, `return tostring(setmetatable({}, {__tostring = function() return 'me' end}))`,
	`local mt = {__mod = function(a, b) return 'mod' end} local t = setmetatable({}, mt) return t % 1, 1 % t, '5' % t`, `return math.floor(-0.5), math.ceil(-0.5), math.fmod(-5, 3), math.fmod(5, -3)`, `return math.max(1, 2.5), math.min(3), math.huge, -math.huge, math.pi`,
	`local r = {} for w in ("a b c"):gmatch("%a") do r[#r+1] = w end return unpack(r)`, `return ("x"):rep(0), ("x"):rep(-1), ("ab"):byte(1, -1)`, `return string.format("%5.1f|%-5d|%05d|%x|%g|%g|%g", 3.14159, 42, 42, 255, 1e20, 0.1, 100000)`, `return string.format("%q", 'a "b" \\ \n \0 c\r')`,
	`return pcall(error), pcall(error, nil), pcall(error, {1}) `, `return select('#', pcall(error))`, `local ok, e = pcall(error, 'x', 0) return ok, e`, `return xpcall(function() return 1, 2 end, function(e) return 'h' end)`, `return xpcall(function() error('x', 0) end, function(e) return e .. 'h', 2 end)`,
	`local t = {5, 3, 1} table.sort(t) return unpack(t)`, `return table.concat({}, ','), table.concat({1, 2.5, 'x'}, '-')`, `local function v(...) return select('#', ...), ... end return v(nil, nil)`, `local a, b, c = (function() return 1, 2 end)() return a, b, c`, `local t = {(function() return 1, 2 end)(), (function() return 1, 2 end)()} return #t`,
	`local i = 1 local a = {} i, a[i] = i + 1, 20 return i, a[1], a[2]`, `local a, b = 1, 2 a, b = b, a return a, b`, `local t = {1, 2} local i = 1 t[i], t[i+1], i = t[i+1], t[i], 5 return t[1], t[2], i`, `local x = 1 do local x = x + 1 x = x + 1 end return x`, `local f local function g() return f end f = 5 return g()`,
	`local fs = {} for i = 1, 3 do fs[i] = function() i = i + 1 return i end end return fs[1](), fs[1](), fs[2](), fs[3]()`, `local fs = {} local i = 0 repeat local j = i fs[#fs+1] = function() j = j + 10 return j end i = i + 1 until j >= 2 return fs[1](), fs[1](), fs[2](), #fs`, `local fs = {} local n = 0 while n < 3 do local k = n fs[n+1] = function() return k end n = n + 1 if n == 2 then break end end return fs[1](), fs[2](), fs[3]`,
	`for i = 3, 1 do return 'no' end for i = 1, 0, -1 do return i end`, `local n = 0 for i = 1, 3 do local j = i i = 10 n = n + j end return n`, `for i = 1, 2, 0 do return 'inf' end return 'none'`, `local t = {} for i = 1, 1.5, 0.25 do t[#t+1] = i end return unpack(t)`, `for i = 'a', 2 do end`, `for i = 1, 'x' do end`,
	`return type(nil), type(print), type({}), type('')`, `return next({}, nil), next({7}), type(next)`, `return rawequal('a', 'a'), rawlen`, `return (nil)(1)`, `local t = nil return t.x`, `return #5`, `return -{}`, `return {} < {}`, `return 1 < '2'`, `return nil .. 'x'`, `return {} + 1`,
	`local t = {} t[nil] = 1`, `local t = {} t[0/0] = 1`, `return ({})[nil]`, `local t = {[1]='a',[2]='b',[4]='d'} return t[4]`, `return tostring(1e100), tostring(12345678901234567890), 2^31, -2^63`, `return ("%d"):format(3.99), ("%d"):format(-3.99)`, `return ("%s"):format(1e15), ("%s %s"):format(0.1 + 0.2, 1/0)`, `return tostring(0/0) == tostring(0/0)`,
	`return string.rep('ab', 3, ',')`, `return ("x"):find(''), ("x"):find('', 10), ("abc"):find('b', -1), ("a.b"):find('.', 1, true)`, `return ("abc"):gsub('', '-')`, `return ("abc"):gsub('%w', '%0%0'), ("hello world"):gsub('o', {o = '0'}), ("abc"):gsub('b', false)`, `return ("x = 1"):match('^(%w+)%s*=%s*(%d+)$')`, `return math.random(0)`, `return unpack({1, 2, nil, 4}, 1, 4)`, `return tostring(nil), tostring(true)`,
	`local a = 1 local function f() a = a + 1 return a end a = a + f() return a`, `local a = 1 local function f() a = 10 return 1 end local b = a + f() return b`, `local t = {1} local function f() t = {5} return 1 end local r = t[f()] return r`, `local x = 5 x = x and nil or x return x`, `local a, b = nil, 3 a = a or b and b + 1 return a`, `local function f(a, x) x = (function(y) return y end)(x) return x end return f(1, 2)`, `local function f(a, x) x = a and x or a return x end return f(nil, 2), f(1, 3)`,
	`return (function(...) local a, b = ... return b, a end)(1, 2, 3)`, `return (function(a, ...) a = ... return a end)(1, 2, 3)`, `local t = {f = function(self, a) return a end} return t:f(1), t.f(t, 2), t['f'](t, 3)`, `local s = 0 for _, v in ipairs({1, 2, nil, 4}) do s = s + v end return s`,
}

// extensions are programs that mean something here and not to the reference, and
// artefacts of C that are not followed. The README of this package lists them.
var extensions = map[string]string{
	`return '\400'`: "ok \x90",
	"local a = tostring\n(function() end)()\nreturn 1": "", // refused when it runs
	`goto x; ::x:: return 1`:                           "ok 1",
	`local goto = 1 return goto`:                       "",
	`;return 1`:                                        "ok 1",
	`return tonumber('inf'), tonumber('0x1p4'), tonumber('1e999')`: "ok nil , nil , nil",
	`return 'inf' + 0`: "",
	`local mt = {__len = function() return 42 end} return #setmetatable({}, mt)`: "ok 42",
	`return 5 % 0, -5 % 0`:            "ok nan , nan",
	`return ("abc"):gsub('b', '%')`:   "ok a%c , 1",
	`return tonumber('-ff', 16)`:      "ok -255",
	`return string.format('%s', nil)`: "ok nil",
	`return ('a\0b'):find('\0b')`:     "ok 2 , 3",
	`for i = '1', 2 do return i end`:  "",
}

func TestSmallProgramsMeanTheSame(t *testing.T) {
	lua := reference(t)
	var programs []string
	for _, s := range bothWays {
		programs = append(programs, answering("loadstring([=====[\n"+s+"]=====])"))
	}
	for i, want := range runReference(t, lua, programs) {
		if got := ours(bothWays[i]); got != want {
			t.Errorf("%s\n  ours      %q\n  reference %q", bothWays[i], got, want)
		}
	}
}

func TestKnownDifferences(t *testing.T) {
	for text, want := range extensions {
		if got := ours(text); got != want {
			t.Errorf("%s\n  got  %q\n  want %q", text, got, want)
		}
	}
}

// answering makes a program that says what a function returned, nothing for an
// error.
func answering(f string) string {
	return "local function out(ok, ...) if not ok then return '' end local r = {} for i = 1, select('#', ...) do local v = (select(i, ...)) local t = type(v) " +
		"r[i] = (t == 'table' or t == 'function') and t or tostring(v) end return 'ok ' .. table.concat(r, ' , ') end\n" +
		"local f = " + f + " if not f then return '' end return out(pcall(f))"
}

func ours(text string) string {
	got, _ := runOurs(answering("function(...)\n" + text + "\nend"))
	return got
}

package script_test

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// corners are bodies of functions from where implementations of Lua differ, parted
// by lines of dashes.
//
//go:embed testdata/corners.lua
var corners string

// large are such bodies where the compiler counts something that it could run out of.
func large() []string {
	number := func(i int) string { return fmt.Sprint(i) }
	name := func(i int) string { return fmt.Sprintf("a%d", i) }
	constants := "local z = {" + list(400, ",", func(i int) string { return fmt.Sprintf("'k%d'", i) }) + "} "
	out := []string{
		"local function f(...) return select('#', ...), (select(select('#', ...), ...)) end return f(" + list(150, ",", number) + ")",
		"return #{" + list(3000, ",", number) + "}",
		"local " + list(180, ",", name) + " = " + list(180, ",", number) + " return a1 + a180, a90",
		"local " + list(180, ",", name) + " = (function() return 1, 2 end)() return a1, a2, a3, a180",
		"local x = 250 if x == 0 then return 0 " + list(150, " ", func(i int) string { return fmt.Sprintf("elseif x == %d then return %d", i*2, i) }) + " end",
		"local s = 0 while true do " + strings.Repeat("s = s + 1 ", 8000) + "if s > 20000 then break end end return s",
		"return " + list(180, " + ", number), "return " + list(180, " .. ", number), "return " + strings.Repeat("- ", 151) + "1", "return " + strings.Repeat("not ", 151) + "1",
		"local t = {} t.x = t return t" + strings.Repeat(".x", 150) + " == t",
	}
	for _, s := range []string{
		"local t = {} t.abc = 1 t.def = t.abc t['ghi'] = 5 return t.abc, t.def, t.ghi, t['zzz'], #z",
		"local t = {f = function(self, a) return a .. 'q' end} return t:f('w'), t.f(t, 'e'), ('x'):rep(3)",
		"local a = 'one' return a == 'one', a ~= 'two', 'three' == a, a < 'zzz', 'aaa' < a, a == 5.25, 77.5 > 76.5",
		"local a = 3.125 return a + 9.5, 8.5 - a, a * 7.25, 6.75 / a, a ^ 2.5 > 1, -a, a % 1.75, 'p' .. a .. 'q'",
		"gg = 'global' gg2 = gg .. 'x' return gg, gg2, nosuch", "local t = {[1.5] = 'x', [2.25] = 'y', ['lit'] = 'z', name = 'w'} return t[1.5], t[2.25], t.lit, t.name",
		"local u = 'up' local function f() return u .. 'in', z[400] end return f()", "local t = {} t.c1, t.c2, t.c3 = 'v1', 'v2' return t.c1, t.c2, t.c3",
	} {
		out = append(out, constants+s)
	}
	// Lists around the number of elements that the compiler stores at once.
	for _, n := range []int{49, 50, 51, 99, 100, 150, 151, 700} {
		first := "local function f(...) return ... end local function g(...) local t = {" + list(n, ", ", number) + ", "
		last := "} local r = {#t} for i = 1, #t do r[i + 1] = tostring(t[i]) end return t.x, t.y, table.concat(r, ' ') end return g('u', 'v')"
		for _, s := range []string{
			"", "f(7, 8, 9)", "...", "(...)", "f()", "x = f(1, 2)", "x = f(1, 2), y = #{f(4)}", "x = 1, f(7, 8)", "[f(1)] = f(2), f(3), f(4, 5)", "x = f(1), " + list(120, ", y = f(2), ", number) + ", ...",
			"x = f(1), " + list(60, ", ", number) + ", y = f(2), f(3), f(4, 5)", list(40, ", ", func(i int) string { return fmt.Sprintf("x%d = f(%d)", i, i) }) + ", y = f(1), ...",
			"x = {" + list(n, ", ", number) + ", x = f(3), f(4)}, f(5)", fmt.Sprintf("[%d] = f(1), f(2, 3)", n+1), fmt.Sprintf("[%d] = f(1), f(2), f(3)", n), "x = f(1), [nil] = 2", "x = f(1), [0/0] = 2",
		} {
			out = append(out, first+s+last)
		}
	}
	return out
}

func list(n int, between string, item func(i int) string) string {
	var l []string
	for i := 1; i <= n; i++ {
		l = append(l, item(i))
	}
	return strings.Join(l, between)
}

// wordsOfError is what follows a false: errors are worded otherwise here.
var wordsOfError = regexp.MustCompile(`(?s)false , .*`)

func TestCornersMeanTheSame(t *testing.T) {
	lua := reference(t)
	bodies := append(strings.Split(corners, "\n----\n"), large()...)
	var programs []string
	for _, s := range bodies {
		programs = append(programs, answering("loadstring([=====[\n"+s+"]=====])"))
	}
	for i, want := range runReference(t, lua, programs) {
		got := ours(bodies[i])
		if strings.Contains(bodies[i], "pcall") {
			got, want = wordsOfError.ReplaceAllString(got, "false"), wordsOfError.ReplaceAllString(want, "false")
		}
		if got != want {
			t.Errorf("%.800s\n  ours      %.400q\n  reference %.400q", bodies[i], got, want)
		}
	}
}

// Ends of lines are one character, however they are written.
func TestEndsOfLines(t *testing.T) {
	for text, want := range map[string]string{
		"return #[[a\r\nb]]": "ok 3", "return #[[a\rb]]": "ok 3", "return #[[a\n\rb]]": "ok 3", "return #[[\r\na]]": "ok 1", "return '\\\r\nx' == '\\\nx'": "ok true",
		"return 1 -- c\r\n + 1": "ok 2", "return 1 --c\r+ 1": "ok 2", "return #[[\r\n\r\n]]": "ok 1", "return #'\\\r'": "ok 1", "return 'a\rb'": "", "return 'a\nb'": "",
		"return #[==[a\r\n\r\nb]==]": "ok 4", "local x = 5 --[[ \r\n ]] return x": "ok 5", "return\r\n1": "ok 1", "\r\nreturn\r1\r": "ok 1",
	} {
		if got := ours(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What the compiler can't count is refused.
func TestUncountableProgramsAreRefused(t *testing.T) {
	variables, uses := "", ""
	for i := range 300 {
		if i%150 == 0 {
			variables += " return (function()"
		}
		variables += fmt.Sprintf(" local u%d = %d", i, i)
		uses += fmt.Sprintf(" u%d", i) + " = 1"
	}
	for want, text := range map[string]string{
		"uses more than 255 variables of the functions around it": variables + " return function()" + uses + " end end)() end)()",
		"has 25551 elements of a list; at most 25550":             "return {" + strings.Repeat("1,", 25551) + "}",
		"register overflow": "return tostring(" + strings.Repeat("1,", 240) + "1)",
	} {
		if _, refused := runOurs(text); !strings.Contains(refused, want) || !strings.HasPrefix(refused, "s.lua:") {
			t.Errorf("%.200q, want %q", refused, want)
		}
	}
}

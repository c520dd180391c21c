package script_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// luaGen writes random programs of Lua 5.1. They end by themselves, name what
// they did through trace(...), and use nothing whose result Lua leaves open: the
// order of pairs, the length of a list with holes, addresses, clocks.
type luaGen struct {
	r      *rand.Rand
	b      strings.Builder
	depth  int
	indent int
	scopes [][]string // names of locals by block, innermost last
	vararg bool
	loops  int // enclosing loops of the innermost function
	fuel   int
	names  int
}

func newLuaGen(seed uint64) *luaGen {
	return &luaGen{r: rand.New(rand.NewPCG(seed, 51)), fuel: 40}
}

// program returns the body of a function.
func (g *luaGen) program() string {
	g.push()
	for range 3 + g.r.IntN(10) {
		g.stmt()
	}
	g.pop()
	return g.b.String()
}

func (g *luaGen) push() { g.scopes = append(g.scopes, nil); g.indent++ }
func (g *luaGen) pop()  { g.scopes = g.scopes[:len(g.scopes)-1]; g.indent-- }

func (g *luaGen) line(format string, args ...any) {
	g.b.WriteString(strings.Repeat(" ", g.indent))
	fmt.Fprintf(&g.b, format+"\n", args...)
}

func (g *luaGen) one(list ...string) string { return list[g.r.IntN(len(list))] }
func (g *luaGen) chance(percent int) bool   { return g.r.IntN(100) < percent }

func (g *luaGen) declare(name string) {
	i := len(g.scopes) - 1
	g.scopes[i] = append(g.scopes[i], name)
}

func (g *luaGen) fresh() string {
	if g.chance(60) {
		return g.one("a", "b", "c", "d")
	}
	g.names++
	return fmt.Sprintf("v%d", g.names)
}

// local is a variable in scope, or a global.
func (g *luaGen) variable() string {
	var all []string
	for _, s := range g.scopes {
		all = append(all, s...)
	}
	if len(all) == 0 || g.chance(20) {
		return g.one("G1", "G2", "G3")
	}
	return all[g.r.IntN(len(all))]
}

func (g *luaGen) target() string {
	switch g.r.IntN(10) {
	case 0, 1:
		return fmt.Sprintf("T.%s", g.one("x", "y", "z"))
	case 2:
		return fmt.Sprintf("T[%s]", g.key())
	case 3:
		return fmt.Sprintf("T[S(%s)]", g.key())
	}
	return g.variable()
}

// key never yields nil or NaN.
func (g *luaGen) key() string {
	return g.one("'x'", "'y'", "'z'", "K(1)", "K(2)", "K("+g.expr()+")")
}

func (g *luaGen) number() string {
	return g.one("0", "1", "2", "3", "-1", "0.5", "10", "7", "1e3", "0x10", "0xff", "2.25", "010", "00", "5.", ".5", "3e-3", "1E2", "100000")
}

func (g *luaGen) str() string {
	return g.one("'a'", "'b'", "'10'", "'0x1F'", "' 7 '", "'010'", "'1e2'", "'abc'", "''", "'1_0'", "'0b1'", "'5 x'", "'-3'",
		"'0x'", "'.5'", "'5.'", "'1e'", "'\\t2\\n'", "'+4'", "'- 4'", "'0o7'", "[[z]]", "'9007199254740993'")
}

func (g *luaGen) atom() string {
	switch g.r.IntN(14) {
	case 0, 1, 2:
		return g.number()
	case 3, 4:
		return g.str()
	case 5:
		return "true"
	case 6:
		return "false"
	case 7:
		return "nil"
	case 8:
		if g.vararg {
			return g.one("...", "(...)", "select('#', ...)", "(select(2, ...))")
		}
		return "nil"
	case 9:
		return "T." + g.one("x", "y", "z")
	}
	return g.variable()
}

func (g *luaGen) expr() string {
	g.depth++
	defer func() { g.depth-- }()
	if g.depth > 4 || g.fuel < 0 {
		return g.atom()
	}
	g.fuel--
	switch g.r.IntN(30) {
	case 0, 1, 2:
		return fmt.Sprintf("%s %s %s", g.sub(), g.one("+", "-", "*", "/", "%", "^"), g.sub())
	case 3:
		return fmt.Sprintf("N(%s) %s N(%s)", g.expr(), g.one("+", "-", "*", "/", "%", "^"), g.expr())
	case 4, 5, 6, 7, 8:
		return fmt.Sprintf("%s %s %s", g.sub(), g.one("and", "or"), g.sub())
	case 9:
		return "not " + g.sub()
	case 10:
		return "-" + g.sub()
	case 11, 12:
		return fmt.Sprintf("%s %s %s", g.sub(), g.one("==", "~="), g.sub())
	case 13:
		return fmt.Sprintf("N(%s) %s N(%s)", g.expr(), g.one("<", ">", "<=", ">="), g.expr())
	case 14:
		return fmt.Sprintf("%s .. %s", g.sub(), g.sub())
	case 15:
		return fmt.Sprintf("S(%s) .. S(%s) .. %s", g.expr(), g.expr(), g.str())
	case 16:
		return fmt.Sprintf("#S(%s)", g.expr())
	case 17:
		return "(" + g.expr() + ")"
	case 18:
		return g.table()
	case 19, 20, 21:
		return g.call()
	case 22:
		return fmt.Sprintf("(%s)", g.call())
	case 23:
		return g.function()
	case 24:
		return fmt.Sprintf("(%s)(%s)", g.function(), g.args(3))
	case 25:
		return fmt.Sprintf("T[%s]", g.key())
	case 26:
		return fmt.Sprintf("#{S(%s), %s}", g.expr(), g.one("1", "f2(1, 2)", "f0()", "id(1, 2, 3)"))
	}
	return g.atom()
}

// sub is an operand.
func (g *luaGen) sub() string {
	e := g.expr()
	if strings.ContainsAny(e, " -") && !strings.HasPrefix(e, "'") {
		return "(" + e + ")"
	}
	return e
}

func (g *luaGen) args(most int) string {
	var list []string
	for range g.r.IntN(most + 1) {
		list = append(list, g.expr())
	}
	return strings.Join(list, ", ")
}

func (g *luaGen) table() string {
	var f []string
	if g.chance(12) {
		f = append(f, strings.Repeat("1, ", 46+g.r.IntN(4)+50*g.r.IntN(2))+"1")
	}
	for range g.r.IntN(5) {
		switch g.r.IntN(3) {
		case 0:
			f = append(f, g.expr())
		case 1:
			f = append(f, fmt.Sprintf("%s = %s", g.one("x", "y", "z"), g.expr()))
		case 2:
			f = append(f, fmt.Sprintf("[%s] = %s", g.key(), g.expr()))
		}
	}
	return "{" + strings.Join(f, g.one(", ", "; ")) + "}"
}

func (g *luaGen) call() string {
	switch g.r.IntN(12) {
	case 0:
		return "f0()"
	case 1:
		return fmt.Sprintf("f1(%s)", g.args(2))
	case 2, 3:
		return fmt.Sprintf("f2(%s)", g.args(3))
	case 4:
		return fmt.Sprintf("id(%s)", g.args(4))
	case 5:
		return fmt.Sprintf("O:m(%s)", g.args(3))
	case 6:
		return fmt.Sprintf("O.m(O, %s)", g.expr())
	case 7:
		return fmt.Sprintf("select(%s, %s, %s)", g.one("1", "2", "3", "-1", "'#'"), g.expr(), g.atom())
	case 8:
		return fmt.Sprintf("P(%s, %s)", g.one("f2", "id", "N", "S", "function(...) error('e') end", g.variable()), g.expr())
	case 9:
		return fmt.Sprintf("unpack({%s}, 1, %d)", g.args(3), g.r.IntN(4))
	case 10:
		return fmt.Sprintf("(S(%s)):%s", g.expr(), g.one("len()", "upper()", "sub(2)", "rep(2)", "byte(1)", "reverse()"))
	}
	return fmt.Sprintf("%s(%s)", g.variable(), g.args(3))
}

// function writes a function expression on lines of its own text.
func (g *luaGen) function() string {
	params := [...]string{"", "a", "a, b", "...", "a, ...", "a, b, ...", "x, y, z"}[g.r.IntN(7)]
	outer := *g
	g.b, g.vararg, g.loops = strings.Builder{}, strings.Contains(params, "..."), 0
	g.push()
	for _, p := range strings.Split(params, ", ") {
		if p != "" && p != "..." {
			g.declare(p)
		}
	}
	for range g.r.IntN(3) {
		g.stmt()
	}
	if g.chance(80) {
		g.line("return %s", g.args(3))
	}
	g.pop()
	body := g.b.String()
	g.b, g.vararg, g.loops = outer.b, outer.vararg, outer.loops
	return fmt.Sprintf("function(%s)\n%s%send", params, body, strings.Repeat(" ", g.indent))
}

// library is a function of the library and its arguments.
func (g *luaGen) library() string {
	text := func() string {
		return g.one("'hello world'", "'a,b,,c'", "'  x = 10 '", "'THE (quick) fox'", "'äö'", "'a\\0b'", "'%d'", "'aaa'", "'[x]'", "'f(a(b)c)d'",
			"'2024-01-02'", "'key=val; k2=v2'", g.str(), g.str(), "S("+g.atomPlain()+")")
	}
	index := func() string { return g.one("1", "2", "-1", "-2", "0", "3", "10", "-10", "1.5", "'2'", "nil") }
	num := func() string {
		return g.one("0", "1", "-1", "3.7", "-3.7", "0.5", "1.5", "2.5", "1e15", "1e16", "123456.789", "2^53", "-2^31", "1/3", "100", "255", "65", "'12'", "0.1", "1e-7", "1e100", "12345678901234", "99999999999999", "1e14", "-1e14", "0.1+0.2")
	}
	pattern := func() string {
		return g.one("'l+'", "'(%w+)'", "'%s*(.-)%s*$'", "'^%a'", "'%d+'", "'[^,]*'", "'(%w+)=(%w+)'", "'%b()'", "'.'", "''", "'a*'", "'a-b'", "'()ll()'",
			"'[a-f]+'", "'[%w_]*'", "'%f[%w]%w+'", "'(a)(b)?'", "'^(%s*)'", "'%.'", "'[]]'", "'[^]]'", "'%'", "'('", "'[a'", "'%g'", "'(.)%1'", "'[%a-z]'", "'x$'", "'$'", "'%z'")
	}
	spec := func() string {
		return "'" + g.one("", "x", "%%") + "%" + g.one("", "-", "0", "+", " ", "#", "-0", "+0") + g.one("", "5", "10", "2") + g.one("", ".0", ".3", ".10", ".") +
			g.one("d", "i", "u", "c", "x", "X", "o", "e", "E", "f", "g", "G", "q", "s") + g.one("", "|", "%%", "z") + "'"
	}
	small := func() string { return g.one("0", "1", "-1", "3.7", "-3.7", "2^53", "255", "'12'", "-2^31", "65") }
	switch g.r.IntN(30) {
	case 0, 1, 2, 3:
		s := spec()
		if strings.ContainsAny(s, "diucxXo") {
			return fmt.Sprintf("string.format, %s, %s", s, small())
		}
		// C ends text at a zero byte.
		return fmt.Sprintf("string.format, %s, %s", s, g.one(num(), num(), strings.ReplaceAll(text(), "\\0", "")))
	case 4:
		return fmt.Sprintf("string.format, '%%s %%s', %s, %s", num(), g.one("'x'", num()))
	case 5:
		return fmt.Sprintf("string.find, %s, %s, %s, %s", text(), pattern(), index(), g.one("nil", "true"))
	case 6, 7:
		return fmt.Sprintf("string.match, %s, %s, %s", text(), pattern(), index())
	case 8, 9:
		return fmt.Sprintf("string.gsub, %s, %s, %s%s", text(), pattern(), g.one("'<%0>'", "'%1'", "'%2%1'", "''", "'%%'", "{hello = 'H', a = 1, b = false}", "function(...) return select('#', ...) end",
			"function(a) if a == '' then return nil end return a end", "7", "string.upper", "'%9'", "function() return {} end"), g.one("", ", 1", ", 0", ", 2", ", -1"))
	case 10:
		return fmt.Sprintf("function(...) local n = 0 for a, b in string.gmatch(...) do n = n + 1 trace(n, a, b) if n > 20 then break end end end, %s, %s", text(), pattern())
	case 11:
		return fmt.Sprintf("string.%s, %s", g.one("len", "lower", "upper", "reverse"), g.one(text(), num()))
	case 12:
		return fmt.Sprintf("string.sub, %s, %s, %s", g.one(text(), num()), index(), index())
	case 13:
		return fmt.Sprintf("string.byte, %s, %s, %s", text(), index(), index())
	case 14:
		return fmt.Sprintf("string.rep, %s, %s", text(), index())
	case 15:
		return fmt.Sprintf("string.char, %s, %s", g.one("65", "256", "0", "-1", "'66'", "66.9"), g.one("97", "98"))
	case 16, 17:
		if g.chance(20) {
			return fmt.Sprintf("tonumber, %s", g.one(g.str(), "'-3'", "'+ 4'", "' -0x1f '"))
		}
		return fmt.Sprintf("tonumber, %s%s", g.one("'10'", "'  12  '", "'z'", "'ff'", "'777'", "'1e1'", "'0xff'", "'12abc'", "nil", "true", "{}", "12", "255", "'1 2'", "'.'", "'-'", "'e1'", "'1e+'", "'0x'"), g.one("", "", ", 10", ", 16", ", 2", ", 8", ", 36", ", 1", ", 37", ", '16'"))
	case 18:
		return fmt.Sprintf("tostring, %s", g.one(num(), "nil", "true", text(), num()+"*"+num()))
	case 19, 20, 21:
		return fmt.Sprintf("math.%s, %s", g.one("abs", "ceil", "floor", "sqrt", "modf", "frexp", "deg", "rad"), num())
	case 22:
		return fmt.Sprintf("math.%s, %s, %s", g.one("max", "min", "fmod", "pow", "ldexp", "mod"), num(), g.one("1", "2", "3", "0.5", "'2'", "-1"))
	case 23:
		return fmt.Sprintf("table.concat, {%s, %s, %s}, %s, %s, %s", num(), g.str(), num(), g.one("', '", "''", "nil", "1"), g.one("nil", "1", "2", "4", "0"), g.one("nil", "3", "2", "1"))
	case 24:
		return fmt.Sprintf("function() local t = {1, 2, 3} trace(table.insert(t, %s)) return unpack(t) end", g.one("9", "1, 9", "4, 9", "2, 'x'", "3, nil, 1"))
	case 25:
		return fmt.Sprintf("function() local t = {1, 2, 3} trace(table.remove(t%s)) return #t, unpack(t) end", g.one("", ", 1", ", 3", ", 2", ", '2'"))
	case 26:
		return fmt.Sprintf("function() local t = {%s} table.sort(t%s) return unpack(t) end", g.one("3, 1, 2", "'b', 'a', 'C', ''", "2.5, -1, 1e9, 0", "1", "", "1, 'a'", "'10', '9', '1'"), g.one("", ", function(a, b) return a > b end"))
	case 27:
		return fmt.Sprintf("unpack, {%s, %s}, %s, %s", num(), g.str(), index(), g.one("2", "1", "0", "3", "nil", "'2'"))
	case 28:
		return fmt.Sprintf("select, %s, 'a', nil, 'c'", g.one("1", "2", "-1", "-3", "'#'", "0", "4", "5", "-4", "'2'", "1.9", "nil"))
	}
	return g.one("rawget, T, 'x'", "rawequal, T, T", "rawequal, 1, '1'", "type, nil", "type", "next, {}", "next, {5}", "next, {5}, 1", "ipairs", "pairs, nil", "setmetatable, {}, nil",
		"assert, false, 'm'", "assert, 1, 2, 3", "assert, nil", "assert", "error", "unpack", "tostring", "table.maxn, {1, 2, [7] = 1}", "table.getn, {1, 2}", "rawset, {}, 'a', 1", "math.max", "string.rep", "table.concat, {{}}", "table.concat, {1, nil, 3}, '-', 1, 3")
}

func (g *luaGen) body() {
	g.push()
	for range 1 + g.r.IntN(3) {
		g.stmt()
	}
	g.pop()
}

func (g *luaGen) stmt() {
	g.fuel--
	if g.fuel < 0 || g.indent > 6 {
		g.line("trace(%d, %s)", g.r.IntN(100), g.atom())
		return
	}
	switch g.r.IntN(28) {
	case 24, 25:
		g.line("trace(try(%s))", g.library())
	case 0, 1, 2:
		n := 1 + g.r.IntN(3)
		var names []string
		for range n {
			names = append(names, g.fresh())
		}
		init := ""
		if g.chance(85) {
			init = " = " + g.expr()
			if rest := g.args(3); rest != "" {
				init += ", " + rest
			}
		}
		g.line("local %s%s", strings.Join(names, ", "), init)
		for _, n := range names {
			g.declare(n)
		}
	case 3, 4, 5, 6:
		var l []string
		for range 1 + g.r.IntN(3) {
			l = append(l, g.target())
		}
		r := g.expr()
		if rest := g.args(2); rest != "" {
			r += ", " + rest
		}
		g.line("%s = %s", strings.Join(l, ", "), r)
	case 7, 8:
		g.line("trace(%s)", g.args(4))
	case 9:
		g.line("trace(%s)", g.call())
	case 10, 11:
		g.line("if %s then", g.expr())
		g.body()
		if g.chance(40) {
			g.line("elseif %s then", g.expr())
			g.body()
		}
		if g.chance(50) {
			g.line("else")
			g.body()
		}
		g.line("end")
	case 12:
		n := fmt.Sprintf("w%d", g.r.IntN(3))
		g.line("local %s = 0", n)
		g.line("while %s < %d and (%s) do", n, 1+g.r.IntN(4), g.expr())
		g.loop(func() { g.line(" %s = %s + 1", n, n) })
		g.line("end")
	case 13:
		n := fmt.Sprintf("w%d", g.r.IntN(3))
		g.line("local %s = 0", n)
		g.line("repeat")
		g.loops++
		g.push()
		g.line("%s = %s + 1", n, n)
		local := g.fresh()
		g.line("local %s = %s", local, g.expr())
		g.declare(local)
		for range g.r.IntN(3) {
			g.stmt()
		}
		g.line("until %s > %d or (%s)", n, g.r.IntN(4), g.expr())
		g.pop()
		g.loops--
	case 14:
		i := g.fresh()
		g.line("for %s = %s, %s%s do", i, g.one("1", "0", "3", "-1", "0.5"), g.one("1", "3", "5", "0", "2.5"), g.one("", "", ", 1", ", 2", ", -1", ", 0.5"))
		g.loopVar(i)
		g.line("end")
	case 15, 16, 17:
		k, v := g.fresh(), g.fresh()
		g.line("for %s, %s in %s do", k, v, g.one("ipairs({1, 'b', 3})", "ipairs(L)", "next, {7}", "next, L", "step, 3", "step, 3, 1", "iter(3)", "pairs({8})",
			"(iter(2))", "step, N("+g.expr()+") % 3 + 1, 0", "ipairs({"+g.expr()+", 2})", "next, {}, nil", "step, f2(2, 0)"))
		g.loopVar(k, v)
		g.line("end")
	case 18:
		g.line("do")
		g.body()
		g.line("end")
	case 19:
		name := g.fresh()
		if g.chance(50) {
			g.line("local function %s(%s)", name, g.one("", "a", "..."))
			g.declare(name)
		} else {
			g.line("local %s; %s = function(...)", name, name)
			g.declare(name)
		}
		outer := g.vararg
		loops := g.loops
		g.vararg, g.loops = false, 0
		g.push()
		g.line("if depth() then return %s end", g.atomPlain())
		for range g.r.IntN(3) {
			g.stmt()
		}
		g.line("return %s", g.exprPlain())
		g.pop()
		g.vararg, g.loops = outer, loops
		g.line("end")
	case 20:
		if g.loops > 0 {
			g.line("if %s then break end", g.expr())
		} else {
			g.line("local _ = %s", g.expr())
		}
	case 21:
		g.line("H[#H + 1] = %s", g.function())
	case 22:
		g.line("for _, h in ipairs(H) do if not depth() then trace(try(h, %s)) end end", g.expr())
	case 23:
		g.line("trace(try(%s))", g.function())
	case 26:
		name := g.one("f1", "f2", "f0")
		g.line("local %s = function(...)\n if depth() then return 1 end return %s(...)\nend", name, name)
	case 27:
		opening, end := "while true do", "end"
		if g.chance(50) {
			opening, end = "repeat", "until nil"
		}
		g.line("%s", opening)
		g.loops++
		g.push()
		g.line("%s", g.one("while true do break end", "repeat break until G1", "trace('in')"))
		for range g.r.IntN(3) {
			g.stmt()
		}
		g.line("do break end")
		g.pop()
		g.loops--
		g.line("%s", end)
	}
}

func (g *luaGen) atomPlain() string {
	v := g.vararg
	g.vararg = false
	defer func() { g.vararg = v }()
	return g.atom()
}
func (g *luaGen) exprPlain() string {
	v := g.vararg
	g.vararg = false
	defer func() { g.vararg = v }()
	return g.expr()
}

func (g *luaGen) loop(first func()) {
	g.loops++
	first()
	g.body()
	g.loops--
}

func (g *luaGen) loopVar(names ...string) {
	g.loops++
	g.push()
	for _, n := range names {
		g.declare(n)
	}
	for range 1 + g.r.IntN(3) {
		g.stmt()
	}
	g.pop()
	g.loops--
}

// luaPrelude is what the programs call. It is the same text for both machines.
const luaPrelude = `
G1, G2, G3 = nil, nil, nil
local out, n_out, calls = {}, 0, 0
local T, L, H, O
local function say(v, d)
  local t = type(v)
  if t == "table" then
    if v == T then return "T" elseif v == L then return "L" elseif v == O then return "O" end
    if d > 3 then return "{...}" end
    local list = {}
    for i = 1, 4 do list[#list + 1] = say(v[i], d + 1) end
    for _, i in ipairs({50, 51, 52, 100, 101, 102}) do if v[i] ~= nil then list[#list + 1] = i .. say(v[i], d + 1) end end
    list[#list + 1] = "x=" .. say(v.x, d + 1) .. " y=" .. say(v.y, d + 1) .. " z=" .. say(v.z, d + 1)
    return "{" .. table.concat(list, " ") .. "}"
  elseif t == "function" then return "fn"
  elseif t == "string" then return "'" .. v .. "'"
  elseif v ~= v then return "NaN"
  elseif v == 0 then return "0"
  end
  return tostring(v)
end
local function trace(...)
  n_out = n_out + 1
  if n_out > 400 then error("enough") end
  local list = {}
  for i = 1, select("#", ...) do list[i] = say((select(i, ...)), 0) end
  out[#out + 1] = table.concat(list, ",")
end
local function depth() calls = calls + 1 return calls > 25 end
local function N(v) if type(v) == "number" and v == v and v < 1e6 and v > -1e6 then return v elseif v then return 2 end return 1 end
local function S(v) local t = type(v) if v ~= v then return "nan" end if t == "string" or t == "number" then if #(v .. "") < 40 then return v .. "" end return "long" end return t end
local function K(v) if type(v) == "number" and v == v then return v % 5 elseif type(v) == "string" then return v end return v and true or false end
local function f0() return end
local function f1(a) if depth() then return 1 end return a end
local function f2(a, b) return b, a end
local function id(...) return ... end
local function try(f, ...) return (function(ok, ...) if ok then return ok, ... end return false end)(pcall(f, ...)) end
local function P(f, ...) if depth() then return false end return try(f, ...) end
local function step(n, i) i = (i or 0) + 1 if i <= n then return i, i * 10 end end
local function iter(n) local i = 0 return function() i = i + 1 if i <= n then return i, "it" .. i end end end
T, L, H = { x = 1, y = "two", 11, 22 }, { 5, 6, 7 }, {}
O = { n = 3, m = function(self, ...) return self.n, ... end }
`

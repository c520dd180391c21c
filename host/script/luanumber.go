package script

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// luaSpace is what C's isspace takes for space.
const luaSpace = " \t\n\v\f\r"

// luaNumber reads a number as Lua 5.1 does in a numeral, in tonumber and in
// arithmetic on text: decimal with an exponent, or whole and hexadecimal with 0x,
// space around it. What C's strtod takes beyond that ("inf", "nan", hexadecimal
// fractions), and what is too large for a number, is refused: no price is any of
// them.
func luaNumber(s string) (float64, bool) {
	s = strings.Trim(s, luaSpace)
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" {
		return 0, false
	}
	if len(digits) > 2 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		return luaHex(digits[2:], s[0] == '-')
	}
	for i := range len(digits) {
		if c := digits[i]; !isDigit(c) && c != '.' && c|0x20 != 'e' && c != '+' && c != '-' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// luaHex reads hexadecimal digits.
func luaHex(digits string, negative bool) (float64, bool) {
	f := 0.0
	for i := range len(digits) {
		d := strings.IndexByte("0123456789abcdef", digits[i]|0x20)
		if d < 0 || digits[i] < '0' {
			return 0, false
		}
		f = f*16 + float64(d)
	}
	if negative {
		f = -f
	}
	return f, true
}

// number reads argument n as a number; text that Lua 5.1 reads as one will do.
func number(L *lua.LState, n int) float64 {
	switch v := L.Get(n).(type) {
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		if f, ok := luaNumber(string(v)); ok {
			return f
		}
	}
	L.TypeError(n, lua.LTNumber)
	return 0
}

// whole reads argument n as a whole number, cutting a fraction off.
func whole(L *lua.LState, n int) int {
	f := number(L, n)
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	case f != f:
		return math.MinInt64
	}
	return int(f)
}

// wholeOr is whole for an argument that may be left out.
func wholeOr(L *lua.LState, n, otherwise int) int {
	if L.Get(n) == lua.LNil {
		return otherwise
	}
	return whole(L, n)
}

// word reads argument n as text; a number will do.
func word(L *lua.LState, n int) string {
	s, ok := stringOf(L.Get(n))
	if !ok {
		L.TypeError(n, lua.LTString)
	}
	return s
}

// arithmetic makes the operators read text as Lua does. The virtual machine asks
// an operand's metamethod before it converts text itself, in its own way: it takes
// "010" for eight and "1_000" for a number.
func (lib operatorLib) arithmetic(mt *lua.LTable) {
	for _, op := range []struct {
		event string
		do    func(a, b float64) float64
	}{
		{"__add", func(a, b float64) float64 { return a + b }},
		{"__sub", func(a, b float64) float64 { return a - b }},
		{"__mul", func(a, b float64) float64 { return a * b }},
		{"__div", func(a, b float64) float64 { return a / b }},
		{"__mod", modulo},
		{"__pow", math.Pow},
	} {
		mt.RawSetString(op.event, lib.L.NewFunction(func(L *lua.LState) int {
			L.Push(arith(L, op.event, op.do))
			return 1
		}))
	}
	mt.RawSetString("__unm", lib.L.NewFunction(func(L *lua.LState) int {
		f, ok := operand(L.Get(1))
		if !ok {
			noNumber(L, L.Get(1))
		}
		L.Push(lua.LNumber(-f))
		return 1
	}))
}

// arith is one operator where an operand is text.
func arith(L *lua.LState, event string, do func(a, b float64) float64) lua.LValue {
	left, right := L.Get(1), L.Get(2)
	a, okA := operand(left)
	b, okB := operand(right)
	if okA && okB {
		return lua.LNumber(do(a, b))
	}
	for _, v := range [...]lua.LValue{left, right} {
		if _, text := v.(lua.LString); text {
			continue
		}
		if fn, ok := L.GetMetaField(v, event).(*lua.LFunction); ok {
			L.Push(fn)
			L.Push(left)
			L.Push(right)
			L.Call(2, 1)
			ret := L.Get(-1)
			L.Pop(1)
			return ret
		}
	}
	if okA {
		left = right
	}
	noNumber(L, left)
	return lua.LNil
}

func operand(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return luaNumber(string(v))
	}
	return 0, false
}

func noNumber(L *lua.LState, v lua.LValue) {
	L.RaiseError("attempt to perform arithmetic on %s, which is no number", bindings.Describe(v))
}

// modulo is a - floor(a/b)*b, as Lua 5.1 defines it. The conversion keeps
// compilers from fusing the product and the difference.
func modulo(a, b float64) float64 { return a - float64(math.Floor(a/b)*b) }

// remainder is the operator %.
func remainder(L *lua.LState) int {
	a, okA := L.Get(1).(lua.LNumber)
	b, okB := L.Get(2).(lua.LNumber)
	if okA && okB {
		L.Push(lua.LNumber(modulo(float64(a), float64(b))))
		return 1
	}
	L.Push(arith(L, "__mod", modulo))
	return 1
}

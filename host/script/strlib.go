package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// stringLib is the string library. It is written anew as a whole: in gopher-lua's, a
// match cannot be interrupted and rep, format and gsub grow without bound.
type stringLib struct{ *sandbox }

func (lib stringLib) open() {
	t := lib.library("string")
	lib.addFunctions(t, map[string]lua.LGFunction{
		"byte":    strByte,
		"char":    strChar,
		"find":    lib.strFind,
		"format":  lib.strFormat,
		"gmatch":  lib.strGmatch,
		"gsub":    lib.strGsub,
		"len":     strLen,
		"lower":   lib.strMap(lower),
		"match":   lib.strMatch,
		"rep":     lib.strRep,
		"reverse": lib.strReverse,
		"sub":     lib.strSub,
		"upper":   lib.strMap(upper),
	})
	mt := lib.L.CreateTable(0, 9)
	operatorLib{lib.sandbox}.arithmetic(mt)
	mt.RawSetString("__index", t)
	mt.RawSetString("__metatable", lua.LFalse)
	lib.L.SetMetatable(lua.LString(""), mt)
}

// span converts Lua's 1-based, possibly negative bounds to a Go range.
func span(n, i, j int) (from, to int) {
	if i < 0 {
		i = max(n+i+1, 1)
	}
	if j < 0 {
		j = n + j + 1
	}
	i, j = max(i, 1), min(j, n)
	if i > j {
		return 0, 0
	}
	return i - 1, j
}

func (lib stringLib) strSub(L *lua.LState) int {
	s := word(L, 1)
	from, to := span(len(s), whole(L, 2), wholeOr(L, 3, -1))
	L.Push(lua.LString(lib.part(L, s, from, to)))
	return 1
}

// part cuts [from, to) out of a string. A copy is made of a small part, which
// would otherwise keep all of a long string.
func (lib stringLib) part(L *lua.LState, s string, from, to int) string {
	if n := to - from; n < len(s)/2 && len(s) > sharedString {
		lib.grow(L, n)
		return strings.Clone(s[from:to])
	}
	return s[from:to]
}

func strByte(L *lua.LState) int {
	s := word(L, 1)
	i := wholeOr(L, 2, 1)
	from, to := span(len(s), i, wholeOr(L, 3, i))
	for _, c := range []byte(s[from:to]) {
		L.Push(lua.LNumber(c))
	}
	return to - from
}

func strChar(L *lua.LState) int {
	b := make([]byte, L.GetTop())
	for i := range b {
		n := whole(L, i+1)
		if n < 0 || n > 255 {
			L.ArgError(i+1, "invalid value")
		}
		b[i] = byte(n)
	}
	L.Push(lua.LString(b))
	return 1
}

func strLen(L *lua.LState) int {
	L.Push(lua.LNumber(len(word(L, 1))))
	return 1
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

func (lib stringLib) strMap(f func(byte) byte) lua.LGFunction {
	return func(L *lua.LState) int {
		b := []byte(word(L, 1))
		lib.grow(L, len(b))
		for i, c := range b {
			b[i] = f(c)
		}
		L.Push(lua.LString(b))
		return 1
	}
}

func (lib stringLib) strReverse(L *lua.LState) int {
	s := word(L, 1)
	lib.grow(L, len(s))
	b := make([]byte, len(s))
	for i := range b {
		b[i] = s[len(s)-1-i]
	}
	L.Push(lua.LString(b))
	return 1
}

func (lib stringLib) strRep(L *lua.LState) int {
	s, n := word(L, 1), number(L, 2)
	if !(n >= 1) || s == "" {
		L.Push(lua.LString(""))
		return 1
	}
	// In floating point first: the product of the two may not fit an int.
	if n*float64(len(s)) > float64(lib.limits.StringBytes) {
		L.RaiseError("string.rep: the string would be %.0f bytes long; at most %d are allowed", n*float64(len(s)), lib.limits.StringBytes)
	}
	lib.grow(L, len(s)*int(n))
	L.Push(lua.LString(strings.Repeat(s, int(n))))
	return 1
}

// operatorLib is what the rewriter puts in the place of operators that gopher-lua
// computes otherwise than Lua does.
type operatorLib struct{ *sandbox }

// list is the first arguments of every chunk, in the order of its declarations; see
// rewriter.
func (lib operatorLib) list() []lua.LValue {
	var out []lua.LValue
	for _, f := range []lua.LGFunction{lib.concatenate, remainder, lib.lengthOf, lib.addFields} {
		out = append(out, lib.L.NewFunction(f))
	}
	return out
}

// concatenate is the operator .. for a chain of operands; see rewriter.
func (lib operatorLib) concatenate(L *lua.LState) int {
	total, plain := 0, true
	for i := 1; i <= L.GetTop(); i++ {
		s, ok := stringOf(L.Get(i))
		plain = plain && ok
		total += len(s)
	}
	lib.grow(L, total)
	if !plain {
		L.Push(lib.concatenateMeta(L))
		return 1
	}
	var b strings.Builder
	b.Grow(total)
	for i := 1; i <= L.GetTop(); i++ {
		s, _ := stringOf(L.Get(i))
		b.WriteString(s)
	}
	L.Push(lua.LString(b.String()))
	return 1
}

// concatenateMeta folds from the right, as the operator associates, with
// __concat where an operand is neither string nor number.
func (lib operatorLib) concatenateMeta(L *lua.LState) lua.LValue {
	right := L.Get(L.GetTop())
	for i := L.GetTop() - 1; i >= 1; i-- {
		left := L.Get(i)
		a, okA := stringOf(left)
		b, okB := stringOf(right)
		if okA && okB {
			lib.grow(L, len(a)+len(b))
			right = lua.LString(a + b)
			continue
		}
		right = concatMeta(L, left, right)
	}
	return right
}

func concatMeta(L *lua.LState, a, b lua.LValue) lua.LValue {
	fn := L.GetMetaField(a, "__concat")
	if fn == lua.LNil {
		fn = L.GetMetaField(b, "__concat")
	}
	if fn == lua.LNil {
		bad := a
		if _, ok := stringOf(a); ok {
			bad = b
		}
		L.RaiseError("attempt to concatenate %s", bindings.Describe(bad))
	}
	L.Push(fn)
	L.Push(a)
	L.Push(b)
	L.Call(2, 1)
	ret := L.Get(-1)
	L.Pop(1)
	return ret
}

package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// matching returns a matcher for a subject and a pattern.
func (lib stringLib) matching(L *lua.LState, src, pat string) *matcher {
	if len(pat) > maxPattern {
		L.RaiseError("the pattern has %d bytes; at most %d are allowed", len(pat), maxPattern)
	}
	return &matcher{
		src: src, pat: pat,
		spend: func(units int) { lib.spend(L, units) },
		fail:  func(text string) { L.RaiseError("%s", text) },
		cut:   func(from, to int) string { return lib.part(L, src, from, to) },
	}
}

// unitsPerMatch is what a match costs beside its steps.
const unitsPerMatch = 16

// run matches afresh from s and p.
func (m *matcher) run(s, p int) int {
	m.level = 0
	return m.match(s, p)
}

// value returns capture i of a match of [s, e): the whole match when there are no
// captures and i is 0.
func (m *matcher) value(L *lua.LState, i, s, e int) lua.LValue {
	if i >= m.level {
		if i != 0 {
			L.RaiseError("invalid capture index")
		}
		return lua.LString(m.cut(s, e))
	}
	c := m.captures[i]
	switch c.length {
	case captureOpen:
		L.RaiseError("unfinished capture")
	case capturePosition:
		return lua.LNumber(c.start + 1)
	}
	return lua.LString(m.cut(c.start, c.start+c.length))
}

// pushAll pushes the captures, or the whole match when there are none.
func (m *matcher) pushAll(L *lua.LState, s, e int) int {
	n := max(m.level, 1)
	for i := range n {
		L.Push(m.value(L, i, s, e))
	}
	return n
}

// startAt converts the optional start of find and match to an offset.
func startAt(n, i int) int {
	if i < 0 {
		i = n + i + 1
	}
	return min(max(i-1, 0), n)
}

func (lib stringLib) strFind(L *lua.LState) int {
	src, pat := word(L, 1), word(L, 2)
	from := startAt(len(src), wholeOr(L, 3, 1))
	if lua.LVAsBool(L.Get(4)) || !strings.ContainsAny(pat, "^$*+?.([%-") {
		lib.spend(L, (len(src)-from)/bytesPerUnit)
		i := strings.Index(src[from:], pat)
		if i < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(from + i + 1))
		L.Push(lua.LNumber(from + i + len(pat)))
		return 2
	}
	m := lib.matching(L, src, pat)
	lib.spend(L, unitsPerMatch)
	s, e := m.search(from)
	if e < 0 {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(s + 1))
	L.Push(lua.LNumber(e))
	if m.level == 0 {
		return 2
	}
	return 2 + m.pushAll(L, s, e)
}

func (lib stringLib) strMatch(L *lua.LState) int {
	src, pat := word(L, 1), word(L, 2)
	m := lib.matching(L, src, pat)
	lib.spend(L, unitsPerMatch)
	s, e := m.search(startAt(len(src), wholeOr(L, 3, 1)))
	if e < 0 {
		L.Push(lua.LNil)
		return 1
	}
	return m.pushAll(L, s, e)
}

// search finds the first match at or after from; e is -1 when there is none.
func (m *matcher) search(from int) (s, e int) {
	p, anchored := m.anchor()
	for s = from; s <= len(m.src); s++ {
		if e = m.run(s, p); e >= 0 || anchored {
			return s, e
		}
	}
	return 0, -1
}

func (m *matcher) anchor() (p int, anchored bool) {
	if strings.HasPrefix(m.pat, "^") {
		return 1, true
	}
	return 0, false
}

// strGmatch returns an iterator. As in Lua 5.1, ^ has no special meaning in it.
func (lib stringLib) strGmatch(L *lua.LState) int {
	src, pat := word(L, 1), word(L, 2)
	at := 0
	// The subject is an upvalue too, so that it is counted as held.
	L.Push(L.NewClosure(func(L *lua.LState) int {
		m := lib.matching(L, src, pat)
		lib.spend(L, unitsPerMatch)
		for s := at; s <= len(src); s++ {
			e := m.run(s, 0)
			if e < 0 {
				continue
			}
			if at = e; e == s {
				at++
			}
			return m.pushAll(L, s, e)
		}
		at = len(src) + 1
		return 0
	}, lua.LString(src)))
	return 1
}

func (lib stringLib) strGsub(L *lua.LState) int {
	src, pat := word(L, 1), word(L, 2)
	L.CheckTypes(3, lua.LTString, lua.LTNumber, lua.LTTable, lua.LTFunction)
	most := wholeOr(L, 4, len(src)+1)
	m := lib.matching(L, src, pat)
	lib.spend(L, unitsPerMatch)
	p, anchored := m.anchor()
	var b strings.Builder
	s, n := 0, 0
	for n < most {
		e := m.run(s, p)
		if e >= 0 {
			n++
			before := b.Len()
			m.replace(L, &b, s, e)
			lib.limit(L, b.Len())
			lib.spend(L, 1+(b.Len()-before)/bytesPerUnit)
		}
		switch {
		case e > s:
			s = e
		case s < len(src):
			b.WriteByte(src[s])
			s++
		default:
			s++
		}
		if anchored || s > len(src) {
			break
		}
	}
	if s < len(src) {
		b.WriteString(src[s:])
	}
	lib.grow(L, b.Len())
	L.Push(lua.LString(b.String()))
	L.Push(lua.LNumber(n))
	return 2
}

// replace writes what a match of [s, e) is replaced by.
func (m *matcher) replace(L *lua.LState, b *strings.Builder, s, e int) {
	var v lua.LValue
	switch by := L.Get(3).(type) {
	case *lua.LTable:
		v = L.GetTable(by, m.value(L, 0, s, e))
	case *lua.LFunction:
		L.Push(by)
		L.Call(m.pushAll(L, s, e), 1)
		v = L.Get(-1)
		L.Pop(1)
	default:
		m.expand(L, b, asText(by), s, e)
		return
	}
	if lua.LVIsFalse(v) {
		b.WriteString(m.src[s:e])
		return
	}
	text, ok := stringOf(v)
	if !ok {
		L.RaiseError("invalid replacement value (%s)", bindings.Describe(v))
	}
	b.WriteString(text)
}

// expand writes a replacement string, in which %1 to %9 are captures and %0 the
// whole match.
func (m *matcher) expand(L *lua.LState, b *strings.Builder, by string, s, e int) {
	for i := 0; i < len(by); i++ {
		if by[i] != '%' || i+1 == len(by) {
			b.WriteByte(by[i])
			continue
		}
		i++
		switch c := by[i]; {
		case c == '0':
			b.WriteString(m.src[s:e])
		case isDigit(c):
			b.WriteString(asText(m.value(L, int(c-'1'), s, e)))
		default:
			b.WriteByte(c)
		}
	}
}

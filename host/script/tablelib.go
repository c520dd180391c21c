package script

import (
	"math/bits"
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// tableLib is the table library. It is written anew as a whole: in gopher-lua's, sort
// and concat cannot be interrupted, and none looks beyond maxList.
type tableLib struct{ *sandbox }

func (lib tableLib) open() {
	lib.addFunctions(lib.library("table"), map[string]lua.LGFunction{
		"concat": lib.tableConcat,
		"getn":   lib.getn,
		"insert": lib.tableInsert,
		"maxn":   lib.maxn,
		"remove": lib.tableRemove,
		"sort":   lib.tableSort,
	})
}

const (
	// elementsPerUnit is how many elements moved count as one instruction.
	elementsPerUnit = 32
	// hashedPerUnit is the same for elements in a hash table.
	hashedPerUnit = 2
	// maxRange bounds what table.concat is asked to join.
	maxRange = 1 << 22
)

func (lib tableLib) tableInsert(L *lua.LState) int {
	t := L.CheckTable(1)
	lib.changes(L, t)
	n := lib.count(L, t)
	switch L.GetTop() {
	case 2:
		if n < maxList-1 {
			t.Append(L.Get(2))
		} else {
			t.RawSetInt(n+1, L.Get(2))
		}
	case 3:
		pos := whole(L, 2)
		if pos < 1 || pos > n+1 {
			L.ArgError(2, "position out of bounds")
		}
		lib.shiftUp(L, t, pos, n)
		t.RawSetInt(pos, L.Get(3))
	default:
		L.RaiseError("wrong number of arguments to 'insert'")
	}
	return 0
}

// shiftUp makes room at pos in a list of n elements.
func (lib tableLib) shiftUp(L *lua.LState, t *lua.LTable, pos, n int) {
	i := n
	for ; i >= max(pos, maxList-1); i-- {
		if i%hashedPerUnit == 0 {
			lib.spend(L, 1)
		}
		t.RawSetInt(i+1, element(t, i))
	}
	if i < pos {
		return
	}
	lib.spend(L, (i-pos)/elementsPerUnit)
	t.RawSetInt(i+1, t.RawGetInt(i)) // the slice grows here, or not at all
	list := viewOf(t).array
	copy(list[pos:i], list[pos-1:i-1])
}

func (lib tableLib) tableRemove(L *lua.LState) int {
	t := L.CheckTable(1)
	lib.changes(L, t)
	n := lib.count(L, t)
	pos := wholeOr(L, 2, n)
	if pos < 1 || pos > n {
		return 0
	}
	if n < maxList {
		lib.spend(L, (n-pos)/elementsPerUnit)
		L.Push(t.Remove(pos))
		return 1
	}
	removed := element(t, pos)
	if last := maxList - 1; pos < last {
		lib.spend(L, (last-pos)/elementsPerUnit)
		list := viewOf(t).array
		copy(list[pos-1:last-1], list[pos:last])
		pos = last
	}
	for ; pos < n; pos++ {
		if pos%hashedPerUnit == 0 {
			lib.spend(L, 1)
		}
		t.RawSetInt(pos, element(t, pos+1))
	}
	t.RawSetInt(n, lua.LNil)
	L.Push(removed)
	return 1
}

func (lib tableLib) tableConcat(L *lua.LState) int {
	t := L.CheckTable(1)
	sep := ""
	if L.Get(2) != lua.LNil {
		sep = word(L, 2)
	}
	from, to := wholeOr(L, 3, 1), 0
	if L.Get(4) == lua.LNil {
		to = lib.count(L, t)
	} else {
		to = whole(L, 4)
	}
	if to-from >= maxRange {
		L.RaiseError("the range has more than %d elements", maxRange)
	}
	var b strings.Builder
	for i := from; i <= to; i++ {
		v := element(t, i)
		s, ok := stringOf(v)
		if !ok {
			L.RaiseError("element %d is %s: want a string or a number", i, bindings.Describe(v))
		}
		if i > from {
			b.WriteString(sep)
		}
		b.WriteString(s)
		lib.limit(L, b.Len())
		lib.spend(L, 1+(len(s)+len(sep))/bytesPerUnit)
	}
	L.Push(lua.LString(b.String()))
	return 1
}

// stringOf converts what concatenates, a string or a number.
func stringOf(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return bindings.ToText(v), true
	}
	return "", false
}

// asText is stringOf of what is known to be a string or a number.
func asText(v lua.LValue) string {
	s, _ := stringOf(v)
	return s
}

// tableSort sorts with Go's algorithm, which a comparison that contradicts
// itself can confuse but not crash.
func (lib tableLib) tableSort(L *lua.LState) int {
	t := L.CheckTable(1)
	lib.changes(L, t)
	n := lib.count(L, t)
	lib.budget.allocated += slotSize * n
	lib.spend(L, n*bits.Len(uint(n))/4)
	values := make([]lua.LValue, n)
	for i := range values {
		values[i] = element(t, i+1)
	}
	less := lib.lessThan(L)
	if fn := L.Get(2); fn != lua.LNil {
		less = comparison(L, L.CheckFunction(2))
	}
	sort.Slice(values, func(i, j int) bool { return less(values[i], values[j]) })
	for i, v := range values {
		t.RawSetInt(i+1, v)
	}
	return 0
}

// lessThan is the operator, charged by the length of strings.
func (lib tableLib) lessThan(L *lua.LState) func(a, b lua.LValue) bool {
	return func(a, b lua.LValue) bool {
		if s, ok := a.(lua.LString); ok && len(s) > bytesPerUnit {
			lib.spend(L, len(s)/bytesPerUnit)
		}
		return L.LessThan(a, b)
	}
}

func comparison(L *lua.LState, fn *lua.LFunction) func(a, b lua.LValue) bool {
	return func(a, b lua.LValue) bool {
		L.Push(fn)
		L.Push(a)
		L.Push(b)
		L.Call(2, 1)
		ret := L.Get(-1)
		L.Pop(1)
		return lua.LVAsBool(ret)
	}
}

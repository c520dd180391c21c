package script

import (
	"math/bits"
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

func (vm *VM) addTable() {
	vm.add(vm.library("table"), map[string]lua.LGFunction{
		"concat": vm.tableConcat,
		"insert": vm.tableInsert,
		"remove": vm.tableRemove,
		"sort":   vm.tableSort,
	})
}

// elementsPerUnit is how many elements moved count as one instruction.
const elementsPerUnit = 32

func (vm *VM) tableInsert(L *lua.LState) int {
	t := L.CheckTable(1)
	n := t.Len()
	if n >= maxList-1 {
		L.RaiseError("the list already has %d elements, which is the most a list may have", n)
	}
	switch L.GetTop() {
	case 2:
		t.Append(L.Get(2))
	case 3:
		pos := whole(L, 2)
		if pos < 1 || pos > n+1 {
			L.ArgError(2, "position out of bounds")
		}
		vm.spend(L, (n-pos)/elementsPerUnit)
		t.Insert(pos, L.Get(3))
	default:
		L.RaiseError("wrong number of arguments to 'insert'")
	}
	return 0
}

func (vm *VM) tableRemove(L *lua.LState) int {
	t := L.CheckTable(1)
	n := t.Len()
	pos := wholeOr(L, 2, n)
	if pos < 1 || pos > n {
		return 0
	}
	vm.spend(L, (n-pos)/elementsPerUnit)
	L.Push(t.Remove(pos))
	return 1
}

func (vm *VM) tableConcat(L *lua.LState) int {
	t := L.CheckTable(1)
	sep := ""
	if L.Get(2) != lua.LNil {
		sep = word(L, 2)
	}
	from, to := wholeOr(L, 3, 1), wholeOr(L, 4, t.Len())
	if to-from >= maxList {
		L.RaiseError("the range has more than %d elements", maxList)
	}
	var b strings.Builder
	for i := from; i <= to; i++ {
		v := t.RawGetInt(i)
		s, ok := stringOf(v)
		if !ok {
			L.RaiseError("element %d is %s: want a string or a number", i, bindings.Describe(v))
		}
		if i > from {
			b.WriteString(sep)
		}
		b.WriteString(s)
		vm.limit(L, b.Len())
		vm.spend(L, 1+len(s)/bytesPerUnit)
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
func (vm *VM) tableSort(L *lua.LState) int {
	t := L.CheckTable(1)
	n := t.Len()
	vm.spend(L, n*bits.Len(uint(n)))
	values := make([]lua.LValue, n)
	for i := range values {
		values[i] = t.RawGetInt(i + 1)
	}
	less := L.LessThan
	if fn := L.Get(2); fn != lua.LNil {
		less = comparison(L, L.CheckFunction(2))
	}
	sort.Slice(values, func(i, j int) bool { return less(values[i], values[j]) })
	for i, v := range values {
		t.RawSetInt(i+1, v)
	}
	return 0
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

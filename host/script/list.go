package script

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// gopher-lua keeps the elements 1 to maxList-1 of a list in a slice and all others
// in a hash table, which its own functions for lists do not look into. These do.

// element returns element i of a list.
func element(t *lua.LTable, i int) lua.LValue {
	if i < maxList {
		return t.RawGetInt(i)
	}
	return t.RawGet(lua.LNumber(i))
}

// listLen is the operator #: a border, as the language says, of the whole table.
func listLen(t *lua.LTable) int {
	n := t.Len()
	if n < maxList-1 || element(t, maxList) == lua.LNil {
		return n
	}
	low, high := maxList, 2*maxList // t[low] is there
	for element(t, high) != lua.LNil {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if mid := (low + high) / 2; element(t, mid) == lua.LNil {
			high = mid
		} else {
			low = mid
		}
	}
	return low
}

// count returns the length of a list and charges for finding it: nil elements at
// the end of the slice are looked at one by one.
func (sb *sandbox) count(L *lua.LState, t *lua.LTable) int {
	n := listLen(t)
	if tail := len(viewOf(t).array) - n; tail > 0 {
		sb.spend(L, tail/elementsPerUnit)
	}
	return n
}

// lengthOf is the operator #; see rewriter.
func (lib operatorLib) lengthOf(L *lua.LState) int {
	v := L.Get(1)
	if s, ok := v.(lua.LString); ok {
		L.Push(lua.LNumber(len(s)))
		return 1
	}
	if fn, ok := L.GetMetaField(v, "__len").(*lua.LFunction); ok {
		L.Push(fn)
		L.Push(v)
		L.Call(1, 1)
		return 1
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		L.RaiseError("attempt to get length of %s", bindings.Describe(v))
	}
	L.Push(lua.LNumber(lib.count(L, t)))
	return 1
}

func (lib baseLib) ipairs(L *lua.LState) int {
	t := L.CheckTable(1)
	L.Push(lib.inOrder)
	L.Push(t)
	L.Push(lua.LNumber(0))
	return 3
}

func nextInOrder(L *lua.LState) int {
	i := L.CheckInt(2) + 1
	v := element(L.CheckTable(1), i)
	if v == lua.LNil {
		return 0
	}
	L.Push(lua.LNumber(i))
	L.Push(v)
	return 2
}

func (lib baseLib) pairs(L *lua.LState) int {
	t := L.CheckTable(1)
	L.Push(lib.inTable)
	L.Push(t)
	L.Push(lua.LNil)
	return 3
}

// nextOf is next. gopher-lua's begins anew behind a key that was never there, and
// skips a key behind an element that was removed from the end of its list.
func nextOf(L *lua.LState) int {
	t, key := L.CheckTable(1), L.Get(2)
	k, v := t.Next(resume(L, viewOf(t), key))
	L.Push(k)
	if k == lua.LNil {
		return 1
	}
	L.Push(v)
	return 2
}

// resume returns the key from where gopher-lua goes on behind key.
func resume(L *lua.LState, t *tableView, key lua.LValue) lua.LValue {
	if n, ok := key.(lua.LNumber); ok && n >= 1 && n < maxList && n == lua.LNumber(int(n)) && int(n) <= cap(t.array) {
		return min(n, lua.LNumber(len(t.array)))
	}
	if _, known := t.k2i[key]; !known && key != lua.LNil {
		L.RaiseError("invalid key to 'next'")
	}
	return key
}

func (lib baseLib) rawset(L *lua.LState) int {
	lib.changes(L, L.CheckTable(1))
	lib.set(L, L.CheckTable(1), L.CheckAny(2), L.CheckAny(3))
	L.SetTop(1)
	return 1
}

// set is t[key] = v without metamethods.
func (sb *sandbox) set(L *lua.LState, t *lua.LTable, key, v lua.LValue) {
	if key == lua.LNil {
		L.RaiseError("table index is nil")
	}
	if n, ok := key.(lua.LNumber); ok && n != n {
		L.RaiseError("table index is NaN")
	}
	if !sb.budget.gap(t, key) {
		L.RaiseError("%s", sb.budget.cause)
	}
	t.RawSet(key, v)
}

func (lib tableLib) getn(L *lua.LState) int {
	L.Push(lua.LNumber(lib.count(L, L.CheckTable(1))))
	return 1
}

// maxn is the largest numeric key.
func (lib tableLib) maxn(L *lua.LState) int {
	v := viewOf(L.CheckTable(1))
	lib.spend(L, (len(v.array)+len(v.dict))/elementsPerUnit)
	most := lua.LNumber(0)
	for i := len(v.array); i > 0; i-- {
		if v.array[i-1] != lua.LNil {
			most = lua.LNumber(i)
			break
		}
	}
	for k, e := range v.dict { // order: a maximum
		if n, ok := k.(lua.LNumber); ok && e != lua.LNil && n > most {
			most = n
		}
	}
	L.Push(most)
	return 1
}

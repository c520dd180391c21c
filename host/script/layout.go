package script

import (
	"fmt"
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// What follows mirrors fields that gopher-lua keeps to itself. It has no hook for
// allocations, and counts nothing, so the count of a VM's memory reads them: which
// instruction is next, how long a table's array is, what is on the stack. Nothing is
// changed through them but the order of a list's elements. A version of the library that has them elsewhere is noticed when the
// package starts.

type tableView struct {
	Metatable lua.LValue
	array     []lua.LValue
	dict      map[lua.LValue]lua.LValue
	strdict   map[string]lua.LValue
	keys      []lua.LValue
	k2i       map[lua.LValue]int
}

type registryView struct {
	array []lua.LValue
	top   int
}

type frameView struct {
	Idx       int
	Fn        *lua.LFunction
	Parent    unsafe.Pointer
	Pc        int
	Base      int
	LocalBase int
}

var registryOffset, frameOffset = mustFit()

// mustFit compares the mirrors with the library and returns where a state has its
// registry and its current frame.
func mustFit() (registry, frame uintptr) {
	state := reflect.TypeFor[lua.LState]()
	field := func(name string) reflect.StructField {
		f, ok := state.FieldByName(name)
		if !ok || f.Type.Kind() != reflect.Pointer {
			panic("gopher-lua's LState has no pointer " + name)
		}
		return f
	}
	fits(reflect.TypeFor[tableView](), reflect.TypeFor[lua.LTable]())
	reg, cur := field("reg"), field("currentFrame")
	fits(reflect.TypeFor[registryView](), reg.Type.Elem())
	fits(reflect.TypeFor[frameView](), cur.Type.Elem())
	return reg.Offset, cur.Offset
}

func fits(mirror, original reflect.Type) {
	for i := range mirror.NumField() {
		m := mirror.Field(i)
		o, ok := original.FieldByName(m.Name)
		if !ok || o.Offset != m.Offset || o.Type.Kind() != m.Type.Kind() && m.Type.Kind() != reflect.UnsafePointer {
			panic(fmt.Sprintf("gopher-lua's %s has no %s where it is expected", original, m.Name))
		}
	}
}

func viewOf(t *lua.LTable) *tableView { return (*tableView)(unsafe.Pointer(t)) }

func registryOf(L *lua.LState) *registryView {
	return *(**registryView)(unsafe.Add(unsafe.Pointer(L), registryOffset))
}

// frameOf points to where a state notes its current frame.
func frameOf(L *lua.LState) **frameView {
	return (**frameView)(unsafe.Add(unsafe.Pointer(L), frameOffset))
}

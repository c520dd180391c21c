// Package params is the Lua module for reading a strategy's parameters.
//
// The values come from the declarations in the strategy's table, overridden by
// configuration. They are known once the file has loaded, and do not change
// while it runs.
package params

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "params",
		Doc: "The strategy's parameters, by name; read-only. They are declared in the table the file returns, so they are\n" +
			"known in handlers and not yet while the file loads.",
		Open: open,
	}
}

func open(rt *bindings.Runtime, table *lua.LTable) {
	mt := rt.L.CreateTable(0, 3)
	mt.RawSetString("__index", rt.L.NewFunction(func(L *lua.LState) int {
		rt.L = L
		name := L.Get(2).String()
		v, names, known := rt.Param(name)
		switch {
		case !known:
			L.RaiseError("params.%s: parameters are known once the file has loaded: read them in a handler", name)
		case v == nil:
			L.RaiseError("params.%s: no such parameter%s", name, bindings.DidYouMean(name, names))
		}
		return rt.Push(v)
	}))
	mt.RawSetString("__newindex", rt.L.NewFunction(func(L *lua.LState) int {
		L.RaiseError("params.%s: parameters are read-only: keep what changes in state", L.Get(2).String())
		return 0
	}))
	mt.RawSetString("__metatable", lua.LFalse)
	table.Metatable = mt
}

package bindings

import lua "github.com/yuin/gopher-lua"

// Module is one table of functions a script can use.
type Module struct {
	// Name is the global the script sees: "market", or "exec.pair" for a table inside exec.
	// Empty: its functions are globals themselves.
	Name string
	Doc  string
	// Call, when set, is what calling the table itself does: market(x).
	Call  *Func
	Funcs []Func
	Types []Type
	// Open, when set, may add to the module's table what functions cannot
	// express. It runs once per Lua state, before any script code.
	Open func(rt *Runtime, table *lua.LTable)
}

// Func is a function or a method and its implementation.
type Func struct {
	Spec
	// Load allows the function while the file is loading, when there is no Env.
	Load bool
	// Changes says of a method that it changes its object.
	Changes bool
	// Call reads its arguments from rt, pushes its results, and returns how many.
	Call func(rt *Runtime) int
}

// Spec describes a function to the people who call it and to their editors.
type Spec struct {
	Name    string
	Doc     string
	Args    []Value // without self
	Returns []Value
	Example string
}

// Value describes an argument, a result or a field.
type Value struct {
	Name     string
	Type     string // as LuaLS writes it: "number", "string|number", "Book"
	Unit     string // "quote", "fraction", "seconds"; empty when there is none
	Doc      string
	Optional bool
}

// Type is a class of values: a userdata with methods, or the shape of a table.
type Type struct {
	Name    string
	Doc     string
	Fields  []Value
	Methods []Func
	// Index, when set, makes the fields of a userdata as they are read; it
	// returns nil for a field there is not. Such a type has no methods.
	Index func(rt *Runtime, self any, field string) lua.LValue
}

// Install makes the modules' tables in globals. A dotted name becomes a table
// inside the table of its prefix, which is made when there is none.
func (rt *Runtime) Install(globals *lua.LTable, modules []Module) {
	in := installer{rt}
	for i := range modules {
		m := &modules[i]
		t, prefix := globals, ""
		if m.Name != "" {
			t, prefix = in.table(globals, m.Name), m.Name+"."
		}
		for j := range m.Funcs {
			f := &m.Funcs[j]
			t.RawSetString(f.Name, in.function(prefix+f.Name, f, 0))
		}
		if m.Call != nil {
			mt := rt.L.CreateTable(0, 2)
			mt.RawSetString("__call", in.function(m.Name, m.Call, 1))
			mt.RawSetString("__metatable", lua.LFalse)
			t.Metatable = mt
		}
		if m.Open != nil {
			m.Open(rt, t)
		}
	}
}

// installer makes the tables and functions that scripts find.
type installer struct{ *Runtime }

func (rt installer) table(parent *lua.LTable, dotted string) *lua.LTable {
	for _, name := range splitDots(dotted) {
		t, ok := parent.RawGetString(name).(*lua.LTable)
		if !ok {
			t = rt.L.CreateTable(0, 8)
			parent.RawSetString(name, t)
		}
		parent = t
	}
	return parent
}

// Function wraps f under a qualified name, for metamethods.
func (rt *Runtime) Function(name string, f *Func) *lua.LFunction {
	return installer{rt}.function(name, f, 0)
}

// function wraps f so that Lua can call it. self is 1 for a method.
func (rt installer) function(name string, f *Func, self int) *lua.LFunction {
	return rt.L.NewFunction(func(L *lua.LState) int {
		rt.L, rt.name, rt.spec, rt.self = L, name, &f.Spec, self
		if rt.env == nil && !f.Load {
			rt.Raise("there is no market while the file is loading: call it from a handler such as on_start")
		}
		if rt.readOnly {
			return reading(rt.Runtime, f)
		}
		return f.Call(rt.Runtime)
	})
}

// Class returns the metatable of a userdata type, made on first use.
func (rt *Runtime) Class(t *Type) *lua.LTable {
	if mt, ok := rt.classes[t]; ok {
		return mt
	}
	mt := rt.L.CreateTable(0, 3)
	if t.Index != nil {
		mt.RawSetString("__index", installer{rt}.fields(t))
	} else {
		mt.RawSetString("__index", installer{rt}.methods(t))
	}
	mt.RawSetString("__metatable", lua.LFalse)
	mt.RawSetString("__name", lua.LString(t.Name))
	rt.classes[t] = mt
	return mt
}

func (rt installer) fields(t *Type) *lua.LFunction {
	return rt.L.NewFunction(func(L *lua.LState) int {
		rt.L = L
		key := L.Get(2).String()
		if ud, ok := L.Get(1).(*lua.LUserData); ok {
			if v := t.Index(rt.Runtime, ud.Value, key); v != nil {
				return rt.Push(v)
			}
		}
		L.RaiseError("%s has no field %q%s", t.Name, key, DidYouMean(key, t.fieldNames()))
		return 0
	})
}

func (rt installer) methods(t *Type) *lua.LTable {
	methods := rt.L.CreateTable(0, len(t.Methods))
	for i := range t.Methods {
		m := &t.Methods[i]
		methods.RawSetString(m.Name, rt.function(t.Name+":"+m.Name, m, 1))
	}
	missing := rt.L.CreateTable(0, 1)
	missing.RawSetString("__index", rt.L.NewFunction(func(L *lua.LState) int {
		key := L.Get(2).String()
		L.RaiseError("%s has no method %q%s", t.Name, key, DidYouMean(key, t.methodNames()))
		return 0
	}))
	methods.Metatable = missing
	return methods
}

func (t *Type) methodNames() []string {
	names := make([]string, len(t.Methods))
	for i := range t.Methods {
		names[i] = t.Methods[i].Name
	}
	return names
}

// NewObject wraps a Go value as a userdata of a type.
func (rt *Runtime) NewObject(t *Type, value any) *lua.LUserData {
	return &lua.LUserData{Value: value, Env: rt.L.Env, Metatable: rt.Class(t)}
}

// Self returns the receiver of the method being called. It raises when the
// method was called with a dot instead of a colon.
func Self[T any](rt *Runtime) T {
	if ud, ok := rt.L.Get(1).(*lua.LUserData); ok {
		if v, ok := ud.Value.(T); ok {
			return v
		}
	}
	rt.Raise("call a method with a colon, as in object:%s()", rt.spec.Name)
	panic("unreachable")
}

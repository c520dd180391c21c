package bindings

import (
	lua "github.com/yuin/gopher-lua"
)

// Fields reads a table argument whose shape a Type declares.
type Fields struct {
	rt    *Runtime
	table *lua.LTable
}

// Fields returns the n-th argument as a table of the declared shape. It raises
// for a field the shape does not have, which is most often a misspelled one, and
// for a required field that is missing. An optional argument that is nil reads
// as an empty table.
func (rt *Runtime) Fields(n int, shape *Type) Fields {
	in := rt.Arg(n)
	if in.Nil() && n <= len(rt.spec.Args) && rt.spec.Args[n-1].Optional {
		return Fields{rt, &lua.LTable{Metatable: lua.LNil}}
	}
	return shaped(rt, "", in.Table(), shape)
}

// Record returns an argument as a table that the host made, such as a Bar: what else is in
// it is the script's own business.
func (in Input) Record() Fields { return Fields{in.rt, in.Table()} }

// Shape reads a table inside an argument; what names it in errors.
func (rt *Runtime) Shape(what string, t *lua.LTable, shape *Type) Fields {
	return shaped(rt, what+": ", t, shape)
}

func shaped(rt *Runtime, what string, t *lua.LTable, shape *Type) Fields {
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		if name, ok := k.(lua.LString); !ok || !shape.has(string(name)) {
			rt.Raise("%sunknown field %s%s", what, Describe(k), DidYouMean(k.String(), shape.fieldNames()))
		}
	}
	for _, f := range shape.Fields {
		if !f.Optional && t.RawGetString(f.Name) == lua.LNil {
			rt.Raise("%smissing field %s: %s", what, f.Name, f.Doc)
		}
	}
	return Fields{rt, t}
}

// Get returns a field.
func (f Fields) Get(name string) Input {
	return Input{rt: f.rt, v: f.table.RawGetString(name), field: name}
}

// Has reports whether a field was given.
func (f Fields) Has(name string) bool { return f.table.RawGetString(name) != lua.LNil }

func (t *Type) has(name string) bool {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return true
		}
	}
	return false
}

func (t *Type) fieldNames() []string {
	names := make([]string, len(t.Fields))
	for i := range t.Fields {
		names[i] = t.Fields[i].Name
	}
	return names
}

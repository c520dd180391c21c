package bindings

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// maxNesting is how deep plain data may nest.
const maxNesting = 8

// mostPlain is how many values it may have: tables may hold one another, so that it is not
// bounded by what a script holds.
const mostPlain = 1 << 17

// Plain turns a Lua value into plain Go data: nil, bool, float64, string, []any or
// map[string]any. A table whose keys are 1 to n is a list; an object is its text.
func Plain(v lua.LValue) (any, error) {
	if v == lua.LNil {
		return nil, nil
	}
	left := mostPlain
	return plain(v, 0, &left)
}

func plain(v lua.LValue, depth int, left *int) (any, error) {
	if *left--; *left < 0 {
		return nil, fmt.Errorf("the tables have more than %d values", mostPlain)
	}
	switch v := v.(type) {
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		return float64(v), nil
	case lua.LString:
		return string(v), nil
	case *lua.LTable:
		if depth > maxNesting {
			return nil, errors.New("tables nest too deep, or one holds itself")
		}
		return plainTable(v, depth, left)
	}
	if text := ToText(v); v.Type() == lua.LTUserData {
		return text, nil
	}
	return nil, errors.New("want booleans, numbers, strings and tables of them, got " + Describe(v))
}

func plainTable(t *lua.LTable, depth int, left *int) (any, error) {
	if n := t.Len(); n > 0 {
		if k, _ := t.Next(lua.LNumber(n)); k != lua.LNil {
			return nil, errors.New("a table is both a list and has names: want one or the other")
		}
		out := make([]any, n)
		for i := range out {
			var err error
			if out[i], err = plain(t.RawGetInt(i+1), depth+1, left); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	out := map[string]any{}
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		p, err := plain(v, depth+1, left)
		if err != nil {
			return nil, err
		}
		out[ToText(k)] = p
	}
	return out, nil
}

// ToLua converts what Plain returns; a table is a fresh one, so that changing it changes
// nothing else, with its names in their order. Other types become nil.
func (rt *Runtime) ToLua(v any) lua.LValue {
	switch v := v.(type) {
	case float64:
		return rt.Number(v)
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case []any:
		t := rt.L.CreateTable(len(v), 0)
		for _, e := range v {
			t.Append(rt.ToLua(e))
		}
		return t
	case map[string]any:
		t := rt.L.CreateTable(0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			t.RawSetString(name, rt.ToLua(v[name]))
		}
		return t
	}
	return lua.LNil
}

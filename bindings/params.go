package bindings

import lua "github.com/yuin/gopher-lua"

// Param is a parameter's name and value: a float64, a string, a bool, or a list
// of these as []any.
type Param struct {
	Name  string
	Value any
}

// SetParams makes the parameters known.
func (rt *Runtime) SetParams(list []Param) {
	rt.params = list
	rt.paramsKnown = true
}

// Param returns a parameter's value as Lua sees it, nil when there is none of
// that name, in which case names lists those there are. known is false until
// SetParams was called.
func (rt *Runtime) Param(name string) (v lua.LValue, names []string, known bool) {
	for i := range rt.params {
		if rt.params[i].Name == name {
			return rt.ToLua(rt.params[i].Value), nil, true
		}
	}
	for i := range rt.params {
		names = append(names, rt.params[i].Name)
	}
	return nil, names, rt.paramsKnown
}

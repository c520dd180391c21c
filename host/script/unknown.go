package script

import (
	"fmt"
	"reflect"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/perilune/perilune/bindings"
)

// UnknownNames finds names in the program that nothing defines: a misspelt
// function of a module, or a global that is read and never set. Lua would fail
// on them only when it gets there.
//
// It knows no scopes: a name that is local anywhere in a file counts as known
// in all of it. So it misses some mistakes and invents none.
func (vm *VM) UnknownNames() []*Error {
	var out []*Error
	for i := range vm.program.sources {
		src := &vm.program.sources[i]
		chunk, err := parse.Parse(strings.NewReader(withoutBOM(src.Text)), src.Path)
		if err != nil {
			continue // it was compiled before, so this does not happen
		}
		n := names{local: map[string]bool{}}
		walkValue(reflect.ValueOf(chunk), n.node)
		for _, use := range n.uses {
			if msg := vm.unknown(&n, use); msg != "" {
				e := &Error{File: src.Path, Line: use.line, Message: msg}
				out = append(out, e.at(vm.program.sources))
			}
		}
	}
	return out
}

// names is what a file declares and uses.
type names struct {
	local map[string]bool
	uses  []use
}

// use is a global, or a chain of fields from one: exec.pair.open.
type use struct {
	path []string
	line int
}

// walkValue walks any part of a syntax tree.
func walkValue(v reflect.Value, see func(node any) bool) {
	switch v.Kind() {
	case reflect.Interface:
		walkValue(v.Elem(), see)
	case reflect.Slice:
		for i := range v.Len() {
			walkValue(v.Index(i), see)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		if see(v.Interface()) {
			walkValue(v.Elem(), see)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				walkValue(v.Field(i), see)
			}
		}
	}
}

// node notes what a node declares or uses, and reports whether to look inside.
func (n *names) node(node any) bool {
	switch x := node.(type) {
	case *ast.LocalAssignStmt:
		n.declare(x.Names...)
	case *ast.NumberForStmt:
		n.declare(x.Name)
	case *ast.GenericForStmt:
		n.declare(x.Names...)
	case *ast.ParList:
		n.declare(x.Names...)
	case *ast.FuncName:
		if id, ok := x.Func.(*ast.IdentExpr); ok {
			n.declare(id.Value)
		}
		if x.Method != "" {
			n.declare("self")
		}
	case *ast.AssignStmt:
		for _, lhs := range x.Lhs {
			if id, ok := lhs.(*ast.IdentExpr); ok {
				n.declare(id.Value)
			}
		}
	case *ast.FunctionExpr:
		n.declare("self")
	case *ast.IdentExpr:
		n.use([]string{x.Value}, x.Line())
	case *ast.AttrGetExpr:
		if path := chain(x); path != nil {
			n.use(path, x.Line())
			return false
		}
	}
	return true
}

func (n *names) declare(list ...string) {
	for _, name := range list {
		n.local[name] = true
	}
}

func (n *names) use(path []string, line int) {
	n.uses = append(n.uses, use{path, line})
}

// chain returns a.b.c as its names, or nil when it is anything else.
func chain(x *ast.AttrGetExpr) []string {
	key, ok := x.Key.(*ast.StringExpr)
	if !ok {
		return nil
	}
	switch o := x.Object.(type) {
	case *ast.IdentExpr:
		return []string{o.Value, key.Value}
	case *ast.AttrGetExpr:
		if head := chain(o); head != nil {
			return append(head, key.Value)
		}
	}
	return nil
}

// unknown says what is wrong with a use, or "".
func (sb *sandbox) unknown(n *names, u use) string {
	if n.local[u.path[0]] {
		return ""
	}
	table, at := sb.globals, "global"
	for i, name := range u.path {
		if i == 1 && freeForm(u.path[0]) {
			return ""
		}
		v := table.RawGetString(name)
		if v == lua.LNil {
			return fmt.Sprintf("unknown %s %s%s", at, strings.Join(u.path[:i+1], "."), bindings.DidYouMean(name, keys(table)))
		}
		next, ok := v.(*lua.LTable)
		if !ok {
			return ""
		}
		table, at = next, "function"
	}
	return ""
}

// freeForm reports whether a global's fields are the script's own business.
func freeForm(global string) bool { return global == "state" || global == "params" || global == "_G" }

func keys(t *lua.LTable) []string {
	var out []string
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		out = append(out, k.String())
	}
	return out
}

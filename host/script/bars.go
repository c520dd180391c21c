package script

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// maxBars is how many lengths a strategy may declare: each is kept for every
// instrument.
const maxBars = 12

// readBars reads the lengths of bars that the strategy needs.
func (vm *VM) readBars(t *lua.LTable) error {
	v := t.RawGetString("bars")
	if fn, ok := v.(*lua.LFunction); ok {
		ret, err := vm.call(fn, 1, vm.globals.RawGetString("params"))
		if err != nil {
			return err
		}
		v = ret
	}
	switch list := v.(type) {
	case *lua.LNilType:
		return nil
	case *lua.LTable:
		return vm.readLengths(list)
	}
	return vm.barsError("bars: want a list of lengths such as { \"1m\", \"1h\" }, got %s", bindings.Describe(v))
}

func (vm *VM) readLengths(list *lua.LTable) error {
	if list.Len() == 0 || list.Len() > maxBars {
		return vm.barsError("bars: want 1 to %d lengths such as { \"1m\", \"1h\" }, got %d", maxBars, list.Len())
	}
	for k, _ := list.Next(lua.LNil); k != lua.LNil; k, _ = list.Next(k) {
		if n, ok := k.(lua.LNumber); !ok || n < 1 || float64(n) > float64(list.Len()) {
			return vm.barsError("bars: want a list of lengths such as { \"1m\", \"1h\" }, got the key %s", bindings.Describe(k))
		}
	}
	for i := 1; i <= list.Len(); i++ {
		v := list.RawGetInt(i)
		s, ok := v.(lua.LString)
		if !ok {
			return vm.barsError("bars[%d]: want a length such as \"1m\", got %s", i, bindings.Describe(v))
		}
		length, err := exchange.ParseBarLength(string(s))
		if err != nil {
			return vm.barsError("bars[%d]: %v", i, err)
		}
		if slices.Contains(vm.strategy.bars, length) {
			return vm.barsError("bars[%d]: %s is there already", i, exchange.BarLength(length))
		}
		vm.strategy.bars = append(vm.strategy.bars, length)
	}
	return nil
}

// barsError is an error about what the strategy declares as its bars, at that line.
func (vm *VM) barsError(format string, args ...any) *Error {
	return vm.BarsError(fmt.Errorf(format, args...))
}

// Bars are the lengths of bars that the strategy declares, in its order.
func (vm *VM) Bars() []exchange.Time { return vm.strategy.bars }

// BarsError places an error about the declared bars: at the line of the script
// where they are declared, when it can be found.
func (vm *VM) BarsError(err error) *Error {
	src := vm.program.sources[0]
	e := &Error{File: src.Path, Line: declaredAt(src, "bars"), Message: err.Error()}
	return e.at(vm.program.sources)
}

// declaredAt is the line that sets a field of this name, the last one when there
// are several; 0 when none does.
func declaredAt(src exchange.Source, field string) int {
	d := fieldLine{field: field}
	walk(src, d.node)
	return d.line
}

// walk shows every node of a source to see, until that says not to look inside.
func walk(src exchange.Source, see func(node any) bool) {
	chunk, err := parse.Parse(strings.NewReader(withoutBOM(src.Text)), src.Path)
	if err != nil {
		return // it was compiled before, so this does not happen
	}
	walkValue(reflect.ValueOf(chunk), see)
}

type fieldLine struct {
	field string
	line  int
}

func (d *fieldLine) node(node any) bool {
	switch x := node.(type) {
	case *ast.AssignStmt:
		for _, lhs := range x.Lhs {
			if a, ok := lhs.(*ast.AttrGetExpr); ok && d.named(a.Key) {
				d.line = x.Line()
			}
		}
	case *ast.TableExpr:
		for _, f := range x.Fields {
			if d.named(f.Key) {
				d.line = f.Value.Line()
			}
		}
	}
	return true
}

func (d *fieldLine) named(key ast.Expr) bool {
	s, ok := key.(*ast.StringExpr)
	return ok && s.Value == d.field
}

// UsesBars reports whether any of the program's files mentions market.bars.
func (vm *VM) UsesBars() bool { return vm.mentions("market", "bars") }

// mentions reports whether any source names a function of a module.
func (vm *VM) mentions(path ...string) (found bool) {
	for i := range vm.program.sources {
		if !strings.Contains(vm.program.sources[i].Text, path[len(path)-1]) {
			continue
		}
		n := names{local: map[string]bool{}}
		walk(vm.program.sources[i], n.node)
		for _, u := range n.uses {
			found = found || slices.Equal(u.path, path)
		}
	}
	return found
}

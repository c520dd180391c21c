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
		if err := vm.strategy.readLengths(list); err != nil {
			return vm.BarsError(err)
		}
		return nil
	}
	return vm.BarsError(fmt.Errorf("bars: want a list of lengths such as { \"1m\", \"1h\" }, got %s", bindings.Describe(v)))
}

func (s *strategy) readLengths(list *lua.LTable) error {
	if list.Len() == 0 || list.Len() > maxBars {
		return fmt.Errorf("bars: want 1 to %d lengths such as { \"1m\", \"1h\" }, got %d", maxBars, list.Len())
	}
	for k, _ := list.Next(lua.LNil); k != lua.LNil; k, _ = list.Next(k) {
		if n, ok := k.(lua.LNumber); !ok || n < 1 || float64(n) > float64(list.Len()) {
			return fmt.Errorf("bars: want a list of lengths such as { \"1m\", \"1h\" }, got the key %s", bindings.Describe(k))
		}
	}
	for i := 1; i <= list.Len(); i++ {
		v := list.RawGetInt(i)
		text, ok := v.(lua.LString)
		if !ok {
			return fmt.Errorf("bars[%d]: want a length such as \"1m\", got %s", i, bindings.Describe(v))
		}
		length, err := exchange.ParseBarLength(string(text))
		if err != nil {
			return fmt.Errorf("bars[%d]: %v", i, err)
		}
		if slices.Contains(s.bars, length) {
			return fmt.Errorf("bars[%d]: %s is there already", i, exchange.BarLength(length))
		}
		s.bars = append(s.bars, length)
	}
	return nil
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
func (vm *VM) UsesBars() bool { return vm.program.mentions("market", "bars") }

// HasText reports whether any source has a text of these words, such as "post_only".
func (p *Program) HasText(words string) (found bool) {
	for i := range p.sources {
		walk(p.sources[i], func(node any) bool {
			s, ok := node.(*ast.StringExpr)
			found = found || ok && s.Value == words
			return !found
		})
	}
	return found
}

// mentions reports whether any source names a function of a module.
func (p *Program) mentions(path ...string) (found bool) {
	for i := range p.sources {
		if !strings.Contains(p.sources[i].Text, path[len(path)-1]) {
			continue
		}
		n := names{local: map[string]bool{}}
		walk(p.sources[i], n.node)
		for _, u := range n.uses {
			found = found || slices.Equal(u.path, path)
		}
	}
	return found
}

package script

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// fieldsName is the parameter that carries the function which adds fields to a
// table under construction.
const fieldsName = "(fields)"

const (
	// flushed is how many elements of a list the compiler collects before it stores
	// them. A named field that follows such a group makes it store the group again,
	// from registers that hold something else by then, and several values that
	// follow one overwrite it.
	flushed = 50
	// maxElements is how many elements of a list the compiler can number.
	maxElements = 511 * flushed
	// fieldsAtOnce bounds the named fields of one call.
	fieldsAtOnce = 30
)

// table walks a constructor. Where the compiler would get it wrong, the fields up
// to there stay in the constructor, and a function adds the others, group by group
// in their order.
func (w *rewriter) table(e *ast.TableExpr) ast.Expr {
	elements, cut := 0, -1
	for i, f := range e.Fields {
		w.expr(&f.Key)
		w.expr(&f.Value)
		if f.Key != nil {
			single(f.Value) // the compiler would add the others to the list
		}
		full := elements > 0 && elements%flushed == 0
		if cut < 0 && full && (f.Key != nil || i == len(e.Fields)-1 && several(f.Value)) {
			cut = i
		}
		if f.Key == nil {
			elements++
		}
	}
	if elements > maxElements {
		w.fail(e.Line(), "a table constructor has %d elements of a list; at most %d are allowed", elements, maxElements)
	}
	if cut < 0 {
		return e
	}
	rest := e.Fields[cut:]
	e.Fields = e.Fields[:cut]
	var out ast.Expr = e
	for stored := cut - named(e.Fields); len(rest) > 0; {
		n := group(rest)
		out = adding(out, stored, rest[:n])
		stored += n - named(rest[:n])
		rest = rest[n:]
	}
	return out
}

func named(fields []*ast.Field) (n int) {
	for _, f := range fields {
		if f.Key != nil {
			n++
		}
	}
	return n
}

// group returns how many fields are added together: as the reference does it, named
// ones are set while the elements among them are collected.
func group(fields []*ast.Field) int {
	keys := 0
	for i, f := range fields {
		if f.Key != nil {
			keys++
		}
		if keys > fieldsAtOnce || i-keys >= flushed {
			return i
		}
	}
	return len(fields)
}

// adding is a call that adds fields to a table that has stored elements already:
// fields(table, stored, form, …), where form has a letter for each field: e for an
// element, n for a name and its value. What comes after them are elements too.
func adding(to ast.Expr, stored int, fields []*ast.Field) ast.Expr {
	args := []ast.Expr{to, nil, nil}
	form := ""
	for i, f := range fields {
		switch {
		case f.Key != nil:
			form += "n"
			args = append(args, f.Key)
		case i < len(fields)-1 || !several(f.Value):
			form += "e"
		}
		args = append(args, f.Value)
	}
	args[1] = at(&ast.NumberExpr{Value: strconv.Itoa(stored)}, to)
	args[2] = at(&ast.StringExpr{Value: form}, to)
	return at(&ast.FuncCallExpr{Func: ident(fieldsName, to), Args: args, AdjustRet: true}, to)
}

// addFields is that function. Elements are stored last, as they are by the reference.
func (lib operatorLib) addFields(L *lua.LState) int {
	t, stored, form := L.CheckTable(1), L.CheckInt(2), L.CheckString(3)
	arg := 4
	var elements []lua.LValue
	for i := range len(form) {
		if form[i] == 'e' {
			elements = append(elements, L.Get(arg))
			arg++
			continue
		}
		lib.set(L, t, L.Get(arg), L.Get(arg+1))
		arg += 2
	}
	for ; arg <= L.GetTop(); arg++ {
		elements = append(elements, L.Get(arg))
	}
	lib.budget.allocated += 2 * slotSize * len(elements)
	lib.spend(L, len(elements)/elementsPerUnit)
	for i, v := range elements {
		t.RawSetInt(stored+i+1, v)
	}
	L.SetTop(1)
	return 1
}

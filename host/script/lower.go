package script

import (
	"fmt"
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// What is lowered here is what gopher-lua's compiler translates to something
// else than Lua says, in silence: each is rewritten to an equal program that it
// translates right. The README of this package lists them.

// number gives a numeral the value it has in Lua 5.1: the compiler would read
// 010 as octal.
func (w *rewriter) number(e *ast.NumberExpr) {
	f, ok := luaNumber(e.Value)
	if !ok {
		w.fail(e.Line(), "malformed number near '%s'", e.Value)
		return
	}
	e.Value = strconv.FormatFloat(f, 'e', -1, 64)
}

// hidden is a call of an operator's function. It has one value.
func hidden(name string, pos ast.PositionHolder, args ...ast.Expr) *ast.FuncCallExpr {
	for _, a := range args {
		single(a)
	}
	return at(&ast.FuncCallExpr{Func: ident(name, pos), Args: args, AdjustRet: true}, pos)
}

// truth tells whether an expression is a constant, and whether it counts as true.
func truth(e ast.Expr) (constant, value bool) {
	switch e.(type) {
	case *ast.FalseExpr, *ast.NilExpr:
		return true, false
	case *ast.TrueExpr, *ast.NumberExpr, *ast.StringExpr:
		return true, true
	}
	return false, false
}

// logical folds an operation whose left side is a constant: the compiler's jumps
// out of such a one lead nowhere.
func logical(e *ast.LogicalOpExpr) ast.Expr {
	constant, value := truth(e.Lhs)
	switch {
	case !constant:
		return e
	case value == (e.Operator == "or"):
		return e.Lhs
	}
	return single(e.Rhs)
}

// negation folds the not of a constant.
func negation(e *ast.UnaryNotOpExpr) ast.Expr {
	switch constant, value := truth(e.Expr); {
	case !constant:
		return e
	case value:
		return at(&ast.FalseExpr{}, e)
	}
	return at(&ast.TrueExpr{}, e)
}

// single makes an expression that may have several values have one.
func single(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}

// branch folds an if of a constant to the part that is taken.
func branch(s *ast.IfStmt) ast.Stmt {
	constant, value := truth(s.Condition)
	if !constant {
		return s
	}
	body := s.Else
	if value {
		body = s.Then
	}
	return block(s, body...)
}

// loop folds a while whose condition is a constant that is false.
func loop(s *ast.WhileStmt) ast.Stmt {
	if constant, value := truth(s.Condition); constant && !value {
		return block(s)
	}
	return s
}

// generator fills up what a generic for takes to three values: the compiler
// leaves the others as an earlier loop left them. And it sees to it that the body
// does not begin with a jump, which the compiler would merge with the loop's own
// and get wrong.
func generator(s *ast.GenericForStmt) {
	if jumpsFirst(s.Stmts) {
		nothing := &ast.LocalAssignStmt{Names: []string{"(0)"}, Exprs: []ast.Expr{at(&ast.NilExpr{}, s)}}
		s.Stmts = append([]ast.Stmt{at(nothing, s)}, s.Stmts...)
	}
	if n := len(s.Exprs); n > 0 && several(s.Exprs[n-1]) {
		return
	}
	for len(s.Exprs) < 3 {
		s.Exprs = append(s.Exprs, at(&ast.NilExpr{}, s))
	}
}

// jumpsFirst reports whether the first instruction of statements may be a jump.
func jumpsFirst(list []ast.Stmt) bool {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.LabelStmt:
			continue
		case *ast.BreakStmt, *ast.GotoStmt:
			return true
		case *ast.DoBlockStmt:
			if len(s.Stmts) == 0 {
				continue
			}
			return jumpsFirst(s.Stmts)
		case *ast.WhileStmt:
			constant, _ := truth(s.Condition)
			return constant && jumpsFirst(s.Stmts)
		case *ast.RepeatStmt:
			if len(s.Stmts) == 0 {
				constant, _ := truth(s.Condition)
				return constant
			}
			return jumpsFirst(s.Stmts)
		}
		return false
	}
	return true
}

// several reports an expression that may have more than one value.
func several(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}

// outside keeps the local of "local f = function" out of the function, where f is
// what it was before. The compiler takes it for "local function f", which differs
// in the syntax tree by having a last line.
func outside(s *ast.LocalAssignStmt) {
	if len(s.Exprs) != 1 || s.LastLine() != 0 {
		return
	}
	if fn, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
		s.Exprs = append(s.Exprs, at(&ast.NilExpr{}, fn))
	}
}

// assign evaluates everything that a multiple assignment needs before it assigns
// anything, and then from the right, as the reference does. The compiler writes
// to a local as soon as it has its value: a, b = a + 1, a + b.
func (w *rewriter) assign(s *ast.AssignStmt) ast.Stmt {
	if len(s.Lhs) == 1 && len(s.Rhs) == 1 {
		return w.assignOne(s)
	}
	t := temporaries{pos: s}
	targets := make([]ast.Expr, len(s.Lhs))
	for i, lhs := range s.Lhs {
		targets[i] = lhs
		if get, ok := lhs.(*ast.AttrGetExpr); ok {
			targets[i] = at(&ast.AttrGetExpr{Object: t.keep(get.Object), Key: t.keep(get.Key)}, get)
		}
	}
	first := len(t.names)
	for i := range s.Lhs {
		t.names = append(t.names, fmt.Sprintf("(%d)", first+i))
	}
	t.exprs = append(t.exprs, s.Rhs...)
	out := []ast.Stmt{t.declare()}
	for i := len(targets) - 1; i >= 0; i-- {
		set := &ast.AssignStmt{Lhs: []ast.Expr{targets[i]}, Rhs: []ast.Expr{ident(t.names[first+i], s)}}
		out = append(out, at(set, s))
	}
	return block(s, out...)
}

// assignOne keeps what is right as it is.
func (w *rewriter) assignOne(s *ast.AssignStmt) ast.Stmt {
	if _, ok := s.Lhs[0].(*ast.IdentExpr); !ok {
		return s
	}
	switch s.Rhs[0].(type) {
	case *ast.LogicalOpExpr, *ast.RelationalOpExpr, *ast.FuncCallExpr, *ast.Comma3Expr, *ast.TableExpr:
		t := temporaries{pos: s}
		value := t.keep(s.Rhs[0])
		return block(s, t.declare(), at(&ast.AssignStmt{Lhs: s.Lhs, Rhs: []ast.Expr{value}}, s))
	}
	return s
}

// temporaries are locals whose names no script can write.
type temporaries struct {
	pos   ast.PositionHolder
	names []string
	exprs []ast.Expr
}

// keep evaluates an expression into a temporary, unless it is a constant.
func (t *temporaries) keep(e ast.Expr) ast.Expr {
	if constant, _ := truth(e); constant {
		return e
	}
	name := fmt.Sprintf("(%d)", len(t.names))
	t.names = append(t.names, name)
	t.exprs = append(t.exprs, single(e))
	return ident(name, t.pos)
}

func (t *temporaries) declare() ast.Stmt {
	return at(&ast.LocalAssignStmt{Names: t.names, Exprs: t.exprs}, t.pos)
}

func ident(name string, pos ast.PositionHolder) ast.Expr {
	return at(&ast.IdentExpr{Value: name}, pos)
}

func block(pos ast.PositionHolder, list ...ast.Stmt) ast.Stmt {
	return at(&ast.DoBlockStmt{Stmts: list}, pos)
}

// at gives a made node the position of what it stands for.
func at[T ast.PositionHolder](node T, pos ast.PositionHolder) T {
	node.SetLine(pos.Line())
	last := pos.LastLine()
	if last == 0 {
		last = pos.Line()
	}
	node.SetLastLine(last)
	return node
}

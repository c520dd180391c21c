package script

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// The parameters of a chunk that carry functions which stand for operators. No
// script can name them, because they are not identifiers.
const (
	concatName = "(concat)"
	moduloName = "(modulo)"
)

// operators are those parameters in their order.
var operators = []string{concatName, moduloName, lengthName, fieldsName}

// lengthName is the parameter that carries the function for #. The virtual
// machine's own operator knows the first 65535 elements of a list only, and so
// t[#t+1] = v would put all further ones in the same place.
const lengthName = "(length)"

// rewriter walks a parsed file once. It replaces every a .. b by a call of a
// function that bounds the length of the result, because the virtual machine's
// own operator cannot be bounded: s = s .. s takes a gigabyte in thirty steps.
// On the way it bounds what the compiler will be asked to do, and notes what is
// required.
//
// The function reaches the code as a parameter of the chunk, hence as a local or
// an upvalue. A script can neither see it nor replace it, and calling it is
// faster than looking up a global. So does a % b, which the machine takes for C's
// fmod: Lua 5.1 defines it as a - floor(a/b)*b, and 1 % 0.1 is 0 and not 0.1.
//
// What the compiler gets wrong otherwise is lowered; see lower.go.
type rewriter struct {
	file      string
	depth     int
	constants map[string]struct{} // of the function being walked
	requires  []string
	begun     map[int]bool // lines on which statements begin; nil: nobody asks
	err       *Error
}

func (w *rewriter) fail(line int, format string, args ...any) {
	if w.err == nil {
		w.err = &Error{File: w.file, Line: line, Message: fmt.Sprintf(format, args...)}
	}
}

// enter notes one level of recursion and reports whether to go on.
func (w *rewriter) enter(line int) bool {
	w.depth++
	if w.depth > maxDepth {
		w.fail(line, "expressions and blocks nest more than %d deep", maxDepth)
	}
	return w.err == nil
}

func (w *rewriter) leave() { w.depth-- }

// function walks the body of a function, which has constants of its own.
func (w *rewriter) function(body []ast.Stmt) {
	outer := w.constants
	w.constants = make(map[string]struct{})
	w.block(body)
	w.constants = outer
}

func (w *rewriter) constant(kind byte, value string, line int) {
	w.constants[string(kind)+value] = struct{}{}
	if len(w.constants) > maxConstants {
		w.fail(line, "one function uses more than %d different constants and names: move data into several functions", maxConstants)
	}
}

func (w *rewriter) block(list []ast.Stmt) {
	for i, s := range list {
		if !w.enter(s.Line()) {
			return
		}
		if w.begun != nil {
			w.begun[s.Line()] = true
		}
		list[i] = w.stmt(s)
		w.leave()
	}
}

// stmt walks a statement and returns what takes its place.
func (w *rewriter) stmt(s ast.Stmt) ast.Stmt {
	switch s := s.(type) {
	case *ast.AssignStmt:
		w.exprs(s.Lhs)
		w.exprs(s.Rhs)
		return w.assign(s)
	case *ast.LocalAssignStmt:
		w.exprs(s.Exprs)
		outside(s)
	case *ast.FuncCallStmt:
		w.expr(&s.Expr)
	case *ast.DoBlockStmt:
		w.block(s.Stmts)
	case *ast.WhileStmt:
		w.expr(&s.Condition)
		w.block(s.Stmts)
		return loop(s)
	case *ast.RepeatStmt:
		w.expr(&s.Condition)
		w.block(s.Stmts)
	case *ast.IfStmt:
		w.expr(&s.Condition)
		w.block(s.Then)
		w.block(s.Else)
		return branch(s)
	case *ast.NumberForStmt:
		w.expr(&s.Init)
		w.expr(&s.Limit)
		w.expr(&s.Step)
		w.block(s.Stmts)
	case *ast.GenericForStmt:
		w.exprs(s.Exprs)
		w.block(s.Stmts)
		generator(s)
	case *ast.FuncDefStmt:
		w.expr(&s.Name.Func)
		w.expr(&s.Name.Receiver)
		w.constant('s', s.Name.Method, s.Line())
		w.function(s.Func.Stmts)
	case *ast.ReturnStmt:
		w.exprs(s.Exprs)
	}
	return s
}

func (w *rewriter) exprs(list []ast.Expr) {
	for i := range list {
		w.expr(&list[i])
	}
}

// expr walks an expression and may replace it.
func (w *rewriter) expr(at *ast.Expr) {
	if *at == nil || !w.enter((*at).Line()) {
		return
	}
	switch e := (*at).(type) {
	case *ast.NumberExpr:
		w.number(e)
		w.constant('n', e.Value, e.Line())
	case *ast.StringExpr:
		w.constant('s', e.Value, e.Line())
	case *ast.IdentExpr:
		w.constant('s', e.Value, e.Line())
	case *ast.AttrGetExpr:
		w.expr(&e.Object)
		w.expr(&e.Key)
	case *ast.TableExpr:
		*at = w.table(e)
	case *ast.FuncCallExpr:
		w.call(e)
	case *ast.LogicalOpExpr:
		w.expr(&e.Lhs)
		w.expr(&e.Rhs)
		*at = logical(e)
	case *ast.RelationalOpExpr:
		w.expr(&e.Lhs)
		w.expr(&e.Rhs)
	case *ast.StringConcatOpExpr:
		*at = w.concat(e)
	case *ast.ArithmeticOpExpr:
		w.expr(&e.Lhs)
		w.expr(&e.Rhs)
		if e.Operator == "%" {
			*at = hidden(moduloName, e, e.Lhs, e.Rhs)
		}
	case *ast.UnaryMinusOpExpr:
		w.expr(&e.Expr)
	case *ast.UnaryNotOpExpr:
		w.expr(&e.Expr)
		*at = negation(e)
	case *ast.UnaryLenOpExpr:
		w.expr(&e.Expr)
		*at = w.length(e)
	case *ast.FunctionExpr:
		w.function(e.Stmts)
	}
	w.leave()
}

func (w *rewriter) call(e *ast.FuncCallExpr) {
	w.expr(&e.Func)
	w.expr(&e.Receiver)
	if e.Method != "" {
		w.constant('s', e.Method, e.Line())
	}
	w.exprs(e.Args)
	if fn, ok := e.Func.(*ast.IdentExpr); ok && fn.Value == "require" && len(e.Args) == 1 {
		if name, ok := e.Args[0].(*ast.StringExpr); ok {
			w.requires = append(w.requires, name.Value)
		}
	}
}

// concat turns the right-leaning chain a .. (b .. c) into concat(a, b, c), one
// call for the whole chain, as the virtual machine has one instruction for it.
func (w *rewriter) concat(e *ast.StringConcatOpExpr) ast.Expr {
	call := hidden(concatName, e)
	var rest ast.Expr = e
	for {
		c, ok := rest.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		call.Args = append(call.Args, c.Lhs)
		rest = c.Rhs
	}
	call.Args = append(call.Args, rest)
	w.exprs(call.Args)
	single(call.Args[len(call.Args)-1])
	return call
}

// length turns #a into length(a).
func (w *rewriter) length(e *ast.UnaryLenOpExpr) ast.Expr {
	fn := &ast.IdentExpr{Value: lengthName}
	fn.SetLine(e.Line())
	call := &ast.FuncCallExpr{Func: fn, AdjustRet: true, Args: []ast.Expr{e.Expr}}
	call.SetLine(e.Line())
	call.SetLastLine(e.LastLine())
	switch arg := e.Expr.(type) {
	case *ast.FuncCallExpr:
		arg.AdjustRet = true
	case *ast.Comma3Expr:
		arg.AdjustRet = true
	}
	return call
}

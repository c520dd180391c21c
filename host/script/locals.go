package script

import (
	"reflect"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// What gopher-lua's compiler notes of local variables is of no use once a block has ended:
// it takes a variable's register for its place in the list of all of a function's, and so
// writes the end of one variable's scope to another. Instead a program that is looked into
// is compiled once more, with the places of its syntax tree numbered by scope instead of by
// line: where an instruction is then says what is in scope at it. The code is the same.

// scope is what is in scope at a place in a function: what was before, and one more variable.
type scope struct {
	before int
	name   string
}

// scopes are those of one source; the first has no variables.
type scopes struct {
	list []scope
	at   map[*lua.FunctionProto][]int // by instruction
}

// tableArg is the name of the register in which a function of ... gets the table arg, which
// it does not get when it says ... itself.
const tableArg = "(arg)"

// namesAt are the local variables at an instruction of a function, by register. A name that
// begins with a bracket is none of the script's.
func (p *Program) namesAt(proto *lua.FunctionProto, pc int) []string {
	for i := range p.sources {
		if p.sources[i].Path == proto.SourceName {
			return p.scopesOf(i).names(proto, pc)
		}
	}
	return nil
}

// scopesOf is what is in scope in the functions of a source.
func (p *Program) scopesOf(source int) *scopes {
	p.looked.Lock()
	defer p.looked.Unlock()
	if s := p.scopes[source]; s != nil {
		return s
	}
	s := &scopes{list: make([]scope, 1), at: make(map[*lua.FunctionProto][]int)}
	if p.scopes == nil {
		p.scopes = make(map[int]*scopes)
	}
	p.scopes[source] = s
	src := p.sources[source]
	chunk, err := function(src)
	if err != nil {
		return s
	}
	s.block(chunk, 0)
	if numbered, err := generate(chunk, src); err == nil {
		s.pair(p.tops[source], numbered.FunctionPrototypes[0])
	}
	return s
}

// pair notes the scopes of a function whose code is the same in both compilations.
func (s *scopes) pair(ran, numbered *lua.FunctionProto) {
	if !slices.Equal(ran.Code, numbered.Code) || len(ran.FunctionPrototypes) != len(numbered.FunctionPrototypes) {
		return
	}
	s.at[ran] = numbered.DbgSourcePositions
	for i, inner := range ran.FunctionPrototypes {
		s.pair(inner, numbered.FunctionPrototypes[i])
	}
}

// names are the variables at an instruction of a function, by register.
func (s *scopes) names(proto *lua.FunctionProto, pc int) (out []string) {
	places, ok := s.at[proto]
	if !ok || pc >= len(places) {
		// A function's parameters are where they are all the same.
		for _, l := range proto.DbgLocals[:min(int(proto.NumParameters), len(proto.DbgLocals))] {
			out = append(out, l.Name)
		}
		return out
	}
	for at := places[pc]; at != 0; at = s.list[at].before {
		name := s.list[at].name
		if name == tableArg && proto.IsVarArg&lua.VarArgNeedsArg != 0 {
			name = "arg"
		}
		out = append(out, name)
	}
	slices.Reverse(out)
	return out
}

func (s *scopes) declare(at int, names ...string) int {
	for _, name := range names {
		s.list = append(s.list, scope{at, name})
		at = len(s.list) - 1
	}
	return at
}

// block numbers statements that begin in a scope, and returns the one they end in.
func (s *scopes) block(list []ast.Stmt, at int) int {
	for _, st := range list {
		at = s.stmt(st, at)
	}
	return at
}

// stmt numbers a statement and returns the scope after it. The compiler gives what ends a
// block the last place of its statement.
func (s *scopes) stmt(st ast.Stmt, at int) (after int) {
	after = at
	last := at
	switch st := st.(type) {
	case *ast.LocalAssignStmt:
		s.mark(st.Exprs, at)
		after = s.declare(at, st.Names...)
		last = after
	case *ast.DoBlockStmt:
		last = s.block(st.Stmts, at)
	case *ast.WhileStmt:
		s.mark(st.Condition, at)
		last = s.block(st.Stmts, at)
	case *ast.RepeatStmt:
		last = s.block(st.Stmts, at)
		s.mark(st.Condition, last)
	case *ast.IfStmt:
		s.mark(st.Condition, at)
		s.block(st.Then, at)
		s.block(st.Else, at)
	case *ast.NumberForStmt:
		s.mark([]ast.Expr{st.Init, st.Limit, st.Step}, at)
		last = s.block(st.Stmts, s.declare(at, "(index)", "(limit)", "(step)", st.Name))
	case *ast.GenericForStmt:
		s.mark(st.Exprs, at)
		in := s.declare(at, "(generator)", "(state)", "(control)")
		last = s.block(st.Stmts, s.declare(in, st.Names...))
	case *ast.FuncDefStmt:
		s.mark(st.Name, at)
		s.function(st.Func, at, st.Name.Func == nil)
	default:
		s.mark(st, at)
	}
	st.SetLine(at)
	st.SetLastLine(last)
	return after
}

// mark numbers expressions, and the functions in them.
func (s *scopes) mark(part any, at int) {
	walkValue(reflect.ValueOf(part), func(node any) bool {
		if fn, ok := node.(*ast.FunctionExpr); ok {
			s.function(fn, at, false)
			return false
		}
		if place, ok := node.(ast.PositionHolder); ok {
			place.SetLine(at)
			place.SetLastLine(at)
		}
		return true
	})
}

func (s *scopes) function(fn *ast.FunctionExpr, at int, method bool) {
	in := 0
	if method {
		in = s.declare(in, "self")
	}
	in = s.declare(in, fn.ParList.Names...)
	if fn.ParList.HasVargs {
		in = s.declare(in, tableArg)
	}
	fn.SetLine(at)
	fn.SetLastLine(s.block(fn.Stmts, in))
}

package script

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/perilune/perilune/exchange"
)

// Bounds of what is compiled. gopher-lua's compiler takes time in the square of
// a function's constants (29 s for 50 000), and its parser and compiler recurse
// as deep as the text nests.
const (
	maxSource    = 256 << 10
	maxNesting   = 200
	maxDepth     = 1000
	maxConstants = 4000
)

// Program is a compiled strategy. It is immutable and may be shared by VMs.
type Program struct {
	sources []exchange.Source
	tops    []*lua.FunctionProto // of each source
	main    *lua.FunctionProto
	modules map[string]*lua.FunctionProto // by the name that require takes
	hash    string

	looked sync.Mutex
	scopes map[int]*scopes // by source, of those that were looked into
}

// Hash identifies the sources: hex SHA-256 over paths and texts.
func (p *Program) Hash() string { return p.hash }

// Path returns the path of the script itself.
func (p *Program) Path() string { return p.sources[0].Path }

// Sources returns what the program was compiled from, the script first. The
// slice must not be changed.
func (p *Program) Sources() []exchange.Source { return p.sources }

// Compile compiles a script and what it requires, which follows it in sources.
// It reads nothing but its argument, so a journalled program compiles to the
// same thing. An error in a source is an [*Error]; an empty script is
// [ErrNotReady].
func Compile(sources []exchange.Source) (*Program, error) {
	if len(sources) == 0 {
		return nil, fmt.Errorf("compile: no source was given")
	}
	if strings.TrimSpace(withoutBOM(sources[0].Text)) == "" {
		return nil, &Error{File: sources[0].Path, Message: "the file is empty", Cause: ErrNotReady}
	}
	p := &Program{modules: make(map[string]*lua.FunctionProto), hash: Hash(sources)}
	p.sources = append(p.sources, sources...)
	for i, src := range sources {
		proto, err := compile(src)
		if err != nil {
			return nil, err
		}
		p.tops = append(p.tops, proto)
		if i == 0 {
			p.main = proto
		} else {
			p.modules[moduleName(src.Path)] = proto
		}
	}
	return p, nil
}

// Hash returns the hex SHA-256 of sources, over paths, lengths and texts.
func Hash(sources []exchange.Source) string {
	h := sha256.New()
	for _, s := range sources {
		fmt.Fprintf(h, "%d %s\n%d\n%s\n", len(s.Path), s.Path, len(s.Text), s.Text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// compile turns one source into a function that takes the functions of operators
// first and the chunk's own arguments after it. See rewrite.
func compile(src exchange.Source) (*lua.FunctionProto, error) {
	chunk, err := function(src)
	if err != nil {
		return nil, err
	}
	proto, err := generate(chunk, src)
	if err != nil {
		return nil, err
	}
	return proto.FunctionPrototypes[0], nil
}

// function is a chunk that makes the function that a source is compiled to.
func function(src exchange.Source) ([]ast.Stmt, error) {
	chunk, _, err := parseSource(src)
	if err != nil {
		return nil, err
	}
	body := &ast.FunctionExpr{ParList: &ast.ParList{HasVargs: true, Names: operators}, Stmts: chunk}
	body.SetLine(0)
	body.SetLastLine(lastLine(src.Text))
	outer := &ast.ReturnStmt{Exprs: []ast.Expr{body}}
	outer.SetLine(1)
	return []ast.Stmt{outer}, nil
}

// parseSource checks and parses a source, and returns the modules it requires.
func parseSource(src exchange.Source) ([]ast.Stmt, []string, error) {
	rw := rewriter{file: src.Path}
	chunk, err := rw.parse(src)
	return chunk, rw.requires, err
}

// parse checks, parses and rewrites a source.
func (w *rewriter) parse(src exchange.Source) ([]ast.Stmt, error) {
	text := withoutBOM(src.Text)
	if len(text) > maxSource {
		return nil, &Error{File: src.Path, Message: fmt.Sprintf("the file has %d bytes; at most %d are allowed", len(text), maxSource)}
	}
	if err := checkNesting(src.Path, text); err != nil {
		return nil, err.at([]exchange.Source{src})
	}
	chunk, err := parse.Parse(strings.NewReader(text), src.Path)
	if err != nil {
		return nil, syntaxError(err, src)
	}
	w.function(chunk)
	if w.err != nil {
		return nil, w.err.at([]exchange.Source{src})
	}
	return chunk, nil
}

// generate is lua.Compile, which panics on some mistakes it should report.
func generate(chunk []ast.Stmt, src exchange.Source) (proto *lua.FunctionProto, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{File: src.Path, Message: fmt.Sprintf("cannot be compiled: %v", p)}
		}
	}()
	proto, err = lua.Compile(chunk, src.Path)
	if ce, ok := err.(*lua.CompileError); ok {
		return nil, (&Error{File: src.Path, Line: ce.Line, Message: ce.Message}).at([]exchange.Source{src})
	}
	if err != nil {
		return nil, err
	}
	if line := uncountable(proto); line > 0 {
		text := fmt.Sprintf("a function uses more than %d variables of the functions around it", maxUpvalues)
		return nil, (&Error{File: src.Path, Line: line, Message: text}).at([]exchange.Source{src})
	}
	return proto, nil
}

// maxUpvalues is as many as gopher-lua counts, in a byte.
const maxUpvalues = 255

// uncountable returns the line of a function with more, 0 for none.
func uncountable(p *lua.FunctionProto) int {
	if len(p.DbgUpvalues) > maxUpvalues {
		return max(p.LineDefined, 1)
	}
	for _, inner := range p.FunctionPrototypes {
		if line := uncountable(inner); line > 0 {
			return line
		}
	}
	return 0
}

func withoutBOM(s string) string { return strings.TrimPrefix(s, "\ufeff") }

// checkNesting bounds brackets and blocks before the parser, whose memory grows
// with them, sees the text.
func checkNesting(path, text string) *Error {
	lexer := &parse.Lexer{}
	sc := parse.NewScanner(strings.NewReader(text), path)
	depth := 0
	for {
		tok, err := sc.Scan(lexer)
		if err != nil || tok.Type == parse.EOF {
			return nil // the parser says it better
		}
		lexer.PrevTokenType = tok.Type
		switch tok.Type {
		case '(', '{', '[', parse.TFunction, parse.TDo, parse.TThen, parse.TRepeat:
			depth++
		case ')', '}', ']', parse.TEnd, parse.TUntil, parse.TElseIf:
			depth--
		}
		if depth > maxNesting {
			return &Error{File: path, Line: tok.Pos.Line, Col: tok.Pos.Column,
				Message: fmt.Sprintf("brackets and blocks nest more than %d deep", maxNesting)}
		}
	}
}

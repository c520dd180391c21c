package lint

import (
	"go/ast"
	"go/token"
	"slices"
)

// pure are the packages that decide what is traded. Given the same events they
// must do the same, or a replay proves nothing.
var pure = []string{
	"host/core", "host/execution", "host/risk", "exchange/intent", "exchange/intent/advice",
	"exchange", "exchange/book", "exchange/fixed", "exchange/paper", "exchange/synth", "exchange/funding",
}

// seeded may draw from a random source that was made from a seed.
var seeded = []string{"exchange/paper", "exchange/synth"}

func isPure(dir string) bool { return slices.Contains(pure, dir) }

// bannedImports reach out of the loop.
var bannedImports = []struct{ path, why string }{
	{"os", "what it does may depend only on events"},
	{"net", "what it does may depend only on events"},
	{"database", "the ledger is fed by effects"},
	{"math/rand", "use math/rand/v2 with a seeded source"},
	{"crypto/rand", "a replay cannot draw the same numbers"},
}

// bannedTime are the parts of package time that read a clock or wait for one.
var bannedTime = []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}

// seededRand are the parts of math/rand/v2 that do not use its global source.
var seededRand = []string{"New", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "PCG", "ChaCha8", "Source", "Zipf"}

// checkDeterminism keeps clocks, goroutines, chance and the outside world out of
// the packages that decide.
func checkDeterminism(t *Tree) (out []Finding) {
	t.production(func(p *Package, f *File) {
		if !isPure(p.Dir) {
			return
		}
		out = append(out, impureImports(t, p, f)...)
		for n := range ast.Preorder(f.AST) {
			if why := impure(f, n); why != "" {
				out = append(out, t.at(n.Pos(), "%s", why))
			}
		}
	})
	return out
}

func impureImports(t *Tree, p *Package, f *File) (out []Finding) {
	for _, spec := range f.AST.Imports {
		path := importPath(spec)
		if path == "math/rand/v2" {
			if !slices.Contains(seeded, p.Dir) {
				out = append(out, t.at(spec.Pos(), "%s is imported by %s, which decides: chance belongs to a simulated venue", path, p.Dir))
			}
			continue
		}
		for _, b := range bannedImports {
			if under(path, b.path) {
				out = append(out, t.at(spec.Pos(), "%s is imported by %s: %s", path, p.Dir, b.why))
			}
		}
	}
	return out
}

// impure says what is wrong with a node in a package that must be pure.
func impure(f *File, n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "a goroutine: the loop runs everything in one order"
	case *ast.SelectStmt:
		return "select: which case runs is left to chance"
	case *ast.ChanType:
		return "a channel: events come in through Step and effects go out of it"
	case *ast.SendStmt:
		return "a send on a channel: effects are returned"
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return "a receive from a channel: events come in through Step"
		}
	case *ast.SelectorExpr:
		switch imported(f, n) {
		case "time":
			if slices.Contains(bannedTime, n.Sel.Name) {
				return "time." + n.Sel.Name + ": the loop's time comes with the event"
			}
		case "math/rand/v2":
			if !slices.Contains(seededRand, n.Sel.Name) {
				return "rand." + n.Sel.Name + " draws from the global source: make one from the seed"
			}
		}
	}
	return ""
}

// imported returns the import path of the package that a selector selects from;
// "" when it selects from something else.
func imported(f *File, sel *ast.SelectorExpr) string {
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	for _, spec := range f.AST.Imports {
		if localName(spec) == x.Name {
			return importPath(spec)
		}
	}
	return ""
}

package lint

import (
	"go/ast"
	"go/token"
	"strings"
)

// neutral are the trees that know no venue, but for the venues' own below exchange, which
// know theirs and no other.
var neutral = []string{"exchange", "host", "bindings", "ledger"}

// venueList is the one file in which the host lists the venues that there are.
const venueList = "host/venues.go"

// factual are files that say something of the world in which venues have names. They may
// say it, and import none.
var factual = map[string]string{
	"exchange/record/contract.go": "what Tardis calls exchanges, and what their contracts are",
	"exchange/synth/universe.go":  "whose market the built-in one resembles",
}

// houses are the venues that they must not name.
var houses = []string{"binance", "bybit", "okx", "deribit", "hyperliquid"}

// checkNeutral keeps the names of venues out of the code of neutral packages, imports
// included: what is a venue's stands in its own package. Comments may name one.
func checkNeutral(t *Tree) (out []Finding) {
	t.production(func(p *Package, f *File) {
		if f.Path == venueList || under(p.Dir, "host/internal/lint") || !under(p.Dir, neutral...) {
			return
		}
		_, mayName := factual[f.Path]
		check := func(n ast.Node, text string) {
			for _, h := range houses {
				if !under(p.Dir, "exchange/"+h) && strings.Contains(strings.ToLower(text), h) {
					out = append(out, t.at(n.Pos(), "%s names %s: what is a venue's stands in its own package", p.Dir, h))
				}
			}
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				check(n, n.Path.Value)
				return false
			case *ast.Ident:
				if !mayName {
					check(n, n.Name)
				}
			case *ast.BasicLit:
				if !mayName && n.Kind == token.STRING {
					check(n, n.Value)
				}
			}
			return true
		})
	})
	return out
}

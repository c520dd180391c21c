package lint

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// neutral are the packages that know no venue. Those that end in a slash are meant with
// everything below them.
var neutral = []string{"exchange/simserver", "exchange/connect", "exchange/oms", "exchange/limit", "exchange/sign", "exchange/valuation",
	"host/", "bindings/", "ledger/"}

// venueList is the one file in which the host lists the venues that there are.
const venueList = "host/venues.go"

// houses are the venues that they must not name.
var houses = []string{"binance", "bybit", "okx", "deribit", "hyperliquid"}

// checkNeutral keeps the names of venues out of the code of neutral packages, imports
// included: what is a venue's stands in its own package. Comments may name one.
func checkNeutral(t *Tree) (out []Finding) {
	t.production(func(p *Package, f *File) {
		if f.Path == venueList || strings.HasPrefix(p.Dir, "host/internal/lint") ||
			!slices.ContainsFunc(neutral, func(dir string) bool {
				return p.Dir == dir || strings.HasSuffix(dir, "/") && strings.HasPrefix(p.Dir+"/", dir)
			}) {
			return
		}
		for n := range ast.Preorder(f.AST) {
			text := ""
			switch n := n.(type) {
			case *ast.Ident:
				text = n.Name
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					text = n.Value
				}
			}
			for _, h := range houses {
				if strings.Contains(strings.ToLower(text), h) {
					out = append(out, t.at(n.Pos(), "%s names %s: what is a venue's stands in its own package", p.Dir, h))
				}
			}
		}
	})
	return out
}

package lint

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
)

// bannedCalls are methods that must not be called, where a file imports the
// library that has them.
var bannedCalls = []struct{ library, method, why string }{
	{"github.com/yuin/gopher-lua", "ForEach", "it walks a Go map, so the order differs from run to run: use Next"},
	{"github.com/gorilla/websocket", "ReadMessage", "it allocates what the peer asks for: use NextReader with a bounded buffer"},
}

// checkCalls finds calls of banned methods. It goes by the name of the method
// alone, which is why it looks only into files that import the library.
func checkCalls(t *Tree) (out []Finding) {
	t.production(func(p *Package, f *File) {
		for _, b := range bannedCalls {
			uses := func(s *ast.ImportSpec) bool { return importPath(s) == b.library }
			if !slices.ContainsFunc(f.AST.Imports, uses) {
				continue
			}
			for n := range ast.Preorder(f.AST) {
				if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == b.method {
					out = append(out, t.at(sel.Sel.Pos(), "%s of %s: %s", b.method, b.library, b.why))
				}
			}
		}
	})
	return out
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// localName returns what a file calls an imported package. For one that is not
// renamed it is the last element of the path, which holds for every package
// that is asked for here.
func localName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	p := importPath(spec)
	if majorVersion.MatchString(path.Base(p)) {
		p = path.Dir(p)
	}
	return path.Base(p)
}

package lint

import "go/ast"

// maxMethods is how many methods a type may have. Beyond it a type is several
// things that share their fields: whoever changes one reads all.
const maxMethods = 39

// checkReceivers finds types that have grown too large to hold in the head.
func checkReceivers(t *Tree) (out []Finding) {
	for _, p := range t.packages {
		if forTests(p.Dir) {
			continue // a stand-in has what it stands in for
		}
		methods := make(map[string]int)
		for _, f := range p.Files {
			if f.Test || f.Generated {
				continue
			}
			for _, decl := range f.AST.Decls {
				d, ok := decl.(*ast.FuncDecl)
				if !ok || d.Recv == nil {
					continue
				}
				name := receiver(d)
				if methods[name]++; methods[name] == maxMethods+1 {
					out = append(out, t.at(d.Pos(), "%s has more than %d methods: find the parts of it that are things of their own", name, maxMethods))
				}
			}
		}
	}
	return out
}

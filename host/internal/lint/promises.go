package lint

import (
	"go/ast"
	"go/token"
	"slices"
)

// interfaces returns the methods of every interface of ours, by the directory
// and the name of it: "bindings.Env". Those of interfaces that it has in it count.
func (t *Tree) interfaces() map[string][]string {
	own, parts := t.ownMethods()
	all := make(map[string][]string, len(own))
	for key := range own {
		all[key] = gathered(key, own, parts)
	}
	return all
}

// gathered is an interface's own methods and those of its parts.
func gathered(key string, own, parts map[string][]string) []string {
	out := slices.Clone(own[key])
	for _, part := range parts[key] {
		out = append(out, gathered(part, own, parts)...)
	}
	return out
}

// ownMethods returns what each interface names itself, and which of ours are parts of it.
func (t *Tree) ownMethods() (own, parts map[string][]string) {
	own, parts = make(map[string][]string), make(map[string][]string)
	t.each(func(p *Package, f *File) {
		for n := range ast.Preorder(f.AST) {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				continue
			}
			iface, ok := spec.Type.(*ast.InterfaceType)
			if !ok {
				continue
			}
			key := p.Dir + "." + spec.Name.Name
			own[key] = nil
			for _, m := range iface.Methods.List {
				for _, id := range m.Names {
					own[key] = append(own[key], id.Name)
				}
				if part := ownType(p, f, m.Type); len(m.Names) == 0 && part != "" {
					parts[key] = append(parts[key], part)
				}
			}
		}
	})
	return own, parts
}

// promises returns, for each type of a package, the methods of the interfaces
// that it is declared to implement by a line such as
//
//	var _ bindings.Env = (*Env)(nil)
func promises(p *Package, methods map[string][]string) map[string][]string {
	promised := make(map[string][]string)
	for _, f := range p.Files {
		for _, decl := range f.AST.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.VAR {
				continue
			}
			for _, spec := range d.Specs {
				s := spec.(*ast.ValueSpec) // the only kind that var has
				if s.Names[0].Name != "_" || len(s.Values) != 1 {
					continue
				}
				typ := guarded(s.Values[0])
				promised[typ] = append(promised[typ], methods[ownType(p, f, s.Type)]...)
			}
		}
	}
	return promised
}

// guarded returns the type T of (*T)(nil) or T{}; "" for anything else.
func guarded(x ast.Expr) string {
	for {
		switch y := x.(type) {
		case *ast.CallExpr:
			x = y.Fun
		case *ast.ParenExpr:
			x = y.X
		case *ast.StarExpr:
			x = y.X
		case *ast.CompositeLit:
			x = y.Type
		case *ast.Ident:
			return y.Name
		default:
			return ""
		}
	}
}

// ownType names a type of ours as interfaces does; "" for one that is not.
func ownType(p *Package, f *File, x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return p.Dir + "." + x.Name
	case *ast.SelectorExpr:
		for _, spec := range f.AST.Imports {
			pkg, ok := x.X.(*ast.Ident)
			if dir, ours := ownDir(spec); ok && ours && localName(spec) == pkg.Name {
				return dir + "." + x.Sel.Name
			}
		}
	}
	return ""
}

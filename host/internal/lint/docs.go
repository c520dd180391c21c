package lint

import (
	"go/ast"
	"slices"
	"strings"
)

// wellKnown are methods that implement an interface everybody knows.
var wellKnown = []string{
	"Error", "Unwrap", "Is", "As", "String", "GoString", "Format", "Len", "Less", "Swap",
	"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "Scan", "Value", "Read", "Write", "Close",
}

// checkDocs wants a comment on every package and every exported name, and every
// comment on a name to begin with it: the sources are the manual.
func checkDocs(t *Tree) (out []Finding) {
	methods := t.interfaces()
	for _, p := range t.packages {
		out = append(out, t.packageDoc(p)...)
		types := documentedTypes(p)
		promised := promises(p, methods)
		for _, f := range p.Files {
			if f.Test || f.Generated {
				continue
			}
			for _, d := range f.AST.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					out = append(out, t.funcDoc(d, promised)...)
				case *ast.GenDecl:
					out = append(out, t.genDoc(d, types)...)
				}
			}
		}
	}
	return out
}

func (t *Tree) packageDoc(p *Package) []Finding {
	first := slices.IndexFunc(p.Files, func(f *File) bool { return !f.Test })
	if first < 0 || slices.ContainsFunc(p.Files, func(f *File) bool { return !f.Test && f.AST.Doc != nil }) {
		return nil
	}
	f := p.Files[first].AST
	return []Finding{t.at(f.Name.Pos(), "package %s has no package comment: say what it assumes and what it is for", f.Name.Name)}
}

// funcDoc excuses the methods of an interface that the type is declared to
// implement: what they do is said there, once.
func (t *Tree) funcDoc(d *ast.FuncDecl, promised map[string][]string) []Finding {
	if d.Doc != nil {
		return t.named(d.Name, d.Doc)
	}
	if !d.Name.IsExported() {
		return nil
	}
	name := d.Name.Name
	if d.Recv != nil {
		recv := receiver(d)
		if !ast.IsExported(recv) || slices.Contains(wellKnown, name) || slices.Contains(promised[recv], name) {
			return nil
		}
		name = recv + "." + name
	}
	return []Finding{t.at(d.Pos(), "%s is exported and has no comment", name)}
}

// receiver returns the name of a method's type, without pointer and type
// parameters.
func receiver(d *ast.FuncDecl) string {
	x := d.Recv.List[0].Type
	for {
		switch y := x.(type) {
		case *ast.StarExpr:
			x = y.X
		case *ast.IndexExpr:
			x = y.X
		case *ast.IndexListExpr:
			x = y.X
		case *ast.Ident:
			return y.Name
		default:
			return ""
		}
	}
}

// genDoc accepts a comment on the group, above the name or behind it. The
// constants of an enumeration are covered by the comment on their type.
func (t *Tree) genDoc(d *ast.GenDecl, types map[string]bool) (out []Finding) {
	enum := false
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			switch doc := typeDoc(d, s); {
			case doc == nil && d.Doc == nil && s.Name.IsExported():
				out = append(out, t.at(s.Pos(), "type %s is exported and has no comment", s.Name.Name))
			default:
				out = append(out, t.named(s.Name, doc)...)
			}
		case *ast.ValueSpec:
			if id, ok := s.Type.(*ast.Ident); ok {
				enum = types[id.Name]
			}
			if enum || d.Doc != nil || s.Doc != nil || s.Comment != nil {
				continue
			}
			for _, id := range s.Names {
				if id.IsExported() {
					out = append(out, t.at(id.Pos(), "%s %s is exported and has no comment", d.Tok, id.Name))
				}
			}
		}
	}
	return out
}

// typeDoc is the comment of one type; nil where only its group has one.
func typeDoc(d *ast.GenDecl, s *ast.TypeSpec) *ast.CommentGroup {
	if s.Doc == nil && !d.Lparen.IsValid() {
		return d.Doc
	}
	return s.Doc
}

// named wants a comment to begin with the name of what it is on, so that a line of
// go doc or of grep says what it is about.
func (t *Tree) named(id *ast.Ident, doc *ast.CommentGroup) []Finding {
	if doc == nil {
		return nil
	}
	words := strings.Fields(doc.Text())
	if len(words) > 0 && slices.Contains([]string{"A", "An", "The", "Deprecated:"}, words[0]) {
		words = words[1:]
	}
	if len(words) == 0 || strings.Trim(words[0], ",:;.'s") == id.Name || strings.HasPrefix(words[0], id.Name) {
		return nil
	}
	return []Finding{t.at(doc.Pos(), "the comment on %s begins with %q: begin with the name", id.Name, words[0])}
}

func documentedTypes(p *Package) map[string]bool {
	types := make(map[string]bool)
	for _, f := range p.Files {
		for _, decl := range f.AST.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range d.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok && (d.Doc != nil || s.Doc != nil) {
					types[s.Name.Name] = true
				}
			}
		}
	}
	return types
}

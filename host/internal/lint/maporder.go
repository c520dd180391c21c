package lint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// orderFree is what a comment on the line above must say for a range over a map
// to be accepted, followed by why.
const orderFree = "order does not matter: "

// checkMapOrder finds ranges over maps in the packages that must be pure: Go
// starts them anywhere, so whatever depends on the order differs in a replay.
func checkMapOrder(t *Tree) (out []Finding) {
	for _, p := range t.packages {
		if !isPure(p.Dir) {
			continue
		}
		info, err := t.types(p)
		if err != nil {
			out = append(out, Finding{Path: p.Dir, Text: fmt.Sprintf("cannot look for ranges over maps, it does not compile: %v", err)})
		}
		for _, f := range p.Files {
			if !f.Test {
				out = append(out, t.mapRanges(f, info)...)
			}
		}
	}
	return out
}

func (t *Tree) mapRanges(f *File, info *types.Info) (out []Finding) {
	excused := t.excused(f)
	inOrder := make(map[ast.Node]bool) // calls whose result is sorted at once
	for n := range ast.Preorder(f.AST) {
		switch n := n.(type) {
		case *ast.RangeStmt:
			if isMap(info.TypeOf(n.X)) && !excused[t.fset.Position(n.Pos()).Line] {
				out = append(out, t.at(n.Pos(), "range over a map: its order differs from run to run; sort the keys, or write “// %s” and why on the line above", strings.TrimSpace(orderFree)))
			}
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				continue
			}
			switch imported(f, sel) {
			case "slices":
				if strings.HasPrefix(sel.Sel.Name, "Sorted") {
					inOrder[n.Args[0]] = true
				}
			case "maps":
				unordered := []string{"All", "Keys", "Values"}
				if slices.Contains(unordered, sel.Sel.Name) && !inOrder[n] && !excused[t.fset.Position(n.Pos()).Line] {
					out = append(out, t.at(n.Pos(), "maps.%s yields in an order that differs from run to run; pass it to slices.Sorted", sel.Sel.Name))
				}
			}
		}
	}
	return out
}

// isMap reports whether ranging over a type may range over a map: for a type
// parameter, whether its constraint admits one.
func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Interface:
		return slices.ContainsFunc(slices.Collect(u.EmbeddedTypes()), isMap)
	case *types.Union:
		return slices.ContainsFunc(slices.Collect(u.Terms()), func(term *types.Term) bool { return isMap(term.Type()) })
	}
	return false
}

// excused are the lines below a comment that says why order does not matter.
func (t *Tree) excused(f *File) map[int]bool {
	lines := make(map[int]bool)
	for _, group := range f.AST.Comments {
		for _, c := range group.List {
			if _, why, ok := strings.Cut(c.Text, orderFree); ok && strings.TrimSpace(why) != "" {
				lines[t.fset.Position(group.End()).Line+1] = true
			}
		}
	}
	return lines
}

// types checks a package. With an error there is still what could be found out.
func (t *Tree) types(p *Package) (*types.Info, error) {
	var files []*ast.File
	for _, f := range p.Files {
		if !f.Test {
			files = append(files, f.AST)
		}
	}
	var first error
	conf := types.Config{Importer: t.Importer, Error: func(err error) {
		if first == nil {
			first = err
		}
	}}
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue), Uses: make(map[*ast.Ident]types.Object), Defs: make(map[*ast.Ident]types.Object)}
	_, err := conf.Check(path.Join(module, p.Dir), t.fset, files, info)
	if first != nil {
		err = first
	}
	return info, err
}

// Exports returns an importer that reads what the go command has compiled, for
// everything that the pure packages under root import and for the packages
// named besides.
func Exports(root string, besides ...string) (types.Importer, error) {
	args := []string{"list", "-e", "-export", "-deps", "-json=ImportPath,Export"}
	for _, dir := range pure {
		args = append(args, "./"+dir)
	}
	args = append(args, besides...)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	exports := make(map[string]string)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		exports[p.ImportPath] = p.Export
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s was not compiled", path)
		}
		return os.Open(exports[path])
	}), nil
}

package lint

import (
	"cmp"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// layers are the packages from the top down; a directory stands for all below
// it that are not listed themselves. Imports point to a lower layer.
var layers = [][]string{
	{""},
	{"host/cli"},
	{"host/learn"},
	{"host/trial", "host/debug"},
	{"host"},
	{"host/internal"},
	{"host/report"},
	{"host/tearsheet"},
	{"host/shadow", "host/twin"},
	{"host/loop", "host/script", "host/watch", "host/advisor", "host/notify", "host/control", "ledger"},
	{"host/core", "bindings"},
	{"host/execution", "host/risk", "host/bars"},
	{"host/study"},
	{"exchange", "scripts"},
}

// walls stand between trees that must not know each other though one is above: what
// is below the first imports nothing below the second.
var walls = []struct{ from, to, why string }{
	{"bindings", "host", "a module says in an interface of its own what it needs of a host"},
	{"exchange/oms", "exchange/connect", "a connector's account is an oms.Account, and not the other way round"},
}

// vocabularies are the packages that say what there is and not what is done with it:
// they import the packages named beside them, and nothing else of ours.
var vocabularies = map[string][]string{
	"exchange":               nil,
	"exchange/intent":        {"exchange", "exchange/book", "exchange/fixed"},
	"exchange/intent/advice": {"exchange"},
}

// layer returns the index of a directory in layers and the entry it belongs to.
func layer(dir string) (int, string) {
	for root := dir; ; root = strings.TrimSuffix(path.Dir(root), ".") {
		for i, group := range layers {
			for _, d := range group {
				if d == root && (root != "" || dir == "") && (root != "host" || dir == "host") {
					return i, d
				}
			}
		}
		if root == "" {
			return -1, ""
		}
	}
}

// checkImports keeps imports pointing downward, so that what is below can be
// read, tested and replaced without what is above.
func checkImports(t *Tree) (out []Finding) {
	t.production(func(p *Package, f *File) {
		for _, spec := range f.AST.Imports {
			dir, ours := ownDir(spec)
			if !ours {
				continue
			}
			if why := misdirected(p.Dir, dir); why != "" {
				out = append(out, t.at(spec.Pos(), "%s", why))
			}
		}
	})
	return out
}

// misdirected says why one directory may not import another; "" when it may.
func misdirected(from, to string) string {
	if forTests(to) && !forTests(from) {
		return to + " is imported outside a test: it is a harness for tests"
	}
	if strings.HasPrefix(to, "host/internal/") || forTests(from) {
		return ""
	}
	i, above := layer(from)
	j, below := layer(to)
	switch {
	case i < 0:
		return name(from) + " has no layer: give it one in host/internal/lint/imports.go"
	case j < 0:
		return name(to) + " has no layer: give it one in host/internal/lint/imports.go"
	}
	for _, w := range walls {
		if under(from, w.from) && under(to, w.to) {
			return name(from) + " imports " + name(to) + ": " + w.why
		}
	}
	if may, ok := vocabularies[from]; ok && !slices.Contains(may, to) {
		return from + " imports " + to + ": it is vocabulary, and stands on " + cmp.Or(strings.Join(may, ", "), "nothing of ours")
	}
	switch {
	case above == below || j > i:
		return ""
	case i == j:
		return name(from) + " imports " + name(to) + " of its own layer: let the layer above connect them"
	}
	return name(from) + " imports " + name(to) + ", which is above it: imports point downward only"
}

// forTests reports whether a package exists for tests, as venuetest does.
func forTests(dir string) bool { return strings.HasSuffix(dir, "test") }

func name(dir string) string {
	if dir == "" {
		return "main"
	}
	return dir
}

// ownDir returns the directory of an imported package of ours.
func ownDir(spec *ast.ImportSpec) (string, bool) {
	p := importPath(spec)
	if p == module {
		return "", true
	}
	return strings.CutPrefix(p, module+"/")
}

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value // the parser has accepted it: not reached
	}
	return p
}

// homes are the only directories that may import a library, and why.
var homes = []struct {
	library string
	dirs    []string
	why     string
}{
	{"github.com/gorilla/websocket", []string{"exchange/wire"}, "read limits, deadlines and reconnects are decided once"},
	{"github.com/parquet-go/parquet-go", []string{"ledger/export"}, "what a type of the ledger is in a file is decided once"},
	{"modernc.org/sqlite", []string{"ledger"}, "one writer with one set of pragmas owns the file"},
	{"github.com/fsnotify/fsnotify", []string{"host/watch"}, "what an event is worth is decided once"},
	{"github.com/google/go-dap", []string{"host/debug"}, "an editor talks to one package"},
	{"github.com/spf13/pflag", []string{"host/cli"}, "options reach the rest as values"},
	{"github.com/rogpeppe/go-internal/diff", []string{"host"}, "versions of scripts are compared in one place"},
	{"github.com/yuin/goldmark", []string{"host/cli/manual"}, "the manual is text, and is shown by one package"},
	{"github.com/yuin/gopher-lua", []string{"host/script", "host/trial", "bindings"}, "the core knows no Lua"},
}

// testOnly are libraries that the product does not contain.
var testOnly = []string{
	"pgregory.net/rapid", "go.uber.org/goleak",
	"github.com/rogpeppe/go-internal/testscript", "github.com/rogpeppe/go-internal/txtar", "testing",
}

// checkHomes keeps each library in its one home.
func checkHomes(t *Tree) (out []Finding) {
	t.each(func(p *Package, f *File) {
		for _, spec := range f.AST.Imports {
			lib := importPath(spec)
			for _, h := range homes {
				if under(lib, h.library) && !under(p.Dir, h.dirs...) {
					out = append(out, t.at(spec.Pos(), "%s is imported outside %s: %s", lib, strings.Join(h.dirs, " and "), h.why))
				}
			}
			if under(lib, testOnly...) && !f.Test && !forTests(p.Dir) {
				out = append(out, t.at(spec.Pos(), "%s is imported outside a test: it is no part of the product", lib))
			}
		}
	})
	return out
}

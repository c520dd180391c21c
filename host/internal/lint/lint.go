// Package lint holds the project's rules about itself, as checks over its
// source that run with the other tests.
//
// A rule is here because breaking it compiles and passes every other test: an
// import that points upward, a clock in the deterministic core, a decision in
// map order. A check reads the whole tree and reports each breach with its file
// and line, what is wrong and why it matters. Test files are held only to the
// rules that say so.
package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// module is the import path of the tree.
const module = "github.com/perilune/perilune"

// Finding is one breach of a rule.
type Finding struct {
	Path string // from the root of the tree, with slashes
	Line int    // 0 when it concerns the file as a whole
	Text string
}

func (f Finding) String() string {
	if f.Line == 0 {
		return f.Path + ": " + f.Text
	}
	return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Text)
}

// Check looks for breaches of one rule, in any order.
type Check func(*Tree) []Finding

// Checks are all rules by name.
var Checks = map[string]Check{
	"imports":     checkImports,
	"homes":       checkHomes,
	"determinism": checkDeterminism,
	"maporder":    checkMapOrder,
	"docs":        checkDocs,
	"text":        checkText,
	"toplevel":    checkTopLevel,
	"calls":       checkCalls,
	"receivers":   checkReceivers,
	"neutral":     checkNeutral,
}

// Tree is the source that the checks read.
type Tree struct {
	Files map[string]string // the text of every source file, by path
	Top   []string          // names at the root, without what git ignores
	// Importer resolves imports for the checks that need types; nil when no
	// file has any.
	Importer types.Importer

	fset     *token.FileSet
	packages []*Package
}

// Package is the Go files of one directory.
type Package struct {
	Dir   string // "" for the root
	Files []*File
}

// File is one Go file.
type File struct {
	Path      string
	Test      bool
	Generated bool
	AST       *ast.File
}

// sourceExt are the files that people write.
var sourceExt = map[string]bool{".go": true, ".lua": true, ".js": true, ".css": true, ".html": true, ".sql": true, ".md": true}

// Read reads the tree under root.
func Read(root string) (*Tree, error) {
	t := &Tree{Files: make(map[string]string)}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			if filepath.Dir(p) == root && !slices.Contains(top, d.Name()) {
				return filepath.SkipDir // a user's own: checkTopLevel speaks up if it is tracked
			}
			return nil
		}
		if !sourceExt[filepath.Ext(p)] || (filepath.Dir(p) == root && !slices.Contains(top, filepath.Base(p))) {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		t.Files[filepath.ToSlash(rel)] = string(text)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the source under %s: %w", root, err)
	}
	if t.Top, err = topLevel(root); err != nil {
		return nil, err
	}
	return t, t.parse()
}

// topLevel lists the root: what git tracks, because a person who tries the
// program leaves ledgers, reports and strategies of their own there. Where git
// does not know, it is the listing without what the plain patterns of .gitignore
// match.
func topLevel(root string) ([]string, error) {
	if tracked := trackedNames(root); len(tracked) > 0 {
		return tracked, nil
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", root, err)
	}
	ignore, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	patterns := strings.Fields(string(ignore))
	var names []string
	for _, e := range entries {
		ignored := slices.ContainsFunc(patterns, func(p string) bool {
			ok, err := path.Match(strings.Trim(p, "/"), e.Name())
			return ok && err == nil
		})
		if !ignored {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// trackedNames returns the names at the root that git tracks; nil when git is not
// there or knows nothing of root.
func trackedNames(root string) []string {
	out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output()
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		name, _, _ := strings.Cut(p, "/")
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// parse fills in the packages from the files.
func (t *Tree) parse() error {
	t.fset = token.NewFileSet()
	byDir := make(map[string]*Package)
	for _, p := range sorted(t.Files) {
		if path.Ext(p) != ".go" {
			continue
		}
		f, err := parser.ParseFile(t.fset, p, t.Files[p], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse %w", err)
		}
		dir := strings.TrimSuffix(path.Dir(p), ".")
		pkg := byDir[dir]
		if pkg == nil {
			pkg = &Package{Dir: dir}
			byDir[dir] = pkg
			t.packages = append(t.packages, pkg)
		}
		pkg.Files = append(pkg.Files, &File{
			Path: p, AST: f, Test: strings.HasSuffix(p, "_test.go"), Generated: ast.IsGenerated(f),
		})
	}
	return nil
}

// at makes a finding about a position.
func (t *Tree) at(pos token.Pos, format string, args ...any) Finding {
	p := t.fset.Position(pos)
	return Finding{Path: p.Filename, Line: p.Line, Text: fmt.Sprintf(format, args...)}
}

// production calls f for every Go file that is not a test.
func (t *Tree) production(f func(*Package, *File)) {
	t.each(func(p *Package, file *File) {
		if !file.Test {
			f(p, file)
		}
	})
}

func (t *Tree) each(f func(*Package, *File)) {
	for _, p := range t.packages {
		for _, file := range p.Files {
			f(p, file)
		}
	}
}

// under reports whether dir is one of the roots or below one of them.
func under(dir string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(r string) bool {
		return dir == r || strings.HasPrefix(dir, r+"/")
	})
}

// sorted returns the keys of m in order.
func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

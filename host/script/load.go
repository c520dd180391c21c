package script

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Modules that a script requires live below its own directory: require("lib.x")
// is lib/x.lua beside the script. There is no other search path.

var moduleNames = regexp.MustCompile(`^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$`)

// TestSuffix is how names of files with tests of strategies end: they are no strategies.
const TestSuffix = "_test.lua"

// maxSources bounds how many files one strategy may consist of.
const maxSources = 64

// moduleName converts a source's path to the name that require takes.
func moduleName(p string) string {
	return strings.ReplaceAll(strings.TrimSuffix(p, ".lua"), "/", ".")
}

// modulePath is the inverse of moduleName.
func modulePath(name string) (string, error) {
	if !moduleNames.MatchString(name) {
		return "", fmt.Errorf("require(%q): a module name is words joined by dots, as in \"lib.x\"", name)
	}
	return strings.ReplaceAll(name, ".", "/") + ".lua", nil
}

// readAttempts is how often Load reads files that keep changing.
const readAttempts = 5

// Load reads a script and, through require, everything it needs, the script
// first. Paths in the result are relative to the script's directory. Files are
// read until two readings agree. It refuses a module outside that directory,
// also behind a symbolic link, and a cycle of modules. A script that is empty is
// [ErrNotReady]; one with a syntax error is an [*Error].
func Load(file string) ([]exchange.Source, error) {
	dir, name := filepath.Split(file)
	if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", file, err)
	}
	defer root.Close()
	before, err := loadOnce(root, name)
	for range readAttempts {
		if err != nil {
			return nil, err
		}
		var again []exchange.Source
		again, err = loadOnce(root, name)
		if err == nil && slices.Equal(before, again) {
			return again, nil
		}
		before = again
	}
	return nil, &Error{File: name, Message: "the file keeps changing while it is read", Cause: ErrNotReady}
}

func loadOnce(root *os.Root, name string) ([]exchange.Source, error) {
	l := loader{root: root, state: make(map[string]int)}
	if err := l.add(name, nil); err != nil {
		return nil, err
	}
	last := len(l.sources) - 1 // the script, which is finished after all it needs
	return append(l.sources[last:], l.sources[:last]...), nil
}

// loader follows require depth first.
type loader struct {
	root    *os.Root
	sources []exchange.Source
	state   map[string]int // by path: open while its own modules are read, then done
}

const (
	open = iota + 1
	done
)

func (l *loader) add(file string, chain []string) error {
	chain = append(chain, file)
	switch l.state[file] {
	case open:
		return &Error{File: chain[len(chain)-2], Message: "modules require each other: " + strings.Join(chain, " -> ")}
	case done:
		return nil
	}
	if len(l.state) == maxSources {
		return &Error{File: file, Message: fmt.Sprintf("a strategy may consist of at most %d files", maxSources)}
	}
	l.state[file] = open
	src, err := l.read(file, chain)
	if err != nil {
		return err
	}
	_, requires, err := parseSource(src)
	if err != nil {
		return err
	}
	for _, name := range requires {
		p, err := modulePath(name)
		if err != nil {
			return &Error{File: file, Message: err.Error()}
		}
		if err := l.add(p, chain); err != nil {
			return err
		}
	}
	l.state[file] = done
	l.sources = append(l.sources, src)
	return nil
}

func (l *loader) read(file string, chain []string) (exchange.Source, error) {
	// To open a pipe waits for who writes it.
	info, err := l.root.Stat(filepath.FromSlash(file))
	if err != nil {
		return exchange.Source{}, l.explain(file, chain, err)
	}
	if !info.Mode().IsRegular() {
		return exchange.Source{}, l.explain(file, chain, fmt.Errorf("it is no file but %s", info.Mode().Type()))
	}
	f, err := l.root.Open(filepath.FromSlash(file))
	if err != nil {
		return exchange.Source{}, l.explain(file, chain, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSource+4))
	if err != nil {
		return exchange.Source{}, l.explain(file, chain, err)
	}
	if len(chain) == 1 && len(text) == 0 {
		return exchange.Source{}, &Error{File: file, Message: "the file is empty", Cause: ErrNotReady}
	}
	return exchange.Source{Path: path.Clean(file), Text: string(text)}, nil
}

// explain words why a file cannot be read, for the person who wrote require.
func (l *loader) explain(file string, chain []string, err error) error {
	if len(chain) == 1 {
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err // the path is named already
		}
		return fmt.Errorf("load %s: %w", filepath.Join(l.root.Name(), file), err)
	}
	e := &Error{File: chain[len(chain)-2]}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Message = fmt.Sprintf("module %q not found: there is no %s in %s", moduleName(file), file, l.root.Name())
	default:
		e.Message = fmt.Sprintf("module %q cannot be read from %s: %v", moduleName(file), l.root.Name(), err)
	}
	return e
}

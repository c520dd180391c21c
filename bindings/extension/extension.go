// Package extension makes Lua modules of an embedder's own Go functions: a price model,
// a calendar, a table of a firm's limits.
//
// Arguments and results are plain data, so an author of a module needs to know neither
// the Lua virtual machine nor how it is bounded: nil, bool, float64, string, []any and
// map[string]any. What a script passes is checked against what the function declares
// before it is called; what it returns is copied. A function that panics raises an
// error in the script, with its file and line.
//
// # Assumptions
//
//   - A Pure function gives the same results for the same arguments for ever, because a
//     replay calls it again. It is called on the loop's goroutine, and its time is the
//     callback's: nothing can interrupt it.
//   - What asks the world something (a service, a clock, a file that changes) is
//     Recorded. It is called outside of the loop, which goes on meanwhile; its outcome
//     arrives in on_advice, with the function as the tag, and is journalled: a replay
//     asks nobody.
//   - Several sessions may call a function at the same time.
package extension

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/bindings"
)

// Module is a table of functions that every script of a session finds as a global.
type Module struct {
	// Name is the global's: a-z, 0-9 and _, beginning with a letter. A journal holds it
	// with Version, and its replay wants the same.
	Name    string
	Version int
	Doc     string // for people and their editors
	Funcs   []Func
}

// Func is one function of a module.
type Func struct {
	Name    string
	Doc     string
	Args    []Value
	Returns []Value
	Example string // Lua
	// Pure computes the results, one for each of Returns or fewer, from as many
	// arguments as are declared; one that was left out is nil. An error is raised in the
	// script.
	Pure func(args []any) ([]any, error)
	// Recorded, in the place of Pure, answers within Deadline, or ctx ends. In Lua the
	// function returns the question's id, or nil and why it was not asked: a strategy has
	// one question to each function under way. The answer has a field for each of
	// Returns, which are numbers, integers, booleans and strings (of at most 500 letters);
	// what is missing, not finite or not of its type makes it one that does not count.
	Recorded func(ctx context.Context, args []any) (map[string]any, error)
	Deadline time.Duration // of Recorded; 0: 20 s. At most 5 minutes
	TTL      time.Duration // how long ai.latest returns the answer; 0: 5 minutes, at least Deadline
}

// Value describes an argument or a result.
type Value struct {
	Name     string
	Type     string // number, integer, string, boolean, list ([]any), table (map[string]any) or any
	Doc      string
	Optional bool // of an argument: may be nil
}

var (
	names = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	types = []string{"number", "integer", "string", "boolean", "list", "table", "any"}
	words = strings.Fields("and break do else elseif end false for function goto if in local nil not or repeat return then true until while")
)

// Bind returns the modules for a script, or what is wrong with one. taken are the
// globals that scripts have already, which a module must not replace.
func Bind(list []Module, taken []bindings.Module) ([]bindings.Module, error) {
	used := []string{"state", "params", "_G", "string", "table", "math"}
	for _, m := range taken {
		root, _, _ := strings.Cut(m.Name, ".")
		used = append(used, root)
	}
	var out []bindings.Module
	for i := range list {
		m := &list[i]
		if slices.Contains(used, m.Name) {
			return nil, fmt.Errorf("module %q: scripts have a global of that name already", m.Name)
		}
		used = append(used, m.Name)
		bound, err := m.bind()
		if err != nil {
			return nil, fmt.Errorf("module %q: %w", m.Name, err)
		}
		out = append(out, bound)
	}
	return out, nil
}

func (m *Module) bind() (bindings.Module, error) {
	out := bindings.Module{Name: m.Name, Doc: m.Doc}
	if err := checkName(m.Name); err != nil {
		return out, err
	}
	if len(m.Funcs) == 0 {
		return out, errors.New("it has no functions")
	}
	seen := map[string]bool{}
	for i := range m.Funcs {
		f := m.Funcs[i]
		if err := f.check(); err != nil {
			return out, fmt.Errorf("function %q: %w", f.Name, err)
		}
		if seen[f.Name] {
			return out, fmt.Errorf("function %q is there twice", f.Name)
		}
		seen[f.Name] = true
		if f.Recorded == nil {
			out.Funcs = append(out.Funcs, bindings.Func{Spec: f.spec(), Load: true, Call: f.call})
			continue
		}
		r, err := m.recorded(&f)
		if err != nil {
			return out, fmt.Errorf("function %q: %w", f.Name, err)
		}
		out.Funcs = append(out.Funcs, r)
	}
	return out, nil
}

func checkName(name string) error {
	if !names.MatchString(name) || slices.Contains(words, name) {
		return fmt.Errorf("name %q: want a-z, 0-9 and _, a letter first, at most 32, and no word of Lua", name)
	}
	return nil
}

func (f *Func) check() error {
	if err := checkName(f.Name); err != nil {
		return err
	}
	if (f.Pure == nil) == (f.Recorded == nil) {
		return errors.New("want one of Pure and Recorded")
	}
	optional := false
	for _, v := range slices.Concat(f.Args, f.Returns) {
		if err := checkName(v.Name); err != nil {
			return err
		}
		if !slices.Contains(types, v.Type) {
			return fmt.Errorf("%s: type %q: want %s", v.Name, v.Type, strings.Join(types, ", "))
		}
	}
	for _, v := range f.Args {
		if optional && !v.Optional {
			return fmt.Errorf("argument %s follows one that may be left out", v.Name)
		}
		optional = v.Optional
	}
	return nil
}

func (f *Func) spec() bindings.Spec {
	describe := func(list []Value) (out []bindings.Value) {
		for _, v := range list {
			out = append(out, bindings.Value{Name: v.Name, Type: annotation(v.Type), Doc: v.Doc, Optional: v.Optional})
		}
		return out
	}
	return bindings.Spec{Name: f.Name, Doc: f.Doc, Args: describe(f.Args), Returns: describe(f.Returns), Example: f.Example}
}

// annotation is a type as editors write it.
func annotation(t string) string {
	if t == "list" {
		return "any[]"
	}
	return t
}

// Stub returns the type annotations of a module for editors, as perilune new writes
// those of the built-in ones: the file's name and its text.
func (m *Module) Stub() (name, text string, err error) {
	bound, err := m.bind()
	if err != nil {
		return "", "", fmt.Errorf("module %q: %w", m.Name, err)
	}
	stub := bound.Annotations()
	return stub.Name, stub.Text, nil
}

package extension

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/perilune/perilune/bindings"
)

// call checks the arguments, calls the function and copies its results.
func (f *Func) call(rt *bindings.Runtime) int {
	results, err := f.guarded(f.arguments(rt))
	if err != nil {
		rt.Raise("%v", err)
	}
	if len(results) > len(f.Returns) {
		rt.Raise("it returned %d values and declares %d", len(results), len(f.Returns))
	}
	for i, v := range results {
		p, size, err := copied(v, 0)
		if err != nil {
			rt.Raise("result %s: %v", f.Returns[i].Name, err)
		}
		rt.Charge(size)
		rt.Push(rt.ToLua(p))
	}
	return len(results)
}

// arguments are what the script passed, as the function declares it.
func (f *Func) arguments(rt *bindings.Runtime) []any {
	if n := rt.NArgs(); n > len(f.Args) {
		rt.Raise("want %d arguments at most, got %d", len(f.Args), n)
	}
	args := make([]any, len(f.Args))
	for i := range f.Args {
		args[i] = f.Args[i].read(rt.Arg(i + 1))
	}
	return args
}

// guarded calls the function; a panic is an error.
func (f *Func) guarded(args []any) (results []any, err error) {
	defer func() {
		if p := recover(); p != nil {
			results, err = nil, fmt.Errorf("it panicked: %v", p)
		}
	}()
	return f.Pure(args)
}

// read takes an argument as what it is declared to be.
func (v *Value) read(in bindings.Input) any {
	if in.Nil() && v.Optional {
		return nil
	}
	switch v.Type {
	case "number":
		return in.Number()
	case "integer":
		n := in.Finite()
		if n != math.Trunc(n) {
			in.Fail("want a whole number, got %v", n)
		}
		return n
	case "string":
		return in.String()
	case "boolean":
		return in.Bool()
	case "list", "table":
		in.Table()
	}
	p, err := bindings.Plain(in.Value())
	if err != nil {
		in.Fail("%v", err)
	}
	return v.shaped(in, p)
}

// shaped tells a list from a table with names; an empty one is either.
func (v *Value) shaped(in bindings.Input, p any) any {
	m, named := p.(map[string]any)
	switch {
	case v.Type == "list" && named && len(m) > 0:
		in.Fail("want a list, got a table with names")
	case v.Type == "list" && named:
		return []any{}
	case v.Type == "table" && !named:
		in.Fail("want a table with names, got a list")
	}
	return p
}

// maxDepth is how deep a result may nest.
const maxDepth = 8

// copied is a result in the types that scripts get, apart from what the function may
// keep of it, and how many values it has.
func copied(v any, depth int) (any, int, error) {
	if depth > maxDepth {
		return nil, 0, fmt.Errorf("it nests more than %d deep", maxDepth)
	}
	switch v := v.(type) {
	case nil, bool, string, float64:
		return v, 1, nil
	case int:
		return float64(v), 1, nil
	case int64:
		return float64(v), 1, nil
	case []float64:
		return each(len(v), depth, func(i int) any { return v[i] })
	case []string:
		return each(len(v), depth, func(i int) any { return v[i] })
	case []any:
		return each(len(v), depth, func(i int) any { return v[i] })
	case map[string]any:
		out, size := make(map[string]any, len(v)), 1
		for _, k := range slices.Sorted(maps.Keys(v)) {
			p, n, err := copied(v[k], depth+1)
			if err != nil {
				return nil, 0, fmt.Errorf("%s: %w", k, err)
			}
			out[k], size = p, size+n
		}
		return out, size, nil
	}
	return nil, 0, fmt.Errorf("%T: want nil, bool, string, float64, int, []any, []float64, []string or map[string]any", v)
}

func each(n, depth int, element func(int) any) (any, int, error) {
	out, size := make([]any, n), 1
	for i := range out {
		p, k, err := copied(element(i), depth+1)
		if err != nil {
			return nil, 0, fmt.Errorf("[%d]: %w", i+1, err)
		}
		if p == nil {
			return nil, 0, fmt.Errorf("[%d]: nil in a list", i+1)
		}
		out[i], size = p, size+k
	}
	return out, size, nil
}

package trial

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// most bounds the tests of a file: one that makes them in a loop should notice.
const most = 10_000

// suites are what a file declares, while it loads.
type suites struct {
	lines  map[testKey]int // of tests
	root   suite
	at     *suite // that is being described
	tests  []*test
	loaded bool
}

// testKey is the name of a test in its suite.
type testKey struct {
	suite *suite
	name  string
}

// suite is one describe.
type suite struct {
	name          string
	within        *suite
	before, after []*lua.LFunction
}

// test is one it.
type test struct {
	suite   *suite
	name    string
	line    int
	body    *lua.LFunction
	skipped bool
	reason  string
}

// chain is a suite with those around it, outermost first.
func (s *suite) chain() (out []*suite) {
	for ; s != nil; s = s.within {
		out = append(out, s)
	}
	slices.Reverse(out)
	return out
}

// path is the names of a suite and of those around it.
func (s *suite) path() (out []string) {
	for _, c := range s.chain() {
		if c.name != "" {
			out = append(out, c.name)
		}
	}
	return out
}

func (f *runner) loading(rt *bindings.Runtime, what string) {
	if f.suites.loaded {
		rt.Raise("%s are declared while the file loads, and not inside of a test", what)
	}
}

func (f *runner) describe(rt *bindings.Runtime) int {
	f.loading(rt, "suites")
	name, body := rt.Arg(1).Text(), function(rt, 2)
	outer := f.suites.at
	f.suites.at = &suite{name: name, within: outer}
	rt.L.Push(body)
	rt.L.Call(0, 0)
	f.suites.at = outer
	return 0
}

func (f *runner) declare(rt *bindings.Runtime, t *test) {
	f.loading(rt, "tests")
	if len(f.suites.tests) == most {
		rt.Raise("a file may have at most %d tests", most)
	}
	t.suite, t.line = f.suites.at, line(rt)
	key := testKey{t.suite, t.name}
	if other, known := f.suites.lines[key]; known {
		rt.Raise("there is a test %q already, in line %d", t.name, other)
	}
	f.suites.lines[key] = t.line
	if t.body != nil {
		f.bench.Hold(t.body)
	}
	f.suites.tests = append(f.suites.tests, t)
}

func (f *runner) it(rt *bindings.Runtime) int {
	f.declare(rt, &test{name: rt.Arg(1).Text(), body: function(rt, 2)})
	return 0
}

func (f *runner) skip(rt *bindings.Runtime) int {
	f.declare(rt, &test{name: rt.Arg(1).Text(), skipped: true, reason: rt.Arg(2).Text()})
	return 0
}

func (f *runner) beforeEach(rt *bindings.Runtime) int {
	f.loading(rt, "hooks")
	f.suites.at.before = append(f.suites.at.before, f.hook(rt))
	return 0
}

func (f *runner) afterEach(rt *bindings.Runtime) int {
	f.loading(rt, "hooks")
	f.suites.at.after = append([]*lua.LFunction{f.hook(rt)}, f.suites.at.after...)
	return 0
}

func (f *runner) hook(rt *bindings.Runtime) *lua.LFunction {
	const mostHooks = 100
	if at := f.suites.at; len(at.before)+len(at.after) == mostHooks {
		rt.Raise("a suite may have at most %d hooks", mostHooks)
	}
	fn := function(rt, 1)
	f.bench.Hold(fn)
	return fn
}

// function reads an argument that is called later.
func function(rt *bindings.Runtime, n int) *lua.LFunction {
	fn, ok := rt.Arg(n).Value().(*lua.LFunction)
	if !ok {
		rt.Arg(n).Fail("want a function, got %s", bindings.Describe(rt.Arg(n).Value()))
	}
	return fn
}

// line is where a function of a module was called.
func line(rt *bindings.Runtime) int {
	_, text, _ := strings.Cut(rt.Where(), ":")
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// faultError is an error of a strategy that its test did not look at.
type faultError struct {
	name, text string
	count      int
}

func (e *faultError) Error() string {
	first, _, _ := strings.Cut(e.text, "\n")
	return fmt.Sprintf("a callback of %s failed: %s", e.name, first)
}

// detail is the line that failed, and what to do about one that is meant to.
func (e *faultError) detail() []string {
	out := strings.Split(e.text, "\n")[1:]
	if e.count > 1 {
		out = append(out, fmt.Sprintf("and %d more", e.count-1))
	}
	return append(out, "s:errors() takes note of errors that are meant")
}

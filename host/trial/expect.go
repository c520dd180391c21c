package trial

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host/script"
)

// expectation is a value of which something is expected.
type expectation struct {
	value   lua.LValue
	negated bool
}

// Held implements script.Holder.
func (e *expectation) Held() lua.LValue { return e.value }

func (f *runner) expect(rt *bindings.Runtime) int {
	if f.test == nil {
		rt.Raise("call it in a test: what a file expects while it loads is asked before anything ran")
	}
	if rt.NArgs() == 0 {
		rt.Raise("missing: want the value that something is expected of")
	}
	return rt.Push(rt.NewObject(&f.api.expectation, &expectation{value: rt.Arg(1).Value()}))
}

func (f *runner) never(rt *bindings.Runtime) int {
	e := bindings.Self[*expectation](rt)
	return rt.Push(rt.NewObject(&f.api.expectation, &expectation{value: e.value, negated: !e.negated}))
}

// verdict is what became of an expectation: whether it holds, and the words for when it does
// not: "want " + want, and detail in lines.
type verdict struct {
	holds  bool
	want   func() string // for a value is long to word, and most hold
	detail []string
}

// judged makes a method of what judges a value.
func (f *runner) judged(judge func(rt *bindings.Runtime, value lua.LValue) verdict) func(*bindings.Runtime) int {
	return func(rt *bindings.Runtime) int {
		e := bindings.Self[*expectation](rt)
		v := judge(rt, e.value)
		if v.holds != e.negated {
			return 0
		}
		rt.Charge(unitsPerShown)
		want, detail := v.want(), v.detail
		if e.negated {
			want, detail = "anything but "+want, nil
		}
		f.fail(rt, detail, "want %s, got %s", want, shown(e.value))
		return 0
	}
}

// plain is what is wanted in words that are there already.
func plain(text string) func() string { return func() string { return text } }

// valued is what is wanted with a value in it, at %s.
func valued(format string, v lua.LValue) func() string {
	return func() string { return fmt.Sprintf(format, shown(v)) }
}

// shown words a value in one line.
func shown(v lua.LValue) string {
	const most = 160
	text := []rune(strings.ReplaceAll(script.Show(v), "\n", " "))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

func toBe(rt *bindings.Runtime, v lua.LValue) verdict {
	want := rt.Arg(1).Value()
	return verdict{holds: same(v, want), want: valued("%s", want)}
}

func toEqual(rt *bindings.Runtime, v lua.LValue) verdict {
	want := rt.Arg(1).Value()
	d := compare(rt, v, want, true)
	return verdict{holds: len(d) == 0, want: valued("%s", want), detail: d}
}

func toBeNear(rt *bindings.Runtime, v lua.LValue) verdict {
	want := rt.Arg(1).Finite()
	within := math.Max(1e-9, math.Abs(want)*1e-9)
	if !rt.Arg(2).Nil() {
		within = rt.Arg(2).Finite()
	}
	got, ok := number(v)
	return verdict{holds: ok && math.Abs(got-want) <= within, want: plain(fmt.Sprintf("%s within %s", bindings.NumberText(want), bindings.NumberText(within)))}
}

func toHave(rt *bindings.Runtime, v lua.LValue) verdict {
	want := rt.Arg(1).Table()
	if k, _ := want.Next(lua.LNil); k == lua.LNil {
		rt.Arg(1).Fail("is empty, which every table has: want to_equal {} for a table without anything in it")
	}
	text := valued("one with %s", want)
	got, ok := v.(*lua.LTable)
	if !ok {
		return verdict{want: text}
	}
	if isList(got) && !isList(want) { // one of a list
		var nearest []string
		for i := 1; i <= got.Len(); i++ {
			d := compare(rt, got.RawGetInt(i), want, false)
			if len(d) == 0 {
				return verdict{holds: true, want: text}
			}
			if nearest == nil || len(d) < len(nearest) {
				nearest = d
			}
		}
		if nearest != nil {
			nearest = append([]string{"the nearest one:"}, nearest...)
		}
		return verdict{want: valued("an element with %s", want), detail: nearest}
	}
	d := compare(rt, got, want, false)
	return verdict{holds: len(d) == 0, want: text, detail: d}
}

func toHaveLength(rt *bindings.Runtime, v lua.LValue) verdict {
	want, got := rt.Arg(1).Int(0, 1<<30), -1
	switch v := v.(type) {
	case *lua.LTable:
		got = v.Len()
	case lua.LString:
		got = len(v)
	}
	out := verdict{holds: got == want, want: plain(fmt.Sprintf("%d elements", want))}
	if got >= 0 {
		out.detail = []string{fmt.Sprintf("it has %d", got)}
	}
	return out
}

func toContain(rt *bindings.Runtime, v lua.LValue) verdict {
	want := rt.Arg(1).Value()
	out := verdict{want: valued("something with %s in it", want)}
	switch v := v.(type) {
	case lua.LString:
		rt.Charge(len(v) / bytesPerUnit)
		out.holds = strings.Contains(string(v), rt.Arg(1).String())
	case *lua.LTable:
		for i := 1; i <= v.Len() && !out.holds; i++ {
			out.holds = len(compare(rt, v.RawGetInt(i), want, true)) == 0
		}
	}
	return out
}

func toMatch(rt *bindings.Runtime, v lua.LValue) verdict {
	pattern := rt.Arg(1).String()
	if len(pattern) > mostPattern {
		rt.Arg(1).Fail("is %d bytes long; a pattern may have %d", len(pattern), mostPattern)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		rt.Arg(1).Fail("want a regular expression: %v", err)
	}
	text, ok := v.(lua.LString)
	rt.Charge(stepsOf(pattern, len(text)) / stepsPerUnit)
	return verdict{holds: ok && re.MatchString(string(text)), want: plain(fmt.Sprintf("text that matches %q", pattern))}
}

// Of work done in Go, as much as an instruction.
const (
	bytesPerUnit = 64
	stepsPerUnit = 16
)

// mostPattern bounds a regular expression.
const mostPattern = 1000

// stepsOf is how many steps a match takes at most: each place of the pattern at each of the text.
func stepsOf(pattern string, text int) int {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0
	}
	return len(prog.Inst) * (text + stepsPerUnit)
}

func toBeNil(_ *bindings.Runtime, v lua.LValue) verdict {
	return verdict{holds: v == lua.LNil, want: plain("nil")}
}

func toBeTruthy(_ *bindings.Runtime, v lua.LValue) verdict {
	return verdict{holds: lua.LVAsBool(v), want: plain("anything but nil and false")}
}

// ordered compares numbers.
func ordered(words string, holds func(got, than float64) bool) func(*bindings.Runtime, lua.LValue) verdict {
	return func(rt *bindings.Runtime, v lua.LValue) verdict {
		than := rt.Arg(1).Finite()
		got, ok := number(v)
		return verdict{holds: ok && holds(got, than), want: plain(words + " " + bindings.NumberText(than))}
	}
}

// toError calls the value.
func (f *runner) toError(rt *bindings.Runtime) int {
	e := bindings.Self[*expectation](rt)
	fn, ok := e.value.(*lua.LFunction)
	if !ok {
		rt.Raise("want expect(function() … end), got %s", bindings.Describe(e.value))
	}
	part := ""
	if !rt.Arg(1).Nil() {
		part = rt.Arg(1).String()
	}
	_, err := f.bench.Try(fn)
	var detail []string
	if err != nil {
		detail = []string{"it raised: " + err.Message}
	}
	raised := err != nil && strings.Contains(err.Message, part)
	if raised != e.negated {
		return 0
	}
	want := "an error"
	if part != "" {
		want += fmt.Sprintf(" with %q", part)
	}
	switch {
	case e.negated:
		want = "no error"
	case err == nil:
		detail = []string{"it raised none"}
	}
	f.fail(rt, detail, "want %s", want)
	return 0
}

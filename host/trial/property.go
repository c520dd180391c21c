package trial

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host/script"
)

// A property is a test of many values. Every value is made from choices, numbers that are drawn
// from the seed; what fails is made smaller by making its choices fewer and smaller, and nobody
// has to say how a value of a kind is made smaller.

// generator makes values of choices.
type generator struct {
	words string
	make  func(*draw) lua.LValue
	holds lua.LValue // what it draws from
}

// Held implements script.Holder: a test that keeps generators keeps what they draw from.
func (g *generator) Held() lua.LValue { return g.holds }

// generators are the functions that make them.
type generators struct{ *runner }

// draw hands out choices: those that are given, then from the source, or 0 without one.
type draw struct {
	rt     *bindings.Runtime
	given  []uint64
	used   []uint64
	source *rand.Rand
	made   int
}

// value makes one. What is made is not yet where a sandbox counts its memory, and is made within
// one of its instructions: so it is bounded by number, and charged.
func (d *draw) value(g *generator) lua.LValue {
	if d.made++; d.made > mostChoices {
		d.rt.Raise("its values are made of more than %d choices: make them smaller", mostChoices)
	}
	d.rt.Charge(unitsPerValue)
	return g.make(d)
}

// choice is one of 0 to n-1; the first are simpler.
func (d *draw) choice(n uint64) uint64 {
	c := uint64(0)
	switch {
	case len(d.used) < len(d.given):
		c = d.given[len(d.used)]
	case d.source != nil:
		c = d.source.Uint64N(n)
	}
	c = min(c, n-1)
	d.used = append(d.used, c)
	return c
}

// Bounds of forall.
const (
	runsUsual   = 100
	runsMost    = 10_000
	shrinksMost = 500
	mostChoices = 10_000
)

// Units of the budget: of a value that is made, and of a call of the function.
const (
	unitsPerValue = 10
	unitsPerTry   = 20
)

func (f generators) generated(rt *bindings.Runtime, words string, holds lua.LValue, make func(*draw) lua.LValue) int {
	return rt.Push(rt.NewObject(&f.api.generator, &generator{words, make, holds}))
}

func (f generators) genInteger(rt *bindings.Runtime) int {
	const far = 1 << 50
	lo, hi := rt.Arg(1).Int(-far, far), rt.Arg(2).Int(-far, far)
	if hi < lo {
		rt.Arg(2).Fail("must not be below the least")
	}
	// What is nearest to zero is simplest.
	zero := min(max(0, lo), hi)
	return f.generated(rt, fmt.Sprintf("integer %d to %d", lo, hi), lua.LNil, func(d *draw) lua.LValue {
		at := int(d.choice(uint64(hi-lo) + 1))
		if v := zero + at; v <= hi {
			return lua.LNumber(v)
		}
		return lua.LNumber(zero - (at - (hi - zero)))
	})
}

func (f generators) genNumber(rt *bindings.Runtime) int {
	lo, hi := rt.Arg(1).Finite(), rt.Arg(2).Finite()
	if hi < lo {
		rt.Arg(2).Fail("must not be below the least")
	}
	// Steps of a thousandth of the span, so that what fails reads well, and then finer ones.
	const coarse, fine = 1001, 1 << 20
	return f.generated(rt, fmt.Sprintf("number %v to %v", lo, hi), lua.LNil, func(d *draw) lua.LValue {
		v := lo + (hi-lo)*float64(d.choice(coarse))/(coarse-1)
		v += (hi - lo) / (coarse - 1) * float64(d.choice(fine)) / fine
		return lua.LNumber(math.Min(v, hi))
	})
}

func (f generators) genBoolean(rt *bindings.Runtime) int {
	return f.generated(rt, "boolean", lua.LNil, func(d *draw) lua.LValue { return lua.LBool(d.choice(2) == 1) })
}

func (f generators) genChoice(rt *bindings.Runtime) int {
	of := rt.Arg(1).Table()
	n := of.Len()
	if n == 0 {
		rt.Arg(1).Fail("want a list of at least one value")
	}
	return f.generated(rt, "choice", of, func(d *draw) lua.LValue { return of.RawGetInt(int(d.choice(uint64(n))) + 1) })
}

func (f generators) genList(rt *bindings.Runtime) int {
	of := generatorOf(rt, rt.Arg(1))
	least, mostOf := rt.Arg(2).IntOr(0, 0, 1000), rt.Arg(3).IntOr(10, 0, 1000)
	if mostOf < least {
		rt.Arg(3).Fail("must not be below the least")
	}
	return f.generated(rt, "list", rt.Arg(1).Value(), func(d *draw) lua.LValue {
		n := least + int(d.choice(uint64(mostOf-least)+1))
		t := d.rt.L.CreateTable(0, 0)
		for range n {
			t.Append(d.value(of))
		}
		return t
	})
}

func (f generators) genTable(rt *bindings.Runtime) int {
	of := rt.Arg(1).Table()
	names := keys(rt.Charge, of)
	fields := make([]*generator, len(names))
	for i, k := range names {
		g, ok := asGenerator(of.RawGet(k))
		if !ok {
			rt.Arg(1).Fail("%s: want a generator, got %s", bindings.ToText(k), bindings.Describe(of.RawGet(k)))
		}
		fields[i] = g
	}
	return f.generated(rt, "table", of, func(d *draw) lua.LValue {
		t := d.rt.L.CreateTable(0, 0)
		for i, k := range names {
			t.RawSet(k, d.value(fields[i]))
		}
		return t
	})
}

func asGenerator(v lua.LValue) (*generator, bool) {
	ud, ok := v.(*lua.LUserData)
	if !ok {
		return nil, false
	}
	g, ok := ud.Value.(*generator)
	return g, ok
}

func generatorOf(rt *bindings.Runtime, in bindings.Input) *generator {
	g, ok := asGenerator(in.Value())
	if !ok {
		in.Fail("want a generator, as gen.number(0, 1) is, got %s", bindings.Describe(in.Value()))
	}
	return g
}

// property is a forall under way.
type property struct {
	f    *runner
	rt   *bindings.Runtime
	of   []*generator
	body *lua.LFunction
}

// forall calls a function with many values; what fails is made smaller and told.
func (f *runner) forall(rt *bindings.Runtime) int {
	if f.test == nil {
		rt.Raise("call it in a test")
	}
	p := &property{f: f, rt: rt}
	last := rt.NArgs()
	p.body = function(rt, last)
	first, runs := 1, runsUsual
	if t, ok := rt.Arg(1).Value().(*lua.LTable); ok {
		runs = rt.Shape("options", t, &forallType).Get("runs").IntOr(runsUsual, 1, runsMost)
		first = 2
	}
	for i := first; i < last; i++ {
		p.of = append(p.of, generatorOf(rt, rt.Arg(i)))
	}
	if len(p.of) == 0 {
		rt.Raise("want generators before the function, as in forall(gen.number(0, 1), function(x) … end)")
	}
	for n := range runs {
		d := &draw{rt: rt, source: rand.New(rand.NewPCG(f.o.Seed, uint64(n)))}
		values, err := p.try(d)
		if err == nil {
			continue
		}
		values, err, smaller := p.shrink(d.used, values, err)
		detail := []string{}
		for i, v := range values {
			detail = append(detail, fmt.Sprintf("%s: %s", p.of[i].words, shown(v)))
		}
		detail = append(detail, fmt.Sprintf("run %d of %d, made smaller %d times; the same again with --seed %d", n+1, runs, smaller, f.o.Seed))
		if known := f.test.failure; known != nil && known.Message == err.Message {
			detail = append(detail, known.Detail...)
		}
		f.fail(rt, detail, "does not hold for %s: %s", listed(values), where(err))
	}
	return 0
}

func where(err *script.Error) string {
	if err.Line == 0 {
		return err.Message
	}
	return fmt.Sprintf("line %d: %s", err.Line, err.Message)
}

func listed(values []lua.LValue) string {
	var out []string
	for _, v := range values {
		out = append(out, shown(v))
	}
	return strings.Join(out, ", ")
}

// try calls the function with what the choices come to. Sessions that it opens are its own.
func (p *property) try(d *draw) ([]lua.LValue, *script.Error) {
	p.rt.Charge(unitsPerTry)
	values := make([]lua.LValue, len(p.of))
	for i, g := range p.of {
		values[i] = d.value(g)
	}
	outer := len(p.f.test.sessions)
	_, err := p.f.bench.Try(p.body, values...)
	if err == nil {
		if fault := p.f.test.faultsFrom(outer); fault != nil {
			err = &script.Error{Message: fault.Error()}
		}
	}
	for _, s := range p.f.test.sessions[outer:] {
		must(p.rt, s.stage.Close())
	}
	p.f.test.sessions = p.f.test.sessions[:outer]
	return values, err
}

// shrink looks for fewer and smaller choices that fail too.
func (p *property) shrink(choices []uint64, values []lua.LValue, err *script.Error) ([]lua.LValue, *script.Error, int) {
	smaller := 0
	attempts := 0
	better := func(next []uint64) bool {
		if attempts++; attempts > shrinksMost {
			return false
		}
		p.rt.Charge(len(next) / 8)
		d := &draw{rt: p.rt, given: next}
		v, e := p.try(d)
		if e == nil || !simpler(d.used, choices) {
			return false
		}
		choices, values, err, smaller = d.used, v, e, smaller+1
		return true
	}
	for again := true; again && attempts <= shrinksMost; {
		again = false
		for i := 0; i < len(choices) && attempts <= shrinksMost; i++ { // without one
			if better(slices.Delete(slices.Clone(choices), i, i+1)) {
				again = true
				i--
			}
		}
		for i := 0; i < len(choices) && attempts <= shrinksMost; i++ { // one less of something, and what it was the number of
			for gone := 1; gone < 9 && i+gone < len(choices) && choices[i] > 0; gone++ {
				next := slices.Delete(slices.Clone(choices), i+1, i+1+gone)
				next[i]--
				again = better(next) || again
			}
		}
		for i := 0; i < len(choices) && attempts <= shrinksMost; i++ { // each as small as may be
			for attempts <= shrinksMost && i < len(choices) && choices[i] > 0 && p.lower(choices, i, better) {
				again = true
			}
		}
	}
	return values, err, smaller
}

// simpler reports fewer choices, or as many of which the first that differs is smaller.
func simpler(a, b []uint64) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return slices.Compare(a, b) < 0
}

// lower tries smaller ones in the place of a choice: nothing, half of it, and so on to one less.
func (p *property) lower(choices []uint64, i int, better func([]uint64) bool) bool {
	for cut := choices[i]; cut > 0; cut /= 2 {
		next := slices.Clone(choices)
		next[i] -= cut
		if better(next) {
			return true
		}
	}
	return false
}

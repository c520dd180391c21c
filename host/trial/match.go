package trial

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// Bounds of what is told of a difference.
const (
	mostDifferences = 20
	mostDepth       = 50
)

// number is a number, or a decimal as one.
func number(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case *lua.LUserData:
		if d, ok := v.Value.(decimal.Decimal); ok {
			return exchange.Float(d), true
		}
	}
	return 0, false
}

// same is what == says; a decimal is as a number, and numbers that differ by rounding in the
// last digits of a sum are the same.
func same(a, b lua.LValue) bool {
	x, numeric := number(a)
	y, both := number(b)
	if numeric && both {
		return x == y || math.Abs(x-y) <= 1e-12*math.Max(math.Abs(x), math.Abs(y))
	}
	return a == b
}

// isList reports a table that has elements and no names, or nothing at all.
func isList(t *lua.LTable) bool {
	n := t.Len()
	if n == 0 {
		k, _ := t.Next(lua.LNil)
		return k == lua.LNil
	}
	k, _ := t.Next(lua.LNumber(n))
	return k == lua.LNil
}

// compare tells where a value is not as wanted, a line for each place: in everything, or in
// what is wanted alone.
func compare(rt *bindings.Runtime, got, want lua.LValue, whole bool) []string {
	c := comparison{charge: rt.Charge, whole: whole}
	c.value("", got, want, 0)
	if more := c.count - len(c.lines); more > 0 {
		c.lines = append(c.lines, fmt.Sprintf("and %d more", more))
	}
	return c.lines
}

type comparison struct {
	charge func(units int)
	whole  bool
	lines  []string
	count  int
}

// Units of the budget. Tables may hold one another, so that what is compared is not bounded by
// what is held.
const (
	unitsPerPlace = 8
	unitsPerKey   = 8
	unitsPerShown = 500
)

func (c *comparison) differs(path, format string, args ...any) {
	if c.count++; len(c.lines) < mostDifferences {
		c.charge(unitsPerShown)
		for i, a := range args {
			if v, ok := a.(lua.LValue); ok {
				args[i] = shown(v)
			}
		}
		if path == "" {
			path = "it"
		}
		c.lines = append(c.lines, path+": "+fmt.Sprintf(format, args...))
	}
}

func (c *comparison) value(path string, got, want lua.LValue, depth int) {
	c.charge(unitsPerPlace)
	a, tables := got.(*lua.LTable)
	b, both := want.(*lua.LTable)
	if !tables || !both {
		if !same(got, want) {
			c.differs(path, "want %s, got %s", want, got)
		}
		return
	}
	if a == b {
		return
	}
	if depth > mostDepth {
		c.differs(path, "it nests more than %d deep", mostDepth)
		return
	}
	if isList(b) && (b.Len() > 0 || c.whole) && a.Len() != b.Len() {
		c.differs(path, "want %d elements, got %d", b.Len(), a.Len())
	}
	for _, k := range keys(c.charge, b) {
		c.value(path+step(k), a.RawGet(k), b.RawGet(k), depth+1)
	}
	if !c.whole {
		return
	}
	for _, k := range keys(c.charge, a) {
		if b.RawGet(k) == lua.LNil {
			c.differs(path+step(k), "want nothing, got %s", a.RawGet(k))
		}
	}
}

// keys are a table's, numbers first, in order.
func keys(charge func(units int), t *lua.LTable) []lua.LValue {
	var out []lua.LValue
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		charge(unitsPerKey)
		out = append(out, k)
	}
	slices.SortStableFunc(out, func(a, b lua.LValue) int {
		x, first := a.(lua.LNumber)
		y, second := b.(lua.LNumber)
		switch {
		case first && second:
			return cmp.Compare(x, y)
		case first:
			return -1
		case second:
			return 1
		}
		return strings.Compare(bindings.ToText(a), bindings.ToText(b))
	})
	return out
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// step is a key as a path has it.
func step(k lua.LValue) string {
	if s, ok := k.(lua.LString); ok && plainKey.MatchString(string(s)) {
		return "." + string(s)
	}
	return "[" + shown(k) + "]"
}

// Package num is the Lua module for exact numbers: decimals, rounding with a
// named direction, and whole ticks.
//
// A Lua number is a float64, which is right for signals and wrong for money.
// Rounding here reads a number through its shortest decimal form, so that
// num.floor_to(0.3, 0.1) is 0.3 and not 0.2.
package num

import (
	"github.com/shopspring/decimal"
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

const anyNumber = "number|string|Decimal"

// maxDigits bounds what arithmetic may grow to; beyond it a result is cut to
// maxPlaces decimal places, or raises when its whole part is the long one.
const (
	maxDigits = 200
	maxPlaces = 40
)

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name:  "num",
		Doc:   "Exact numbers: decimals, and rounding with a named direction.",
		Funcs: funcs(),
		Types: []bindings.Type{decimalType},
		Open:  func(rt *bindings.Runtime, _ *lua.LTable) { operators(rt) },
	}
}

func funcs() []bindings.Func {
	x := bindings.Value{Name: "x", Type: anyNumber}
	step := bindings.Value{Name: "step", Type: anyNumber, Doc: "above 0, such as a tick"}
	rounded := []bindings.Value{{Name: "rounded", Type: "number|Decimal", Doc: "a Decimal when x was one, otherwise a number"}}
	symbol := bindings.Value{Name: "symbol", Type: "string|Book"}
	return []bindings.Func{
		{Spec: bindings.Spec{Name: "dec", Doc: "An exact decimal.", Args: []bindings.Value{x}, Returns: []bindings.Value{{Name: "d", Type: "Decimal"}},
			Example: "local d = num.dec(\"0.1\") + num.dec(\"0.2\")  -- exactly 0.3"}, Load: true, Call: dec},
		{Spec: bindings.Spec{Name: "floor_to", Doc: "The largest multiple of step that is at most x.", Args: []bindings.Value{x, step}, Returns: rounded}, Load: true,
			Call: func(rt *bindings.Runtime) int { return roundTo(rt, down) }},
		{Spec: bindings.Spec{Name: "ceil_to", Doc: "The smallest multiple of step that is at least x.", Args: []bindings.Value{x, step}, Returns: rounded}, Load: true,
			Call: func(rt *bindings.Runtime) int { return roundTo(rt, up) }},
		{Spec: bindings.Spec{Name: "round_to", Doc: "The multiple of step nearest to x; halves go away from zero.", Args: []bindings.Value{x, step}, Returns: rounded}, Load: true,
			Call: func(rt *bindings.Runtime) int { return roundTo(rt, nearest) }},
		{Spec: bindings.Spec{Name: "ticks", Doc: "A price as a whole number of an instrument's ticks, rounded to the nearest: whole numbers compare exactly.",
			Args: []bindings.Value{symbol, {Name: "price", Type: anyNumber, Unit: "quote"}}, Returns: []bindings.Value{{Name: "ticks", Type: "integer"}}}, Call: ticks},
		{Spec: bindings.Spec{Name: "price", Doc: "The price of a whole number of ticks.",
			Args: []bindings.Value{symbol, {Name: "ticks", Type: "integer"}}, Returns: []bindings.Value{{Name: "price", Type: "number", Unit: "quote"}}}, Call: price},
		{Spec: bindings.Spec{Name: "fmt", Doc: "Text with a fixed number of decimal places; halves go away from zero.",
			Args: []bindings.Value{x, {Name: "places", Type: "integer", Doc: "0 to 18"}}, Returns: []bindings.Value{{Name: "text", Type: "string"}}}, Load: true, Call: format},
		{Spec: bindings.Spec{Name: "eq", Doc: "Whether two numbers, strings or decimals have the same value. Use it with decimals: == between a Decimal and a number is always false.",
			Args: []bindings.Value{{Name: "a", Type: anyNumber}, {Name: "b", Type: anyNumber}}, Returns: []bindings.Value{{Name: "equal", Type: "boolean"}}}, Load: true, Call: eq},
	}
}

func push(rt *bindings.Runtime, d decimal.Decimal) int {
	if d.NumDigits() > maxDigits {
		if d = d.Round(maxPlaces); d.NumDigits() > maxDigits {
			rt.Raise("the result has more than %d digits", maxDigits)
		}
	}
	rt.Charge(16)
	return rt.Push(rt.NewObject(&decimalType, d))
}

func dec(rt *bindings.Runtime) int { return push(rt, rt.Arg(1).Decimal()) }

// down, up and nearest are the directions: how many steps to add to a quotient that
// was cut towards zero and left a rest.
func down(rest, _ decimal.Decimal) int { return min(rest.Sign(), 0) }

func up(rest, _ decimal.Decimal) int { return max(rest.Sign(), 0) }

func nearest(rest, step decimal.Decimal) int {
	if rest.Abs().Add(rest.Abs()).LessThan(step) {
		return 0
	}
	return rest.Sign()
}

func roundTo(rt *bindings.Runtime, direction func(rest, step decimal.Decimal) int) int {
	x, step := rt.Arg(1).Decimal(), rt.Arg(2).Positive()
	n, rest := x.QuoRem(step, 0)
	d := n.Add(decimal.NewFromInt(int64(direction(rest, step)))).Mul(step)
	if _, ok := rt.Arg(1).Value().(*lua.LUserData); ok {
		return push(rt, d)
	}
	return rt.PushNumber(d.InexactFloat64())
}

func ticks(rt *bindings.Runtime) int {
	tick := rt.Arg(1).Instrument().Tick
	n := rt.Arg(2).Decimal().DivRound(tick.Decimal(1), 0)
	if n.Abs().GreaterThan(decimal.NewFromInt(1 << 53)) {
		rt.Arg(2).Fail("too large: more than 2^53 ticks of %s", tick)
	}
	return rt.PushNumber(float64(n.IntPart()))
}

func price(rt *bindings.Runtime) int {
	tick := rt.Arg(1).Instrument().Tick
	return rt.PushNumber(tick.Decimal(int64(rt.Arg(2).Int(-1<<53, 1<<53))).InexactFloat64())
}

func format(rt *bindings.Runtime) int {
	return rt.PushString(rt.Arg(1).Decimal().StringFixed(int32(rt.Arg(2).Int(0, 18))))
}

func eq(rt *bindings.Runtime) int {
	return rt.PushBool(rt.Arg(1).Decimal().Equal(rt.Arg(2).Decimal()))
}

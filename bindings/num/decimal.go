package num

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings"
)

var decimalType = bindings.Type{
	Name: "Decimal",
	Doc: "An exact decimal. + - * / take another Decimal, a number or a numeric string; division keeps 20 places.\n" +
		"<, <= and == compare two Decimals; use :cmp or num.eq against a number.",
	Methods: []bindings.Func{
		{Spec: bindings.Spec{Name: "number", Doc: "The nearest number, for signals.", Returns: []bindings.Value{{Name: "x", Type: "number"}}}, Load: true,
			Call: func(rt *bindings.Runtime) int {
				return rt.PushNumber(bindings.Self[decimal.Decimal](rt).InexactFloat64())
			}},
		{Spec: bindings.Spec{Name: "string", Doc: "The exact text.", Returns: []bindings.Value{{Name: "text", Type: "string"}}}, Load: true,
			Call: func(rt *bindings.Runtime) int { return rt.PushString(bindings.Self[decimal.Decimal](rt).String()) }},
		{Spec: bindings.Spec{Name: "sign", Doc: "-1, 0 or 1.", Returns: []bindings.Value{{Name: "sign", Type: "integer"}}}, Load: true,
			Call: func(rt *bindings.Runtime) int {
				return rt.PushNumber(float64(bindings.Self[decimal.Decimal](rt).Sign()))
			}},
		{Spec: bindings.Spec{Name: "cmp", Doc: "-1, 0 or 1 when the decimal is less than, equal to or greater than x.",
			Args: []bindings.Value{{Name: "x", Type: anyNumber}}, Returns: []bindings.Value{{Name: "order", Type: "integer"}}}, Load: true,
			Call: func(rt *bindings.Runtime) int {
				return rt.PushNumber(float64(bindings.Self[decimal.Decimal](rt).Cmp(rt.Arg(1).Decimal())))
			}},
	},
}

// divisionPlaces is how many decimal places a quotient keeps.
const divisionPlaces = 20

var (
	leftArg    = bindings.Value{Name: "left"}
	rightArg   = bindings.Value{Name: "right"}
	arithmetic = []struct {
		event, name string
		do          func(a, b decimal.Decimal) decimal.Decimal
	}{
		{"__add", "addition", decimal.Decimal.Add},
		{"__sub", "subtraction", decimal.Decimal.Sub},
		{"__mul", "multiplication", decimal.Decimal.Mul},
		{"__div", "division", func(a, b decimal.Decimal) decimal.Decimal { return a.DivRound(b, divisionPlaces) }},
	}
	comparisons = []struct {
		event, name string
		do          func(a, b decimal.Decimal) bool
	}{
		{"__eq", "comparison", decimal.Decimal.Equal},
		{"__lt", "comparison", decimal.Decimal.LessThan},
		{"__le", "comparison", decimal.Decimal.LessThanOrEqual},
	}
)

// operators gives the class its arithmetic, which methods cannot express.
func operators(rt *bindings.Runtime) {
	mt := rt.Class(&decimalType)
	set := func(event, name string, call func(*bindings.Runtime) int) {
		f := &bindings.Func{Spec: bindings.Spec{Name: name, Args: []bindings.Value{leftArg, rightArg}}, Load: true, Call: call}
		mt.RawSetString(event, rt.Function("Decimal "+name, f))
	}
	for _, op := range arithmetic {
		set(op.event, op.name, func(rt *bindings.Runtime) int {
			a, b := rt.Arg(1).Decimal(), rt.Arg(2).Decimal()
			if op.event == "__div" && b.IsZero() {
				rt.Raise("by zero")
			}
			return push(rt, op.do(a, b))
		})
	}
	for _, op := range comparisons {
		set(op.event, op.name, func(rt *bindings.Runtime) int {
			return rt.PushBool(op.do(rt.Arg(1).Decimal(), rt.Arg(2).Decimal()))
		})
	}
	set("__unm", "negation", func(rt *bindings.Runtime) int { return push(rt, rt.Arg(1).Decimal().Neg()) })
	set("__tostring", "text", func(rt *bindings.Runtime) int { return rt.PushString(rt.Arg(1).Decimal().String()) })
}

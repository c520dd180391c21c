// Package ta is the Lua module for indicators over a stream of numbers.
//
// An indicator is an object that is fed one value at a time and costs the same
// for every value, however long its window (a quantile costs the logarithm of
// its window to search and a short move to insert). It answers nil until it has
// seen its whole window, because a half-filled average is a different number.
// Objects are not kept over a reload; feed them again from market.bars.
package ta

import (
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// maxWindow bounds the memory of one window.
const maxWindow = 100000

var (
	windowArg = bindings.Value{Name: "n", Type: "integer", Doc: "length of the window in values, at most 100000"}
	valueArg  = bindings.Value{Name: "x", Type: "number", Doc: "finite"}
)

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name:  "ta",
		Doc:   "Indicators, fed one value at a time at constant cost. They answer nil until their window is full.",
		Funcs: slices.Concat(averages(), momentum(), trend(), bands(), volume(), pairs(), volatility(), []bindings.Func{resampling()}),
		Types: []bindings.Type{indicatorType, atrType, windowType, *macdType, *stochasticType, *adxType, *heikinAshiType, *bollingerType, *donchianType, *keltnerType,
			*vwapType, *obvType, *correlationType, *betaType, *spreadType, *halfLifeType, *volatilityType, resamplerType},
	}
}

func averages() []bindings.Func {
	return []bindings.Func{
		maker("ema", "Exponential moving average with weight 2/(n+1) for the newest value; it starts from the simple average of the first n.",
			windowArg, func(rt *bindings.Runtime) indicator { return newEMA(window(rt)) }),
		maker("sma", "Simple moving average.", windowArg,
			func(rt *bindings.Runtime) indicator { return &sma{newMoments(window(rt))} }),
		maker("stdev", "Sample standard deviation of a window of at least 2.", windowArg,
			func(rt *bindings.Runtime) indicator { return &stdev{newMoments(atLeast(rt, 2))} }),
		maker("zscore", "How many sample standard deviations the newest value is from the mean of its window; 0 when the window is constant.", windowArg,
			func(rt *bindings.Runtime) indicator { return &zscore{newMoments(atLeast(rt, 2))} }),
		{Spec: bindings.Spec{Name: "quantile", Doc: "The q-quantile of a window, interpolated between neighbours.",
			Args:    []bindings.Value{windowArg, {Name: "q", Type: "number", Doc: "0 to 1; 0.5 is the median"}},
			Example: "local median = ta.quantile(101, 0.5)\nlocal v = median:update(book:spread())",
			Returns: []bindings.Value{{Name: "indicator", Type: "Indicator"}}}, Load: true, Call: quantileOf},
		{Spec: bindings.Spec{Name: "atr", Doc: "Average true range by Wilder: smoothed with weight 1/n. The first bar counts with its own range (TA-Lib leaves it out; after a few n bars they agree).",
			Example: "local a = ta.atr(14)\nlocal range = a:update(bar.high, bar.low, bar.close)",
			Args:    []bindings.Value{windowArg}, Returns: []bindings.Value{{Name: "atr", Type: "ATR"}}}, Load: true,
			Call: func(rt *bindings.Runtime) int { return rt.Push(rt.NewObject(&atrType, newATR(window(rt)))) }},
		{Spec: bindings.Spec{Name: "window", Doc: "The last n values, with their sum, mean, least and greatest at hand.",
			Args: []bindings.Value{windowArg}, Returns: []bindings.Value{{Name: "window", Type: "Window"}},
			Example: "local last = ta.window(100)\nlast:push(book:mid())\nif last:full() then log.info(last:min(), last:mean(), last:max()) end"}, Load: true,
			Call: func(rt *bindings.Runtime) int { return rt.Push(rt.NewObject(&windowType, newRolling(window(rt)))) }},
	}
}

// indicator is fed values and has a value of its own once it has seen enough.
type indicator interface {
	update(x float64)
	value() (float64, bool)
}

func maker(name, doc string, arg bindings.Value, make func(*bindings.Runtime) indicator) bindings.Func {
	return bindings.Func{
		Spec: bindings.Spec{Name: name, Doc: doc, Args: []bindings.Value{arg},
			Returns: []bindings.Value{{Name: "indicator", Type: "Indicator"}},
			Example: "local slow = ta." + name + "(50)\nlocal v = slow:update(bar.close)"},
		Load: true,
		Call: func(rt *bindings.Runtime) int { return rt.Push(rt.NewObject(&indicatorType, make(rt))) },
	}
}

func quantileOf(rt *bindings.Runtime) int {
	n, q := window(rt), rt.Arg(2).Finite()
	if q < 0 || q > 1 {
		rt.Arg(2).Fail("want 0 to 1, got %v", q)
	}
	return rt.Push(rt.NewObject(&indicatorType, indicator(newQuantile(n, q))))
}

// window reads the length of a window and charges for its memory.
func window(rt *bindings.Runtime) int { return atLeast(rt, 1) }

func atLeast(rt *bindings.Runtime, least int) int {
	n := rt.Arg(1).Int(least, maxWindow)
	rt.Charge(n / 2)
	return n
}

var indicatorType = bindings.Type{
	Name: "Indicator",
	Doc:  "A number computed from a stream of numbers.",
	Methods: []bindings.Func{
		{Spec: bindings.Spec{Name: "update", Doc: "Takes the next value.", Args: []bindings.Value{valueArg},
			Returns: []bindings.Value{{Name: "value", Type: "number?", Doc: "nil until the window is full"}}}, Load: true, Changes: true,
			Call: func(rt *bindings.Runtime) int {
				ind := bindings.Self[indicator](rt)
				ind.update(rt.Arg(1).Finite())
				return push(rt, ind.value)
			}},
		{Spec: bindings.Spec{Name: "value", Doc: "The current value.", Returns: []bindings.Value{{Name: "value", Type: "number?"}}}, Load: true,
			Call: func(rt *bindings.Runtime) int { return push(rt, bindings.Self[indicator](rt).value) }},
	},
}

var atrType = bindings.Type{
	Name: "ATR",
	Doc:  "Average true range.",
	Methods: []bindings.Func{
		{Spec: bindings.Spec{Name: "update", Doc: "Takes the next bar.",
			Args:    []bindings.Value{{Name: "high", Type: "number"}, {Name: "low", Type: "number"}, {Name: "close", Type: "number"}},
			Returns: []bindings.Value{{Name: "value", Type: "number?", Doc: "nil until n bars were seen"}}}, Load: true, Changes: true,
			Call: func(rt *bindings.Runtime) int {
				a := bindings.Self[*atr](rt)
				a.update(rt.Arg(1).Finite(), rt.Arg(2).Finite(), rt.Arg(3).Finite())
				return push(rt, a.value)
			}},
		{Spec: bindings.Spec{Name: "value", Doc: "The current value.", Returns: []bindings.Value{{Name: "value", Type: "number?"}}}, Load: true,
			Call: func(rt *bindings.Runtime) int { return push(rt, bindings.Self[*atr](rt).value) }},
	},
}

var windowType = bindings.Type{
	Name: "Window",
	Doc:  "The last n values. Unlike an indicator it answers as soon as it has one value; full() tells when it has all.",
	Methods: []bindings.Func{
		{Spec: bindings.Spec{Name: "push", Doc: "Takes the next value, and lets go of the oldest when full.", Args: []bindings.Value{valueArg}}, Load: true, Changes: true,
			Call: func(rt *bindings.Runtime) int { bindings.Self[*rolling](rt).push(rt.Arg(1).Finite()); return 0 }},
		{Spec: bindings.Spec{Name: "get", Doc: "A value by age: 1 is the newest.", Args: []bindings.Value{{Name: "age", Type: "integer", Optional: true}},
			Returns: []bindings.Value{{Name: "x", Type: "number?"}}}, Load: true,
			Call: func(rt *bindings.Runtime) int {
				age := rt.Arg(1).IntOr(1, 1, maxWindow)
				return push(rt, func() (float64, bool) { return bindings.Self[*rolling](rt).get(age) })
			}},
		{Spec: bindings.Spec{Name: "count", Doc: "How many values it holds.", Returns: []bindings.Value{{Name: "n", Type: "integer"}}}, Load: true,
			Call: func(rt *bindings.Runtime) int { return rt.PushNumber(float64(bindings.Self[*rolling](rt).count())) }},
		{Spec: bindings.Spec{Name: "full", Doc: "Whether it holds n values.", Returns: []bindings.Value{{Name: "full", Type: "boolean"}}}, Load: true,
			Call: func(rt *bindings.Runtime) int { return rt.PushBool(bindings.Self[*rolling](rt).full()) }},
		stat("sum", "The sum.", (*rolling).sum),
		stat("mean", "The mean.", (*rolling).mean),
		stat("min", "The least value.", (*rolling).min),
		stat("max", "The greatest value.", (*rolling).max),
	},
}

func stat(name, doc string, f func(*rolling) (float64, bool)) bindings.Func {
	return bindings.Func{
		Spec: bindings.Spec{Name: name, Doc: doc, Returns: []bindings.Value{{Name: name, Type: "number?", Doc: "nil when it is empty"}}},
		Load: true,
		Call: func(rt *bindings.Runtime) int {
			r := bindings.Self[*rolling](rt)
			return push(rt, func() (float64, bool) { return f(r) })
		},
	}
}

func push(rt *bindings.Runtime, value func() (float64, bool)) int {
	v, ok := value()
	if !ok {
		return rt.Push(lua.LNil)
	}
	return rt.PushNumber(v)
}

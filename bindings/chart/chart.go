// Package chart is the Lua module for drawing a number over time on the page.
package chart

import (
	"math"

	"github.com/perilune/perilune/bindings"
)

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "chart",
		Doc:  "Lines on the strategy's chart.",
		Funcs: []bindings.Func{{Spec: bindings.Spec{Name: "plot", Doc: "Adds a point, at the time of the event, to a line. A value that is nil, NaN or infinite leaves a hole.",
			Args:    []bindings.Value{{Name: "series", Type: "string", Doc: "name of the line; 1 to 64 bytes"}, {Name: "value", Type: "number", Optional: true}},
			Example: "chart.plot(\"basis\", basis.open(spot, perp))"}, Call: plot}},
	}
}

func plot(rt *bindings.Runtime) int {
	series := rt.Arg(1).Name()
	if rt.Arg(2).Nil() {
		return 0
	}
	if v := rt.Arg(2).Number(); !math.IsNaN(v) && !math.IsInf(v, 0) {
		rt.Series(series)
		rt.Count(bindings.CapPoints)
		env(rt).Chart(series, v)
	}
	return 0
}

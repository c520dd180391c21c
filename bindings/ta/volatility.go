package ta

import (
	"math"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// year is the one of markets that never close.
const year = 365 * exchange.Day

// returns makes squared logarithmic returns of prices, and a volatility of their mean.
type returns struct {
	last   float64
	yearly float64 // returns in a year
}

func newReturns(step exchange.Time) returns { return returns{yearly: float64(year) / float64(step)} }

// square is the squared return since the price before; false for the first price.
func (r *returns) square(price float64) (float64, bool) {
	before := r.last
	if r.last = price; before == 0 {
		return 0, false
	}
	move := math.Log(price / before)
	return move * move, true
}

func (r *returns) annual(variance float64) float64 { return math.Sqrt(max(variance, 0) * r.yearly) }

// realized is the root of the mean squared return of a window.
type realized struct {
	returns
	squares sma
}

// MemoryBytes is what its window takes.
func (r *realized) MemoryBytes() int { return r.squares.MemoryBytes() }

func (r *realized) take(in numbers) {
	if x, ok := r.square(in[0]); ok {
		r.squares.update(x)
	}
}

func (r *realized) read() (numbers, bool) {
	mean, ok := r.squares.value()
	return numbers{r.annual(mean)}, ok
}

// ewma is the RiskMetrics estimate: variance' = lambda * variance + (1-lambda) * return².
// It begins with the mean of the first 1/(1-lambda) squares.
type ewma struct {
	returns
	lambda, mean float64
	n, seen      int
}

func newEWMA(lambda float64, step exchange.Time) *ewma {
	return &ewma{returns: newReturns(step), lambda: lambda, n: int(math.Round(1 / (1 - lambda)))}
}

func (e *ewma) take(in numbers) {
	x, ok := e.square(in[0])
	if !ok {
		return
	}
	if e.seen++; e.seen <= e.n {
		e.mean += (x - e.mean) / float64(e.seen)
		return
	}
	e.mean += (1 - e.lambda) * (x - e.mean)
}

func (e *ewma) read() (numbers, bool) { return numbers{e.annual(e.mean)}, e.seen >= e.n }

var volatilityOut = []bindings.Value{{Name: "volatility", Unit: "fraction per year", Doc: "0.6 is 60 %"}}

var volatilityType = object(shape{name: "Volatility", doc: "Annual volatility of a price.", in: []bindings.Value{priceArg}, out: volatilityOut,
	check: func(in numbers) string {
		if in[0] <= 0 {
			return "a price is above 0"
		}
		return ""
	}})

var stepArg = bindings.Value{Name: "length", Type: "number|string", Unit: "seconds, or \"1h\"", Doc: "time between two prices, as that of bars: it divides a day"}

func step(rt *bindings.Runtime) exchange.Time {
	length, err := rt.Arg(2).BarLength()
	if err != nil {
		rt.Arg(2).Fail("%v", err)
	}
	return length
}

func volatility() []bindings.Func {
	return []bindings.Func{
		of(volatilityType, bindings.Spec{Name: "realized_vol", Doc: "Realized volatility: the root of the mean squared logarithmic return of the last n (their mean is taken as 0), made annual with 365 days. It needs n+1 prices.",
			Args:    []bindings.Value{windowArg, stepArg},
			Example: "local v = ta.realized_vol(24 * 7, \"1h\")\nlocal vol = v:update(bar.close)  -- 0.6 is 60 % a year"},
			func(rt *bindings.Runtime) figures {
				return &realized{newReturns(step(rt)), sma{newMoments(window(rt))}}
			}),
		of(volatilityType, bindings.Spec{Name: "ewma_vol", Doc: "Exponentially weighted volatility as RiskMetrics has it: each squared logarithmic return counts lambda times the one after it. It starts from the mean of the first 1/(1-lambda).",
			Args:    []bindings.Value{{Name: "lambda", Type: "number", Doc: "0.5 to 0.9999; RiskMetrics takes 0.94 for days"}, stepArg},
			Example: "local v = ta.ewma_vol(0.94, \"1d\")\nlocal vol = v:update(bar.close)"},
			func(rt *bindings.Runtime) figures {
				lambda := rt.Arg(1).Finite()
				if lambda < 0.5 || lambda > 0.9999 {
					rt.Arg(1).Fail("want 0.5 to 0.9999, got %v", lambda)
				}
				return newEWMA(lambda, step(rt))
			}),
	}
}

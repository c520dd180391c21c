// Package basis is the Lua module for the difference between a perpetual and
// its spot market, at prices that can be traded.
//
// A basis is a fraction: 0.001 is ten basis points. It is conservative: opening
// sells the perpetual at the bid and buys spot at the ask, closing does the
// reverse, so the spread of both legs is inside the number. Prices of contracts
// on a multiple of the coin (1000SHIBUSDT) are divided by the multiplier first.
package basis

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

var (
	spotArg  = bindings.Value{Name: "spot", Type: "string|Book", Doc: "the spot leg"}
	perpArg  = bindings.Value{Name: "perp", Type: "string|Book", Doc: "the perpetual leg"}
	levelArg = bindings.Value{Name: "level", Type: "integer", Optional: true, Doc: "book level from 1, the best; 1 when left out"}
	sizeArg  = bindings.Value{Name: "notional", Type: "number", Unit: "quote", Doc: "size of one leg"}
	result   = []bindings.Value{{Name: "basis", Type: "number?", Unit: "fraction", Doc: "nil when a book is not ready or too thin"}}
)

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "basis",
		Doc:  "The tradable difference between a perpetual and its spot market, as a fraction of the spot price.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "open", Doc: "bid_perp / ask_spot - 1 at a level of both books: what opening (buy spot, sell perpetual) would lock in.",
				Args: []bindings.Value{spotArg, perpArg, levelArg}, Returns: result,
				Example: "if (basis.open(spot, perp, 5) or 0) > 0.001 then exec.pair.open{spot = spot, perp = perp, notional = 1000} end"},
				Call: func(rt *bindings.Runtime) int { return atLevel(rt, exchange.Buy) }},
			{Spec: bindings.Spec{Name: "close", Doc: "ask_perp / bid_spot - 1 at a level of both books: what closing (sell spot, buy perpetual) would give back.",
				Args: []bindings.Value{spotArg, perpArg, levelArg}, Returns: result},
				Call: func(rt *bindings.Runtime) int { return atLevel(rt, exchange.Sell) }},
			{Spec: bindings.Spec{Name: "open_for", Doc: "basis.open at the average prices of a size.",
				Args: []bindings.Value{spotArg, perpArg, sizeArg}, Returns: result},
				Call: func(rt *bindings.Runtime) int { return forSize(rt, exchange.Buy) }},
			{Spec: bindings.Spec{Name: "close_for", Doc: "basis.close at the average prices of a size.",
				Args: []bindings.Value{spotArg, perpArg, sizeArg}, Returns: result},
				Call: func(rt *bindings.Runtime) int { return forSize(rt, exchange.Sell) }},
			{Spec: bindings.Spec{Name: "annual", Doc: "What the basis of a dated future comes to in a year: basis × 365 / days to delivery, without compounding. A perpetual converges to nothing on a date; its yield is its funding.",
				Args:    []bindings.Value{{Name: "basis", Type: "number", Unit: "fraction"}, {Name: "future", Type: "string|Book", Doc: "the dated future"}},
				Returns: []bindings.Value{{Name: "yield", Type: "number?", Unit: "fraction a year", Doc: "nil within a day of delivery, where it means nothing"}},
				Example: "local y = basis.annual(basis.open(spot, future, 5) or 0, future)"},
				Call: annual},
		},
	}
}

// legs reads the two instruments of a call and whether both books are ready.
func legs(rt *bindings.Runtime) (spot, perp *exchange.Instrument, ready bool) {
	spot, perp = rt.Arg(1).Instrument(), rt.Arg(2).Instrument()
	if spot.Perp() {
		rt.Arg(1).Fail("%s is not a spot market", spot.Key())
	}
	if !perp.Perp() {
		rt.Arg(2).Fail("%s is not a perpetual", perp.Key())
	}
	return spot, perp, rt.Env().Book(spot.ID).Ready() && rt.Env().Book(perp.ID).Ready()
}

// atLevel computes the basis of buying (to open) or selling (to close) spot.
func atLevel(rt *bindings.Runtime, spotSide exchange.Side) int {
	spot, perp, ready := legs(rt)
	level := rt.Arg(3).IntOr(1, 1, 10000)
	if !ready {
		return rt.PushNil()
	}
	return push(rt)(At(rt.Env(), spot, perp, spotSide, level))
}

// At is the basis at a level of both books when spotSide is done on spot: Buy to
// open, Sell to close. It is false when a book has no such level.
func At(env bindings.Env, spot, perp *exchange.Instrument, spotSide exchange.Side, level int) (float64, bool) {
	s, okSpot := env.Book(spot.ID).Level(spotSide.Opposite(), level)
	p, okPerp := env.Book(perp.ID).Level(spotSide, level)
	if !okSpot || !okPerp {
		return 0, false
	}
	return between(spot, perp, spot.PriceFloat(s.Price), perp.PriceFloat(p.Price)), true
}

// forSize is atLevel at the average prices of a notional.
func forSize(rt *bindings.Runtime, spotSide exchange.Side) int {
	spot, perp, ready := legs(rt)
	notional, _ := rt.Arg(3).Positive().Float64()
	if !ready {
		return rt.PushNil()
	}
	return push(rt)(For(rt, spot, perp, spotSide, notional))
}

// For is At at the average prices of a value in quote; false when a book is too
// thin for it.
func For(rt *bindings.Runtime, spot, perp *exchange.Instrument, spotSide exchange.Side, notional float64) (float64, bool) {
	s, okSpot := averageFor(rt, spot, spotSide, notional)
	p, okPerp := averageFor(rt, perp, spotSide.Opposite(), notional)
	if !okSpot || !okPerp {
		return 0, false
	}
	return between(spot, perp, s, p), true
}

// averageFor walks a book for a value in quote; false when it is too thin.
func averageFor(rt *bindings.Runtime, in *exchange.Instrument, side exchange.Side, notional float64) (float64, bool) {
	bk, value, cost, units := rt.Env().Book(in.ID), 0.0, 0.0, 0.0
	for i := 1; ; i++ {
		l, ok := bk.Level(side.Opposite(), i)
		if !ok {
			return 0, false
		}
		rt.Charge(1)
		price, qty, worth := in.PriceFloat(l.Price), in.QtyFloat(l.Qty), in.NotionalFloat(l.Price, l.Qty)
		if value+worth >= notional {
			part := qty * (notional - value) / worth
			return (cost + part*price) / (units + part), true
		}
		value, cost, units = value+worth, cost+qty*price, units+qty
	}
}

// push returns a basis to the script, or nil.
func push(rt *bindings.Runtime) func(float64, bool) int {
	return func(b float64, ok bool) int {
		if !ok {
			return rt.PushNil()
		}
		return rt.PushNumber(b)
	}
}

// between compares prices of one coin.
func between(spot, perp *exchange.Instrument, spotPrice, perpPrice float64) float64 {
	return perpPrice/float64(perp.Multiplier)/(spotPrice/float64(spot.Multiplier)) - 1
}

// annual scales a basis by the time to delivery. Under a day the factor is so large
// that the spread alone would decide.
func annual(rt *bindings.Runtime) int {
	b, in := rt.Arg(1).Finite(), rt.Arg(2).Instrument()
	if !in.Dated() {
		rt.Arg(2).Fail("%s has no delivery: only the basis of a dated future is a yield", in.Key())
	}
	left := in.Delivery - rt.Env().Now()
	if left < exchange.Day {
		return rt.PushNil()
	}
	return rt.PushNumber(b * 365 * float64(exchange.Day) / float64(left))
}

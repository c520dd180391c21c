// Package basis is the Lua module for the difference between two instruments of a coin, at
// prices that can be traded: a perpetual and its spot market, two dated futures, the same
// perpetual at two venues.
//
// A basis is a fraction: 0.001 is ten basis points. It is conservative: opening
// sells the short leg at the bid and buys the long one at the ask, closing does the
// reverse, so the spread of both legs is inside the number. Prices of contracts
// on a multiple of the coin (1000SHIBUSDT) are divided by the multiplier first.
package basis

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/carry"
	"github.com/perilune/perilune/exchange/funding"
)

var (
	spotArg  = bindings.Value{Name: "long", Type: "string|Book", Doc: "what is bought to open: a spot market, or any contract"}
	perpArg  = bindings.Value{Name: "short", Type: "string|Book", Doc: "what is sold: another instrument of the coin, of any venue"}
	levelArg = bindings.Value{Name: "level", Type: "integer", Optional: true, Doc: "book level from 1, the best; 1 when left out"}
	sizeArg  = bindings.Value{Name: "notional", Type: "number", Unit: "quote", Doc: "size of one leg"}
	result   = []bindings.Value{{Name: "basis", Type: "number?", Unit: "fraction", Doc: "nil when a book is not ready or too thin"}}
)

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "basis",
		Doc:  "The tradable difference between two instruments of a coin, as a fraction of the price of what is long.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "open", Doc: "bid_short / ask_long - 1 at a level of both books: what opening (buy long, sell short) would lock in.",
				Args: []bindings.Value{spotArg, perpArg, levelArg}, Returns: result,
				Example: "if (basis.open(spot, perp, 5) or 0) > 0.001 then exec.pair.open{spot = spot, perp = perp, notional = 1000} end"},
				Call: func(rt *bindings.Runtime) int { return atLevel(rt, exchange.Buy) }},
			{Spec: bindings.Spec{Name: "close", Doc: "ask_short / bid_long - 1 at a level of both books: what closing (sell long, buy short) would give back.",
				Args: []bindings.Value{spotArg, perpArg, levelArg}, Returns: result},
				Call: func(rt *bindings.Runtime) int { return atLevel(rt, exchange.Sell) }},
			{Spec: bindings.Spec{Name: "open_for", Doc: "basis.open at the average prices of a size.",
				Args: []bindings.Value{spotArg, perpArg, sizeArg}, Returns: result},
				Call: func(rt *bindings.Runtime) int { return forSize(rt, exchange.Buy) }},
			{Spec: bindings.Spec{Name: "close_for", Doc: "basis.close at the average prices of a size.",
				Args: []bindings.Value{spotArg, perpArg, sizeArg}, Returns: result},
				Call: func(rt *bindings.Runtime) int { return forSize(rt, exchange.Sell) }},
			{Spec: bindings.Spec{Name: "annual", Doc: "What a basis comes to in a year, without compounding. Of a dated future: basis × 365 / days to delivery, or to it from the delivery of another one. A perpetual converges to nothing on a date: of it, what the funding that such a premium leads to comes to.",
				Args:    []bindings.Value{{Name: "basis", Type: "number", Unit: "fraction"}, {Name: "future", Type: "string|Book", Doc: "the dated future, or the perpetual"}, {Name: "near", Type: "string|Book", Optional: true, Doc: "the dated future that is long, in a calendar spread"}},
				Returns: []bindings.Value{{Name: "yield", Type: "number?", Unit: "fraction a year", Doc: "nil within a day of delivery, where it means nothing"}},
				Example: "local y = basis.annual(basis.open(spot, future, 5) or 0, future)"},
				Call: annual},
		},
	}
}

// legs reads the two instruments of a call and whether both books are ready.
func legs(rt *bindings.Runtime) (spot, perp *exchange.Instrument, ready bool) {
	spot, perp = rt.Arg(1).Instrument(), rt.Arg(2).Instrument()
	if spot.ID == perp.ID {
		rt.Arg(2).Fail("%s is both legs: want two instruments", perp.Key())
	}
	if spot.Base != perp.Base {
		rt.Arg(2).Fail("%s is of another coin than %s: %s and %s", perp.Key(), spot.Key(), perp.Base, spot.Base)
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

// annual scales a basis by the time that it is earned in. Under a day the factor is so
// large that the spread alone would decide.
func annual(rt *bindings.Runtime) int {
	b, in := rt.Arg(1).Finite(), rt.Arg(2).Instrument()
	if !in.Perp() {
		rt.Arg(2).Fail("%s is a spot market: only the basis of a contract is a yield", in.Key())
	}
	if !in.Dated() {
		rule := funding.RuleOf(in)
		if rule.Hours <= 0 {
			rule.Hours = 8
		}
		return rt.PushNumber(carry.Annual(rule.Rate(b).Float(), rule.Hours))
	}
	from := rt.Env().Now()
	if !rt.Arg(3).Nil() {
		near := rt.Arg(3).Instrument()
		if !near.Dated() {
			rt.Arg(3).Fail("%s has no delivery: want the dated future that is long", near.Key())
		}
		from = max(from, near.Delivery)
	}
	left := in.Delivery - from
	if left < exchange.Day {
		return rt.PushNil()
	}
	return rt.PushNumber(b * 365 * float64(exchange.Day) / float64(left))
}

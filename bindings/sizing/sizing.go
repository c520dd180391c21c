// Package sizing is the Lua module that says how large a position should be: from a target
// for volatility, or from what is known of an edge (Kelly's fraction).
//
// It computes and does nothing else: what it is told, it believes. Both rules are linear in
// an estimate that is never certain, which is why both have a cap, and Kelly's a fraction.
package sizing

import (
	"math"

	"github.com/perilune/perilune/bindings"
)

var volTargetType = bindings.Type{
	Name: "VolTargetRequest",
	Doc:  "What a position is sized from by its volatility.",
	Fields: []bindings.Value{
		{Name: "equity", Type: "number", Unit: "quote", Doc: "what the strategy may count as its own, such as account.equity()"},
		{Name: "target", Type: "number", Unit: "fraction per year", Doc: "volatility that the equity should have: 0.2 is 20 %"},
		{Name: "vol", Type: "number", Unit: "fraction per year", Doc: "volatility of the instrument, as ta.realized_vol and ta.ewma_vol say it"},
		{Name: "cap", Type: "number", Optional: true, Unit: "times equity", Doc: "most, whatever the volatility; 1 when left out"},
	},
}

var kellyType = bindings.Type{
	Name: "KellyRequest",
	Doc:  "What is known of an edge: win_rate and payoff, or mean and variance.",
	Fields: []bindings.Value{
		{Name: "win_rate", Type: "number", Optional: true, Unit: "fraction", Doc: "share of trades that win"},
		{Name: "payoff", Type: "number", Optional: true, Doc: "average win divided by average loss, after costs"},
		{Name: "mean", Type: "number", Optional: true, Unit: "fraction per period", Doc: "expected return, after costs; below 0 for a short"},
		{Name: "variance", Type: "number", Optional: true, Unit: "per the same period", Doc: "of that return"},
		{Name: "fraction", Type: "number", Optional: true, Doc: "how much of Kelly's bet to make, above 0 and at most 1; 0.5 when left out"},
		{Name: "cap", Type: "number", Optional: true, Unit: "times equity", Doc: "most, whatever the edge; 1 when left out"},
	},
}

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "sizing",
		Doc:  "How large a position should be. It computes only; orders are yours to send, and the gate's limits hold all the same.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "vol_target", Doc: "Value of a position that gives equity a volatility: equity * target / vol, and at most cap times equity; 0 when vol is 0, because a price that does not move says nothing.",
				Args:    []bindings.Value{{Name: "request", Type: "VolTargetRequest"}},
				Returns: []bindings.Value{{Name: "notional", Type: "number", Unit: "quote"}},
				Example: "local vol = ta.ewma_vol(0.94, \"1h\"):update(bar.close)\nif vol then\n  local notional = sizing.vol_target{equity = account.equity(), target = 0.2, vol = vol, cap = 2}\nend"}, Load: true, Call: volTarget},
			{Spec: bindings.Spec{Name: "kelly", Doc: "Kelly's fraction of equity to put at stake: win_rate - (1 - win_rate) / payoff, or mean / variance, times fraction, and at most cap either way. 0 without an edge; below 0 only of a mean below 0.",
				Args:    []bindings.Value{{Name: "request", Type: "KellyRequest"}},
				Returns: []bindings.Value{{Name: "stake", Type: "number", Unit: "times equity"}},
				Example: "local stake = sizing.kelly{win_rate = 0.55, payoff = 1.2, fraction = 0.25}\nlocal notional = stake * account.equity()\nstake = sizing.kelly{mean = 0.0004, variance = 0.0009, cap = 0.3}"}, Load: true, Call: kelly},
		},
		Types: []bindings.Type{volTargetType, kellyType},
	}
}

func volTarget(rt *bindings.Runtime) int {
	f := rt.Fields(1, &volTargetType)
	equity, target, vol := f.Get("equity").Finite(), notBelow(f, "target", 0), notBelow(f, "vol", 0)
	most := positiveOr(f, "cap", 1)
	if vol == 0 || equity <= 0 {
		return rt.PushNumber(0)
	}
	return rt.PushNumber(equity * min(target/vol, most))
}

func kelly(rt *bindings.Runtime) int {
	f := rt.Fields(1, &kellyType)
	byTrades := f.Has("win_rate") || f.Has("payoff")
	if byTrades == (f.Has("mean") || f.Has("variance")) {
		rt.Raise("want win_rate and payoff, or mean and variance")
	}
	fraction, most := positiveOr(f, "fraction", 0.5), positiveOr(f, "cap", 1)
	if fraction > 1 {
		f.Get("fraction").Fail("more than Kelly's bet earns less and risks more: want at most 1, got %v", fraction)
	}
	var full float64
	if byTrades {
		p := notBelow(f, "win_rate", 0)
		if p > 1 {
			f.Get("win_rate").Fail("want 0 to 1, got %v", p)
		}
		full = max(0, p-(1-p)/positiveOr(f, "payoff", math.NaN()))
	} else {
		full = f.Get("mean").Finite() / positiveOr(f, "variance", math.NaN())
	}
	return rt.PushNumber(max(-most, min(most, fraction*full)))
}

func notBelow(f bindings.Fields, name string, least float64) float64 {
	v := f.Get(name).Finite()
	if v < least {
		f.Get(name).Fail("want at least %v, got %v", least, v)
	}
	return v
}

// positiveOr reads a field above 0; def NaN makes it a required one.
func positiveOr(f bindings.Fields, name string, def float64) float64 {
	if !f.Has(name) && !math.IsNaN(def) {
		return def
	}
	v := f.Get(name).Finite()
	if v <= 0 {
		f.Get(name).Fail("want more than 0, got %v", v)
	}
	return v
}

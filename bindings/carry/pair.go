package carry

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange/carry"
)

// column is a field of a CarryPair. They are made as they are read: a script looks
// at few of them, and at most of those of few pairs.
type column struct {
	bindings.Value
	get func(*bindings.Runtime, *row) lua.LValue
}

const (
	fraction = "fraction"
	per8h    = "fraction per 8 hours"
)

var columns = []column{
	text("base", "the coin", func(r *row) string { return r.short.Base }),
	text("long", "symbol of what is to be bought", func(r *row) string { return r.long.Key() }),
	text("short", "symbol of what is to be sold", func(r *row) string { return r.short.Key() }),
	text("spot", "as long", func(r *row) string { return r.long.Key() }),
	text("perp", "as short", func(r *row) string { return r.short.Key() }),
	number("rate", per8h, "the running estimate, of two perpetuals what the short is paid less what the long pays", func(r *row) float64 { return r.rate }),
	number("predicted", per8h, "what will probably settle", func(r *row) float64 { return r.predicted }),
	number("median", per8h, "of the last settlements; predicted when there were none", func(r *row) float64 { return r.median }),
	number("low", per8h, "the lower of predicted and median: what to count on when entering", func(r *row) float64 { return r.low }),
	number("high", per8h, "the higher of them: what to grant when leaving", func(r *row) float64 { return r.high }),
	number("annual", "fraction a year", "what predicted comes to in a year, without compounding", func(r *row) float64 { return carry.Annual(r.predicted, 8) }),
	number("hours", "hours", "funding interval, the shorter of two", func(r *row) float64 { return float64(r.hours) }),
	number("due", "seconds", "until the coming settlement", func(r *row) float64 { return bindings.Seconds(max(r.next-r.now, 0)) }),
	number("settled", "", "settlements that are known, at most 100; few of a new listing", func(r *row) float64 { return float64(r.settled) }),
	number("gain", fraction, "funding expected over the horizon at low", func(r *row) float64 { return r.Low }),
	number("stay", fraction, "funding expected over the horizon at high, and what the closing basis is above the usual: what a holding is worth keeping for",
		func(r *row) float64 { return r.Stay() }),
	number("near_low", fraction, "funding expected over near at low", func(r *row) float64 { return r.gain(false, r.q.near) }),
	number("near_high", fraction, "funding expected over near at high", func(r *row) float64 { return r.gain(true, r.q.near) }),
	number("open", fraction, "basis.open at the level", func(r *row) float64 { return r.Open }),
	number("close", fraction, "basis.close at the level", func(r *row) float64 { return r.Close }),
	number("usual", fraction, "median of the closing basis over the days kept: what leaving will probably cost", func(r *row) float64 { return r.Usual }),
	number("entry", fraction, "the quantile of the opening basis over the days kept; open while less than a day of it is known", (*row).usualOpen),
	number("exit", fraction, "the quantile of the closing basis over the days kept", func(r *row) float64 { return r.history.Close(r.q.exit) }),
	number("borrow", per8h, "what borrowing the short costs, which gain, stay, near_low and near_high are net of; 0: nothing is borrowed", func(r *row) float64 { return 8 * r.interest() }),
	number("fees", fraction, "of taking both legs once; a round trip pays it twice", func(r *row) float64 { return r.Fees }),
	number("edge", fraction, "gain + open - usual - 2 fees: what entering now should bring after all costs", func(r *row) float64 { return r.Edge() }),
	{bindings.Value{Name: "break_even", Type: "integer?", Unit: "settlements", Doc: "expected until a round trip is paid for; nil when it is not within the horizon"}, breakEven},
	{bindings.Value{Name: "tradable", Type: "boolean", Doc: "whether a slice is large enough for both markets and their books are deep enough"},
		func(_ *bindings.Runtime, r *row) lua.LValue { return lua.LBool(r.tradable) }},
}

func number(name, unit, doc string, get func(*row) float64) column {
	return column{bindings.Value{Name: name, Type: "number", Unit: unit, Doc: doc},
		func(rt *bindings.Runtime, r *row) lua.LValue { return rt.Number(get(r)) }}
}

func text(name, doc string, get func(*row) string) column {
	return column{bindings.Value{Name: name, Type: "string", Doc: doc},
		func(_ *bindings.Runtime, r *row) lua.LValue { return lua.LString(get(r)) }}
}

func (r *row) usualOpen() float64 {
	if r.history.Len() < oneDay {
		return r.Open
	}
	return r.history.Open(r.q.entry)
}

func breakEven(rt *bindings.Runtime, r *row) lua.LValue {
	n, ok := 0, false
	if r.long.Perp() {
		pays := r.pays // and what borrowing costs with every settlement
		pays.Mean, pays.High = pays.Mean+8*r.interest(), pays.High+8*r.interest()
		n, ok = r.q.model.NetBreakEven(pays, r.paid, pays.High, r.paid.Low, r.now, r.q.horizon, r.Cost())
	} else {
		most := carry.Settlements(r.now, r.next, r.hours, r.q.horizon)
		n, ok = r.q.model.BreakEven(r.low, r.hours, most, r.Cost())
	}
	if !ok {
		return lua.LNil
	}
	return rt.Number(float64(n))
}

var pairType = bindings.Type{
	Name:   "CarryPair",
	Doc:    "What is known of holding a pair, at the moment it was asked for. Gains and costs are fractions of one leg's value.",
	Fields: fieldsOf(columns),
	Index:  indexOf(columns),
}

func fieldsOf(list []column) (out []bindings.Value) {
	for _, c := range list {
		out = append(out, c.Value)
	}
	return out
}

func indexOf(list []column) func(*bindings.Runtime, any, string) lua.LValue {
	byName := make(map[string]func(*bindings.Runtime, *row) lua.LValue, len(list))
	for _, c := range list {
		byName[c.Name] = c.get
	}
	return func(rt *bindings.Runtime, self any, name string) lua.LValue {
		if r, ok := self.(*row); ok && byName[name] != nil {
			return byName[name](rt, r)
		}
		return nil
	}
}

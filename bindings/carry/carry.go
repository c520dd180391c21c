// Package carry is the Lua module that compares pairs of coins and perpetuals by
// what holding them should bring. The arithmetic is that of package exchange/carry; the
// module reads the market and puts it in a table.
//
// It keeps nothing itself: how a pair's basis usually is, is kept in a table that
// the strategy hands over and that belongs in its state, where it survives reloads
// and restarts.
package carry

import (
	"cmp"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/basis"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/carry"
)

var requestType = bindings.Type{
	Name: "CarryRequest",
	Doc:  "Which pairs to compare, and how funding is expected to go on.",
	Fields: []bindings.Value{
		{Name: "margin", Type: "\"usdt\"|\"coin\"", Optional: true, Doc: "as of market.pairs"},
		{Name: "level", Type: "integer", Optional: true, Doc: "book level that prices both legs, from 1; 5 when left out"},
		{Name: "horizon", Type: "number|string", Unit: "seconds, or \"720h\"", Doc: "how long a pair is expected to be held"},
		{Name: "near", Type: "number|string", Unit: "seconds, or \"168h\"", Optional: true, Doc: "a shorter horizon, to judge by whether to hold at all; a week when left out"},
		{Name: "mean", Type: "number", Unit: "fraction per 8 hours", Optional: true, Doc: "where funding returns to; 0.0001 when left out"},
		{Name: "persistence", Type: "number", Unit: "fraction", Optional: true, Doc: "part of the distance to mean that is left 8 hours later, below 1; 0.85 when left out"},
		{Name: "last", Type: "integer", Optional: true, Doc: "settled rates that the median is of; 3 when left out"},
		{Name: "slice", Type: "number", Unit: "quote", Doc: "value that is bought and sold at a time"},
		{Name: "depth", Type: "number", Unit: "slices", Optional: true, Doc: "that the books must hold; 1 when left out"},
		{Name: "memory", Type: "table", Doc: "a table in state that keeps how each pair's basis was"},
		{Name: "days", Type: "number", Optional: true, Doc: "of basis that are kept, six samples each; 7 when left out"},
		{Name: "entry_quantile", Type: "number", Optional: true, Doc: "of the opening basis; 0.7 when left out"},
		{Name: "exit_quantile", Type: "number", Optional: true, Doc: "of the closing basis; 0.3 when left out"},
	},
}

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "carry",
		Doc:  "What holding coins against a short of their perpetual should bring, pair by pair.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "rank", Doc: "The pairs whose books and funding are known, best edge first. It also takes a sample of each pair's basis every four hours.",
				Args:    []bindings.Value{{Name: "request", Type: "CarryRequest"}},
				Returns: []bindings.Value{{Name: "pairs", Type: "CarryPair[]"}},
				Example: "state.basis = state.basis or {}\nlocal best = carry.rank{horizon = \"720h\", slice = 2500, memory = state.basis}[1]"}, Call: rank},
			{Spec: bindings.Spec{Name: "switch_gain", Doc: "What moving from one pair to another should bring over the horizon, before the four executions that it costs beyond staying.",
				Args: []bindings.Value{{Name: "from", Type: "CarryPair"}, {Name: "to", Type: "CarryPair"}},
				Returns: []bindings.Value{{Name: "gain", Type: "number", Unit: "fraction"},
					{Name: "cost", Type: "number", Unit: "fraction", Doc: "fees of closing one and opening the other"}}}, Call: switchGain},
		},
		Types: []bindings.Type{requestType, pairType},
	}
}

const (
	sampleEvery = 4 * exchange.Hour
	oneDay      = int(exchange.Day / sampleEvery) // samples
)

// request is a CarryRequest as read.
type request struct {
	contract      exchange.Contract
	level, last   int
	horizon, near exchange.Time
	model         carry.Model
	memory        *lua.LTable
	samples       int
	entry, exit   float64
	slice, depth  float64
}

func readRequest(rt *bindings.Runtime) *request {
	f := rt.Fields(1, &requestType)
	q := &request{contract: exchange.Linear, near: 7 * exchange.Day,
		level: f.Get("level").IntOr(5, 1, 1000), last: f.Get("last").IntOr(3, 1, 100),
		horizon: f.Get("horizon").Duration(), memory: f.Get("memory").Table(),
		model:   carry.Model{Mean: bounded(f, "mean", 1e-4, -0.1, 0.1), Persistence: bounded(f, "persistence", 0.85, 0, 0.9999)},
		samples: int(float64(oneDay) * bounded(f, "days", 7, 0.5, 60)),
		entry:   bounded(f, "entry_quantile", 0.7, 0, 1), exit: bounded(f, "exit_quantile", 0.3, 0, 1),
		slice: f.Get("slice").Positive().InexactFloat64(), depth: bounded(f, "depth", 1, 0.01, 1000)}
	if f.Get("margin").Choice("usdt", "coin") == "coin" {
		q.contract = exchange.Inverse
	}
	if f.Has("near") {
		q.near = f.Get("near").Duration()
	}
	return q
}

func bounded(f bindings.Fields, name string, otherwise, lo, hi float64) float64 {
	if !f.Has(name) {
		return otherwise
	}
	v := f.Get(name).Finite()
	if v < lo || v > hi {
		f.Get(name).Fail("want from %v to %v, got %v", lo, hi, v)
	}
	return v
}

// row is a pair with what is known of it at one moment.
type row struct {
	q                       *request
	pair                    exchange.Pair
	rate, predicted, median float64
	low, high               float64
	hours, settled          int
	now, next               exchange.Time
	history                 *carry.History
	tradable                bool
	carry.Outlook
}

func rank(rt *bindings.Runtime) int {
	q := readRequest(rt)
	pairs := rt.Env().Universe().Pairs(exchange.Perpetuals(q.contract))
	rt.Charge(200 * len(pairs))
	rows := make([]row, 0, len(pairs))
	for _, p := range pairs {
		r := row{q: q, pair: p, now: rt.Env().Now()}
		if r.read(env(rt)) {
			r.remember(rt)
			r.tradable = r.fits(rt)
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(b.Edge(), a.Edge()) })
	out := rt.L.CreateTable(len(rows), 0)
	for i := range rows {
		out.Append(rt.NewObject(&pairType, &rows[i]))
	}
	return rt.Push(out)
}

// read takes from the market what is known; false when books or funding are not.
func (r *row) read(env Env) bool {
	q, m := r.q, env.Mark(r.pair.Perp.ID)
	if m.Time == 0 || !r.basis(env, q.level) {
		return false
	}
	r.hours = cmp.Or(m.Hours, 8)
	r.rate, r.predicted = carry.Rate8h(m.Rate.Float(), r.hours), carry.Rate8h(m.Predicted.Float(), r.hours)
	r.median = r.predicted
	settled := env.Settled(r.pair.Perp.ID)
	r.settled = min(len(settled), 100)
	if n := min(len(settled), q.last); n > 0 {
		rates := make([]float64, n)
		for i, s := range settled[len(settled)-n:] {
			rates[i] = carry.Rate8h(s.Rate.Float(), cmp.Or(s.Hours, 8))
		}
		r.median = carry.Median(rates)
	}
	r.low, r.high = min(r.predicted, r.median), max(r.predicted, r.median)
	r.next = m.NextFunding
	r.Low, r.High = r.gain(r.low, q.horizon), r.gain(r.high, q.horizon)
	r.Fees = taker(env, r.pair.Spot) + taker(env, r.pair.Perp)
	return true
}

// gain is what funding should bring over a horizon.
func (r *row) gain(rate float64, horizon exchange.Time) float64 {
	return r.q.model.Gain(rate, r.now, r.next, r.hours, horizon)
}

func taker(env Env, in *exchange.Instrument) float64 {
	_, fee := env.Fees(in.ID)
	return fee.InexactFloat64()
}

// basis reads what opening and closing would trade at.
func (r *row) basis(env Env, level int) bool {
	spot, perp := env.Book(r.pair.Spot.ID), env.Book(r.pair.Perp.ID)
	if !spot.Ready() || !perp.Ready() {
		return false
	}
	var okOpen, okClose bool
	r.Open, okOpen = basis.At(env, r.pair.Spot, r.pair.Perp, exchange.Buy, level)
	r.Close, okClose = basis.At(env, r.pair.Spot, r.pair.Perp, exchange.Sell, level)
	return okOpen && okClose
}

// fits reports whether a slice is large enough for both markets, with room for
// prices to move, and their books are deep enough for a number of them.
func (r *row) fits(rt *bindings.Runtime) bool {
	for _, in := range []*exchange.Instrument{r.pair.Spot, r.pair.Perp} {
		best, ok := rt.Env().Book(in.ID).Level(exchange.Sell, 1)
		least := max(in.NotionalFloat(best.Price, max(in.MinQty, 1)), in.MinNotional.InexactFloat64())
		if !ok || r.q.slice < 1.1*least {
			return false
		}
	}
	_, deep := basis.For(rt, r.pair.Spot, r.pair.Perp, exchange.Buy, r.q.slice*r.q.depth)
	return deep
}

// remember adds to the pair's history when it is time, and reads from it how the
// closing basis usually is.
func (r *row) remember(rt *bindings.Runtime) {
	key := r.pair.Perp.Key()
	text, _ := r.q.memory.RawGetString(key).(lua.LString)
	h, err := carry.ParseHistory(string(text))
	if err != nil {
		rt.Raise("memory of %s: %v", key, err)
	}
	if h.Add(r.now, sampleEvery, r.q.samples, r.Open, r.Close) {
		r.q.memory.RawSetString(key, lua.LString(h.String()))
	}
	r.history, r.Usual = h, h.Close(0.5)
}

func switchGain(rt *bindings.Runtime) int {
	gain, cost := carry.Switch(&argument(rt, 1).Outlook, &argument(rt, 2).Outlook)
	rt.PushNumber(gain)
	rt.PushNumber(cost)
	return 2
}

func argument(rt *bindings.Runtime, n int) *row {
	if ud, ok := rt.Arg(n).Value().(*lua.LUserData); ok {
		if r, ok := ud.Value.(*row); ok {
			return r
		}
	}
	rt.Arg(n).Fail("want a pair that carry.rank returned, got %s", bindings.Describe(rt.Arg(n).Value()))
	return nil
}

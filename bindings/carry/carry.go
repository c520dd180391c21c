// Package carry is the Lua module that compares pairs of coins and perpetuals by
// what holding them should bring. The arithmetic is that of package host/carry; the
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
	"github.com/perilune/perilune/host/carry"
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

var pairType = bindings.Type{
	Name: "CarryPair",
	Doc:  "What is known of holding a pair. Gains and costs are fractions of one leg's value; rates are per 8 hours.",
	Fields: []bindings.Value{
		{Name: "base", Type: "string", Doc: "the coin"},
		{Name: "spot", Type: "string"},
		{Name: "perp", Type: "string"},
		{Name: "rate", Type: "number", Unit: "fraction per 8 hours", Doc: "the running estimate"},
		{Name: "predicted", Type: "number", Unit: "fraction per 8 hours", Doc: "what will probably settle"},
		{Name: "median", Type: "number", Unit: "fraction per 8 hours", Doc: "of the last settlements; predicted when there were none"},
		{Name: "low", Type: "number", Unit: "fraction per 8 hours", Doc: "the lower of predicted and median: what to count on when entering"},
		{Name: "high", Type: "number", Unit: "fraction per 8 hours", Doc: "the higher of them: what to grant when leaving"},
		{Name: "hours", Type: "integer", Unit: "hours", Doc: "funding interval"},
		{Name: "due", Type: "number", Unit: "seconds", Doc: "until the coming settlement"},
		{Name: "settled", Type: "integer", Doc: "settlements that are known, at most 100; few of a new listing"},
		{Name: "gain", Type: "number", Unit: "fraction", Doc: "funding expected over the horizon at low"},
		{Name: "stay", Type: "number", Unit: "fraction", Doc: "funding expected over the horizon at high"},
		{Name: "near_low", Type: "number", Unit: "fraction", Doc: "funding expected over near at low"},
		{Name: "near_high", Type: "number", Unit: "fraction", Doc: "funding expected over near at high"},
		{Name: "open", Type: "number", Unit: "fraction", Doc: "basis.open at the level"},
		{Name: "close", Type: "number", Unit: "fraction", Doc: "basis.close at the level"},
		{Name: "usual", Type: "number", Unit: "fraction", Doc: "median of the closing basis over the days kept: what leaving will probably cost"},
		{Name: "entry", Type: "number", Unit: "fraction", Doc: "the quantile of the opening basis over the days kept"},
		{Name: "exit", Type: "number", Unit: "fraction", Doc: "the quantile of the closing basis over the days kept"},
		{Name: "fees", Type: "number", Unit: "fraction", Doc: "of taking both legs once; a round trip pays it twice"},
		{Name: "break_even", Type: "integer?", Unit: "settlements", Doc: "expected until a round trip is paid for; nil when it is not within the horizon"},
		{Name: "tradable", Type: "boolean", Doc: "whether a slice is large enough for both markets and their books are deep enough"},
		{Name: "edge", Type: "number", Unit: "fraction", Doc: "gain + open - usual - 2 fees: what entering now should bring after all costs"},
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

const sampleEvery = 4 * exchange.Hour

// request is a CarryRequest as read.
type request struct {
	market        exchange.Market
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
	q := &request{market: exchange.USDM, near: 7 * exchange.Day,
		level: f.Get("level").IntOr(5, 1, 1000), last: f.Get("last").IntOr(3, 1, 100),
		horizon: f.Get("horizon").Duration(), memory: f.Get("memory").Table(),
		model:   carry.Model{Mean: bounded(f, "mean", 1e-4, -0.1, 0.1), Persistence: bounded(f, "persistence", 0.85, 0, 0.9999)},
		samples: int(6 * bounded(f, "days", 7, 0.5, 60)),
		entry:   bounded(f, "entry_quantile", 0.7, 0, 1), exit: bounded(f, "exit_quantile", 0.3, 0, 1),
		slice: f.Get("slice").Positive().InexactFloat64(), depth: bounded(f, "depth", 1, 0.01, 1000)}
	if f.Get("margin").Choice("usdt", "coin") == "coin" {
		q.market = exchange.COINM
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

// row is a pair with what was made of it.
type row struct {
	pair                    exchange.Pair
	rate, predicted, median float64
	low, high               float64
	nearLow, nearHigh       float64
	entry, exit             float64
	hours, settled          int
	deep                    bool
	most                    int // settlements within the horizon
	due                     exchange.Time
	carry.Outlook
}

func rank(rt *bindings.Runtime) int {
	q := readRequest(rt)
	pairs := rt.Env().Universe().Pairs(q.market)
	rt.Charge(200 * len(pairs))
	rows := make([]row, 0, len(pairs))
	for _, p := range pairs {
		r := row{pair: p}
		if r.read(rt.Env(), q) {
			r.remember(rt, q)
			r.deep = r.tradable(rt, q)
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(b.Edge(), a.Edge()) })
	out := rt.L.CreateTable(len(rows), 0)
	for i := range rows {
		out.Append(rows[i].table(rt, q))
	}
	return rt.Push(out)
}

// read takes from the market what is known; false when books or funding are not.
func (r *row) read(env bindings.Env, q *request) bool {
	m := env.Mark(r.pair.Perp.ID)
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
	now := env.Now()
	r.due = max(m.NextFunding-now, 0)
	expect := func(rate float64, horizon exchange.Time) float64 {
		return q.model.Gain(rate, now, m.NextFunding, r.hours, horizon)
	}
	r.Low, r.High = expect(r.low, q.horizon), expect(r.high, q.horizon)
	r.most = carry.Settlements(now, m.NextFunding, r.hours, q.horizon)
	r.nearLow, r.nearHigh = expect(r.low, q.near), expect(r.high, q.near)
	r.Fees = taker(env, r.pair.Spot) + taker(env, r.pair.Perp)
	return true
}

func taker(env bindings.Env, in *exchange.Instrument) float64 {
	_, fee := env.Fees(in.ID)
	return fee.InexactFloat64()
}

// basis reads what opening and closing would trade at.
func (r *row) basis(env bindings.Env, level int) bool {
	spot, perp := env.Book(r.pair.Spot.ID), env.Book(r.pair.Perp.ID)
	if !spot.Ready() || !perp.Ready() {
		return false
	}
	var okOpen, okClose bool
	r.Open, okOpen = basis.At(env, r.pair.Spot, r.pair.Perp, exchange.Buy, level)
	r.Close, okClose = basis.At(env, r.pair.Spot, r.pair.Perp, exchange.Sell, level)
	return okOpen && okClose
}

// tradable reports whether a slice is large enough for both markets, with room for
// prices to move, and their books are deep enough for a number of them.
func (r *row) tradable(rt *bindings.Runtime, q *request) bool {
	for _, in := range []*exchange.Instrument{r.pair.Spot, r.pair.Perp} {
		best, ok := rt.Env().Book(in.ID).Level(exchange.Sell, 1)
		least := max(in.NotionalFloat(best.Price, max(in.MinQty, 1)), in.MinNotional.InexactFloat64())
		if !ok || q.slice < 1.1*least {
			return false
		}
	}
	_, deep := basis.For(rt, r.pair.Spot, r.pair.Perp, exchange.Buy, q.slice*q.depth)
	return deep
}

// remember adds to the pair's history when it is time, and reads from it how the
// basis usually is.
func (r *row) remember(rt *bindings.Runtime, q *request) {
	key := r.pair.Perp.Key()
	text, _ := q.memory.RawGetString(key).(lua.LString)
	h, err := carry.ParseHistory(string(text))
	if err != nil {
		rt.Raise("memory of %s: %v", key, err)
	}
	if h.Add(rt.Env().Now(), sampleEvery, q.samples, r.Open, r.Close) {
		q.memory.RawSetString(key, lua.LString(h.String()))
	}
	r.Usual, r.entry, r.exit = h.Close(0.5), h.Open(q.entry), h.Close(q.exit)
}

func (r *row) table(rt *bindings.Runtime, q *request) *lua.LTable {
	t := rt.L.CreateTable(0, len(pairType.Fields))
	t.RawSetString("base", lua.LString(r.pair.Base))
	t.RawSetString("spot", lua.LString(r.pair.Spot.Key()))
	t.RawSetString("perp", lua.LString(r.pair.Perp.Key()))
	for _, f := range [...]struct {
		name  string
		value float64
	}{
		{"rate", r.rate}, {"predicted", r.predicted}, {"median", r.median}, {"low", r.low}, {"high", r.high},
		{"hours", float64(r.hours)}, {"due", bindings.Seconds(r.due)}, {"settled", float64(r.settled)},
		{"gain", r.Low}, {"stay", r.High}, {"near_low", r.nearLow}, {"near_high", r.nearHigh},
		{"open", r.Open}, {"close", r.Close}, {"usual", r.Usual}, {"entry", r.entry}, {"exit", r.exit},
		{"fees", r.Fees}, {"edge", r.Edge()},
	} {
		t.RawSetString(f.name, rt.Number(f.value))
	}
	t.RawSetString("tradable", lua.LBool(r.deep))
	if n, ok := q.model.BreakEven(r.low, r.hours, r.most, r.Cost()); ok {
		t.RawSetString("break_even", rt.Number(float64(n)))
	}
	return t
}

func switchGain(rt *bindings.Runtime) int {
	from, to := outlook(rt, 1), outlook(rt, 2)
	gain, cost := carry.Switch(from, to)
	rt.PushNumber(gain)
	rt.PushNumber(cost)
	return 2
}

// outlook reads back what a row of rank holds.
func outlook(rt *bindings.Runtime, arg int) *carry.Outlook {
	t := rt.Arg(arg).Table()
	number := func(name string) float64 {
		v, ok := t.RawGetString(name).(lua.LNumber)
		if !ok {
			rt.Arg(arg).Fail("want a pair that carry.rank returned, got a table without %s", name)
		}
		return float64(v)
	}
	return &carry.Outlook{Low: number("gain"), High: number("stay"), Open: number("open"), Close: number("close"),
		Usual: number("usual"), Fees: number("fees")}
}

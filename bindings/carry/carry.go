// Package carry is the Lua module that compares pairs by what holding them should bring:
// coins against a perpetual, and one perpetual against another, at one venue or two. The arithmetic is that of package exchange/carry; the
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
	"github.com/perilune/perilune/exchange/intent"
)

var requestType = bindings.Type{
	Name: "CarryRequest",
	Doc:  "Which pairs to compare, and how funding is expected to go on.",
	Fields: []bindings.Value{
		{Name: "legs", Type: "\"spot-perp\"|\"perp-perp\"|\"any\"", Optional: true, Doc: "spot-perp, when left out: each perpetual with the spot market that hedges it. perp-perp: each perpetual against each other one of the coin, of any venue, both ways round. any: both, and spot markets against the perpetuals of other venues"},
		{Name: "borrow", Type: "boolean", Optional: true, Doc: "also perpetuals that are paid to be held, against coins that are lent and sold short on spot, net of the interest as it was told at the start; false when left out, and not with perp-perp"},
		{Name: "margin", Type: "\"usdt\"|\"coin\"|\"any\"", Optional: true, Doc: "of the perpetuals: as of market.pairs, or any where legs is not spot-perp"},
		{Name: "level", Type: "integer", Optional: true, Doc: "book level that prices both legs, from 1; 5 when left out"},
		{Name: "horizon", Type: "number|string", Unit: "seconds, or \"720h\"", Doc: "how long a pair is expected to be held"},
		{Name: "near", Type: "number|string", Unit: "seconds, or \"168h\"", Optional: true, Doc: "a shorter horizon, to judge by whether to hold at all; a week when left out"},
		{Name: "mean", Type: "number", Unit: "fraction per 8 hours", Optional: true, Doc: "where funding returns to; 0.0001 when left out"},
		{Name: "mean_days", Type: "number", Optional: true, Doc: "each perpetual's funding returns to its own mean over so many days instead, and to mean by the part of them that is not known; 0 when left out"},
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
		Doc:  "What holding a pair should bring: coins or a perpetual against a short, pair by pair, net of what either leg pays and of both venues' fees.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "rank", Doc: "The pairs whose books and funding are known, best edge first; one whose past is still being read (market.ready) is left out. It also takes a sample of each pair's basis every four hours.",
				Args:    []bindings.Value{{Name: "request", Type: "CarryRequest"}},
				Returns: []bindings.Value{{Name: "pairs", Type: "CarryPair[]"}},
				Example: "state.basis = state.basis or {}\nlocal best = carry.rank{legs = \"any\", horizon = \"720h\", slice = 2500, memory = state.basis}[1]"}, Call: rank},
			{Spec: bindings.Spec{Name: "annual", Doc: "What a rate of each interval comes to in a year of 365 days, without compounding.",
				Args:    []bindings.Value{{Name: "rate", Type: "number", Unit: "fraction per interval"}, {Name: "hours", Type: "number", Unit: "hours", Doc: "interval, above 0"}},
				Returns: []bindings.Value{{Name: "yearly", Type: "number", Unit: "fraction a year"}},
				Example: "local rate, hours = market.funding(\"usdm:BTCUSDT\")\nlocal yearly = rate and carry.annual(rate, hours)"}, Call: annual},
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
	legs          string
	either        bool // linear and inverse
	level, last   int
	horizon, near exchange.Time
	model         carry.Model
	memory        *lua.LTable
	samples       int
	entry, exit   float64
	slice, depth  float64
	days          float64 // of an own mean; 0: there is none
	borrow        bool    // shorts on spot that are borrowed too
}

func readRequest(rt *bindings.Runtime) *request {
	f := rt.Fields(1, &requestType)
	q := &request{contract: exchange.Linear, near: 7 * exchange.Day,
		level: f.Get("level").IntOr(5, 1, 1000), last: f.Get("last").IntOr(3, 1, 100),
		horizon: f.Get("horizon").Duration(), memory: f.Get("memory").Table(),
		model:   carry.Model{Mean: bounded(f, "mean", 1e-4, -0.1, 0.1), Persistence: bounded(f, "persistence", 0.85, 0, 0.9999)},
		samples: int(float64(oneDay) * bounded(f, "days", 7, 0.5, 60)),
		entry:   bounded(f, "entry_quantile", 0.7, 0, 1), exit: bounded(f, "exit_quantile", 0.3, 0, 1),
		slice: f.Get("slice").Positive().InexactFloat64(), depth: bounded(f, "depth", 1, 0.01, 1000), days: bounded(f, "mean_days", 0, 0, 365)}
	q.legs = f.Get("legs").Choice("spot-perp", "perp-perp", "any")
	if q.borrow = f.Get("borrow").Bool(); q.borrow && q.legs == "perp-perp" {
		f.Get("borrow").Fail("coins are borrowed on spot: want legs spot-perp or any")
	}
	switch f.Get("margin").Choice("usdt", "coin", "any") {
	case "coin":
		q.contract = exchange.Inverse
	case "any":
		if q.either = true; q.legs == "spot-perp" {
			f.Get("margin").Fail("want usdt or coin where legs is spot-perp")
		}
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
	long, short             *exchange.Instrument
	rate, predicted, median float64
	low, high               float64
	hours, settled          int
	paid, pays              carry.Funding // of the short, and of the long
	now, next               exchange.Time
	history                 *carry.History
	tradable                bool
	carry.Outlook
}

func rank(rt *bindings.Runtime) int {
	q := readRequest(rt)
	pairs := q.candidates(rt.Env().Universe())
	rt.Charge(200 * len(pairs))
	rows := make([]row, 0, len(pairs))
	for _, p := range pairs {
		r := row{q: q, long: p[0], short: p[1], now: rt.Env().Now()}
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

// flow is the funding of one leg.
type flow struct {
	rate, predicted, median, low, high float64
	settled                            int
	carry.Funding
}

// read takes from the market what is known; false when books or funding are not.
func (r *row) read(env Env) bool {
	q := r.q
	if !r.basis(env, q.level) {
		return false
	}
	var legs [2]flow
	for i, in := range [...]*exchange.Instrument{r.long, r.short} {
		if in.Perp() && !legs[i].read(env, in, q, r.now) {
			return false
		}
	}
	long, short := &legs[0], &legs[1]
	r.rate, r.predicted, r.median = short.rate-long.rate, short.predicted-long.predicted, short.median-long.median
	r.low, r.high = short.low-long.high, short.high-long.low
	r.paid, r.pays = short.Funding, long.Funding
	r.hours, r.settled, r.next = short.Hours, short.settled, short.Next
	if !r.short.Perp() {
		r.hours, r.settled, r.next = long.Hours, long.settled, long.Next
	} else if long.Hours > 0 {
		r.hours, r.settled, r.next = min(r.hours, long.Hours), min(r.settled, long.settled), min(r.next, long.Next)
	}
	r.Low, r.High = r.gain(false, q.horizon), r.gain(true, q.horizon)
	r.Fees = taker(env, r.long) + taker(env, r.short)
	return true
}

func (f *flow) read(env Env, in *exchange.Instrument, q *request, now exchange.Time) bool {
	m := env.Mark(in.ID)
	if m.Time == 0 {
		return false
	}
	f.Hours, f.Next = cmp.Or(m.Hours, 8), m.NextFunding
	f.rate, f.predicted = carry.Rate8h(m.Rate.Float(), f.Hours), carry.Rate8h(m.Predicted.Float(), f.Hours)
	if ready, _ := env.Ready(in.ID); !ready {
		return false
	}
	f.median = f.predicted
	settled := env.Settled(in.ID)
	f.settled = min(len(settled), 100)
	if n := min(len(settled), q.last); n > 0 {
		rates := make([]float64, n)
		for i, s := range settled[len(settled)-n:] {
			rates[i] = carry.Rate8h(s.Rate.Float(), cmp.Or(s.Hours, 8))
		}
		f.median = carry.Median(rates)
	}
	f.low, f.high = min(f.predicted, f.median), max(f.predicted, f.median)
	f.Low, f.High, f.Mean = f.low, f.high, q.model.Mean
	if q.days > 0 {
		f.Mean = carry.OwnMean(settled, now, q.days, q.model.Mean)
	}
	return true
}

// gain is what funding should bring over a horizon, at the lower estimate of what comes in
// and the higher of what goes out, or the other way round.
func (r *row) gain(high bool, horizon exchange.Time) float64 {
	lost := r.interest() * float64(horizon) / float64(exchange.Hour)
	if high {
		return r.q.model.Net(r.pays, r.paid, r.pays.Low, r.paid.High, r.now, horizon) - lost
	}
	return r.q.model.Net(r.pays, r.paid, r.pays.High, r.paid.Low, r.now, horizon) - lost
}

// interest is what an hour of borrowing the short costs; 0: it is a contract.
func (r *row) interest() float64 {
	if r.short.Perp() {
		return 0
	}
	return r.short.Lending.Rate.InexactFloat64()
}

func taker(env Env, in *exchange.Instrument) float64 {
	_, fee := env.Fees(in.ID)
	return fee.InexactFloat64()
}

// basis reads what opening and closing would trade at.
func (r *row) basis(env Env, level int) bool {
	spot, perp := env.Book(r.long.ID), env.Book(r.short.ID)
	if !spot.Ready() || !perp.Ready() {
		return false
	}
	var okOpen, okClose bool
	r.Open, okOpen = basis.At(env, r.long, r.short, exchange.Buy, level)
	r.Close, okClose = basis.At(env, r.long, r.short, exchange.Sell, level)
	return okOpen && okClose
}

// fits reports whether a slice is large enough for both markets, with room for
// prices to move, and their books are deep enough for a number of them.
func (r *row) fits(rt *bindings.Runtime) bool {
	for _, in := range []*exchange.Instrument{r.long, r.short} {
		best, ok := rt.Env().Book(in.ID).Level(exchange.Sell, 1)
		least := max(in.NotionalFloat(best.Price, max(in.MinQty, 1)), in.MinNotional.InexactFloat64())
		if !ok || r.q.slice < 1.1*least {
			return false
		}
	}
	_, deep := basis.For(rt, r.long, r.short, exchange.Buy, r.q.slice*r.q.depth)
	return deep
}

// remember adds to the pair's history when it is time, and reads from it how the
// closing basis usually is.
func (r *row) remember(rt *bindings.Runtime) {
	key := r.short.Key()
	if intent.Spreads(r.long, r.short) {
		key = r.long.Key() + " " + key
	}
	text, _ := r.q.memory.RawGetString(key).(lua.LString)
	h, err := carry.ParseHistory(string(text))
	if err != nil {
		rt.Raise("memory of %s: %v", key, err)
	}
	if h.Add(r.now, sampleEvery, r.q.samples, r.Open, r.Close) && !bindings.ReadOnly(rt) {
		r.q.memory.RawSetString(key, lua.LString(h.String()))
	}
	r.history, r.Usual = h, h.Close(0.5)
}

func annual(rt *bindings.Runtime) int {
	hours := rt.Arg(2).Finite()
	if hours <= 0 {
		rt.Arg(2).Fail("want more than 0, got %v", hours)
	}
	return rt.PushNumber(carry.Annual(rt.Arg(1).Finite(), 1) / hours)
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

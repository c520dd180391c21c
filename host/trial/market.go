package trial

import (
	"math"

	"github.com/shopspring/decimal"
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// scripted is the market that a session is shown: what was pushed, and what follows from it.
// A perpetual's mark price follows the middle of its book until one is pushed, and its funding
// settles at the venue's hours once a rate was.
type scripted struct {
	s    *session
	list []*scriptedOne // by instrument
}

// scriptedOne is one instrument of it.
type scriptedOne struct {
	in      *exchange.Instrument
	updates int64 // of its book
	trades  int64
	book    exchange.Event // the last one; of none it has no levels
	mark    exchange.E8    // that was pushed; 0: it follows the book
	index   exchange.E8
	rate    exchange.E8
	rated   bool // a rate was pushed
	hours   int
	told    exchange.Event // the last mark
}

// A book of which only the best prices are told has so many levels, one tick apart, and so much
// on each, in quote.
const (
	levelsShown = 20
	levelWorth  = 100_000
)

func newScripted(s *session) *scripted {
	m := &scripted{s: s}
	for _, in := range s.universe().All() {
		m.list = append(m.list, &scriptedOne{in: in, hours: in.FundingHours})
	}
	return m
}

// mostShown is how much one push may show.
const mostShown = 32

// pushed is what a push says of one instrument.
type pushed struct {
	one  *scriptedOne
	what bindings.Fields
}

// push shows sessions what a test says of instruments.
func (f *runner) push(rt *bindings.Runtime) int {
	n := max(rt.NArgs(), 1)
	if n > mostShown {
		rt.Raise("%d things at once: at most %d are shown by one push", n, mostShown)
	}
	said := make([]bindings.Fields, n)
	for i := range said {
		said[i] = rt.Fields(i+1, &pushType)
	}
	of := map[*session][]pushed{}
	for _, p := range said {
		for _, l := range f.lists(rt, p.Get("symbol")) {
			of[l.s] = append(of[l.s], pushed{l.s.market.list[l.in.ID], p})
		}
	}
	for _, s := range f.sessions(rt) {
		must(rt, s.market.push(rt, of[s]))
	}
	return 0
}

// sessions are those of the test; there has to be one.
func (f *runner) sessions(rt *bindings.Runtime) []*session {
	if f.test == nil || len(f.test.sessions) == 0 {
		rt.Raise("there is nobody to be shown it: open a strategy first, as in strategy(\"hello.lua\")")
	}
	return f.test.sessions
}

// lister is a session that has an instrument.
type lister struct {
	s  *session
	in *exchange.Instrument
}

// lists are the sessions of the test that have an instrument; there has to be one.
func (f *runner) lists(rt *bindings.Runtime, symbol bindings.Input) (out []lister) {
	var missing error
	for _, s := range f.sessions(rt) {
		in, err := s.universe().Lookup(symbol.String())
		if err != nil {
			missing = err
			continue
		}
		out = append(out, lister{s, in})
	}
	if len(out) == 0 {
		symbol.Fail("%v", missing)
	}
	return out
}

// push shows candles one beside another, while their time passes, or else one instant.
func (m *scripted) push(rt *bindings.Runtime, list []pushed) error {
	var events []exchange.Event
	var bars []course
	for _, x := range list {
		if x.what.Has("bar") {
			bars = append(bars, m.course(x.one, rt.Shape("bar", x.what.Get("bar").Table(), &barType)))
			continue
		}
		events = append(events, m.instant(rt, x.one, x.what)...)
	}
	if len(bars) > 0 && len(events) > 0 {
		rt.Raise("a bar takes its time, and the rest is shown at one moment: push them one after the other")
	}
	for i := range bars {
		if bars[i].length != bars[0].length {
			rt.Raise("bars that are pushed together want one length")
		}
	}
	if len(bars) > 0 {
		return m.candles(bars)
	}
	return m.show(events)
}

// instant is what is said of one instrument, but for a candle.
func (m *scripted) instant(rt *bindings.Runtime, one *scriptedOne, p bindings.Fields) []exchange.Event {
	var events []exchange.Event
	if ev, ok := one.quoted(rt, p); ok {
		events = append(events, ev)
	}
	if p.Has("trade") {
		events = append(events, one.traded(rt.Shape("trade", p.Get("trade").Table(), &tradeType)))
	}
	if p.Has("liquidation") {
		ev := one.traded(rt.Shape("liquidation", p.Get("liquidation").Table(), &tradeType))
		ev.Kind, ev.ID = exchange.KindLiquidation, 0
		events = append(events, ev)
	}
	if p.Has("open_interest") {
		events = append(events, exchange.Event{Kind: exchange.KindOpenInterest, Instrument: one.in.ID, Qty: exchange.Lots(one.in.Lot.Floor(p.Get("open_interest").Positive()))})
	}
	if p.Has("gap") {
		events = append(events, exchange.Event{Kind: exchange.KindGap, Instrument: one.in.ID, Reason: p.Get("gap").Text()})
		one.book = exchange.Event{}
	}
	if ev, ok := one.marked(rt, p, m.s.stage.Now()); ok {
		events = append(events, ev)
	}
	if len(events) == 0 {
		rt.Raise("nothing is said of %s: want bid and ask, trade, mark, funding, bar, liquidation, open_interest or gap", one.in.Key())
	}
	return events
}

// show is one instant.
func (m *scripted) show(events []exchange.Event) error {
	if len(events) == 0 {
		return nil
	}
	for i := range events {
		ev := &events[i]
		ev.VenueTime = m.s.stage.Now()
		if err := ev.Check(m.s.universe().Get(ev.Instrument)); err != nil {
			return err
		}
		ev.More = i < len(events)-1
	}
	return m.s.stage.Push(events...)
}

// quoted is the book that is told, by its best prices or by levels.
func (one *scriptedOne) quoted(rt *bindings.Runtime, p bindings.Fields) (exchange.Event, bool) {
	ev := exchange.Event{Kind: exchange.KindSnapshot, Instrument: one.in.ID, PrevID: -1}
	switch {
	case p.Has("price") || p.Has("bid") || p.Has("ask"):
		bid, ask := one.touch(p)
		ev.Bids = one.levels(bid, -1, one.qty(p, "bid_qty", bid))
		ev.Asks = one.levels(ask, 1, one.qty(p, "ask_qty", ask))
	case p.Has("bids") || p.Has("asks"):
		ev.Bids, ev.Asks = one.stated(rt, p.Get("bids")), one.stated(rt, p.Get("asks"))
	default:
		return ev, false
	}
	one.updates++
	ev.LastID = one.updates
	one.book = ev
	return ev, true
}

// touch is the best bid and ask: both, or a tick on each side of a price.
func (one *scriptedOne) touch(p bindings.Fields) (bid, ask exchange.Ticks) {
	if p.Has("price") {
		at := exchange.Ticks(one.in.Tick.Floor(p.Get("price").Positive()))
		return max(at-1, 1), at + 1
	}
	if !p.Has("bid") {
		ask = exchange.Ticks(one.in.Tick.Ceil(p.Get("ask").Positive()))
		return ask - 1, ask
	}
	bid = exchange.Ticks(one.in.Tick.Floor(p.Get("bid").Positive()))
	if !p.Has("ask") {
		return bid, bid + 1
	}
	if ask = exchange.Ticks(one.in.Tick.Ceil(p.Get("ask").Positive())); ask <= bid {
		p.Get("ask").Fail("must be above the bid")
	}
	return bid, ask
}

// levels are as many as are shown, a tick apart from a price on.
func (one *scriptedOne) levels(best exchange.Ticks, step int, qty exchange.Lots) (out []exchange.Level) {
	for i := range levelsShown {
		if price := best + exchange.Ticks(i*step); price > 0 {
			out = append(out, exchange.Level{Price: price, Qty: qty})
		}
	}
	return out
}

// qty is how much is on each level: as told, or what is usual.
func (one *scriptedOne) qty(p bindings.Fields, field string, price exchange.Ticks) exchange.Lots {
	if p.Has(field) {
		return max(1, exchange.Lots(one.in.Lot.Floor(p.Get(field).Positive())))
	}
	return one.usual(price)
}

func (one *scriptedOne) usual(price exchange.Ticks) exchange.Lots {
	worth := one.in.NotionalFloat(price, 1)
	if !(worth > 0) {
		return 1
	}
	return max(1, exchange.Lots(math.Round(levelWorth/worth)))
}

// stated are levels as { { price, quantity }, … }, the best one first.
func (one *scriptedOne) stated(rt *bindings.Runtime, in bindings.Input) (out []exchange.Level) {
	if in.Nil() {
		return nil
	}
	t := in.Table()
	for i := 1; i <= t.Len(); i++ {
		rt.Charge(1)
		pair, ok := t.RawGetInt(i).(*lua.LTable)
		if !ok || pair.Len() != 2 {
			in.Fail("[%d]: want { price, quantity }, got %s", i, bindings.Describe(t.RawGetInt(i)))
		}
		price, err := bindings.ToDecimal(pair.RawGetInt(1))
		must(rt, err)
		qty, err := bindings.ToDecimal(pair.RawGetInt(2))
		must(rt, err)
		out = append(out, exchange.Level{Price: exchange.Ticks(one.in.Tick.Floor(price)), Qty: exchange.Lots(one.in.Lot.Floor(qty))})
	}
	return out
}

// traded is a trade of others.
func (one *scriptedOne) traded(p bindings.Fields) exchange.Event {
	one.trades++
	return exchange.Event{Kind: exchange.KindTrade, Instrument: one.in.ID, ID: one.trades, Price: exchange.Ticks(one.in.Tick.Floor(p.Get("price").Positive())),
		Qty: exchange.Lots(one.in.Lot.Floor(p.Get("qty").Positive())), Side: p.Get("side").Side()}
}

// marked is the mark price and the running estimate of funding, as told or as they follow.
func (one *scriptedOne) marked(rt *bindings.Runtime, p bindings.Fields, now exchange.Time) (exchange.Event, bool) {
	if !one.in.Perp() {
		if p.Has("mark") || p.Has("funding") {
			rt.Raise("%s is no perpetual: it has no mark price and no funding", one.in.Key())
		}
		return exchange.Event{}, false
	}
	if p.Has("mark") {
		one.mark = exchange.E8FromDecimal(p.Get("mark").Positive())
	}
	if p.Has("index") {
		one.index = exchange.E8FromDecimal(p.Get("index").Positive())
	}
	if p.Has("funding") {
		one.rate, one.rated = exchange.E8FromDecimal(p.Get("funding").Decimal()), true
	}
	if p.Has("hours") {
		one.hours = p.Get("hours").Int(1, 24)
	}
	return one.estimate(now)
}

// estimate is what is told of mark and funding now.
func (one *scriptedOne) estimate(now exchange.Time) (exchange.Event, bool) {
	mark := one.mark
	if mark == 0 && len(one.book.Bids) > 0 && len(one.book.Asks) > 0 {
		middle := one.in.Tick.Decimal(int64(one.book.Bids[0].Price + one.book.Asks[0].Price)).Div(decimal.NewFromInt(2))
		mark = exchange.E8FromDecimal(middle)
	}
	if mark == 0 {
		return exchange.Event{}, false
	}
	ev := exchange.Event{Kind: exchange.KindMark, Instrument: one.in.ID, Mark: mark, Index: one.index, Rate: one.rate, Hours: one.hours}
	if ev.Index == 0 {
		ev.Index = mark
	}
	if interval := exchange.Time(one.hours) * exchange.Hour; interval > 0 {
		ev.NextFunding = (now/interval + 1) * interval
	}
	one.told = ev
	return ev, true
}

// again shows everything that was shown last, to a session that begins anew.
func (m *scripted) again() error {
	for _, one := range m.list {
		var events []exchange.Event
		if len(one.book.Bids)+len(one.book.Asks) > 0 {
			events = append(events, one.book)
		}
		if ev, ok := one.estimate(m.s.stage.Now()); ok && one.in.Perp() {
			events = append(events, ev)
		}
		if len(events) > 0 {
			if err := m.show(events); err != nil {
				return err
			}
		}
	}
	return nil
}

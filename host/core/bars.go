package core

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/bars"
)

// DefaultBar is the length of the bars that are built for a strategy which has
// on_bar and says no length, on a market that brings no bars itself.
const DefaultBar = exchange.Minute

// silence is how long a market may have a book and no trade before it is said
// that bars are built from trades.
const silence = 5 * exchange.Minute

// BarUser is what a Strategy is that says which bars it needs. Bars are their
// lengths, the one that is meant without a length first; with none, and while
// UsesBars is true or it has on_bar, it gets those that the market brings, and
// DefaultBar where that brings none.
type BarUser interface {
	Bars() []exchange.Time
	UsesBars() bool
}

// barClock is when the bars of one length, built from trades, close next.
type barClock struct{ length, end exchange.Time }

// candles is what the core keeps of bars beside those of each market.
type candles struct {
	clocks          []barClock // shortest first
	due             exchange.Time
	since           exchange.Time // bars are built
	closed          []closedBar   // that are still to be shown
	at              exchange.Time // when the first of those closed
	event           exchange.Event
	warnedTradeless bool // it was said which markets are without trades
}

type closedBar struct {
	exchange.Bar
	in  exchange.InstrumentID
	fed bool // by the market, rather than built here
}

// order is by time, shorter bars first, so that an hour's bar comes after that of
// its last minute.
func (b closedBar) order(o closedBar) int {
	return cmp.Or(cmp.Compare(b.Time, o.Time), cmp.Compare(b.Interval, o.Interval), cmp.Compare(b.in, o.in))
}

// installBars takes what a strategy says of bars into its instance.
func (s *instance) installBars() {
	s.lengths, s.usesBars = nil, s.wants[OnBar]
	if u, ok := s.Strategy.(BarUser); ok {
		s.lengths = u.Bars()
		s.usesBars = s.usesBars || u.UsesBars()
	}
}

// lengthOf is the length that a strategy means when it says none.
func (s *instance) lengthOf(m *market) exchange.Time {
	switch {
	case len(s.lengths) > 0:
		return s.lengths[0]
	case m.fed > 0:
		return m.fed
	}
	return DefaultBar
}

// buildBars begins to build what the strategies need and nobody builds yet. What a
// finer series knows already, a new one learns.
func (bb *barBuilder) buildBars() {
	for _, s := range bb.strategies.list {
		if len(s.lengths) == 0 && !s.usesBars {
			continue
		}
		for i := range bb.markets.list {
			m := &bb.markets.list[i]
			if len(s.lengths) == 0 {
				bb.buildBar(m, s.lengthOf(m))
			}
			for _, length := range s.lengths {
				bb.buildBar(m, length)
			}
		}
	}
}

func (bb *barBuilder) buildBar(m *market, length exchange.Time) {
	if length == m.fed || m.of(length) != nil {
		return
	}
	s := bars.New(m.in, length, bb.now)
	if m.fed > 0 && length%m.fed == 0 {
		for i := range m.bars {
			s.Bar(&m.bars[i], nil)
		}
		m.merged = append(m.merged, s)
		return
	}
	if bb.cfg.NoTrades {
		return // it was refused where there is somebody to tell
	}
	for i := len(m.built) - 1; i >= 0; i-- { // the longest that divides it
		if f := m.built[i]; length%f.Length() == 0 {
			s.Learn(f)
			break
		}
	}
	m.built = append(m.built, s)
	slices.SortFunc(m.built, func(a, b *bars.Series) int { return cmp.Compare(a.Length(), b.Length()) })
	bb.candles.tick(length, bars.End(length, bb.now))
}

// tick notes when the bars of a length close next.
func (d *candles) tick(length, end exchange.Time) {
	i, found := slices.BinarySearchFunc(d.clocks, length, func(k barClock, l exchange.Time) int { return cmp.Compare(k.length, l) })
	if !found {
		d.clocks = slices.Insert(d.clocks, i, barClock{length, end})
	}
	d.clocks[i].end = min(d.clocks[i].end, end)
	d.schedule()
}

func (d *candles) schedule() {
	d.due = 0
	for _, k := range d.clocks {
		if d.due == 0 || k.end < d.due {
			d.due = k.end
		}
	}
}

// startBars begins the intervals at the session's first moment.
func (bb *barBuilder) startBars() {
	bb.candles.since = bb.now
	for i := range bb.candles.clocks {
		k := &bb.candles.clocks[i]
		k.end = bars.End(k.length, bb.now)
	}
	bb.candles.schedule()
	for i := range bb.markets.list {
		for _, s := range bb.markets.list[i].built {
			s.Begin(bb.now)
		}
	}
}

// of returns the series of a length that is built here, or nil.
func (m *market) of(length exchange.Time) *bars.Series {
	for _, s := range m.built {
		if s.Length() == length {
			return s
		}
	}
	for _, s := range m.merged {
		if s.Length() == length {
			return s
		}
	}
	return nil
}

// list returns the finished bars of a length, newest last.
func (m *market) list(length exchange.Time) []exchange.Bar {
	if s := m.of(length); s != nil {
		return s.Done()
	}
	if length != m.fed && m.fed != 0 {
		return nil
	}
	return m.bars
}

// tradeBars adds a trade to the bars that are under way. One at the very moment
// at which a bar closes is of the next bar; the closed one is shown once all of
// that moment is known.
func (bb *barBuilder) tradeBars(m *market, ev *exchange.Event) {
	if bb.candles.due <= bb.now {
		bb.closeBars()
	}
	for _, s := range m.built {
		s.Trade(ev.Price, ev.Qty, ev.Side)
	}
}

// closeBars ends the intervals that are over.
func (bb *barBuilder) closeBars() {
	d := &bb.candles
	if d.due == 0 || d.due > bb.now {
		return
	}
	for i := range d.clocks {
		k := &d.clocks[i]
		if k.end > bb.now {
			continue
		}
		if n := (bb.now - k.end) / k.length; n > bars.Keep {
			bb.skipBars(k, n-bars.Keep)
		}
		for ; k.end <= bb.now; k.end += k.length {
			bb.closeLength(k)
		}
	}
	d.schedule()
	bb.warnTradeless()
}

func (bb *barBuilder) closeLength(k *barClock) {
	for i := range bb.markets.list {
		for _, s := range bb.markets.list[i].built {
			if s.Length() != k.length {
				continue
			}
			if b, ok, _ := s.Close(k.end); ok {
				bb.closed(bb.markets.list[i].in.ID, &b, false)
			}
		}
	}
}

// skipBars leaves out the bars of a time in which the loop stood still: a machine
// that slept for a week has seen nothing of it.
func (bb *barBuilder) skipBars(k *barClock, n exchange.Time) {
	k.end += n * k.length
	for i := range bb.markets.list {
		for _, s := range bb.markets.list[i].built {
			if s.Length() == k.length {
				s.Skip(k.end - k.length)
			}
		}
	}
	bb.log(intent.Warn, -1, fmt.Sprintf("bars of %s: %d are left out, the session stood still", exchange.BarLength(k.length), n))
}

// closed notes a bar that is to be shown.
func (bb *barBuilder) closed(in exchange.InstrumentID, b *exchange.Bar, fed bool) {
	if len(bb.candles.closed) == 0 {
		bb.candles.at = bb.now
	}
	bb.candles.closed = append(bb.candles.closed, closedBar{*b, in, fed})
}

// warnTradeless tells once which markets have a book and no trades, hence no bars.
func (bb *barBuilder) warnTradeless() {
	d := &bb.candles
	if d.warnedTradeless || bb.now-d.since < silence {
		return
	}
	d.warnedTradeless = true
	var keys []string
	for i := range bb.markets.list {
		if m := &bb.markets.list[i]; len(m.built) > 0 && m.trade.Time == 0 && m.book.Ready() && bb.watched(m.in.ID) {
			keys = append(keys, m.in.Key())
		}
	}
	if len(keys) > 0 {
		bb.log(intent.Warn, -1, fmt.Sprintf("no bars yet of %s: bars are built from trades, and there was none in %d minutes", strings.Join(keys, " "), silence/exchange.Minute))
	}
}

func (bb *barBuilder) watched(id exchange.InstrumentID) bool {
	for _, s := range bb.strategies.list {
		if s.watches[id] && (len(s.lengths) > 0 || s.usesBars) {
			return true
		}
	}
	return false
}

// showBars calls on_bar with what has closed.
func (bb *barBuilder) showBars() {
	d := &bb.candles
	if len(d.closed) == 0 {
		return
	}
	if len(d.closed) > 1 {
		slices.SortFunc(d.closed, closedBar.order)
	}
	if bb.phase.running {
		bb.warmUp()
	}
	for i := range d.closed {
		b := &d.closed[i]
		d.event = exchange.Event{Seq: bb.seq, Kind: exchange.KindBar, Instrument: b.in, Time: bb.now, VenueTime: b.Time, Bar: b.Bar}
		for _, s := range bb.strategies.list {
			if bb.phase.running && s.wants[OnBar] && s.watches[b.in] && s.takesBar(&bb.markets.list[b.in], b) {
				bb.strategies.invoke(s, &Callback{Handler: OnBar, Instrument: b.in, Event: &d.event})
			}
		}
	}
	d.closed = d.closed[:0]
}

// takesBar reports whether a bar is of a length that the strategy gets.
func (s *instance) takesBar(m *market, b *closedBar) bool {
	if len(s.lengths) > 0 {
		return slices.Contains(s.lengths, b.Interval) && b.fed == (b.Interval == m.fed || m.of(b.Interval) == nil)
	}
	return b.fed || b.Interval == s.lengthOf(m)
}

// lateBars shows what closed before the event being handled, when no timer came
// at its time: the loop was late.
func (bb *barBuilder) lateBars() {
	d := &bb.candles
	if len(d.closed) > 0 && d.at < bb.now {
		bb.showBars()
	}
	if d.due != 0 && d.due < bb.now {
		bb.closeBars()
		bb.showBars()
	}
}

// barsDue is when bars want a timer.
func (bb *barBuilder) barsDue() (exchange.Time, bool) {
	d := &bb.candles
	if len(d.closed) > 0 {
		return d.at, true
	}
	return d.due, d.due != 0 && bb.phase.started
}

// onBar takes a bar that the market brings.
func (bb *barBuilder) onBar(m *market, ev *exchange.Event) {
	b := ev.Bar
	b.Time = ev.VenueTime
	if b.Time == 0 {
		b.Time = bb.now
	}
	if s := m.of(b.Interval); s != nil && !bb.phase.running && b.Interval != m.fed {
		if s.Recall(&b, bb.now) && slices.Contains(m.built, s) {
			bb.candles.tick(b.Interval, b.Time)
		}
		return
	}
	if b.Close == 0 {
		return // what was under way without a trade, of a length that is not built now
	}
	m.bars = keepLast(m.bars, b, bars.Keep)
	m.volume.Bar(m.in, min(bb.now, b.Time), &b)
	bb.closed(m.in.ID, &b, true)
	for _, s := range m.merged {
		for _, done := range s.Bar(&b, nil) {
			bb.closed(m.in.ID, &done, false)
		}
	}
}

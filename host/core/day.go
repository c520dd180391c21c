package core

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// daySlots are the parts in which 24 hours are counted where no venue tells of them.
const (
	daySlots = 288
	daySlot  = exchange.Day / daySlots
)

// rollingDay is what happened in the last 24 hours, counted here.
type rollingDay struct {
	slots  []daySlotOf // by time, modulo daySlots
	since  exchange.Time
	last   exchange.Time
	trades bool
}

type daySlotOf struct {
	begin exchange.Time
	known exchange.FlowParts // of all that was counted
	exchange.DayStats
}

// add counts a trade, or a bar that ended at a time, of which some parts may not be known.
func (r *rollingDay) add(at exchange.Time, s exchange.DayStats, known exchange.FlowParts) {
	begin := at - at%daySlot
	x := &r.slots[begin/daySlot%daySlots]
	if x.begin != begin {
		*x = daySlotOf{begin: begin, known: exchange.FlowAll, DayStats: exchange.DayStats{Open: s.Open, High: s.High, Low: s.Low}}
	}
	x.known &= known
	x.High, x.Low, x.Last = max(x.High, s.High), min(x.Low, s.Low), s.Last
	x.Volume += s.Volume
	x.Quote += s.Quote
	x.Count += s.Count
	r.last = at
}

// sum is what was counted in the 24 hours before a moment, to a slot's length. A part that
// anything of it lacks is 0.
func (r *rollingDay) sum(now exchange.Time) (out exchange.DayStats, ok bool) {
	known := exchange.FlowAll
	from := now - now%daySlot - exchange.Day + daySlot
	for begin := from; begin <= now; begin += daySlot {
		x := &r.slots[begin/daySlot%daySlots]
		if x.begin != begin {
			continue
		}
		if !ok {
			out.Open, out.High, out.Low, ok = x.Open, x.High, x.Low, true
		}
		out.High, out.Low, out.Last = max(out.High, x.High), min(out.Low, x.Low), x.Last
		out.Volume += x.Volume
		out.Quote += x.Quote
		out.Count += x.Count
		known &= x.known
	}
	if known&exchange.FlowQuote == 0 {
		out.Quote = 0
	}
	if known&exchange.FlowTrades == 0 {
		out.Count = 0
	}
	return out, ok
}

// countTrade counts a trade into the market's day, where somebody asked for one.
func (m *market) countTrade(ev *exchange.Event) {
	if m.rolling == nil || !m.rolling.trades {
		return
	}
	m.rolling.add(ev.Time, exchange.DayStats{Open: ev.Price, High: ev.Price, Low: ev.Price, Last: ev.Price,
		Volume: m.in.QtyFloat(ev.Qty), Quote: m.in.NotionalFloat(ev.Price, ev.Qty), Count: 1}, exchange.FlowAll)
}

// countBar counts a bar of the market's own where it brings no trades, with what its source tells
// of them.
func (m *market) countBar(b *exchange.Bar, closed exchange.Time) {
	if m.rolling == nil || m.rolling.trades {
		return
	}
	m.rolling.add(closed-1, exchange.DayStats{Open: b.Open, High: b.High, Low: b.Low, Last: b.Close, Volume: b.Volume, Quote: b.Quote, Count: b.Trades}, b.Known)
}

// watchDays begins to count, and to be told, what happens in a day: once a strategy asks.
func (mk *markets) watchDays(noTrades bool) {
	mk.days = true
	for i := range mk.list {
		m := &mk.list[i]
		m.rolling = &rollingDay{slots: make([]daySlotOf, daySlots), since: mk.now, trades: !noTrades || m.fed == 0}
		if m.rolling.trades {
			continue
		}
		for j := range m.bars {
			if b := &m.bars[j]; b.Time > mk.now-exchange.Day {
				m.rolling.since = min(m.rolling.since, b.Time-b.Interval)
				m.countBar(b, b.Time)
			}
		}
	}
}

// DaysWanted reports whether a strategy has asked for the last 24 hours of a market.
func (mk *markets) DaysWanted() bool { return mk.days }

// Ticker returns the last 24 hours of an instrument, and why there is nothing of them. Who
// asks first has the session begin to look: the venue is asked once a minute, and without one
// trades or bars are counted from then on.
func (p *marketView) Ticker(id exchange.InstrumentID) (t intent.Ticker, why string) {
	m := p.market("Ticker", id)
	if !p.c.markets.days && p.c.reading != nil {
		return t, "no strategy has asked for it yet"
	}
	if !p.c.markets.days {
		p.c.markets.watchDays(p.c.cfg.NoTrades)
	}
	if m.in == nil {
		return t, "no such instrument"
	}
	now := p.c.now
	if m.dayAt != 0 {
		return intent.Ticker{DayStats: m.day, Source: intent.TickerOfVenue, Age: now - m.dayAt, Span: exchange.Day}, ""
	}
	if m = &p.c.markets.list[id]; m.rolling == nil {
		return t, "nothing was counted yet"
	}
	day, ok := m.rolling.sum(now)
	if !ok {
		if m.rolling.trades {
			return t, "since a strategy asked for it first, no trade was seen and no venue has told"
		}
		return t, "since a strategy asked for it first, no bar has finished and no venue has told"
	}
	t = intent.Ticker{DayStats: day, Source: intent.TickerOfBars, Age: now - m.rolling.last, Span: min(exchange.Day, now-m.rolling.since)}
	if m.rolling.trades {
		t.Source = intent.TickerOfTrades
	}
	return t, ""
}

package core

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution/conditional"
)

// widestMid is the spread, as a part of the price, beyond which the middle of a book is no
// price: one side of it is missing, and what is left of it says nothing.
const widestMid = 0.01

// see compares a market event with what conditional orders wait for.
//
// A trade and a mark are the venue's word, and count at once. The middle of a book counts
// only while the book is live, comes in time and is not wider than widestMid: a gap, a stale
// book or one of which a side was pulled triggers nothing.
func (cd *conditionals) see(h Handler, ev *exchange.Event) {
	if cd.watched[ev.Instrument] == 0 || !cd.phase.running || cd.phase.stopping {
		return
	}
	switch h {
	case OnTrade:
		cd.show(ev.Instrument, intent.LastPrice, exchange.E8FromDecimal(cd.u.Get(ev.Instrument).PriceDecimal(ev.Price)))
	case OnMark:
		if ev.Path.Interval == 0 {
			cd.show(ev.Instrument, intent.MarkPrice, ev.Mark)
			return
		}
		cd.course(ev.Instrument, intent.MarkPrice, [...]exchange.E8{ev.Path.Open, ev.Path.Low, ev.Path.High, ev.Mark})
	case OnBook:
		if p, ok := cd.midPrice(ev.Instrument); ok {
			cd.show(ev.Instrument, intent.MidPrice, p)
		}
	}
}

// seeBar keeps a bar of a market that brings nothing finer until its moment is whole.
func (cd *conditionals) seeBar(m *market, ev *exchange.Event) {
	if cd.watched[m.in.ID] > 0 && cd.cfg.NoTrades && ev.Bar.Interval == m.fed && ev.Bar.Close > 0 {
		cd.bars = append(cd.bars, exchange.Event{Instrument: m.in.ID, Bar: ev.Bar})
	}
}

// seeBars takes orders along the bars that have closed.
func (cd *conditionals) seeBars() {
	if cd.phase.running && !cd.phase.stopping {
		for i := range cd.bars {
			id, b := cd.bars[i].Instrument, &cd.bars[i].Bar
			at := [...]exchange.Ticks{b.Open, b.Low, b.High, b.Close}
			var prices [4]exchange.E8
			for j := range at {
				prices[j] = exchange.E8FromDecimal(cd.u.Get(id).PriceDecimal(at[j]))
			}
			cd.course(id, intent.LastPrice, prices)
		}
	}
	cd.bars = cd.bars[:0]
}

// course shows the points of a bar, of which nobody knows the order: each side sees the
// open, the extreme that hurts it more, the other one, and the close.
func (cd *conditionals) course(id exchange.InstrumentID, from intent.PriceSource, at [4]exchange.E8) {
	ticks, offset := cd.ticksOf(id, at), exchange.Ticks(0)
	if p, ok := cd.markets.mid(cd.u.Get(id)); ok && from == intent.MarkPrice {
		offset = exchange.Ticks(cd.u.Get(id).Tick.Floor(p)) - ticks[3]
	}
	for _, side := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
		order := [...]int{0, 1, 2, 3}
		if side == exchange.Buy {
			order[1], order[2] = 2, 1
		}
		for n, i := range order {
			cd.compare(id, conditional.Price{Source: from, At: at[i], Side: side, InBar: true, Opens: n == 0, Within: ticks[i], Offset: offset})
		}
	}
}

// ticksOf puts prices that lie on no tick on the nearest.
func (cd *conditionals) ticksOf(id exchange.InstrumentID, at [4]exchange.E8) (out [4]exchange.Ticks) {
	for i, p := range at {
		out[i] = exchange.Ticks(cd.u.Get(id).Tick.Floor(p.Decimal()))
	}
	return out
}

func (cd *conditionals) show(id exchange.InstrumentID, from intent.PriceSource, at exchange.E8) {
	cd.compare(id, conditional.Price{Source: from, At: at})
}

func (cd *conditionals) compare(id exchange.InstrumentID, at conditional.Price) {
	if at.At <= 0 {
		return
	}
	at.Usual = at.Source == cd.usual(&cd.markets.list[id])
	for _, g := range cd.list {
		if g.Instrument() == id && g.Watches() {
			g.See(cd.port, at)
		}
	}
}

// markless is for how long a session waits for a perpetual's first mark, before the last
// trade stands for it.
const markless = exchange.Minute

// usual is what UsualPrice means of an instrument, as far as its market brings it.
func (cd *conditionals) usual(m *market) intent.PriceSource {
	switch {
	case m.in.Perp() && (m.mark.Mark > 0 || cd.now < cd.since+markless):
		return intent.MarkPrice
	case m.trade.Time != 0 || cd.cfg.NoTrades && m.fed > 0:
		return intent.LastPrice
	}
	return intent.MidPrice
}

func (cd *conditionals) midPrice(id exchange.InstrumentID) (exchange.E8, bool) {
	m := &cd.markets.list[id]
	if !m.book.Ready() || m.book.Synthetic() || cd.delays.why(id) != "" || !(width(m) <= widestMid) {
		return 0, false
	}
	p, ok := cd.markets.mid(m.in)
	return exchange.E8FromDecimal(p), ok
}

// PriceNow implements conditional.Market.
func (cd *conditionals) PriceNow(id exchange.InstrumentID, from intent.PriceSource) (exchange.E8, bool) {
	m := &cd.markets.list[id]
	if from == intent.UsualPrice {
		from = cd.usual(m)
	}
	switch from {
	case intent.MarkPrice:
		return m.mark.Mark, m.mark.Mark > 0
	case intent.MidPrice:
		return cd.midPrice(id)
	}
	last := m.trade.Price
	if n := len(m.bars); last == 0 && n > 0 {
		last = m.bars[n-1].Close
	}
	return exchange.E8FromDecimal(m.in.PriceDecimal(last)), last > 0
}

package core

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/funding"
	"github.com/perilune/perilune/host/bars"
	"github.com/perilune/perilune/host/execution/schedule"
)

const keepSettled = 100

// market is what is known of one instrument.
type market struct {
	in      *exchange.Instrument
	book    *book.Book
	mark    exchange.MarkState
	funding *funding.Forecast // of a perpetual
	trade   exchange.Trade
	bid     exchange.Level
	ask     exchange.Level
	quoted  bool
	open    exchange.OpenInterest
	settled []exchange.Settled
	bars    []exchange.Bar // as the market brings them
	fed     exchange.Time  // their length; 0: it brings none
	built   []*bars.Series // from trades, shortest first
	merged  []*bars.Series // from the market's own bars
	volume  schedule.History
	wanting bool   // a snapshot was asked for
	held    string // why nothing may trade in it; see Core.suspend
}

// onBook applies a book event and has the result shown to machines and strategies.
func (c *Core) onBook(ev *exchange.Event) {
	m := &c.markets.list[ev.Instrument]
	was := m.book.Ready()
	changed := m.book.Apply(ev)
	if was && !m.book.Ready() {
		c.stats.Gaps++
		c.instants.show(OnGap, ev)
	}
	c.markets.wantSnapshot(m)
	if !changed || !m.book.Ready() {
		return
	}
	c.instants.show(OnBook, ev)
}

// wantSnapshot asks for a snapshot once per loss of the book.
func (mk *markets) wantSnapshot(m *market) {
	wants := m.book.WantsSnapshot()
	if wants && !m.wanting {
		mk.emit(-1, mk.snapshots.keep(WantSnapshot{m.in.ID, m.book.Reason()}))
	}
	m.wanting = wants
}

// dispatch calls a market handler at once, without the queue: these are the
// many events, and nothing they carry outlives the call.
func (ss *strategies) dispatch(h Handler, ev *exchange.Event) {
	for _, s := range ss.list {
		if s.wants[h] && s.watches[ev.Instrument] {
			ss.invoke(s, &Notice{Handler: h, Instrument: ev.Instrument, Event: ev})
		}
	}
}

func (ss *strategies) tellWatchers(n Notice) {
	for _, s := range ss.list {
		if s.watches[n.Instrument] {
			ss.tell(s.index, n)
		}
	}
}

func (c *Core) onMarket(ev *exchange.Event) {
	m := &c.markets.list[ev.Instrument]
	switch ev.Kind {
	case exchange.KindTicker:
		m.bid = exchange.Level{Price: ev.Price, Qty: ev.Qty}
		m.ask = exchange.Level{Price: ev.Price2, Qty: ev.Qty2}
		m.quoted = true
	case exchange.KindTrade:
		m.trade = exchange.Trade{Time: ev.Time, Price: ev.Price, Qty: ev.Qty, Side: ev.Side}
		m.volume.Trade(m.in, c.now, ev.Price, ev.Qty)
		if len(m.built) > 0 {
			c.bars.tradeBars(m, ev)
		}
		c.instants.show(OnTrade, ev)
	case exchange.KindMark:
		m.mark = exchange.MarkState{Mark: ev.Mark, Index: ev.Index, Rate: ev.Rate,
			NextFunding: ev.NextFunding, Hours: ev.Hours, Time: ev.Time}
		if m.mark.Hours == 0 {
			m.mark.Hours = max(m.in.FundingHours, 1)
		}
		m.mark.Predicted = m.funding.Rate(&m.mark)
		c.instants.show(OnMark, ev)
	case exchange.KindFunding:
		m.settled = keepLast(m.settled, exchange.Settled{Time: ev.VenueTime, Rate: ev.Rate, Mark: ev.Mark, Hours: ev.Hours}, keepSettled)
	case exchange.KindOpenInterest:
		m.open = exchange.OpenInterest{Qty: ev.Qty, Time: ev.VenueTime}
	case exchange.KindPremium:
		m.funding.Premium(ev.VenueTime, ev.Rate)
	case exchange.KindBar:
		c.bars.onBar(m, ev)
	}
}

// keepLast appends and drops from the front, in bulk so that it stays cheap.
func keepLast[T any](list []T, v T, keep int) []T {
	if len(list) >= 2*keep {
		list = append(list[:0], list[len(list)-keep:]...)
	}
	return append(list, v)
}

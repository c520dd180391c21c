package core

import (
	"cmp"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// instant is what one moment at the source has shown so far. Until all of it was
// shown nobody acts: no machine, no strategy, no sample of the equity, no gate.
type instant struct {
	open   bool
	at     exchange.Time
	shown  []shown
	events []exchange.Event // memory for shown, reused
	bare   exchange.Event   // for what needs no event but its instrument
}

// shown is one thing to tell once the instant is whole.
type shown struct {
	what Handler // OnGap, OnBook, OnTrade, OnMark, OnLiquidation
	id   exchange.InstrumentID
	ev   int // index in events; -1: none is needed
}

// rank is the order in which a whole instant is told: what is lost first, then what
// traded, who was liquidated, prices, books; and after all of them the bars, because they sum up: see
// showBars.
var rank = [Handlers]int{OnGap: 1, OnTrade: 2, OnLiquidation: 3, OnMark: 4, OnBook: 5}

// within reports whether an event belongs to the open instant.
func (n *instant) within(ev *exchange.Event, now exchange.Time) bool {
	return ev.Kind.MarketData() && now == n.at
}

// show tells of a market event: at once when it is an instant by itself, else when
// its instant is whole.
func (is *instants) show(h Handler, ev *exchange.Event) {
	if !is.instant.open && !ev.More {
		is.dispatchNow(h, ev)
		return
	}
	s := shown{what: h, id: ev.Instrument, ev: -1}
	if h != OnBook && h != OnGap {
		s.ev = len(is.instant.events)
		is.instant.events = append(is.instant.events, *ev)
		e := &is.instant.events[s.ev]
		e.Bids, e.Asks = nil, nil // they belong to the feed
	}
	is.instant.shown = append(is.instant.shown, s)
}

func (is *instants) dispatchNow(h Handler, ev *exchange.Event) {
	if h == OnBook {
		is.driver.runMachines(ev.Instrument)
	}
	is.conditionals.see(h, ev)
	if h == OnGap {
		is.strategies.notifyWatchers(Callback{Handler: OnGap, Instrument: ev.Instrument, Reason: is.markets.list[ev.Instrument].book.Reason()})
		return
	}
	is.strategies.dispatch(h, ev)
}

func (n *instant) eventOf(s shown) *exchange.Event {
	if s.ev >= 0 {
		return &n.events[s.ev]
	}
	n.bare.Instrument = s.id
	return &n.bare
}

// close ends the instant: books are shown to the machines, and then everything to
// the strategies, in an order that does not depend on that of the feed.
func (is *instants) close() {
	n := &is.instant
	n.open = false
	slices.SortStableFunc(n.shown, func(a, b shown) int {
		return cmp.Or(cmp.Compare(rank[a.what], rank[b.what]), cmp.Compare(a.id, b.id))
	})
	n.shown = slices.CompactFunc(n.shown, func(a, b shown) bool { return a.ev < 0 && a == b })
	for _, s := range n.shown {
		if s.what == OnBook && is.markets.list[s.id].book.Ready() {
			is.driver.runMachines(s.id)
		}
	}
	for _, s := range n.shown {
		is.conditionals.see(s.what, n.eventOf(s))
	}
	is.conditionals.seeBars()
	for _, s := range n.shown {
		ev := n.eventOf(s)
		switch {
		case s.what == OnGap:
			is.dispatchNow(OnGap, ev)
		case s.what != OnBook || is.markets.list[s.id].book.Ready():
			is.strategies.dispatch(s.what, ev)
		}
	}
	n.shown, n.events = n.shown[:0], n.events[:0]
	is.bars.showBars()
}

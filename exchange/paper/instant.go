package paper

import (
	"cmp"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// instant is what one moment at the source has shown so far: see
// exchange.Event.More. Nothing is matched, liquidated or settled before all of it
// was shown.
type instant struct {
	open   bool
	at     exchange.Time
	count  int              // of instants so far
	events []exchange.Event // of instruments that something of ours depends on
}

// within reports whether an event must be taken together with others, or with the
// course of the bar that it ends.
func (v *Venue) within(ev *exchange.Event) bool {
	return v.instant.open || ev.More || ev.Kind == exchange.KindBar || ev.Kind == exchange.KindMark && ev.Path.Interval != 0
}

// collect keeps an event until its instant is whole. What nothing of ours depends
// on is taken note of at once.
func (v *Venue) collect(ev *exchange.Event) {
	n := &v.instant
	n.open, n.at = true, ev.Time
	if !v.markets.known(ev.Instrument) {
		return
	}
	if s := v.markets.slots[ev.Instrument]; s.idle() && (s.short == nil || s.short.idle()) && ev.Kind != exchange.KindFunding {
		for ; s != nil; s = s.short {
			s.note(ev)
		}
		return
	}
	n.events = append(n.events, *ev)
	e := &n.events[len(n.events)-1]
	e.Bids, e.Asks = nil, nil // the books have them, and they belong to the feed
}

// note takes an event into what the venue knows of a market.
func (s *slot) note(ev *exchange.Event) {
	switch ev.Kind {
	case exchange.KindSnapshot:
		s.renew(ev.Synthetic)
	case exchange.KindTicker:
		s.touch = [2]exchange.Level{{Price: ev.Price, Qty: ev.Qty}, {Price: ev.Price2, Qty: ev.Qty2}}
	case exchange.KindTrade:
		s.last, s.traded = ev.Price, true
		s.reach.trade(ev.Qty, ev.Time)
	case exchange.KindBar:
		s.took = 0
		s.reach.bar(&ev.Bar, s.in.Lot.Float(1))
	case exchange.KindMark:
		if ev.Mark > 0 {
			s.mark = ev.Mark
		}
	}
}

// close acts on a whole instant. Funding is settled on the positions held before
// it; then the account goes through the bars that end; what arrived before the
// instant meets its books, and what rests its trades and books; and at last the
// account is looked at as the instant leaves it. Within each part instruments
// follow in their own order, whatever that of the feed.
func (v *Venue) close() {
	n := &v.instant
	n.open = false
	n.count++
	at := n.at
	v.mail.now = max(v.mail.now, at)
	slices.SortStableFunc(n.events, func(a, b exchange.Event) int { return cmp.Compare(a.Instrument, b.Instrument) })
	for i := range n.events {
		if ev := &n.events[i]; ev.Kind == exchange.KindFunding {
			for s := v.markets.slots[ev.Instrument]; s != nil; s = s.short {
				v.funding.payFunding(s, ev)
			}
		}
	}
	v.bars.runBars(n.events, n.count, at)
	v.deliveries.deliver(at)
	if at > v.mail.arriving {
		v.mail.arriveBy(at - 1)
	}
	for i := range n.events {
		for s := v.markets.slots[n.events[i].Instrument]; s != nil; s = s.short {
			v.match(s, &n.events[i])
		}
	}
	v.liquidator.review(n.events, at)
	for i := range n.events {
		v.loans.watch(v.markets.slots[n.events[i].Instrument], at)
	}
	for i := range n.events {
		for s := v.markets.slots[n.events[i].Instrument]; s != nil; s = s.short {
			s.ended = course{}
		}
	}
	n.events = n.events[:0]
}

// match lets what rests meet what an instant showed.
func (v *Venue) match(s *slot, ev *exchange.Event) {
	if s.idle() {
		return
	}
	switch ev.Kind {
	case exchange.KindTrade:
		v.resting.onTrade(s, ev)
	case exchange.KindDiff, exchange.KindSnapshot:
		v.resting.onBook(s, ev.Time)
	case exchange.KindTicker:
		if v.markets.bookless(s) {
			v.resting.onBook(s, ev.Time)
		}
	}
}

// review decides on the margin of every wallet that an instant touched.
func (lq *liquidator) review(events []exchange.Event, at exchange.Time) {
	for i := range events {
		for s := lq.markets.slots[events[i].Instrument]; s != nil; s = s.short {
			if s.held() {
				lq.rescreenAt(s)
			}
		}
	}
	for i := range events {
		for s := lq.markets.slots[events[i].Instrument]; s != nil; s = s.short {
			if s.held() && !s.collateral.pool.safe() {
				lq.guard(s.collateral.pool, at)
			}
		}
	}
}

// rescreenAt renews the screen of a position at its mark.
func (lq *liquidator) rescreenAt(s *slot) {
	if price, ok := lq.margins.markPrice(s); ok {
		s.risk.at(exchange.Float(price))
	}
}

// cut ends an instant whose rest never came, before anything else happens.
func (v *Venue) cut() {
	if v.instant.open {
		v.close()
	}
}

package simserver

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Overtake is called before an order is changed: when the fault amend_race strikes, the market
// is quicker and fills it first. Nobody else sees that trade, and the book does not show it.
func (e *Entry) Overtake(o *Order) {
	if !o.Open() || o.Waits {
		return
	}
	m, q := o.Market, o.Qty-o.Filled
	f, hit := e.outbox.faults.Occasion("amend_race", m.Segment, m.In.Symbol)
	if !hit {
		return
	}
	if part, err := decimal.NewFromString(f.Qty); err == nil { // empty: all of it
		q = min(q, exchange.Lots(m.In.Lot.Floor(part)))
	}
	e.matching.tradeThrough(o, q)
	e.outbox.Flush()
}

// tradeThrough fills some of an order that rests by a trade beyond its price, and those of
// the account that stand before it.
func (v *matching) tradeThrough(o *Order, q exchange.Lots) {
	ev := exchange.Event{Kind: exchange.KindTrade, Instrument: o.Market.In.ID, Time: v.clock.now, VenueTime: v.clock.now, Side: o.Side.Opposite(), Price: o.Price - exchange.Ticks(o.Side), Qty: q}
	for _, other := range v.orders.Open(o.Market.Segment, o.Market) {
		if other.Side == o.Side && int64(other.Price-o.Price)*int64(o.Side) > 0 {
			ev.Qty += other.Qty - other.Filled
		}
	}
	v.venue.Market(&ev)
	v.collectEvents()
}

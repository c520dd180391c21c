package paper

import (
	"cmp"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// scheduleDeliveries lists the dated futures by their end.
func (v *Venue) scheduleDeliveries() {
	for _, s := range v.slots {
		if s.in.Dated() {
			v.futures = append(v.futures, s)
		}
	}
	slices.SortStableFunc(v.futures, func(a, b *slot) int { return cmp.Compare(a.in.Delivery, b.in.Delivery) })
}

// deliver ends the futures whose time has come by at.
func (v *Venue) deliver(at exchange.Time) {
	for len(v.futures) > 0 && v.futures[0].in.Delivery <= at {
		s := v.futures[0]
		v.futures = v.futures[1:]
		for len(s.orders) > 0 {
			v.finish(s, s.orders[0], exchange.StatusExpired, 0, "the contract was delivered", at)
		}
		v.settlePosition(s, at)
	}
}

// settlePosition closes a position at the mark, which the venue makes the average
// of the index over the last hour before delivery. Source: reference manual of the
// venue, "mark price", delivery contracts.
func (v *Venue) settlePosition(s *slot, at exchange.Time) {
	price := v.priceOf(s)
	if s.pos.qty == 0 || !price.IsPositive() {
		return
	}
	side := exchange.Sell
	if s.pos.qty < 0 {
		side = exchange.Buy
	}
	ticks := exchange.Ticks(max(1, s.in.Tick.Floor(price)))
	v.post(s, nil, exchange.Fill{Side: side, Price: ticks, Qty: s.pos.qty.Abs(), Reason: "delivery"}, at)
	v.guard(s.purse, at)
}

// delivered reports whether the contract has ended.
func (s *slot) delivered(now exchange.Time) bool { return s.in.Dated() && now >= s.in.Delivery }

package paper

import (
	"cmp"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// scheduleDeliveries lists the dated futures by their end.
func (dl *deliveries) scheduleDeliveries() {
	for _, s := range dl.markets.slots {
		if s.in.Dated() {
			dl.futures = append(dl.futures, s)
		}
	}
	slices.SortStableFunc(dl.futures, func(a, b *slot) int { return cmp.Compare(a.in.Delivery, b.in.Delivery) })
}

// deliver ends the futures whose time has come by at.
func (dl *deliveries) deliver(at exchange.Time) {
	for len(dl.futures) > 0 && dl.futures[0].in.Delivery <= at {
		s := dl.futures[0]
		dl.futures = dl.futures[1:]
		for ; s != nil; s = s.short {
			for len(s.orders) > 0 {
				dl.registry.finish(s, s.orders[0], exchange.StatusExpired, 0, "the contract was delivered", at)
			}
			dl.settlePosition(s, at)
		}
	}
}

// settlePosition closes a position at the mark, which the venue makes the average
// of the index over the last hour before delivery. Source: reference manual of the
// venue, "mark price", delivery contracts.
func (dl *deliveries) settlePosition(s *slot, at exchange.Time) {
	price := dl.margins.priceOf(s)
	if s.pos.qty == 0 || !price.IsPositive() {
		return
	}
	side := exchange.Sell
	if s.pos.qty < 0 {
		side = exchange.Buy
	}
	ticks := exchange.Ticks(max(1, s.in.Tick.Floor(price)))
	dl.executions.post(s, nil, exchange.Fill{Side: side, Price: ticks, Qty: s.pos.qty.Abs(), Reason: "delivery"}, at)
	dl.liquidator.guard(s.collateral.pool, at)
}

// delivered reports whether the contract has ended.
func (s *slot) delivered(now exchange.Time) bool { return s.in.Dated() && now >= s.in.Delivery }

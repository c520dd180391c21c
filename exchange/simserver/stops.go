package simserver

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// Stop orders for coins have an id among the others, and lock what they could cost;
// they reach the book when the last price reaches theirs.

// Waiting returns the stop orders that have not triggered, by id. The slice must not be
// changed.
func (w *Stops) Waiting() []*Order { return w.waiting }

// parkOrder takes a stop order in and locks its funds.
func (w *Stops) parkOrder(t *Ticket) (*Order, *Refusal) {
	o := &Order{Market: t.Market, Client: t.Client, Side: t.Side, Kind: t.Kind, Type: t.Type, TIF: t.TIF, policy: t.Policy, Price: t.Price, Qty: t.Qty,
		Stop: t.Stop, rising: t.Rising, Created: w.clock.now, Updated: w.clock.now, Status: StatusNew, Note: t.Note}
	_, amount := o.cost()
	if r := w.hold(o, amount); r != nil {
		return nil, r
	}
	w.orders.register(o)
	w.orders.reportChange(o, Opened, nil)
	w.outbox.Flush()
	return o, nil
}

// cost is what a stop order locks: for a market order that buys, by its stop
// price.
func (o *Order) cost() (asset string, amount decimal.Decimal) {
	in := o.Market.In
	switch {
	case o.Side == exchange.Sell:
		return in.Base, in.QtyDecimal(o.Qty)
	case o.Kind == exchange.Limit:
		return in.Quote, in.Notional(o.Price, o.Qty)
	}
	return in.Quote, in.QtyDecimal(o.Qty).Mul(o.Stop)
}

// unparkOrder gives back what a stop order has locked.
func (w *Stops) unparkOrder(o *Order) {
	asset, _ := o.cost()
	if err := w.matching.venue.Reserve(o.Market.In.Wallet, asset, o.reserved.Neg()); err != nil {
		w.log(err.Error())
	}
	o.Waits, o.reserved = false, decimal.Zero
	w.waiting = slices.DeleteFunc(w.waiting, func(other *Order) bool { return other == o })
}

// hold locks what a stop order needs, beyond the other leg of its list where it has one, and
// lets it wait.
func (w *Stops) hold(o *Order, amount decimal.Decimal) *Refusal {
	asset, _ := o.cost()
	if err := w.matching.venue.Reserve(o.Market.In.Wallet, asset, amount); err != nil {
		return o.Market.refuse(paper.RuleFunds, err.Error())
	}
	o.Waits, o.reserved = true, amount
	w.waiting = append(w.waiting, o)
	return nil
}

// cancelParked ends a stop order that has not triggered.
func (w *Stops) cancelParked(o *Order) {
	w.unparkOrder(o)
	o.Status, o.Updated = StatusCanceled, w.clock.now
	w.orders.reportChange(o, Canceled, nil)
	w.outbox.Flush()
}

// sendReached sends the stop orders that a market event has brought to their price, each
// after what must happen before.
func (w *Stops) sendReached(m *Market, before func(*Order)) {
	if len(w.waiting) == 0 {
		return
	}
	for _, o := range slices.Clone(w.waiting) {
		if o.Market == m && o.Waits && reached(o.rising, o.Stop, m.TriggerPrice(false)) {
			before(o)
			w.sendOrder(o)
		}
	}
}

// sendOrder sends a stop order to the book under its own id. One that the venue
// refuses then has expired.
func (w *Stops) sendOrder(o *Order) {
	w.unparkOrder(o)
	o.Worked, o.Updated = w.clock.now, w.clock.now
	w.orders.reportChange(o, Opened, nil)
	if w.matching.resubmitOrder(o, o.policy, false) != nil {
		o.Status, o.Ended = StatusExpired, EndedByRefusal
		w.orders.reportChange(o, Expired, nil)
	}
	w.outbox.Flush()
}

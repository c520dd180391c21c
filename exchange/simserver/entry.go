package simserver

import "github.com/perilune/perilune/exchange"

// Place sends an order to the venue. With no latency there, it is accepted, refused
// or filled when this returns. A ticket with a stop waits for its price.
func (e *Entry) Place(t *Ticket) (*Order, *Refusal) {
	if f, ok := t.Market.front().(Admitter); ok {
		if r := f.Admit(e.account, t); r != nil {
			return nil, r
		}
	}
	if t.Stop.IsPositive() {
		return e.stops.parkOrder(t)
	}
	previous := e.orders.byClient[clientKey{t.Market, t.Client}]
	send := t.order(e.matching.nextID(), e.clock.now)
	o := &Order{Market: t.Market, Client: t.Client, Side: t.Side, Kind: t.Kind, Type: t.Type, TIF: t.TIF, ReduceOnly: t.ReduceOnly, Borrow: t.Borrow, PositionSide: t.PositionSide,
		Price: send.Price, Qty: send.Qty, Created: e.clock.now, Updated: e.clock.now, paper: send.ID, Status: StatusNew, GoodTill: t.GoodTill, Note: t.Note, List: t.list}
	e.orders.register(o)
	if t.conditional != nil {
		e.conditionals.adoptChild(t.conditional, o)
	}
	e.dates.expectDate(o.GoodTill)
	e.matching.venue.Submit(send, e.clock.now)
	e.matching.collectEvents()
	if o.refused != nil {
		e.orders.unregister(o, previous)
		e.outbox.discardMade()
		return nil, o.refused
	}
	e.outbox.Flush()
	return o, nil
}

// Cancel ends an open order under the name of its cancel. It is false for one that is
// not open.
func (e *Entry) Cancel(o *Order, name string) bool {
	if !o.Open() {
		return false
	}
	o.CancelName = name
	switch {
	case o.Waits:
		e.stops.cancelParked(o)
	case o.Status == StatusPending:
		o.Status, o.Updated = StatusCanceled, e.clock.now
		e.orders.reportChange(o, Canceled, nil)
		e.outbox.Flush()
	default:
		e.matching.venue.Cancel(o.paper, e.clock.now)
		e.matching.drainEvents()
	}
	return true
}

// Reduce lowers the whole quantity of an open order, which keeps its place in the
// queue and takes a new name, or its own.
func (e *Entry) Reduce(o *Order, qty exchange.Lots, name string) error {
	if err := e.matching.venue.Reduce(o.paper, qty); err != nil {
		return err
	}
	o.Qty, o.Updated, o.CancelName = qty, e.clock.now, o.Client
	o.Client = name
	e.orders.byClient[clientKey{o.Market, name}] = o
	e.orders.reportChange(o, Reduced, nil)
	e.outbox.Flush()
	return nil
}

// Change gives a resting order another price and whole quantity, at the end of the
// queue. One that would now be filled already, or a post-only one that would cross, is
// canceled; one that the venue refuses stays as it was. It reports whether the order
// has the new terms.
func (e *Entry) Change(o *Order, price exchange.Ticks, total exchange.Lots, policy exchange.TimeInForce) (bool, *Refusal) {
	if total <= o.Filled {
		e.Cancel(o, "")
		return false, nil
	}
	was, wasQty := o.Price, o.Qty
	e.matching.withdrawOrder(o)
	o.Price, o.Qty = price, total
	r := e.matching.resubmitOrder(o, policy, true)
	if r == nil {
		e.outbox.Flush()
		return true, nil
	}
	e.outbox.discardMade()
	o.Price, o.Qty = was, wasQty
	if r.PostOnly || e.matching.resubmitOrder(o, exchange.GTC, false) != nil {
		o.Status = StatusCanceled
		e.orders.reportChange(o, Canceled, nil)
		e.outbox.Flush()
	}
	if r.PostOnly {
		return false, nil
	}
	return false, r
}

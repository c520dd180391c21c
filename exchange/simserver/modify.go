package simserver

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// modifyOrder is PUT order of futures: a new price and a new total quantity for
// a resting LIMIT order, which goes to the back of the queue. A filter that
// fails leaves it untouched.
func modifyOrder(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
	if f != nil {
		return nil, f
	}
	o, f := c.account.lookup(c, m, errNoOrder)
	if f != nil {
		return nil, f
	}
	if !o.open() {
		return nil, errNoOrder
	}
	t, f := o.modified(c)
	if f != nil {
		return nil, f
	}
	if f := c.account.modify(o, t); f != nil {
		return nil, f
	}
	return o.canceled(), nil
}

// modified reads the new terms into a ticket for the whole order.
func (o *order) modified(c *call) (*ticket, *fault) {
	t := &ticket{m: o.m, kind: o.kind, typ: o.typ, tif: o.tif, reduceOnly: o.reduceOnly, client: o.client}
	if f := t.readSide(c); f != nil {
		return nil, f
	}
	if t.side != o.side {
		return nil, bad(-1117, "Invalid side.")
	}
	var f *fault
	if t.qty, f = c.amount("quantity"); f != nil {
		return nil, f
	}
	if t.price, f = c.amount("price"); f != nil {
		return nil, f
	}
	if f := t.readPolicy(c.market); f != nil {
		return nil, f
	}
	if f := t.filters(); f != nil {
		return nil, f
	}
	if o.m.in.PriceDecimal(o.price).Equal(t.price) && o.m.in.QtyDecimal(o.qty).Equal(t.qty) {
		return nil, bad(-5027, "No need to modify the order.")
	}
	return t, nil
}

// modify replaces the order at the venue and keeps its id. One that would now
// be filled already, or a post-only one that would cross, is cancelled; one that
// the venue refuses stays as it was.
func (a *account) modify(o *order, t *ticket) *fault {
	total := exchange.Lots(o.m.in.Lot.Floor(t.qty))
	if total <= o.filled {
		return a.cancel(o, "")
	}
	was, wasQty := o.price, o.qty
	a.withdraw(o)
	o.price, o.qty = exchange.Ticks(o.m.in.Tick.Floor(t.price)), total
	f := a.resubmit(o, t.policy, true)
	if f == nil {
		o.amendments = appendLast(o.amendments, amendment{id: a.executions, at: a.s.now, client: o.client, renamed: o.client,
			price: [2]exchange.Ticks{was, o.price}, qty: [2]exchange.Lots{wasQty, total}}, keepAmendments)
		a.flush()
		return nil
	}
	a.outbox = a.outbox[:0]
	o.price, o.qty = was, wasQty
	crossing := f.code == -5022
	if crossing || a.resubmit(o, exchange.GTC, false) != nil {
		o.status = statusCanceled
		a.report(o, "CANCELED", nil)
		a.flush()
	}
	if crossing {
		return nil
	}
	return f
}

// withdraw takes the order from the venue without telling anyone.
func (a *account) withdraw(o *order) {
	o.modifying = true
	a.venue.Cancel(o.paper, a.s.now)
	a.collect()
	o.modifying = false
}

// resubmit sends what is left of the order under a new number.
func (a *account) resubmit(o *order, policy exchange.TimeInForce, tell bool) *fault {
	a.nextPaper++
	o.paper, o.refused, o.resubmitted = a.nextPaper, nil, true
	a.byPaper[o.paper] = o
	if tell {
		o.updated = a.s.now
		a.report(o, "AMENDMENT", nil)
	}
	t := &ticket{m: o.m, side: o.side, kind: o.kind, policy: policy, reduceOnly: o.reduceOnly, client: o.client,
		price: o.m.in.PriceDecimal(o.price), qty: o.m.in.QtyDecimal(o.qty - o.filled)}
	a.venue.Submit(t.order(o.paper, a.s.now), a.s.now)
	a.collect()
	return o.refused
}

// average is the mean price of what is filled, zero before the first fill.
func (o *order) average() decimal.Decimal {
	if o.filled == 0 || o.worth.IsZero() {
		return decimal.Zero
	}
	q := o.m.in.QtyDecimal(o.filled)
	if o.m.in.Inverse() {
		return q.Mul(o.m.in.ContractSize).DivRound(o.worth, 8)
	}
	return o.worth.DivRound(q, 8)
}

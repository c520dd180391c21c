package simserver

import (
	"github.com/perilune/perilune/exchange"
)

// amendOrder is PUT order/amend/keepPriority of spot: a smaller quantity for an
// order that keeps its place. It may take a new client order id with it.
func amendOrder(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
	if f != nil {
		return nil, f
	}
	a := c.account
	o, f := a.lookup(c, m, errNoOrder)
	if f != nil {
		return nil, f
	}
	qty, f := c.amount("newQty")
	if f != nil {
		return nil, f
	}
	if f := m.checkQty(qty); f != nil {
		return nil, f
	}
	name := o.client
	if c.has("newClientOrderId") {
		if name, f = s.clientName(c, c.get("newClientOrderId")); f != nil {
			return nil, f
		}
	}
	if f := a.amend(o, exchange.Lots(m.in.Lot.Floor(qty)), name); f != nil {
		return nil, f
	}
	return object{{"transactTime", millis(o.updated)}, {"executionId", a.executions}, {"amendedOrder", o.amended()}}, nil
}

func (a *account) amend(o *order, qty exchange.Lots, name string) *fault {
	switch {
	case !o.open():
		return errNoOrder
	case o.waits || qty <= o.filled:
		return bad(-2038, "The requested action would change no state; rejecting.")
	case qty >= o.qty:
		return bad(-2038, "Order amend (quantity increase) is not supported.")
	}
	if err := a.venue.Reduce(o.paper, qty); err != nil {
		return bad(-2038, "%s", err)
	}
	was := amendment{client: o.client, price: [2]exchange.Ticks{o.price, o.price}, qty: [2]exchange.Lots{o.qty, qty}}
	o.qty, o.updated, o.cancelName = qty, a.s.now, o.client
	o.client = name
	a.byClient[clientKey{o.m, name}] = o
	a.report(o, "REPLACED", nil)
	was.id, was.at, was.renamed = a.executions, o.updated, name
	o.amendments = appendLast(o.amendments, was, keepAmendments)
	a.flush()
	return nil
}

// amended is the order as the answer to its amendment tells it.
func (o *order) amended() object {
	return object{{"symbol", o.m.in.Symbol}, {"orderId", o.id}, {"orderListId", -1}, {"origClientOrderId", o.cancelName}, {"clientOrderId", o.client},
		{"price", o.limitText()}, {"qty", o.m.qty(o.qty)}, {"executedQty", o.m.qty(o.filled)}, {"preventedQty", o.m.qty(0)}, {"quoteOrderQty", o.quoteQty},
		{"cumulativeQuoteQty", o.worth}, {"status", o.status}, {"timeInForce", o.tif}, {"type", o.typ}, {"side", sideText(o.side)},
		{"workingTime", o.workingTime()}, {"selfTradePreventionMode", "EXPIRE_TAKER"}}
}

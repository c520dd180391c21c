package simfront

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

// amendOrder is PUT order/amend/keepPriority of spot: a smaller quantity for an
// order that keeps its place. It may take a new client order id with it.
func (h *orderEntry) amendOrder(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	a := c.account
	o, f := a.findOrder(c, m, errNoOrder)
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
	name := o.Client
	if c.has("newClientOrderId") {
		if name, f = h.clientName(c, c.get("newClientOrderId")); f != nil {
			return nil, f
		}
	}
	if f := a.reduceOrder(o, exchange.Lots(m.In.Lot.Floor(qty)), name); f != nil {
		return nil, f
	}
	return object{{"transactTime", millis(o.Updated)}, {"executionId", a.events.executions}, {"amendedOrder", o.amended()}}, nil
}

func (a *account) reduceOrder(o *order, qty exchange.Lots, name string) *fault {
	switch {
	case !o.Open():
		return errNoOrder
	case o.Waits || qty <= o.Filled:
		return bad(-2038, "The requested action would change no state; rejecting.")
	case qty >= o.Qty:
		return bad(-2038, "Order amend (quantity increase) is not supported.")
	}
	was := amendment{client: o.Client, price: [2]exchange.Ticks{o.Price, o.Price}, qty: [2]exchange.Lots{o.Qty, qty}}
	if err := a.Entry.Reduce(o.Order, qty, name); err != nil {
		return bad(-2038, "%s", err)
	}
	was.id, was.at, was.renamed = a.events.executions, o.Updated, name
	o.amendments = simserver.AppendLast(o.amendments, was, keepAmendments)
	return nil
}

// amended is the order as the answer to its amendment tells it.
func (o *order) amended() object {
	return object{{"symbol", o.m.In.Symbol}, {"orderId", o.ID}, {"orderListId", o.listID()}, {"origClientOrderId", o.CancelName}, {"clientOrderId", o.Client},
		{"price", o.limitText()}, {"qty", o.m.QtyText(o.Qty)}, {"executedQty", o.m.QtyText(o.Filled)}, {"preventedQty", o.m.QtyText(0)}, {"quoteOrderQty", o.quoteQty},
		{"cumulativeQuoteQty", o.Worth}, {"status", o.Status}, {"timeInForce", o.TIF}, {"type", o.Type}, {"side", sideText(o.Side)},
		{"workingTime", o.workingTime()}, {"selfTradePreventionMode", "EXPIRE_TAKER"}}
}

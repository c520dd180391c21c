package simfront

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// amendment is one change of an order that kept its id.
type amendment struct {
	id              int64 // the execution that tells of it
	at              exchange.Time
	client, renamed string // its name before and after
	price           [2]exchange.Ticks
	qty             [2]exchange.Lots
}

const keepAmendments = 100

// spotAmendments is GET v3/order/amendments: oldest first.
func (h *orderHistory) spotAmendments(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	if !c.has("orderId") {
		return nil, missing("orderId")
	}
	o, f := c.account.findOrder(c, m, errNoOrder)
	if f != nil {
		return nil, f
	}
	p, f := c.page(500, 1000)
	if f != nil {
		return nil, f
	}
	if p.first, f = c.integer("fromExecutionId", 0); f != nil {
		return nil, f
	}
	out := list{}
	for _, a := range o.amendments {
		if a.id >= p.first && len(out) < p.n {
			out = append(out, object{{"symbol", m.In.Symbol}, {"orderId", o.ID}, {"executionId", a.id}, {"origClientOrderId", a.client},
				{"newClientOrderId", a.renamed}, {"origQty", m.QtyText(a.qty[0])}, {"newQty", m.QtyText(a.qty[1])}, {"time", millis(a.at)}})
		}
	}
	return out, nil
}

// futuresAmendments is GET v1/orderAmendment: newest first, of one order or of a
// symbol.
func (h *orderHistory) futuresAmendments(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	p, f := c.page(50, 100)
	if f != nil {
		return nil, f
	}
	orders := c.account.orders()
	if c.has("orderId") || c.has("origClientOrderId") {
		o, f := c.account.findOrder(c, m, errNoOrder)
		if f != nil {
			return nil, f
		}
		orders = []*order{o}
	}
	out := list{}
	for _, o := range slices.Backward(orders) {
		for i := len(o.amendments) - 1; i >= 0 && o.m == m; i-- {
			if a := &o.amendments[i]; within(a.at, p.from, p.to) && len(out) < p.n {
				out = append(out, o.amendment(a, i+1))
			}
		}
	}
	return out, nil
}

func (o *order) amendment(a *amendment, count int) object {
	m := o.m
	return object{{"amendmentId", a.id}, {"symbol", m.In.Symbol}, {"pair", m.pair()}, {"orderId", o.ID}, {"clientOrderId", o.Client}, {"time", millis(a.at)},
		{"amendment", object{
			{"price", object{{"before", m.PriceText(a.price[0])}, {"after", m.PriceText(a.price[1])}}},
			{"origQty", object{{"before", m.QtyText(a.qty[0])}, {"after", m.QtyText(a.qty[1])}}},
			{"count", count}}}}
}

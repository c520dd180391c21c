package simfront

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

// modifyOrder is PUT order of futures: a new price and a new total quantity for
// a resting LIMIT order, which goes to the back of the queue. A filter that
// fails leaves it untouched.
func (h *orderEntry) modifyOrder(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	o, f := c.account.findOrder(c, m, errNoOrder)
	if f != nil {
		return nil, f
	}
	if !o.Open() {
		return nil, errNoOrder
	}
	t, f := o.modified(c)
	if f != nil {
		return nil, f
	}
	if f := c.account.changeOrder(o, t); f != nil {
		return nil, f
	}
	return o.canceled(), nil
}

// modified reads the new terms into a ticket for the whole order.
func (o *order) modified(c *call) (*ticket, *fault) {
	t := &ticket{m: o.m, kind: o.Kind, typ: o.Type, tif: o.TIF, reduceOnly: o.ReduceOnly, client: o.Client}
	if f := t.readSide(c); f != nil {
		return nil, f
	}
	if t.side != o.Side {
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
	if o.m.In.PriceDecimal(o.Price).Equal(t.price) && o.m.In.QtyDecimal(o.Qty).Equal(t.qty) {
		return nil, bad(-5027, "No need to modify the order.")
	}
	return t, nil
}

// changeOrder changes the order at the exchange.
func (a *account) changeOrder(o *order, t *ticket) *fault {
	price, total := exchange.Ticks(o.m.In.Tick.Floor(t.price)), exchange.Lots(o.m.In.Lot.Floor(t.qty))
	was, wasQty := o.Price, o.Qty
	changed, r := a.Entry.Change(o.Order, price, total, t.policy)
	if r != nil {
		return refused(r)
	}
	if changed {
		o.amendments = simserver.AppendLast(o.amendments, amendment{id: a.events.executions, at: a.events.clock.Now(), client: o.Client, renamed: o.Client,
			price: [2]exchange.Ticks{was, price}, qty: [2]exchange.Lots{wasQty, total}}, keepAmendments)
	}
	return nil
}

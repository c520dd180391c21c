package simfront

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// found is the open order that a request names.
func (e *orderEntry) found(c *call) (*market, *simserver.Order, *fault) {
	m, f := e.market(c)
	if f != nil {
		return nil, nil, f
	}
	if c.text("orderId") == "" && c.text("orderLinkId") == "" {
		return nil, nil, invalid("Missing some parameters that must be filled in, orderId or orderLinkId")
	}
	o := c.account.order(m, c.text("orderId"), c.text("orderLinkId"))
	switch {
	case o == nil && m.spot():
		return nil, nil, bad(170213, "Order does not exist.")
	case o == nil:
		return nil, nil, bad(110001, "order not exists or too late to cancel")
	case o.Open():
		return m, o, nil
	case m.spot():
		return nil, nil, bad(170142, "Order has been canceled or filled")
	case o.Status == simserver.StatusFilled:
		return nil, nil, bad(110008, "Order has been finished or canceled")
	}
	return nil, nil, bad(110010, "Order has been cancelled")
}

func (a *account) ids(o *simserver.Order) reply.Object {
	return reply.Object{{"orderId", a.idText(marketOf(o.Market).spot(), orderID, o.ID)}, {"orderLinkId", o.Client}}
}

// cancel is POST order/cancel.
func (e *orderEntry) cancel(c *call) (any, *fault) {
	_, o, f := e.found(c)
	if f != nil {
		return nil, f
	}
	c.account.Entry.Cancel(o, "")
	return c.account.ids(o), nil
}

// cancelAll is POST order/cancel-all. Contracts are named by their symbol or a coin.
func (e *orderEntry) cancelAll(c *call) (any, *fault) {
	if k := c.text("category"); k == string(api.Linear) && c.text("symbol") == "" && c.text("baseCoin") == "" && c.text("settleCoin") == "" {
		return nil, invalid("Missing some parameters that must be filled in, symbol or baseCoin or settleCoin")
	}
	markets, f := e.wanted(c)
	if f != nil {
		return nil, f
	}
	list := reply.List{}
	for _, m := range markets {
		for _, o := range c.account.Orders.Open(m.Segment, m.Market) {
			c.account.Entry.Cancel(o, "")
			list = append(list, c.account.ids(o))
		}
	}
	return reply.Object{{"list", list}, {"success", "1"}}, nil
}

// amend is POST order/amend: a new price, or a new whole quantity. Less alone keeps the
// place in the queue.
func (e *orderEntry) amend(c *call) (any, *fault) {
	m, o, f := e.found(c)
	if f == nil {
		c.account.Entry.Overtake(o)
		m, o, f = e.found(c)
	}
	if f != nil {
		return nil, f
	}
	price, qty := m.In.PriceDecimal(o.Price), m.In.QtyDecimal(o.Qty)
	for _, p := range []struct {
		name string
		to   *decimal.Decimal
		step decimal.Decimal
	}{{"price", &price, m.Rules.Tick}, {"qty", &qty, m.Rules.Step}} {
		if c.text(p.name) == "" {
			continue
		}
		d, ok := c.amount(p.name)
		if !ok || !d.IsPositive() || !d.Mod(p.step).IsZero() {
			return nil, invalid("params error: " + p.name + " invalid")
		}
		*p.to = d
	}
	if price, f = e.within(c.account, m, o.Side, price); f != nil {
		return nil, f
	}
	return c.account.ids(o), e.change(c.account, m, o, exchange.Ticks(m.In.Tick.Floor(price)), exchange.Lots(m.In.Lot.Floor(qty)))
}

func (e *orderEntry) change(a *account, m *market, o *simserver.Order, price exchange.Ticks, qty exchange.Lots) *fault {
	switch {
	case price == o.Price && qty == o.Qty:
		if m.spot() {
			return bad(170810, "The order is not modified: nothing differs.")
		}
		return invalid("order not modified")
	case price == o.Price && qty < o.Qty && qty > o.Filled:
		if err := a.Entry.Reduce(o, qty, o.Client); err != nil {
			return bad(110001, err.Error())
		}
		return nil
	}
	policy := exchange.GTC
	if o.TIF == "PostOnly" {
		policy = exchange.PostOnly
	}
	if _, r := a.Entry.Change(o, price, qty, policy); r != nil {
		return bad(r.Code, r.Reason)
	}
	return nil
}

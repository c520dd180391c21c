package simfront

import (
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// portfolio is the channel of what an account has, by currency. Source: the manual,
// user.portfolio.(currency).
const portfolio = "user.portfolio."

// tellPortfolio tells what an account has of a currency, or of each.
func (c *client) tellPortfolio(d *dialect, name, currency string) {
	if c.account == nil || d.state.Links.Muted(c.conn) {
		return
	}
	for _, one := range held(d) {
		if strings.EqualFold(one, currency) || currency == "any" {
			c.conn.Peer.Send(reply.Encode(notification(name, summary(d, c.account, one))))
		}
	}
}

// revalue tells whoever listens what an account has now of some currencies.
func revalue(d *dialect, a *simserver.Account, changed ...string) {
	for _, c := range d.order {
		if c.account != a {
			continue
		}
		for _, name := range c.channels {
			currency, ok := strings.CutPrefix(name, portfolio)
			if ok && (currency == "any" || slices.ContainsFunc(changed, func(one string) bool { return strings.EqualFold(one, currency) })) {
				c.tellPortfolio(d, name, currency)
			}
		}
	}
}

// change is one message of an account: what happened in an instrument.
type change struct {
	in     *exchange.Instrument
	orders reply.List
	trades reply.List
	held   reply.List
}

// Tell implements simserver.Front.
func (d *dialect) Tell(a *simserver.Account, ev simserver.Event) []simserver.Message {
	n := sessionOf(a)
	switch ev.Kind {
	case simserver.FundingPaid:
		x := n.made(ev.Payment.Instrument)
		x.funding = x.funding.Add(ev.Payment.Amount)
		return nil
	case simserver.OrderChanged:
		o := ev.Order
		c := &change{in: o.Market.In, orders: list(order(o)), trades: list(), held: list()}
		if ev.Trade != nil {
			n.booked(a, ev.Trade)
			n.logged(ev.Trade)
			c.trades = append(c.trades, trade(ev.Trade))
			if noteOf(o).reason == "autoliquidation" {
				d.liquidated(o.Market, o.Side)
			}
			if c.in.Perp() {
				c.held = append(c.held, holding(d, a, o.Market))
			}
		}
		return []simserver.Message{{Segment: o.Market.Segment, Kind: "changes", Body: c}}
	}
	return nil
}

// logged writes a trade into the log: of contracts the fee alone moves the balance.
func (n *session) logged(t *simserver.Trade) {
	in := t.Order.Market.In
	if in.Perp() {
		n.write(t.Time, in.Settle(), "trade", "instrument_name", in.Symbol, "trade_id", id(in, t.ID), "order_id", id(in, t.Order.ID), "side", direction(t.Order.Side), "price", price(in, t.Price),
			"amount", amount(in, t.Qty), "commission", number(t.Fee), "change", number(t.Fee.Neg()), "cashflow", number(t.Realised), "profit_as_cashflow", false)
		return
	}
	n.write(t.Time, in.Base, "trade", "instrument_name", in.Symbol, "trade_id", id(in, t.ID), "order_id", id(in, t.Order.ID), "side", direction(t.Order.Side), "price", price(in, t.Price),
		"amount", amount(in, t.Qty), "commission", number(t.Fee), "change", amount(in, exchange.Lots(t.Order.Side)*t.Qty))
}

// Send implements simserver.Front.
func (d *dialect) Send(a *simserver.Account, m simserver.Message) {
	c, ok := m.Body.(*change)
	if !ok {
		return
	}
	for _, to := range d.order {
		if to.account != a || d.state.Links.Muted(to.conn) {
			continue
		}
		for _, name := range to.channels {
			if data, wanted := c.as(name); wanted {
				to.conn.Peer.Send(reply.Encode(notification(name, data)))
			}
		}
	}
	if c.in.Perp() {
		revalue(d, a, c.in.Settle())
	} else {
		revalue(d, a, c.in.Base, c.in.Quote)
	}
}

// as is a change in the words of a channel; false when it is not of it.
func (c *change) as(name string) (data any, ok bool) {
	parts := strings.Split(name, ".")
	if len(parts) < 3 {
		return nil, false
	}
	what := parts[2 : len(parts)-1]
	switch {
	case len(what) == 1 && what[0] != c.in.Symbol && what[0] != "any":
		return nil, false
	case len(what) == 2 && (what[0] != "any" && what[0] != kindOf(c.in) || what[1] != "any" && what[1] != currencyOf(c.in)):
		return nil, false
	}
	switch parts[1] {
	case "changes":
		return object("instrument_name", c.in.Symbol, "orders", c.orders, "trades", c.trades, "positions", c.held), true
	case "orders":
		if parts[len(parts)-1] == "raw" {
			return c.orders[0], true
		}
		return c.orders, true
	case "trades":
		return c.trades, len(c.trades) > 0
	}
	return nil, false
}

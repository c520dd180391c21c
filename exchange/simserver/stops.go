package simserver

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Stop orders of spot have an id among the others, and lock what they could
// cost; they reach the book when the last price reaches theirs.

// maxStops is MAX_NUM_ALGO_ORDERS of a spot symbol.
const maxStops = 5

// stopTypes are the spot types that wait for a price, and the type they are then.
var stopTypes = map[string]exchange.OrderType{
	"STOP_LOSS": exchange.MarketOrder, "TAKE_PROFIT": exchange.MarketOrder, "STOP_LOSS_LIMIT": exchange.Limit, "TAKE_PROFIT_LIMIT": exchange.Limit,
}

// readStop reads a type that waits for a price.
func (t *ticket) readStop(c *call) (f *fault) {
	t.kind = stopTypes[t.typ]
	if t.kind == exchange.Limit {
		f = t.readPolicy(api.Spot)
	} else {
		t.policy = exchange.IOC
		if t.tif != "" {
			f = notRequired("timeInForce")
		}
		t.tif = "GTC"
	}
	if f != nil {
		return f
	}
	t.stop, f = c.amount("stopPrice")
	return f
}

// rises reports that a stop order waits for the price to come up to it.
func rises(typ string, side exchange.Side) bool {
	stop := typ == "STOP_LOSS" || typ == "STOP_LOSS_LIMIT"
	return stop == (side == exchange.Buy)
}

func met(typ string, side exchange.Side, stop, price decimal.Decimal) bool {
	if rises(typ, side) {
		return price.GreaterThanOrEqual(stop)
	}
	return price.LessThanOrEqual(stop)
}

// stopFilters are the filters of a stop order that the venue does not see yet.
func (t *ticket) stopFilters() *fault {
	if f := t.m.checkPrice(t.stop); f != nil {
		return f
	}
	price := t.price
	if t.kind == exchange.MarketOrder {
		price = t.stop
	}
	if t.qty.Mul(price).LessThan(t.m.rules.minNotional) {
		return bad(-1013, "Filter failure: NOTIONAL")
	}
	if met(t.typ, t.side, t.stop, t.m.judged("")) {
		return bad(-2010, "Stop price would trigger immediately.")
	}
	return nil
}

// park takes a stop order in and locks its funds.
func (a *account) park(t *ticket) (*order, *fault) {
	waiting := 0
	for _, o := range a.parked {
		if o.m == t.m {
			waiting++
		}
	}
	if waiting >= maxStops {
		return nil, bad(-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
	}
	send := t.order(0, a.s.now)
	o := &order{m: t.m, client: t.client, side: t.side, kind: t.kind, typ: t.typ, tif: t.tif, policy: t.policy, price: send.Price, qty: send.Qty, stop: t.stop,
		created: a.s.now, updated: a.s.now, status: statusNew, waits: true}
	asset, amount := o.cost()
	if err := a.venue.Reserve(o.m.in.Wallet, asset, amount); err != nil {
		return nil, bad(-2010, "Account has insufficient balance for requested action.")
	}
	a.register(o)
	a.parked = append(a.parked, o)
	a.report(o, "NEW", nil)
	a.flush()
	return o, nil
}

// cost is what a stop order locks: for a market order that buys, by its stop
// price.
func (o *order) cost() (asset string, amount decimal.Decimal) {
	in := o.m.in
	switch {
	case o.side == exchange.Sell:
		return in.Base, in.QtyDecimal(o.qty)
	case o.kind == exchange.Limit:
		return in.Quote, in.Notional(o.price, o.qty)
	}
	return in.Quote, in.QtyDecimal(o.qty).Mul(o.stop)
}

// unpark gives back what a stop order has locked.
func (a *account) unpark(o *order) {
	asset, amount := o.cost()
	if err := a.venue.Reserve(o.m.in.Wallet, asset, amount.Neg()); err != nil {
		a.s.opt.Log(err.Error())
	}
	o.waits = false
	a.parked = slices.DeleteFunc(a.parked, func(other *order) bool { return other == o })
}

// cancelParked ends a stop order that has not triggered.
func (a *account) cancelParked(o *order) {
	a.unpark(o)
	o.status, o.updated = statusCanceled, a.s.now
	a.report(o, "CANCELED", nil)
	a.flush()
}

// runStops sends the stop orders that a market event has brought to their price.
func (a *account) runStops(m *market) {
	if len(a.parked) == 0 {
		return
	}
	for _, o := range slices.Clone(a.parked) {
		if o.m == m && o.waits && met(o.typ, o.side, o.stop, m.judged("")) {
			a.release(o)
		}
	}
}

// release sends a stop order to the book under its own id. One that the venue
// refuses then has expired.
func (a *account) release(o *order) {
	a.unpark(o)
	o.worked, o.updated = a.s.now, a.s.now
	a.report(o, "NEW", nil)
	if a.resubmit(o, o.policy, false) != nil {
		o.status, o.expiry = statusExpired, "REJECTED"
		a.report(o, "EXPIRED", nil)
	}
	a.flush()
}

// workingTime is since when the order is in the book; -1 while it waits for its
// price.
func (o *order) workingTime() int64 {
	switch {
	case o.waits:
		return -1
	case o.worked != 0:
		return millis(o.worked)
	}
	return millis(o.created)
}

package simfront

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
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
	if t.qty.Mul(price).LessThan(t.m.Rules.MinNotional) {
		return bad(-1013, "Filter failure: NOTIONAL")
	}
	if !t.pending && met(t.typ, t.side, t.stop, t.m.TriggerPrice(false)) {
		return bad(-2010, "Stop price would trigger immediately.")
	}
	return nil
}

// parked counts the stop orders of an instrument that have not triggered.
func (a *account) parked(m *market) (n int) {
	for _, o := range a.Stops.Waiting() {
		if o.Market == m.Market {
			n++
		}
	}
	return n
}

// inBook reports an order that waits for nothing.
func (o *order) inBook() bool { return !o.Waits && o.Status != simserver.StatusPending }

// workingTime is since when the order is in the book; -1 while it waits for its
// price.
func (o *order) workingTime() int64 {
	switch {
	case !o.inBook():
		return -1
	case o.Worked != 0:
		return millis(o.Worked)
	}
	return millis(o.Created)
}

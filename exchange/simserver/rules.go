package simserver

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// rules are an instrument's filters as the exchange states and enforces them at
// its door. They begin as the instrument's own; a fault may tighten them while
// the server runs, which the paper venue behind them cannot.
type rules struct {
	status         string // spot and USD-M: status; COIN-M: contractStatus
	tick, step     decimal.Decimal
	minQty, maxQty decimal.Decimal
	minNotional    decimal.Decimal
	minPrice       decimal.Decimal
	maxPrice       decimal.Decimal
	delivery       int64 // when a contract ends, in milliseconds
	pricePlaces    int32
	qtyPlaces      int32
}

// maxOpenOrders is MAX_NUM_ORDERS.
const maxOpenOrders = 200

const trading = "TRADING"

func rulesOf(in *exchange.Instrument) rules {
	r := rules{status: trading, tick: in.Tick.Decimal(1), step: in.Lot.Decimal(1), minNotional: in.MinNotional}
	r.minQty, r.maxQty = in.QtyDecimal(max(1, in.MinQty)), in.QtyDecimal(in.MaxQty)
	if in.MaxQty == 0 {
		r.maxQty = decimal.NewFromInt(900_000_000_000)
	}
	r.minPrice, r.maxPrice = r.tick, decimal.NewFromInt(10_000_000)
	r.pricePlaces, r.qtyPlaces, r.delivery = 8, 8, perpetualEnd
	if in.Perp() {
		// One more than the tick needs: clients that take a precision for the
		// tick are wrong at the exchange, and shall be wrong here.
		r.pricePlaces, r.qtyPlaces = int32(in.Tick.Scale)+1, int32(in.Lot.Scale)
	}
	return r
}

// places is how many digits after the point a decimal needs.
func places(d decimal.Decimal) int32 {
	for n := int32(0); n < 18; n++ {
		if d.Truncate(n).Equal(d) {
			return n
		}
	}
	return 18
}

// checkPrice applies PRICE_FILTER and the precision.
func (m *market) checkPrice(p decimal.Decimal) *fault {
	r := &m.rules
	if api.Of(m.in.Venue) == api.Spot {
		switch {
		case places(p) > r.pricePlaces:
			return bad(-1111, "Parameter 'price' has too much precision.")
		case p.LessThan(r.minPrice), p.GreaterThan(r.maxPrice), !p.Mod(r.tick).IsZero():
			return bad(-1013, "Filter failure: PRICE_FILTER")
		}
		return nil
	}
	switch {
	case !p.IsPositive():
		return bad(-4001, "Price less than 0.")
	case places(p) > r.pricePlaces:
		return bad(-1111, "Precision is over the maximum defined for this asset.")
	case p.LessThan(r.minPrice):
		return bad(-4013, "Price less than min price.")
	case p.GreaterThan(r.maxPrice):
		return bad(-4002, "Price greater than max price.")
	case !p.Sub(r.minPrice).Mod(r.tick).IsZero():
		return bad(-4014, "Price not increased by tick size.")
	}
	return nil
}

// checkQty applies LOT_SIZE and the precision.
func (m *market) checkQty(q decimal.Decimal) *fault {
	r := &m.rules
	if api.Of(m.in.Venue) == api.Spot {
		switch {
		case !q.IsPositive():
			return bad(-1013, "Invalid quantity.")
		case places(q) > r.qtyPlaces:
			return bad(-1111, "Parameter 'quantity' has too much precision.")
		case q.LessThan(r.minQty), q.GreaterThan(r.maxQty), !q.Mod(r.step).IsZero():
			return bad(-1013, "Filter failure: LOT_SIZE")
		}
		return nil
	}
	switch {
	case !q.IsPositive():
		return bad(-4003, "Quantity less than or equal to zero.")
	case places(q) > r.qtyPlaces:
		return bad(-1111, "Precision is over the maximum defined for this asset.")
	case q.LessThan(r.minQty):
		return bad(-4004, "Quantity less than min quantity.")
	case q.GreaterThan(r.maxQty):
		return bad(-4005, "Quantity greater than max quantity.")
	case !q.Sub(r.minQty).Mod(r.step).IsZero():
		return bad(-4023, "Qty not increased by step size.")
	}
	return nil
}

// checkNotional applies a minimum that a fault has raised above the
// instrument's own, which the venue applies itself.
func (m *market) checkNotional(t *ticket) *fault {
	if t.reduceOnly || m.rules.minNotional.LessThanOrEqual(m.in.MinNotional) {
		return nil
	}
	price := t.price
	if t.kind == exchange.MarketOrder {
		price = m.markPrice()
	}
	worth := t.qty.Mul(price)
	if m.in.Inverse() {
		worth = t.qty.Mul(m.in.ContractSize)
	}
	if worth.GreaterThanOrEqual(m.rules.minNotional) {
		return nil
	}
	switch api.Of(m.in.Venue) {
	case api.Spot:
		return bad(-1013, "Filter failure: NOTIONAL")
	case api.USDM:
		return bad(-4164, "Order's notional must be no smaller than %s (unless you choose reduce only).", m.rules.minNotional)
	}
	return bad(-4178, "Order's notional must be no smaller than %s (unless you choose reduce only).", m.rules.minNotional)
}

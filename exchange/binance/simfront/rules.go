package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// maxOpenOrders is MAX_NUM_ORDERS.
const maxOpenOrders = 200

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
	r := &m.Rules
	if api.Of(m.In.Venue) == api.Spot {
		switch {
		case places(p) > m.pricePlaces:
			return bad(-1111, "Parameter 'price' has too much precision.")
		case p.LessThan(r.MinPrice), p.GreaterThan(r.MaxPrice), !p.Mod(r.Tick).IsZero():
			return bad(-1013, "Filter failure: PRICE_FILTER")
		}
		return nil
	}
	switch {
	case !p.IsPositive():
		return bad(-4001, "Price less than 0.")
	case places(p) > m.pricePlaces:
		return bad(-1111, "Precision is over the maximum defined for this asset.")
	case p.LessThan(r.MinPrice):
		return bad(-4013, "Price less than min price.")
	case p.GreaterThan(r.MaxPrice):
		return bad(-4002, "Price greater than max price.")
	case !p.Sub(r.MinPrice).Mod(r.Tick).IsZero():
		return bad(-4014, "Price not increased by tick size.")
	}
	return nil
}

// checkQty applies LOT_SIZE and the precision.
func (m *market) checkQty(q decimal.Decimal) *fault {
	r := &m.Rules
	if api.Of(m.In.Venue) == api.Spot {
		switch {
		case !q.IsPositive():
			return bad(-1013, "Invalid quantity.")
		case places(q) > m.qtyPlaces:
			return bad(-1111, "Parameter 'quantity' has too much precision.")
		case q.LessThan(r.MinQty), q.GreaterThan(r.MaxQty), !q.Mod(r.Step).IsZero():
			return bad(-1013, "Filter failure: LOT_SIZE")
		}
		return nil
	}
	switch {
	case !q.IsPositive():
		return bad(-4003, "Quantity less than or equal to zero.")
	case places(q) > m.qtyPlaces:
		return bad(-1111, "Precision is over the maximum defined for this asset.")
	case q.LessThan(r.MinQty):
		return bad(-4004, "Quantity less than min quantity.")
	case q.GreaterThan(r.MaxQty):
		return bad(-4005, "Quantity greater than max quantity.")
	case !q.Sub(r.MinQty).Mod(r.Step).IsZero():
		return bad(-4023, "Qty not increased by step size.")
	}
	return nil
}

// checkNotional applies a minimum that a fault has raised above the
// instrument's own, which the venue applies itself.
func (m *market) checkNotional(t *ticket) *fault {
	if t.reduceOnly || m.Rules.MinNotional.LessThanOrEqual(m.In.MinNotional) {
		return nil
	}
	price := t.price
	if t.kind == exchange.MarketOrder {
		price = m.MarkPrice()
	}
	worth := t.qty.Mul(price)
	if m.In.Inverse() {
		worth = t.qty.Mul(m.In.ContractSize)
	}
	if worth.GreaterThanOrEqual(m.Rules.MinNotional) {
		return nil
	}
	switch api.Of(m.In.Venue) {
	case api.Spot:
		return bad(-1013, "Filter failure: NOTIONAL")
	case api.USDM:
		return bad(-4164, "Order's notional must be no smaller than %s (unless you choose reduce only).", m.Rules.MinNotional)
	}
	return bad(-4178, "Order's notional must be no smaller than %s (unless you choose reduce only).", m.Rules.MinNotional)
}

package simfront

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// orderEntry places, changes and cancels orders.
type orderEntry struct{ *door }

// tifs are the times in force. Source: enums, timeInForce; RPI is not simulated.
var tifs = map[string]exchange.TimeInForce{"": exchange.GTC, "GTC": exchange.GTC, "IOC": exchange.IOC, "FOK": exchange.FOK, "PostOnly": exchange.PostOnly}

// refusedByName are what is only known in part.
var refusedByName = []string{"triggerPrice", "takeProfit", "stopLoss", "tpTriggerBy", "trailingStop", "slippageTolerance", "bboSideType"}

// create is POST order/create. The answer is that the order was taken.
func (e *orderEntry) create(c *call) (any, *fault) {
	t, f := e.ticket(c)
	if f != nil {
		return nil, f
	}
	spot := marketOf(t.Market).spot()
	o, f := e.enter(c.account, t)
	if f != nil {
		return nil, f
	}
	return reply.Object{{"orderId", c.account.idText(spot, orderID, o.ID)}, {"orderLinkId", o.Client}}, nil
}

// enter hands an order to the exchange. One that is refused only after it was taken is kept
// beside the others, and its end told.
func (e *orderEntry) enter(a *account, t *simserver.Ticket) (*simserver.Order, *fault) {
	if e.state.Faults.Strikes("ack_reject", t.Market.Segment, t.Market.In.Symbol) {
		return e.end(a, a.bury(t, "EC_ReachRiskPriceLimit", true)), nil
	}
	o, r := a.Entry.Place(t)
	switch {
	case r == nil:
		return o, nil
	case causes[r.Code] != "":
		return e.end(a, a.bury(t, causes[r.Code], false)), nil
	}
	return nil, bad(r.Code, r.Reason)
}

// end tells of an order that was over at once.
func (e *orderEntry) end(a *account, o *simserver.Order) *simserver.Order {
	a.Outbox.Queue(a.word(o.Market.Segment, "order", a.orderRow(o)))
	a.Outbox.Flush()
	return o
}

// ticket reads an order and checks what the venue checks at its door.
func (e *orderEntry) ticket(c *call) (*simserver.Ticket, *fault) {
	m, f := e.market(c)
	if f != nil {
		return nil, f
	}
	for _, name := range refusedByName {
		if v := c.text(name); v != "" && v != "0" {
			return nil, invalid(name + " is not simulated")
		}
	}
	t := &simserver.Ticket{Market: m.Market, Client: c.text("orderLinkId"), Type: c.text("orderType"), TIF: c.text("timeInForce"), Note: &note{create: "CreateByUser"}}
	if len(t.Client) > 36 {
		return nil, invalid("OrderLinkedID is too long: at most 36 characters")
	}
	for _, read := range []func(*call, *market, *simserver.Ticket) *fault{e.readKind, e.readMode, e.readPrice, e.readQty} {
		if f := read(c, m, t); f != nil {
			return nil, f
		}
	}
	if m.Rules.Halted {
		return nil, bad(30228, "Symbol is delisted: no new positions.")
	}
	return t, nil
}

func (e *orderEntry) readKind(c *call, _ *market, t *simserver.Ticket) *fault {
	switch c.text("side") {
	case "Buy":
		t.Side = exchange.Buy
	case "Sell":
		t.Side = exchange.Sell
	default:
		return invalid("params error: side invalid")
	}
	policy, ok := tifs[t.TIF]
	if !ok {
		return invalid("params error: timeInForce invalid")
	}
	switch t.Type {
	case "Market":
		t.Kind, t.Policy, t.TIF = exchange.MarketOrder, exchange.IOC, "IOC"
	case "Limit":
		t.Kind, t.Policy = exchange.Limit, policy
		if t.TIF == "" {
			t.TIF = "GTC"
		}
	default:
		return invalid("params error: orderType invalid")
	}
	return nil
}

// readMode reads what only contracts have.
func (e *orderEntry) readMode(c *call, m *market, t *simserver.Ticket) *fault {
	if m.spot() {
		t.Borrow = c.text("isLeverage") == "1" && t.Side == exchange.Sell // what a purchase lacks is not lent here
		switch {
		case t.Borrow && c.account.cash:
			return bad(170036, "You haven't enabled Cross Margin Trading yet. To do so, please head to the PC trading site or the Bybit app")
		case t.Borrow && !m.In.Lends():
			return bad(170037, "Cross Margin Trading not yet supported by the selected coin")
		}
		return nil
	}
	t.ReduceOnly = c.flag("reduceOnly")
	index := c.text("positionIdx")
	if c.account.Hedge || index != "" && index != "0" {
		return invalid("position idx not match position mode")
	}
	if c.account.Isolated[m.In.ID] {
		return invalid("isolated margin is not simulated")
	}
	return nil
}

// readPrice reads a limit. One beyond the band is refused, or moved to its edge: what the
// account has set, contracts by default.
func (e *orderEntry) readPrice(c *call, m *market, t *simserver.Ticket) *fault {
	if t.Kind == exchange.MarketOrder {
		return nil
	}
	price, ok := c.amount("price")
	if !ok || !price.IsPositive() {
		if m.spot() {
			return bad(170130, "Data sent for parameter 'price' is not valid.")
		}
		return invalid("params error: price invalid")
	}
	if !price.Mod(m.Rules.Tick).IsZero() {
		if m.spot() {
			return bad(170134, "Order price has too many decimals.")
		}
		return invalid("price invalid: want a multiple of " + m.Rules.Tick.String())
	}
	price, f := e.within(c.account, m, t.Side, price)
	t.Price = exchange.Ticks(m.In.Tick.Floor(price))
	return f
}

func (e *orderEntry) within(a *account, m *market, side exchange.Side, price decimal.Decimal) (decimal.Decimal, *fault) {
	low, high := m.band()
	edge, over := high, side == exchange.Buy && price.GreaterThan(high)
	if side == exchange.Sell {
		edge, over = low, price.LessThan(low)
	}
	switch {
	case !over:
		return price, nil
	case a.moves[m.category]:
		return edge, nil
	case m.spot() && side == exchange.Buy:
		return price, bad(170193, "Buy order price cannot be higher than "+edge.String()+".")
	case m.spot():
		return price, bad(170194, "Sell order price cannot be lower than "+edge.String()+".")
	case side == exchange.Buy:
		return price, bad(110003, "Order price is out of permissible range: higher than "+edge.String())
	}
	return price, bad(110003, "Order price is out of permissible range: lower than "+edge.String())
}

// readQty reads the quantity. A market order that buys coins counts in quote unless it says
// otherwise, and one of contracts with quantity 0 that reduces closes the position.
func (e *orderEntry) readQty(c *call, m *market, t *simserver.Ticket) *fault {
	qty, ok := c.amount("qty")
	switch {
	case !ok || qty.IsNegative():
		return invalid("params error: qty invalid")
	case m.spot() && t.Kind == exchange.MarketOrder && byQuote(c, t):
		qty = m.affordable(t.Side, qty)
	case qty.IsZero() && t.ReduceOnly && c.flag("closeOnTrigger"):
		qty = m.In.QtyDecimal(c.account.Funds.Position(m.In.ID).Qty.Abs())
	case !qty.Mod(m.Rules.Step).IsZero():
		if m.spot() {
			return bad(170137, "Order volume decimal too long")
		}
		return invalid("Qty invalid: want a multiple of " + m.Rules.Step.String())
	}
	if t.ReduceOnly { // it is cut down to the position
		held := m.In.QtyDecimal(c.account.Funds.Position(m.In.ID).Qty.Abs())
		if held.IsPositive() {
			qty = decimal.Min(qty, held)
		}
	}
	if f := m.checkQty(t, qty); f != nil {
		return f
	}
	t.Qty = exchange.Lots(m.In.Lot.Floor(qty))
	return nil
}

// byQuote reports that a market order on spot counts in quote. Source: marketUnit.
func byQuote(c *call, t *simserver.Ticket) bool {
	unit := c.text("marketUnit")
	return unit == "quoteCoin" || unit == "" && t.Side == exchange.Buy
}

func (m *market) checkQty(t *simserver.Ticket, qty decimal.Decimal) *fault {
	price := m.In.PriceDecimal(t.Price)
	if t.Kind == exchange.MarketOrder {
		price = m.MarkPrice()
	}
	worth := qty.Mul(price)
	if m.category == api.Inverse {
		worth = qty
	}
	small, code, words := qty.LessThan(m.Rules.MinQty), 10001, "The number of contracts exceeds minimum limit allowed"
	if m.spot() {
		code, words = 170136, "Order quantity lower than the minimum."
	}
	switch {
	case small:
		return bad(code, words)
	case t.ReduceOnly || worth.GreaterThanOrEqual(m.Rules.MinNotional):
		return nil
	case m.spot():
		return bad(170140, "Order value exceeded lower limit.")
	}
	return bad(110094, "Order does not meet minimum order value "+m.Rules.MinNotional.String()+"USDT")
}

// affordable is the quantity that a value buys or sells in the book now, down to a whole step.
func (m *market) affordable(side exchange.Side, value decimal.Decimal) decimal.Decimal {
	sum := decimal.Zero
	for _, l := range m.Best(side.Opposite(), 1000) {
		worth := m.In.Notional(l.Price, l.Qty)
		if worth.GreaterThanOrEqual(value) {
			return m.In.QtyDecimal(exchange.Lots(m.In.Lot.Floor(sum.Add(value.DivRound(m.In.PriceDecimal(l.Price), 16)))))
		}
		sum, value = sum.Add(m.In.QtyDecimal(l.Qty)), value.Sub(worth)
	}
	return sum
}

package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// ticket is a new order as it was asked for, checked in itself and against the
// filters that need no market.
type ticket struct {
	m          *market
	side       exchange.Side
	kind       exchange.OrderType
	typ, tif   string
	policy     exchange.TimeInForce
	price, qty decimal.Decimal
	stop       decimal.Decimal // of a spot stop order
	quoteQty   decimal.Decimal // spot MARKET by value
	reduceOnly bool
	position   exchange.Side // positionSide: Buy is LONG; 0: BOTH
	goodTill   int64         // of GTD, in milliseconds
	matchWith  string        // priceMatch; empty: none
	client     string
	reply      string // ACK, RESULT or FULL
	pending    bool   // it is sent later, when prices are others
}

// readTicket reads the parameters of an order. Source: POST order of the three
// markets; types and times in force that are not simulated are refused.
func (h *orderEntry) readTicket(c *call) (*ticket, *fault) { return h.readTicketOf(c, false) }

// readTicketOf is readTicket of an order that is sent now, or pending on another.
func (h *orderEntry) readTicketOf(c *call, pending bool) (*ticket, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	t := &ticket{m: m, pending: pending}
	for _, read := range []func(*call) *fault{t.readSide, t.readType, t.readPriceMatch, t.readNumbers, t.readFutures, t.readReply} {
		if f := read(c); f != nil {
			return nil, f
		}
	}
	if t.goodTill, f = h.goodTill(c, t.tif); f != nil {
		return nil, f
	}
	if f := t.priceByMatch(); f != nil {
		return nil, f
	}
	if t.client, f = h.clientName(c, c.get("newClientOrderId")); f != nil {
		return nil, f
	}
	return t, t.filters()
}

func (t *ticket) readSide(c *call) *fault {
	switch c.get("side") {
	case "":
		return missing("side")
	case "BUY":
		t.side = exchange.Buy
	case "SELL":
		t.side = exchange.Sell
	default:
		return bad(-1117, "Invalid side.")
	}
	return nil
}

func (t *ticket) readType(c *call) *fault {
	t.typ, t.tif = c.get("type"), c.get("timeInForce")
	spot := c.market == api.Spot
	switch t.typ {
	case "":
		return missing("type")
	case "MARKET":
		t.kind, t.policy = exchange.MarketOrder, exchange.IOC
		if spot && t.tif != "" {
			return notRequired("timeInForce")
		}
		t.tif = "GTC"
		return nil
	case "LIMIT":
		t.kind = exchange.Limit
		return t.readPolicy(c.market)
	case "LIMIT_MAKER":
		if spot {
			t.kind, t.policy = exchange.Limit, exchange.PostOnly
			if t.tif != "" {
				return notRequired("timeInForce")
			}
			t.tif = "GTC"
			return nil
		}
	case "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET":
		if _, ok := stopTypes[t.typ]; spot && ok {
			return t.readStop(c)
		}
		if !spot {
			return bad(-4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.")
		}
	}
	return bad(-1116, "Invalid orderType.")
}

func (t *ticket) readPolicy(mk api.Market) *fault {
	switch t.tif {
	case "":
		return missing("timeInForce")
	case "GTC":
		t.policy = exchange.GTC
	case "IOC":
		t.policy = exchange.IOC
	case "FOK":
		t.policy = exchange.FOK
	case "GTX":
		t.policy = exchange.PostOnly
		if mk == api.Spot {
			return bad(-1115, "Invalid timeInForce.")
		}
	case "GTD":
		t.policy = exchange.GTC
		if mk != api.USDM {
			return bad(-1115, "Invalid timeInForce.")
		}
	default:
		return bad(-1115, "Invalid timeInForce.")
	}
	return nil
}

func notRequired(name string) *fault {
	return bad(-1106, "Parameter '%s' sent when not required.", name)
}

// readPriceMatch is readMatch where it exists.
func (t *ticket) readPriceMatch(c *call) *fault {
	if c.market == api.Spot {
		return nil
	}
	return t.readMatch(c)
}

func (t *ticket) readNumbers(c *call) (f *fault) {
	if c.has("quoteOrderQty") {
		if t.kind != exchange.MarketOrder || c.market != api.Spot || c.has("quantity") {
			return notRequired("quoteOrderQty")
		}
		if t.quoteQty, f = c.amount("quoteOrderQty"); f != nil {
			return f
		}
		if !t.quoteQty.IsPositive() {
			return bad(-1013, "Invalid quote order qty.")
		}
	} else if t.qty, f = c.amount("quantity"); f != nil {
		return f
	}
	return t.readPrice(c)
}

// readPrice reads the price, which a market order has none of and a price match
// takes the place of.
func (t *ticket) readPrice(c *call) (f *fault) {
	if t.kind == exchange.MarketOrder {
		if c.has("price") {
			return notRequired("price")
		}
		return nil
	}
	if t.matchWith == "" {
		t.price, f = c.amount("price")
	}
	return f
}

// readFutures reads what only futures know; on spot it must not be there.
func (t *ticket) readFutures(c *call) (f *fault) {
	if c.has("stopPrice") && t.stop.IsZero() || c.has("icebergQty") || c.has("trailingDelta") {
		return notRequired("stopPrice")
	}
	if mode := c.get("selfTradePreventionMode"); mode != "" && mode != "EXPIRE_TAKER" {
		return bad(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.")
	}
	if c.market == api.Spot {
		for _, p := range []string{"reduceOnly", "positionSide"} {
			if c.has(p) {
				return notRequired(p)
			}
		}
		return nil
	}
	if c.get("closePosition") == "true" {
		return bad(-4136, "Target strategy invalid for orderType %s,closePosition true", t.typ)
	}
	if f := t.readPosition(c); f != nil {
		return f
	}
	return t.closes(c)
}

func (t *ticket) readReply(c *call) *fault {
	spot := c.market == api.Spot
	switch t.reply = c.get("newOrderRespType"); t.reply {
	case "":
		t.reply = "ACK"
		if spot && (t.typ == "LIMIT" || t.typ == "MARKET") {
			t.reply = "FULL"
		}
	case "ACK", "RESULT":
	case "FULL":
		if !spot {
			return bad(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
		}
	default:
		return bad(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
	}
	return nil
}

// clientName checks a client order id, or makes one.
func (h *orderEntry) clientName(c *call, name string) (string, *fault) {
	if name == "" {
		return h.newName("client order id")[:22], nil
	}
	legal := len(name) <= 36
	for i := range len(name) {
		b := name[i]
		word := b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '-' || b == '_'
		legal = legal && (word || c.market != api.Spot && (b == '.' || b == ':' || b == '/'))
	}
	switch {
	case legal:
		return name, nil
	case c.market == api.Spot:
		return "", bad(-1100, "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.")
	}
	return "", bad(-4015, "Client order id is not valid.")
}

// filters applies what needs no market: the symbol's state, price and quantity
// steps.
func (t *ticket) filters() *fault {
	if t.m.Rules.Halted {
		if api.Of(t.m.In.Venue) == api.Spot {
			return bad(-1013, "Market is closed.")
		}
		return bad(-4140, "Invalid symbol status for opening position.")
	}
	if t.kind == exchange.Limit {
		if f := t.m.checkPrice(t.price); f != nil {
			return f
		}
	}
	if t.quoteQty.IsPositive() {
		t.qty = t.m.affordable(t.side, t.quoteQty)
	}
	if f := t.m.checkQty(t.qty); f != nil {
		return f
	}
	if !t.stop.IsZero() {
		return t.stopFilters()
	}
	return t.m.checkNotional(t)
}

// affordable is the quantity that a value buys or sells in the book now, down
// to a whole step.
func (m *market) affordable(side exchange.Side, value decimal.Decimal) decimal.Decimal {
	sum := decimal.Zero
	m.Book.Visit(side.Opposite(), func(l exchange.Level) bool {
		worth := m.In.Notional(l.Price, l.Qty)
		if worth.GreaterThanOrEqual(value) {
			sum = sum.Add(value.DivRound(m.In.PriceDecimal(l.Price), 16))
			value = decimal.Zero
			return false
		}
		sum, value = sum.Add(m.In.QtyDecimal(l.Qty)), value.Sub(worth)
		return true
	})
	return m.In.QtyDecimal(exchange.Lots(m.In.Lot.Floor(sum)))
}

// level is the price that the order is for: that which it waits for, where it does.
func (t *ticket) level() decimal.Decimal {
	if t.stop.IsPositive() {
		return t.stop
	}
	return t.price
}

// order is the ticket as the exchange takes it.
func (t *ticket) order() *simserver.Ticket {
	o := &simserver.Ticket{Market: t.m.Market, Client: t.client, Side: t.side, Kind: t.kind, Type: t.typ, TIF: t.tif, Policy: t.policy,
		Qty: exchange.Lots(t.m.In.Lot.Floor(t.qty)), Stop: t.stop, Rising: rises(t.typ, t.side), ReduceOnly: t.reduceOnly, PositionSide: t.position, GoodTill: t.goodTill,
		Note: &order{matchWith: t.matchWith, quoteQty: t.quoteQty}}
	if t.kind == exchange.Limit {
		o.Price = exchange.Ticks(t.m.In.Tick.Floor(t.price))
	}
	return o
}

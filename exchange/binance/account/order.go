package account

import (
	"context"
	"fmt"
	"net/http"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

// Place sends an order and waits until the venue has decided: an IOC, FOK or
// market order is final in the answer. It asks for the result because an
// acknowledgement alone does not tell an order that expired at once.
func (c *Client) Place(ctx context.Context, o oms.Order) (oms.Report, error) {
	m := api.Of(o.Venue)
	return c.order(ctx, request{market: m, what: "place " + o.Symbol, method: http.MethodPost, path: paths[m] + "/order", api: "order.place",
		priority: priorityOf(&o), changes: true, fill: func(f form) { fillOrder(f, &o) }})
}

// priorityOf lets what reduces a position go first.
func priorityOf(o *oms.Order) limit.Priority {
	if o.ReduceOnly {
		return limit.Hedge
	}
	return limit.Open
}

// fillOrder spells an order as its market does. Spot has no reduceOnly, because it
// cannot go short; its post-only is a type, that of futures a time in force.
func fillOrder(f form, o *oms.Order) {
	f.Text("symbol", o.Symbol)
	f.Text("side", sideText(o.Side))
	fillType(f, o)
	amount(f, "quantity", o.Qty)
	if o.Type == exchange.Limit {
		amount(f, "price", o.Price)
	}
	fillPosition(f, o)
	f.Text("newClientOrderId", o.ClientID)
	f.Text("newOrderRespType", "RESULT")
}

// fillPosition says which position an order changes, or that it only reduces the one there is:
// in hedge mode side and positionSide together say so, and reduceOnly is refused (-1106).
func fillPosition(f form, o *oms.Order) {
	switch {
	case api.Of(o.Venue) == api.Spot:
	case o.PositionSide != 0:
		f.Text("positionSide", positionText(o.PositionSide))
	case o.ReduceOnly:
		f.Text("reduceOnly", "true")
	}
}

func positionText(s exchange.Side) string {
	if s == exchange.Sell {
		return "SHORT"
	}
	return "LONG"
}

// positionSide reads positionSide, and ps of events: BOTH is the one position of one-way mode.
func positionSide(word string) exchange.Side {
	switch word {
	case "LONG":
		return exchange.Buy
	case "SHORT":
		return exchange.Sell
	}
	return 0
}

func fillType(f form, o *oms.Order) {
	switch {
	case o.Type == exchange.MarketOrder:
		f.Text("type", "MARKET")
	case o.TIF == exchange.PostOnly && api.Of(o.Venue) == api.Spot:
		f.Text("type", "LIMIT_MAKER")
	default:
		f.Text("type", "LIMIT")
		f.Text("timeInForce", tifText(o.TIF))
	}
}

func tifText(t exchange.TimeInForce) string {
	switch t {
	case exchange.IOC:
		return "IOC"
	case exchange.FOK:
		return "FOK"
	case exchange.PostOnly:
		return "GTX"
	}
	return "GTC"
}

func sideText(s exchange.Side) string {
	if s == exchange.Sell {
		return "SELL"
	}
	return "BUY"
}

// Cancel cancels one order by its client id. On spot the venue gives the cancel
// a name of its own; the Report has the order's.
func (c *Client) Cancel(ctx context.Context, o oms.OrderRef) (oms.Report, error) {
	m := api.Of(o.Venue)
	return c.order(ctx, request{market: m, what: "cancel " + o.Symbol, method: http.MethodDelete, path: paths[m] + "/order", api: "order.cancel",
		priority: limit.Cancel, changes: true, fill: byClientID(o.Symbol, o.ClientID)})
}

// Query asks for one order by its client id. It has the priority of a hedge,
// because it is how an unknown outcome is found out.
func (c *Client) Query(ctx context.Context, o oms.OrderRef) (oms.Report, error) {
	m := api.Of(o.Venue)
	return c.order(ctx, request{market: m, what: "query " + o.Symbol, method: http.MethodGet, path: paths[m] + "/order", api: "order.status",
		priority: limit.Hedge, fill: byClientID(o.Symbol, o.ClientID)})
}

func byClientID(symbol, clientID string) func(form) {
	return func(f form) {
		f.Text("symbol", symbol)
		f.Text("origClientOrderId", clientID)
	}
}

// order sends a request whose answer is an order. An answer that makes no sense
// leaves a change unknown: it was carried out, but not told how.
func (c *Client) order(ctx context.Context, q request) (oms.Report, error) {
	body, err := c.request(ctx, q)
	if err != nil {
		return oms.Report{}, err
	}
	r, err := decodeOrder(q.market, body)
	if err != nil {
		return oms.Report{}, q.garbled(err)
	}
	return r, nil
}

// garbled is a success that cannot be read.
func (q *request) garbled(err error) *exchange.VenueError {
	class := exchange.ErrRefused
	if q.changes {
		class = exchange.ErrUnknown
	}
	f := q.fault(class, fmt.Errorf("the answer makes no sense: %w", err))
	f.HTTP = http.StatusOK
	return f
}

// OpenOrders lists the orders of a market that are open, conditional orders
// aside.
func (c *Client) OpenOrders(ctx context.Context, v exchange.Venue) ([]oms.Report, error) {
	m := api.Of(v)
	q := request{market: m, what: "list open orders", method: http.MethodGet, path: paths[m] + "/openOrders", priority: limit.Hedge}
	return rows(ctx, c.transport, q, func(raw []byte) (oms.Report, error) { return decodeOrder(m, raw) })
}

// rows sends a request whose answer is a list.
func rows[T any](ctx context.Context, c *transport, q request, read func(raw []byte) (T, error)) ([]T, error) {
	body, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	out, err := list(body, read)
	if err != nil {
		return nil, q.garbled(err)
	}
	return out, nil
}

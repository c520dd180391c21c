package account

import (
	"context"
	"fmt"
	"net/http"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/limit"
)

// Place sends an order and waits until the venue has decided: an IOC, FOK or
// market order is final in the answer. It asks for the result because an
// acknowledgement alone does not tell an order that expired at once.
func (c *Client) Place(ctx context.Context, o Order) (Report, error) {
	q := question{market: o.Market, what: "place " + o.Symbol, method: http.MethodPost, path: paths[o.Market] + "/order", api: "order.place",
		priority: priorityOf(&o), changes: true, fill: func(f form) { o.fill(f) }}
	return c.order(ctx, q)
}

// priorityOf lets what reduces a position go first.
func priorityOf(o *Order) limit.Priority {
	if o.ReduceOnly {
		return limit.Hedge
	}
	return limit.Open
}

// fill spells an order as its market does. Spot has no reduceOnly, because it
// cannot go short; its post-only is a type, that of futures a time in force.
func (o *Order) fill(f form) {
	f.Text("symbol", o.Symbol)
	f.Text("side", sideText(o.Side))
	o.fillType(f)
	amount(f, "quantity", o.Qty)
	if o.Type == exchange.Limit {
		amount(f, "price", o.Price)
	}
	if o.ReduceOnly && o.Market != api.Spot {
		f.Text("reduceOnly", "true")
	}
	f.Text("newClientOrderId", o.ClientID)
	f.Text("newOrderRespType", "RESULT")
}

func (o *Order) fillType(f form) {
	switch {
	case o.Type == exchange.MarketOrder:
		f.Text("type", "MARKET")
	case o.TIF == exchange.PostOnly && o.Market == api.Spot:
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
func (c *Client) Cancel(ctx context.Context, m api.Market, symbol, clientID string) (Report, error) {
	return c.order(ctx, question{market: m, what: "cancel " + symbol, method: http.MethodDelete, path: paths[m] + "/order", api: "order.cancel",
		priority: limit.Cancel, changes: true, fill: byClientID(symbol, clientID)})
}

// Query asks for one order by its client id. It has the priority of a hedge,
// because it is how an unknown outcome is found out.
func (c *Client) Query(ctx context.Context, m api.Market, symbol, clientID string) (Report, error) {
	return c.order(ctx, question{market: m, what: "query " + symbol, method: http.MethodGet, path: paths[m] + "/order", api: "order.status",
		priority: limit.Hedge, fill: byClientID(symbol, clientID)})
}

func byClientID(symbol, clientID string) func(form) {
	return func(f form) {
		f.Text("symbol", symbol)
		f.Text("origClientOrderId", clientID)
	}
}

// order asks a question whose answer is an order. An answer that makes no sense
// leaves a change unknown: it was carried out, but not told how.
func (c *Client) order(ctx context.Context, q question) (Report, error) {
	body, err := c.ask(ctx, q)
	if err != nil {
		return Report{}, err
	}
	r, err := decodeOrder(q.market, body)
	if err != nil {
		return Report{}, q.garbled(err)
	}
	return r, nil
}

// garbled is a success that cannot be read.
func (q *question) garbled(err error) *Fault {
	class := Refused
	if q.changes {
		class = Unknown
	}
	f := q.fault(class, fmt.Errorf("the answer makes no sense: %w", err))
	f.HTTP = http.StatusOK
	return f
}

// OpenOrders lists the orders of a market that are open, conditional orders
// aside.
func (c *Client) OpenOrders(ctx context.Context, m api.Market) ([]Report, error) {
	q := question{market: m, what: "list open orders", method: http.MethodGet, path: paths[m] + "/openOrders", priority: limit.Hedge}
	return rows(ctx, c, q, func(raw []byte) (Report, error) { return decodeOrder(m, raw) })
}

// rows asks a question whose answer is a list.
func rows[T any](ctx context.Context, c *Client, q question, read func(raw []byte) (T, error)) ([]T, error) {
	body, err := c.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	out, err := list(body, read)
	if err != nil {
		return nil, q.garbled(err)
	}
	return out, nil
}

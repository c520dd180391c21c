package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/signing"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

// Amend gives a resting limit order of futures another price and quantity. The
// quantity is the new total, what is filled included. The order loses its place
// in the queue; it is cancelled when the quantity is filled already, or when it
// is post-only and would now take. On spot see Replace and Reduce.
func (c *Client) Amend(ctx context.Context, _ string, o oms.Order) (oms.Report, error) {
	m := api.Of(o.Venue)
	q := request{market: m, what: "amend " + o.Symbol, method: http.MethodPut, path: paths[m] + "/order", api: "order.modify",
		priority: priorityOf(&o), changes: true, fill: func(f form) {
			f.Text("symbol", o.Symbol)
			f.Text("origClientOrderId", o.ClientID)
			f.Text("side", sideText(o.Side))
			amount(f, "quantity", o.Qty)
			amount(f, "price", o.Price)
		}}
	if err := q.futuresOnly(); err != nil {
		return oms.Report{}, err
	}
	return c.order(ctx, q)
}

// Reduce makes a resting spot order smaller, without losing its place in the
// queue. It keeps its client id: without a word the venue would make one up.
func (c *Client) Reduce(ctx context.Context, symbol, clientID string, qty decimal.Decimal) (oms.Report, error) {
	q := request{market: api.Spot, what: "reduce " + symbol, method: http.MethodPut, path: "/api/v3/order/amend/keepPriority",
		api: "order.amend.keepPriority", priority: limit.Hedge, changes: true, fill: func(f form) {
			byClientID(symbol, clientID)(f)
			f.Text("newClientOrderId", clientID)
			amount(f, "newQty", qty)
		}}
	body, err := c.request(ctx, q)
	if err != nil {
		return oms.Report{}, err
	}
	r, err := decodeAmended(body)
	return r, garbledIf(&q, err)
}

// decodeAmended reads {transactTime, amendedOrder}.
func decodeAmended(body []byte) (r oms.Report, err error) {
	raw, err := member(body, "amendedOrder")
	if err == nil && raw == nil {
		err = errors.New("without amendedOrder")
	}
	if err == nil {
		r, err = decodeOrder(api.Spot, raw)
	}
	if at, _ := member(body, "transactTime"); err == nil && at != nil {
		f := jsonscan.Array(append(append([]byte{'['}, at...), ']'))
		for f.Next() {
			r.Time = exchange.UnixMilli(f.Int())
		}
		err = f.Err()
	}
	return r, err
}

// Replaced is what became of the two halves of a Replace.
type Replaced struct {
	Canceled oms.Report
	Cancel   *exchange.VenueError // why it was not cancelled; nil: it was
	Placed   oms.Report
	Place    *exchange.VenueError // why it was not placed; nil: it was
}

// Replace cancels a spot order and places another in one request. When the
// cancel fails nothing is placed; when the new order fails the old one may be
// gone all the same. The error is nil as soon as the halves are known.
func (c *Client) Replace(ctx context.Context, clientID string, o oms.Order) (Replaced, error) {
	q := request{market: api.Spot, what: "replace " + o.Symbol, method: http.MethodPost, path: "/api/v3/order/cancelReplace",
		api: "order.cancelReplace", priority: priorityOf(&o), changes: true, fill: func(f form) {
			fillOrder(f, &o)
			f.Text("cancelReplaceMode", "STOP_ON_FAILURE")
			f.Text("cancelOrigClientOrderId", clientID)
		}}
	body, err := c.request(ctx, q)
	var e *exchange.VenueError
	if errors.As(err, &e) && (e.Code == "-2021" || e.Code == "-2022") && e.HTTP < 500 {
		body, err = member(body, "data")
		if err != nil || body == nil {
			return Replaced{}, e
		}
	}
	if err != nil {
		return Replaced{}, err
	}
	r, err := decodeReplaced(&q, body)
	return r, garbledIf(&q, err)
}

func decodeReplaced(q *request, body []byte) (r Replaced, err error) {
	var seen int
	f := jsonscan.Object(body)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "cancelResponse":
			r.Canceled, r.Cancel, err = outcome(q, f.Raw())
			seen++
		case "newOrderResponse":
			r.Placed, r.Place, err = outcome(q, f.Raw())
			seen++
		}
	}
	if err == nil {
		err = f.Err()
	}
	if err == nil && seen != 2 {
		err = errors.New("without cancelResponse and newOrderResponse")
	}
	return r, err
}

// outcome reads one part of an answer to several requests: an order, a refusal,
// or null when it was not tried.
func outcome(q *request, raw []byte) (oms.Report, *exchange.VenueError, error) {
	if string(raw) == "null" {
		return oms.Report{}, q.fault(exchange.ErrRefused, errors.New("not attempted")), nil
	}
	if code, msg := refusal(raw); code < 0 {
		class := classify(q.market, q.changes, http.StatusBadRequest, code, msg)
		return oms.Report{}, &exchange.VenueError{Class: class, Venue: q.market.Venue(), What: q.what, HTTP: http.StatusBadRequest, Code: codeText(code), Message: msg}, nil
	}
	r, err := decodeOrder(q.market, raw)
	return r, nil, err
}

// A batch carries at most so many.
const (
	mostPlaced   = 5
	mostCanceled = 10
)

// PlaceBatch places up to 5 futures orders of one market in one request. They
// are carried out side by side and fail one by one; results are in the order of
// the orders.
func (c *Client) PlaceBatch(ctx context.Context, v exchange.Venue, orders []oms.Order) ([]oms.Result, error) {
	m := api.Of(v)
	q := request{market: m, what: fmt.Sprintf("place %d orders", len(orders)), method: http.MethodPost, path: paths[m] + "/batchOrders",
		priority: limit.Open, changes: true}
	if len(orders) == 0 || len(orders) > mostPlaced {
		return nil, q.fault(exchange.ErrRefused, fmt.Errorf("a batch of %d orders: want 1 to %d", len(orders), mostPlaced))
	}
	text, err := batchText(orders)
	if err != nil {
		return nil, q.fault(exchange.ErrRefused, err)
	}
	q.fill = func(f form) { f.Text("batchOrders", text) }
	return c.batch(ctx, q, len(orders))
}

// batchText is the JSON of the orders, in which every value is a string.
func batchText(orders []oms.Order) (string, error) {
	text := []byte{'['}
	var err error
	for i := range orders {
		if i > 0 {
			text = append(text, ',')
		}
		var p signing.Params
		fillOrder(&p, &orders[i])
		if text, err = p.AppendJSON(text); err != nil {
			return "", err
		}
	}
	return string(append(text, ']')), nil
}

// CancelBatch cancels up to 10 futures orders of one symbol by their client ids.
func (c *Client) CancelBatch(ctx context.Context, v exchange.Venue, orders []oms.OrderRef) ([]oms.Result, error) {
	m := api.Of(v)
	q := request{market: m, what: fmt.Sprintf("cancel %d orders", len(orders)), method: http.MethodDelete,
		path: paths[m] + "/batchOrders", priority: limit.Cancel, changes: true}
	if len(orders) == 0 || len(orders) > mostCanceled {
		return nil, q.fault(exchange.ErrRefused, fmt.Errorf("a batch of %d cancels: want 1 to %d", len(orders), mostCanceled))
	}
	ids := make([]string, len(orders))
	for i := range orders {
		if ids[i] = orders[i].ClientID; orders[i].Symbol != orders[0].Symbol {
			return nil, q.fault(exchange.ErrRefused, fmt.Errorf("a batch of cancels in %s and %s: want one symbol", orders[0].Symbol, orders[i].Symbol))
		}
	}
	text := jsonStrings(ids)
	q.fill = func(f form) {
		f.Text("symbol", orders[0].Symbol)
		f.Text("origClientOrderIdList", text)
	}
	return c.batch(ctx, q, len(orders))
}

// jsonStrings is a JSON array. Client ids hold nothing that needs an escape, or
// the venue would not have taken them.
func jsonStrings(list []string) string {
	text := []byte{'['}
	for i, s := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = fmt.Appendf(text, "%q", s)
	}
	return string(append(text, ']'))
}

// batch sends a request to futures with several answers. HTTP says success even
// when all of them fail.
func (c *Client) batch(ctx context.Context, q request, n int) ([]oms.Result, error) {
	if err := q.futuresOnly(); err != nil {
		return nil, err
	}
	all, err := rows(ctx, c.transport, q, func(raw []byte) (res oms.Result, err error) {
		report, refused, err := outcome(&q, raw)
		if refused != nil {
			res.Err = refused
		}
		res.Report = report
		return res, err
	})
	if err == nil && len(all) != n {
		err = q.garbled(fmt.Errorf("%d results for %d requests", len(all), n))
	}
	return all, err
}

// CancelAll cancels the open orders of a symbol; conditional orders of futures
// stay. That there were none is not an error.
func (c *Client) CancelAll(ctx context.Context, m api.Market, symbol string) error {
	path := paths[m] + "/allOpenOrders"
	if m == api.Spot {
		path = paths[m] + "/openOrders"
	}
	_, err := c.request(ctx, request{market: m, what: "cancel all orders of " + symbol, method: http.MethodDelete, path: path,
		priority: limit.Cancel, changes: true, fill: bySymbol(symbol)})
	if m == api.Spot && errors.Is(err, exchange.ErrAlreadyFinal) {
		return nil
	}
	return err
}

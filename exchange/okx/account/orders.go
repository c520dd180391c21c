package account

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
	"github.com/perilune/perilune/exchange/oms"
)

// order is what placing, amending and cancelling want. Source: the manual, "Place order".
type order struct {
	Symbol   string `json:"instId"`
	Code     int64  `json:"instIdCode,omitempty"` // of the stream of orders
	Mode     string `json:"tdMode,omitempty"`
	Side     string `json:"side,omitempty"`
	Type     string `json:"ordType,omitempty"`
	Size     string `json:"sz,omitempty"`
	Price    string `json:"px,omitempty"`
	Unit     string `json:"tgtCcy,omitempty"`
	Reduce   bool   `json:"reduceOnly,omitempty"`
	NewSize  string `json:"newSz,omitempty"`
	NewPrice string `json:"newPx,omitempty"`
	ClientID string `json:"clOrdId,omitempty"`
	OrderID  string `json:"ordId,omitempty"`
}

var types = map[exchange.TimeInForce]string{exchange.IOC: "ioc", exchange.FOK: "fok", exchange.PostOnly: "post_only"}

// carry puts orders into a request, for REST and the stream; body is what REST is sent. The
// stream names instruments by number, and REST takes one whose number is not known. Both
// names are sent, for front ends differ in which they want. Sources: the manual, "WS / Place
// order" (2026-08), instIdCode; adapters of 2026 for the rest.
func (a *Account) carry(q *client.Request, op string, body any, list ...order) {
	q.Body = body
	args := slices.Clone(list)
	for i := range args {
		u, _ := a.read.unitOf(args[i].Symbol)
		if args[i].Code = u.code; u.code == 0 {
			return
		}
	}
	q.Op, q.Args = op, args
}

// size is a quantity of ours on the wire.
func (a *Account) size(q *client.Request, symbol string, qty decimal.Decimal) (string, *exchange.VenueError) {
	u, ok := a.read.unitOf(symbol)
	if !ok {
		return "", q.Fault(exchange.ErrRefused, fmt.Errorf("%s is not listed", symbol))
	}
	size := qty.DivRound(u.one, 18)
	if !size.Mul(u.one).Equal(qty) {
		return "", q.Fault(exchange.ErrRefused, fmt.Errorf("a quantity of %s: want a whole number of lots; a contract is %s", qty, u.one))
	}
	return size.String(), nil
}

// mode is how an order is margined. In the modes with one margin for several currencies
// spot is traded against all of it. Source: the manual, "Place order", tdMode.
func (a *Account) mode(t api.Type) string {
	if t == api.Spot && (a.config.Level == "1" || a.config.Level == "2") {
		return "cash"
	}
	return "cross"
}

func (a *Account) order(q *client.Request, o *oms.Order) (b order, err error) {
	size, e := a.size(q, o.Symbol, o.Qty)
	if e != nil {
		return b, e
	}
	t := api.Of(o.Venue)
	b = order{Symbol: o.Symbol, Mode: a.mode(t), Side: o.Side.String(), Type: types[o.TIF], Size: size, Price: o.Price.String(), ClientID: wireID(o.ClientID)}
	if b.Type == "" {
		b.Type = "limit"
	}
	if o.Type == exchange.MarketOrder {
		b.Type, b.Price = "market", ""
		if t == api.Spot {
			b.Unit = "base_ccy" // a buy counts in quote otherwise
		}
	}
	b.Reduce = o.ReduceOnly && t != api.Spot
	return b, nil
}

// accepted is a report that says no more than that something was accepted.
func (a *Account) accepted(v exchange.Venue, symbol, clientID string) oms.Report {
	return oms.Report{Venue: v, Symbol: symbol, ClientID: clientID, Status: exchange.StatusAccepted, Time: a.Now()}
}

func (a *Account) placed(o *oms.Order) oms.Report {
	r := a.accepted(o.Venue, o.Symbol, o.ClientID)
	r.Side, r.Price, r.Qty = o.Side, o.Price, o.Qty
	return r
}

// Place implements oms.Account. The answer is that the order was accepted: what becomes of
// it is on the stream, or asked for. The venue drops it when it comes too late.
func (a *Account) Place(ctx context.Context, o oms.Order) (oms.Report, error) {
	q := client.Request{Venue: o.Venue, What: "place " + o.Symbol, Path: "/api/v5/trade/order", Expires: true, Count: client.Place, Priority: priority(&o)}
	b, err := a.order(&q, &o)
	if err != nil {
		return oms.Report{}, err
	}
	a.carry(&q, "order", b, b)
	return a.change(ctx, q, a.placed(&o))
}

func priority(o *oms.Order) limit.Priority {
	if o.ReduceOnly {
		return limit.Hedge
	}
	return limit.Open
}

// Amend implements oms.Amender: the size is the total, what is filled included.
func (a *Account) Amend(ctx context.Context, orderID string, o oms.Order) (oms.Report, error) {
	q := client.Request{Venue: o.Venue, What: "amend " + o.Symbol, Path: "/api/v5/trade/amend-order", Expires: true, Count: client.Amend, Priority: priority(&o)}
	size, e := a.size(&q, o.Symbol, o.Qty)
	if e != nil {
		return oms.Report{}, e
	}
	b := order{Symbol: o.Symbol, ClientID: wireID(o.ClientID), OrderID: orderID, NewSize: size, NewPrice: o.Price.String()}
	a.carry(&q, "amend-order", b, b)
	return a.change(ctx, q, a.placed(&o))
}

// Cancel implements oms.Account. The answer is that the cancel was accepted.
func (a *Account) Cancel(ctx context.Context, o oms.OrderRef) (oms.Report, error) {
	q := client.Request{Venue: o.Venue, What: "cancel " + o.Symbol, Path: "/api/v5/trade/cancel-order", Count: client.Cancel, Priority: limit.Cancel}
	b := reference(&o)
	a.carry(&q, "cancel-order", b, b)
	return a.change(ctx, q, a.accepted(o.Venue, o.Symbol, o.ClientID))
}

// reference names an order: by the venue's id where that is known, because one of ours may
// have been used before.
func reference(o *oms.OrderRef) order {
	b := order{Symbol: o.Symbol, OrderID: o.OrderID}
	if o.OrderID == "" {
		b.ClientID = wireID(o.ClientID)
	}
	return b
}

// change sends what has one row for an answer.
func (a *Account) change(ctx context.Context, q client.Request, r oms.Report) (oms.Report, error) {
	err := a.Rows(ctx, q, func(raw []byte) (err error) {
		r.OrderID, _, _, err = ack(raw)
		return err
	})
	if err == nil && r.OrderID == "" {
		err = q.Garbled(errors.New("no ordId"))
	}
	if err != nil {
		return oms.Report{}, err
	}
	return r, nil
}

// ack reads a row of an answer to an order.
func ack(raw []byte) (orderID, code, msg string, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "ordId":
			orderID = f.Text()
		case "sCode":
			code = f.Text()
		case "sMsg":
			msg = f.Text()
		}
	}
	return orderID, code, msg, f.Err()
}

// atOnce is how many orders one request may have.
const atOnce = 20

// PlaceBatch implements oms.Batcher.
func (a *Account) PlaceBatch(ctx context.Context, v exchange.Venue, orders []oms.Order) ([]oms.Result, error) {
	q := client.Request{Venue: v, What: "place a batch", Path: "/api/v5/trade/batch-orders", Expires: true, Priority: limit.Open}
	return batches(orders, func(part []oms.Order) ([]oms.Result, error) {
		out := make([]oms.Result, len(part))
		var body []order
		var place []int // of what is sent
		for i := range part {
			b, err := a.order(&q, &part[i])
			if out[i] = (oms.Result{Report: a.placed(&part[i]), Err: err}); err == nil {
				body, place = append(body, b), append(place, i)
			}
		}
		q.Count = client.Batch(len(body))
		return out, a.batch(ctx, q, body, place, out)
	})
}

// CancelBatch implements oms.Batcher.
func (a *Account) CancelBatch(ctx context.Context, v exchange.Venue, orders []oms.OrderRef) ([]oms.Result, error) {
	q := client.Request{Venue: v, What: "cancel a batch", Path: "/api/v5/trade/cancel-batch-orders", Priority: limit.Cancel}
	return batches(orders, func(part []oms.OrderRef) ([]oms.Result, error) {
		out := make([]oms.Result, len(part))
		var body []order
		var place []int
		for i := range part {
			o := &part[i]
			out[i].Report = a.accepted(o.Venue, o.Symbol, o.ClientID)
			body, place = append(body, reference(o)), append(place, i)
		}
		q.Count = client.CancelBatch(len(body))
		return out, a.batch(ctx, q, body, place, out)
	})
}

// batches splits what is more than one request takes. What was sent before one failed as a
// whole keeps its results: the others have the error.
func batches[T any](list []T, send func([]T) ([]oms.Result, error)) (out []oms.Result, err error) {
	for part := range slices.Chunk(list, atOnce) {
		results, err := send(part)
		if err != nil && len(out) == 0 {
			return nil, err
		}
		for i := range results {
			if err != nil && results[i].Err == nil {
				results[i].Err = err
			}
		}
		out = append(out, results...)
	}
	return out, nil
}

// batch sends one, whose rows are in the order of its parts; place says where results go.
func (a *Account) batch(ctx context.Context, q client.Request, body []order, place []int, out []oms.Result) error {
	if len(body) == 0 {
		return nil
	}
	op := "batch-orders"
	if q.Priority == limit.Cancel {
		op = "batch-cancel-orders"
	}
	a.carry(&q, op, body, body...)
	q.Parts = true
	n := 0
	err := a.Rows(ctx, q, func(raw []byte) error {
		if n == len(place) {
			return fmt.Errorf("over %d rows", n)
		}
		r := &out[place[n]]
		n++
		id, code, msg, err := ack(raw)
		if e := q.RowFault(code, msg); e != nil {
			r.Err = e
		}
		r.Report.OrderID = id
		return err
	})
	if err == nil && n < len(place) {
		err = q.Garbled(fmt.Errorf("%d rows for %d orders", n, len(place)))
	}
	return err
}

// Query implements oms.Account.
func (a *Account) Query(ctx context.Context, o oms.OrderRef) (oms.Report, error) {
	query := url.Values{"instId": {o.Symbol}}
	if o.OrderID != "" {
		query.Set("ordId", o.OrderID)
	} else {
		query.Set("clOrdId", wireID(o.ClientID))
	}
	q := question(o.Venue, "query "+o.Symbol, "/api/v5/trade/order", client.Read, query)
	list, err := a.reports(ctx, q)
	if err != nil {
		return oms.Report{}, err
	}
	if len(list) == 0 {
		return oms.Report{}, q.Fault(exchange.ErrNotFound, fmt.Errorf("order %s is not known", o.ClientID))
	}
	return list[0], nil
}

func (a *Account) reports(ctx context.Context, q client.Request) (out []oms.Report, err error) {
	err = a.Rows(ctx, q, func(raw []byte) error {
		r, err := a.read.decodeOrder(raw)
		out = append(out, r)
		return err
	})
	return out, err
}

// OpenOrders implements oms.Account. Spot that is margined is listed as margin, so all are
// asked for and sorted by what they are of.
func (a *Account) OpenOrders(ctx context.Context, v exchange.Venue) (out []oms.Report, err error) {
	if err := a.relist(ctx); err != nil {
		return nil, err
	}
	q := question(v, "list open orders", "/api/v5/trade/orders-pending", client.Read, nil)
	err = a.Pages(ctx, q, 100, func(raw []byte) (string, bool, error) {
		r, err := a.read.decodeOrder(raw)
		if errors.Is(err, errOthers) {
			return r.OrderID, false, nil
		}
		if err == nil && r.Venue == v && !r.Status.Terminal() {
			out = append(out, r)
		}
		return r.OrderID, false, err
	})
	return out, err
}

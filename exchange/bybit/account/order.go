package account

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

// order is what create, amend and cancel want. A market order on spot counts in the base
// coin: its default is the quote.
type order struct {
	Category    api.Category `json:"category,omitempty"` // of a part of a batch: the batch has it
	Symbol      string       `json:"symbol"`
	Side        string       `json:"side,omitempty"`
	Type        string       `json:"orderType,omitempty"`
	Qty         string       `json:"qty,omitempty"`
	Price       string       `json:"price,omitempty"`
	TIF         string       `json:"timeInForce,omitempty"`
	MarketUnit  string       `json:"marketUnit,omitempty"`
	IsLeverage  int          `json:"isLeverage,omitempty"` // 1: a sale on spot may borrow
	ReduceOnly  bool         `json:"reduceOnly,omitempty"`
	PositionIdx *int         `json:"positionIdx,omitempty"`
	ClientID    string       `json:"orderLinkId,omitempty"`
}

// tifs are the words for how long an order is good. Rests of market orders are canceled.
var tifs = map[exchange.TimeInForce]string{exchange.GTC: "GTC", exchange.IOC: "IOC", exchange.FOK: "FOK", exchange.PostOnly: "PostOnly"}

// oneWay is the index of the one position of a symbol in one-way mode.
var oneWay = 0

func newOrder(o *oms.Order) order {
	b := order{Category: api.Of(o.Venue), Symbol: o.Symbol, Side: "Buy", Type: "Limit", Qty: o.Qty.String(), Price: o.Price.String(), ClientID: o.ClientID, TIF: tifs[o.TIF]}
	if o.Side == exchange.Sell {
		b.Side = "Sell"
	}
	if o.Type == exchange.MarketOrder {
		b.Type, b.Price, b.TIF = "Market", "", "IOC"
		if b.Category == api.Spot {
			b.MarketUnit = "baseCoin"
		}
	}
	if o.Borrow {
		b.IsLeverage = 1
	}
	if b.Category != api.Spot {
		b.ReduceOnly, b.PositionIdx = o.ReduceOnly, &oneWay
	}
	return b
}

// priorityOf is that of what an order does to the account.
func priorityOf(o *oms.Order) limit.Priority {
	if o.ReduceOnly {
		return limit.Hedge
	}
	return limit.Open
}

// accepted is what is known of an order that the venue has taken: what becomes of it is on
// the stream, or asked for.
func (a *Account) accepted(o *oms.Order) oms.Report {
	return oms.Report{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, Side: o.Side, Status: exchange.StatusAccepted, Price: o.Price, Qty: o.Qty, Time: a.Now()}
}

// Place implements oms.Account. The answer is that the order was accepted.
func (a *Account) Place(ctx context.Context, o oms.Order) (oms.Report, error) {
	b := newOrder(&o)
	a.arm(b.Category)
	q := client.Request{Venue: o.Venue, What: "place " + o.Symbol, Path: "/v5/order/create", Op: "order.create", Count: client.Order(b.Category), Priority: priorityOf(&o)}
	return a.change(ctx, q, &b, a.accepted(&o))
}

// Amend implements oms.Amender: qty is the new total. The answer is that the request was
// accepted.
func (a *Account) Amend(ctx context.Context, _ string, o oms.Order) (oms.Report, error) {
	b := order{Category: api.Of(o.Venue), Symbol: o.Symbol, Qty: o.Qty.String(), Price: o.Price.String(), ClientID: o.ClientID}
	q := client.Request{Venue: o.Venue, What: "amend " + o.Symbol, Path: "/v5/order/amend", Op: "order.amend", Count: client.Order(b.Category), Priority: priorityOf(&o)}
	return a.change(ctx, q, &b, a.accepted(&o))
}

// Cancel implements oms.Account. The answer is that the cancel was accepted.
func (a *Account) Cancel(ctx context.Context, o oms.OrderRef) (oms.Report, error) {
	b := order{Category: api.Of(o.Venue), Symbol: o.Symbol, ClientID: o.ClientID}
	q := client.Request{Venue: o.Venue, What: "cancel " + o.Symbol, Path: "/v5/order/cancel", Op: "order.cancel", Count: client.Cancel(b.Category), Priority: limit.Cancel}
	return a.change(ctx, q, &b, a.asked(&o))
}

// asked is what is known of an order whose cancel was taken.
func (a *Account) asked(o *oms.OrderRef) oms.Report {
	return oms.Report{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, Status: exchange.StatusAccepted, Time: a.Now()}
}

// change sends what is asked of one order, whose answers are alike.
func (a *Account) change(ctx context.Context, q client.Request, b *order, r oms.Report) (oms.Report, error) {
	var err error
	if q.Body, err = json.Marshal(b); err != nil {
		return oms.Report{}, q.Fault(exchange.ErrRefused, err)
	}
	result, err := a.Do(ctx, q)
	if err != nil {
		return oms.Report{}, err
	}
	if r.OrderID, err = orderID(result); err != nil {
		return oms.Report{}, q.Garbled(err)
	}
	return r, nil
}

// orderID is that of an answer.
func orderID(raw []byte) (id string, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		if string(f.Key()) == "orderId" {
			id = f.Text()
		}
	}
	if err = f.Err(); err == nil && id == "" {
		err = fmt.Errorf("no orderId")
	}
	return id, err
}

// most is how many orders a batch carries. Source: the manual, "Batch Place Order".
func most(c api.Category) int {
	if c == api.Spot {
		return 10
	}
	return 20
}

// PlaceBatch implements oms.Batcher.
func (a *Account) PlaceBatch(ctx context.Context, v exchange.Venue, orders []oms.Order) ([]oms.Result, error) {
	parts, out := make([]order, len(orders)), make([]oms.Result, len(orders))
	priority := limit.Hedge
	for i := range orders {
		parts[i], out[i].Report = newOrder(&orders[i]), a.accepted(&orders[i])
		priority = min(priority, priorityOf(&orders[i]))
	}
	c := api.Of(v)
	a.arm(c)
	return out, a.batch(ctx, client.Request{Venue: v, What: "place", Path: "/v5/order/create-batch", Op: "order.create-batch", Count: client.Batch(c), Priority: priority}, parts, out)
}

// CancelBatch implements oms.Batcher.
func (a *Account) CancelBatch(ctx context.Context, v exchange.Venue, orders []oms.OrderRef) ([]oms.Result, error) {
	parts, out := make([]order, len(orders)), make([]oms.Result, len(orders))
	for i := range orders {
		parts[i], out[i].Report = order{Symbol: orders[i].Symbol, ClientID: orders[i].ClientID}, a.asked(&orders[i])
	}
	c := api.Of(v)
	return out, a.batch(ctx, client.Request{Venue: v, What: "cancel", Path: "/v5/order/cancel-batch", Op: "order.cancel-batch", Count: client.CancelBatch(c), Priority: limit.Cancel}, parts, out)
}

// batch sends what is asked of several orders, in as many requests as it takes. One that
// has no answer leaves its own parts unknown; the error is that of a batch without any part
// that was done.
func (a *Account) batch(ctx context.Context, q client.Request, parts []order, out []oms.Result) error {
	c := api.Of(q.Venue)
	done, what, at := len(parts) == 0, q.What, 0
	var first error
	for chunk := range slices.Chunk(parts, most(c)) {
		results := out[at : at+len(chunk)]
		at += len(chunk)
		q.What, q.Times = fmt.Sprintf("%s %d orders", what, len(chunk)), len(chunk)
		if err := a.send(ctx, q, chunk, results); err != nil {
			if first == nil {
				first = err
			}
			for i := range results {
				results[i] = oms.Result{Err: err}
			}
			continue
		}
		done = true
	}
	if done {
		return nil
	}
	return first
}

// send sends one batch. The results and the refusals of its parts are parallel lists.
func (a *Account) send(ctx context.Context, q client.Request, parts []order, out []oms.Result) (err error) {
	for i := range parts {
		parts[i].Category = ""
	}
	if q.Body, err = json.Marshal(struct {
		Category api.Category `json:"category"`
		Request  []order      `json:"request"`
	}{api.Of(q.Venue), parts}); err != nil {
		return q.Fault(exchange.ErrRefused, err)
	}
	answer, err := a.Ask(ctx, q)
	if err != nil {
		return err
	}
	placed, err := rows(answer.Result)
	said, err2 := rows(answer.Extra)
	switch {
	case err != nil:
		return q.Garbled(err)
	case err2 != nil:
		return q.Garbled(err2)
	case len(placed) != len(out) || len(said) != len(out):
		return q.Garbled(fmt.Errorf("%d results and %d codes for %d orders", len(placed), len(said), len(out)))
	}
	for i := range out {
		if out[i] = part(&q, out[i].Report, placed[i], said[i]); out[i].Err != nil {
			out[i].Report = oms.Report{}
		}
	}
	return nil
}

// rows are those of the list of an object.
func rows(raw []byte) (out [][]byte, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		if string(f.Key()) != "list" {
			continue
		}
		if _, err := client.Each(f.Raw(), func(row []byte) error { out = append(out, row); return nil }); err != nil {
			return nil, err
		}
	}
	return out, f.Err()
}

// part is what came of one order of a batch.
func part(q *client.Request, r oms.Report, placed, said []byte) oms.Result {
	code, msg := 0, ""
	f := jsonscan.Object(said)
	for f.Next() {
		switch string(f.Key()) {
		case "code":
			code = int(f.Int())
		case "msg":
			msg = f.Text()
		}
	}
	err := f.Err()
	switch {
	case err != nil:
		err = q.Garbled(err)
	case code != 0:
		err = q.Part(code, msg)
	default:
		if r.OrderID, err = orderID(placed); err != nil {
			err = q.Garbled(err)
		}
	}
	return oms.Result{Report: r, Err: err}
}

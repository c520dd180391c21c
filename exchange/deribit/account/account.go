// Package account is an account of Deribit: orders, trades, funds, the transaction log and
// its own stream.
//
// # Two ways
//
// What changes an order goes over the websocket that the account listens on, because
// cancel-on-disconnect cancels what was placed on that connection and nothing else; cancels
// go over HTTP while there is none. Where nobody listens, everything goes over HTTP, and
// nothing cancels what was placed.
//
// # What is booked when
//
// The balance of a currency changes with fees at once and with profit, funding and the
// revaluation of open positions at 08:00 UTC. Here a profit is booked as it is made, at the
// average price of the position, and funding as the settlement pays it: what Balances
// returns is the venue's balance with that put right. Source: the manual, "get_transaction_log"
// (change: for trades, fees; for settlement, session profit and funding) and "get_positions".
package account

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// Account is safe for concurrent use.
type Account struct {
	*client.Client
	endpoints api.Endpoints
	attempts  *wire.Attempts
	log       func(string)
	stream    atomic.Pointer[stream] // nil while nobody listens

	stop  context.CancelFunc
	tasks sync.WaitGroup
	once  sync.Once
}

var (
	_ oms.Account = (*Account)(nil)
	_ oms.Incomes = (*Account)(nil)
	_ oms.Amender = (*Account)(nil)
)

// Open compares the clocks and returns when requests can be signed.
func Open(ctx context.Context, o client.Options, attempts *wire.Attempts) (*Account, error) {
	c, err := client.New(o)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	if err := c.Sync(ctx, 0); err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	a := &Account{Client: c, attempts: attempts, log: o.Log}
	if a.endpoints, err = o.Endpoints.Complete(); err != nil {
		return nil, err
	}
	if a.log == nil {
		a.log = func(string) {}
	}
	run, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.tasks.Go(func() { c.Keep(run) })
	return a, nil
}

// Close ends what runs beside calls.
func (a *Account) Close() error {
	a.once.Do(func() {
		a.stop()
		a.tasks.Wait()
		a.Client.Close()
	})
	return nil
}

// longestLabel is what the venue takes of one.
const longestLabel = 64

// Profile implements oms.Account. A label is no key: two orders may have the same one.
func (a *Account) Profile() oms.Profile {
	p := oms.Profile{Window: a.Window(), Reuses: true, Income: []exchange.Wallet{api.Wallet}, ClientID: func(id string) string {
		if len(id) == 0 || len(id) > longestLabel {
			return "want 1 to 64 characters"
		}
		return ""
	}}
	for _, s := range api.Segments {
		p.Segments = append(p.Segments, oms.Segment{Venue: s.Venue(), Wallets: []exchange.Wallet{api.Wallet}, Spot: s == api.Spot, Disconnect: true})
	}
	return p
}

// send asks over the websocket while there is one that is listened on, and over HTTP where
// there is none.
func (a *Account) send(ctx context.Context, q client.Request) ([]byte, error) {
	if s := a.stream.Load(); s != nil {
		return s.call(ctx, &q)
	}
	return a.Do(ctx, q)
}

func isSpot(v exchange.Venue) bool { return api.Of(v) == api.Spot }

// Place implements oms.Account. The answer has the order and its trades. A post-only order
// that would trade is refused: the venue would move its price otherwise. A price beyond the
// band is moved to its edge: the report has the price that the order has.
func (a *Account) Place(ctx context.Context, o oms.Order) (oms.Report, error) {
	p := client.Params{"instrument_name": o.Symbol, "amount": client.Number(o.Qty), "label": o.ClientID, "post_only": false, "valid_until": milli(a.Now() + a.Window())}
	if o.Type == exchange.MarketOrder {
		p["type"] = "market"
	} else {
		p["type"], p["price"] = "limit", client.Number(o.Price)
		p["time_in_force"] = map[exchange.TimeInForce]string{exchange.IOC: "immediate_or_cancel", exchange.FOK: "fill_or_kill"}[o.TIF]
		if p["time_in_force"] == "" {
			p["time_in_force"] = "good_til_cancelled"
		}
	}
	if o.TIF == exchange.PostOnly {
		p["post_only"], p["reject_post_only"] = true, true
	}
	q := client.Request{Venue: o.Venue, What: "place " + o.Symbol, Method: "private/buy", Params: p, Changes: true, Count: client.Order(isSpot(o.Venue)), Priority: limit.Open}
	if o.Side == exchange.Sell {
		q.Method = "private/sell"
	}
	if o.ReduceOnly && !isSpot(o.Venue) {
		p["reduce_only"] = true
		q.Priority = limit.Hedge
	}
	return a.carriedOut(ctx, q)
}

// Amend implements oms.Amender: the order keeps its id, and its place in the queue where it
// only becomes smaller.
func (a *Account) Amend(ctx context.Context, orderID string, o oms.Order) (oms.Report, error) {
	p := client.Params{"amount": client.Number(o.Qty), "price": client.Number(o.Price), "valid_until": milli(a.Now() + a.Window())}
	q := client.Request{Venue: o.Venue, What: "amend " + o.Symbol, Method: "private/edit", Params: p, Changes: true, Count: client.Order(isSpot(o.Venue)), Priority: limit.Hedge}
	if o.TIF == exchange.PostOnly {
		p["post_only"], p["reject_post_only"] = true, true
	}
	if p["order_id"] = orderID; orderID == "" {
		delete(p, "order_id")
		q.Method, p["label"], p["instrument_name"] = "private/edit_by_label", o.ClientID, o.Symbol
	}
	return a.carriedOut(ctx, q)
}

// carriedOut sends what is answered by an order and its trades.
func (a *Account) carriedOut(ctx context.Context, q client.Request) (r oms.Report, err error) {
	result, err := a.send(ctx, q)
	if err != nil {
		return r, err
	}
	f := jsonscan.Object(result)
	var bad error
	for f.Next() && bad == nil {
		switch string(f.Key()) {
		case "order":
			list := r.Executions
			r, bad = decodeOrder(f.Raw())
			r.Executions = list
		case "trades":
			r.Executions, bad = decoded(f.Raw(), decodeTrade)
		}
	}
	if bad == nil {
		bad = f.Err()
	}
	if bad == nil && r.OrderID == "" {
		bad = fmt.Errorf("no order")
	}
	if bad != nil {
		return oms.Report{}, q.Garbled(bad)
	}
	return r, nil
}

// Cancel implements oms.Account. Without a connection it goes over HTTP: a cancel is good
// from anywhere.
func (a *Account) Cancel(ctx context.Context, o oms.OrderRef) (oms.Report, error) {
	if o.OrderID == "" {
		found, err := a.Query(ctx, o)
		if err != nil {
			return oms.Report{}, err
		}
		o.OrderID = found.OrderID
	}
	q := client.Request{Venue: o.Venue, What: "cancel " + o.Symbol, Method: "private/cancel", Params: client.Params{"order_id": o.OrderID}, Changes: true,
		Count: client.Cancel(isSpot(o.Venue)), Priority: limit.Cancel}
	send := a.send
	if s := a.stream.Load(); s != nil && !s.up() {
		send = a.Do
	}
	result, err := send(ctx, q)
	if err != nil {
		return oms.Report{}, err
	}
	r, err := decodeOrder(result)
	if err != nil {
		return oms.Report{}, q.Garbled(err)
	}
	return r, nil
}

// Query implements oms.Account: by the venue's id, or by the label among the orders of late,
// or in the history, which has what is over for longer. One that none of them has may still
// be on its way. Of several with one label the newest counts.
func (a *Account) Query(ctx context.Context, o oms.OrderRef) (oms.Report, error) {
	if o.OrderID != "" {
		q := a.question(o.Venue, "query "+o.Symbol, "private/get_order_state", client.Params{"order_id": o.OrderID})
		result, err := a.Do(ctx, q)
		if err == nil {
			r, err := decodeOrder(result)
			if err != nil {
				return oms.Report{}, q.Garbled(err)
			}
			return r, nil
		}
		if exchange.ErrorClassOf(err) != exchange.ErrNotFound {
			return oms.Report{}, err
		}
	}
	var questions []client.Request
	for _, currency := range currenciesOf(o.Symbol) {
		questions = append(questions, a.question(o.Venue, "query "+o.Symbol, "private/get_order_state_by_label", client.Params{"currency": currency, "label": o.ClientID}))
	}
	for _, historical := range []bool{false, true} {
		questions = append(questions, a.question(o.Venue, "query "+o.Symbol, "private/get_order_history_by_instrument",
			client.Params{"instrument_name": o.Symbol, "count": 1000, "include_old": true, "include_unfilled": true, "historical": historical}))
	}
	for _, q := range questions {
		list, err := a.reports(ctx, q)
		if err != nil {
			return oms.Report{}, err
		}
		list = slices.DeleteFunc(list, func(r oms.Report) bool { return r.ClientID != o.ClientID || r.Symbol != o.Symbol })
		if len(list) > 0 {
			slices.Reverse(list) // of the same millisecond the last counts
			return slices.MaxFunc(list, func(x, y oms.Report) int { return int((x.Time - y.Time) / exchange.Millisecond) }), nil
		}
	}
	q := a.question(o.Venue, "query "+o.Symbol, "", nil)
	return oms.Report{}, q.Call().Fault(exchange.ErrNotFound, fmt.Errorf("no order has the label %s", o.ClientID))
}

func (a *Account) question(v exchange.Venue, what, method string, p client.Params) client.Request {
	return client.Request{Venue: v, What: what, Method: method, Params: p, Count: client.Private, Priority: limit.Hedge}
}

// rows asks for a list, which may be under a key of the result, and hands on its rows. It
// returns the other values of the result.
func (a *Account) rows(ctx context.Context, q client.Request, key string, row func(raw []byte) error) (rest map[string]string, err error) {
	result, err := a.Do(ctx, q)
	if err != nil {
		return nil, err
	}
	if result[0] == '{' {
		rest = map[string]string{}
		f := jsonscan.Object(result)
		for f.Next() {
			if string(f.Key()) == key {
				result = f.Raw()
			} else if raw := f.Raw(); raw[0] != '{' && raw[0] != '[' {
				rest[string(f.Key())] = string(f.Word())
			}
		}
		if f.Err() != nil {
			return nil, q.Garbled(f.Err())
		}
	}
	list := jsonscan.Array(result)
	for list.Next() {
		if err := row(list.Raw()); err != nil {
			return nil, q.Garbled(err)
		}
	}
	if list.Err() != nil {
		return nil, q.Garbled(list.Err())
	}
	return rest, nil
}

func (a *Account) reports(ctx context.Context, q client.Request) (out []oms.Report, err error) {
	_, err = a.rows(ctx, q, "", func(raw []byte) error {
		r, err := decodeOrder(raw)
		out = append(out, r)
		return err
	})
	return out, err
}

// OpenOrders implements oms.Account. All are listed at once.
func (a *Account) OpenOrders(ctx context.Context, v exchange.Venue) ([]oms.Report, error) {
	list, err := a.reports(ctx, a.question(v, "list open orders", "private/get_open_orders", nil))
	return slices.DeleteFunc(list, func(r oms.Report) bool { return r.Venue != v || r.Status.Terminal() }), err
}

func milli(t exchange.Time) int64 { return int64(t / exchange.Millisecond) }

func nanos(c oms.Cursor) (exchange.Time, error) {
	ns, err := strconv.ParseInt(string(c), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("cursor %q: want a time", c)
	}
	return exchange.Time(ns), nil
}

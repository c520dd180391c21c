package simserver

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// placeOrder is POST order.
func placeOrder(s *sim, c *call) (any, *fault) {
	t, f := s.readTicket(c)
	if f != nil {
		return nil, f
	}
	o, f := c.account.place(t)
	if f != nil {
		return nil, f
	}
	return o.placed(t.reply), nil
}

// testOrder checks an order without sending it.
func testOrder(s *sim, c *call) (any, *fault) {
	if _, f := s.readTicket(c); f != nil {
		return nil, f
	}
	return object{}, nil
}

// place sends an order to the venue. With no latency there, it is accepted,
// refused or filled when this returns.
func (a *account) place(t *ticket) (*order, *fault) {
	previous := a.byClient[clientKey{t.m, t.client}]
	if f := a.admit(t, previous); f != nil {
		return nil, f
	}
	if !t.stop.IsZero() {
		return a.park(t)
	}
	a.nextPaper++
	send := t.order(a.nextPaper, a.s.now)
	o := &order{m: t.m, client: t.client, side: t.side, kind: t.kind, typ: t.typ, tif: t.tif, reduceOnly: t.reduceOnly,
		price: send.Price, qty: send.Qty, quoteQty: t.quoteQty, created: a.s.now, updated: a.s.now, paper: send.ID, status: statusNew,
		matchWith: t.matchWith, goodTill: t.goodTill}
	a.register(o)
	if t.algo != nil {
		a.adopt(t.algo, o)
	}
	a.expectGoodTill(o.goodTill)
	a.venue.Submit(send, a.s.now)
	a.collect()
	if o.refused != nil {
		a.forget(o, previous)
		a.outbox = a.outbox[:0]
		return nil, o.refused
	}
	a.flush()
	return o, nil
}

// admit applies what depends on the account's other orders.
func (a *account) admit(t *ticket, previous *order) *fault {
	spot := api.Of(t.m.in.Venue) == api.Spot
	if previous != nil && previous.open() {
		if spot {
			return bad(-2010, "Duplicate order sent.")
		}
		return bad(-4116, "ClientOrderId is duplicated.")
	}
	if t.kind == exchange.Limit && len(a.openOrders(api.Of(t.m.in.Venue), t.m)) >= maxOpenOrders {
		if spot {
			return bad(-1013, "Filter failure: MAX_NUM_ORDERS")
		}
		return bad(-2025, "Reach max open order limit.")
	}
	return nil
}

// maxBatch is how many orders one batch may have.
const maxBatch = 5

// placeBatch is POST batchOrders: each order stands for itself, and the answer
// is 200 even when all fail.
func placeBatch(s *sim, c *call) (any, *fault) { return batch(s, c, placeOrder) }

// modifyBatch is PUT batchOrders.
func modifyBatch(s *sim, c *call) (any, *fault) { return batch(s, c, modifyOrder) }

func batch(s *sim, c *call, run func(*sim, *call) (any, *fault)) (any, *fault) {
	if !c.has("batchOrders") {
		return nil, missing("batchOrders")
	}
	var items []map[string]any
	dec := json.NewDecoder(strings.NewReader(c.get("batchOrders")))
	dec.UseNumber() // a quantity keeps its digits
	if err := dec.Decode(&items); err != nil {
		return nil, bad(-1130, "Data sent for parameter 'batchOrders' is not valid.")
	}
	if len(items) == 0 || len(items) > maxBatch {
		return nil, bad(-4082, "Invalid number of batch orders.")
	}
	out := list{}
	for _, item := range items {
		v, f := run(s, c.item(item))
		if f != nil {
			v = f.body()
		}
		out = append(out, v)
	}
	return out, nil
}

// item is a call for one order of a batch.
func (c *call) item(fields map[string]any) *call {
	params := url.Values{}
	for k, v := range fields { // order does not matter: keys are copied one to one
		if text, ok := jsonText(v); ok {
			params.Set(k, text)
		}
	}
	r := *c.request
	r.params = params
	return &call{request: &r, account: c.account, apiKey: c.apiKey}
}

// jsonText returns a JSON value as the text that a form would carry.
func jsonText(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	}
	b, err := json.Marshal(v)
	return string(b), err == nil
}

package simfront

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/perilune/perilune/exchange/simserver"
)

// placeOrder is POST order.
func (h *orderEntry) placeOrder(c *call) (any, *fault) {
	t, f := h.readTicket(c)
	if f != nil {
		return nil, f
	}
	o, f := c.account.placeTicket(t)
	if f != nil {
		return nil, f
	}
	return o.placed(t.reply), nil
}

// testOrder checks an order without sending it.
func (h *orderEntry) testOrder(c *call) (any, *fault) {
	if _, f := h.readTicket(c); f != nil {
		return nil, f
	}
	return object{}, nil
}

// placeTicket sends an order to the exchange.
func (a *account) placeTicket(t *ticket) (*order, *fault) {
	o, r := a.Entry.Place(t.order())
	if r != nil {
		return nil, refused(r)
	}
	return orderOf(o), nil
}

func refusal(code int, reason string) *simserver.Refusal {
	return &simserver.Refusal{Code: code, Reason: reason}
}

// refused is the answer to what the exchange does not do.
func refused(r *simserver.Refusal) *fault { return bad(r.Code, "%s", r.Reason) }

// maxBatch is how many orders one batch may have.
const maxBatch = 5

// placeBatch is POST batchOrders: each order stands for itself, and the answer
// is 200 even when all fail.
func (h *orderEntry) placeBatch(c *call) (any, *fault) { return h.batch(c, h.placeOrder) }

// modifyBatch is PUT batchOrders.
func (h *orderEntry) modifyBatch(c *call) (any, *fault) { return h.batch(c, h.modifyOrder) }

func (h *orderEntry) batch(c *call, run func(*call) (any, *fault)) (any, *fault) {
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
		v, f := run(c.item(item))
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

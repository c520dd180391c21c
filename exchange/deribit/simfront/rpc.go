package simfront

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// fault is an error of the protocol. closes: the connection ends with it.
type fault struct {
	code    int
	message string
	reason  string
	closes  bool
}

func refuse(code int, message string) *fault { return &fault{code: code, message: message} }

// badParam is that of a parameter that can't be used.
func badParam(name, reason string) *fault {
	return &fault{code: -32602, message: "Invalid params", reason: name + ": " + reason}
}

// request is one call of a method.
type request struct {
	id      json.RawMessage
	method  string
	params  map[string]json.RawMessage
	client  *client // nil: over HTTP
	account *simserver.Account
	key     *simserver.APIKey
	silent  bool // a fault: there is no answer
}

// text is a parameter as text; "" when it is left out.
func (q *request) text(name string) string {
	raw := q.params[name]
	var s string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	if string(raw) == "null" {
		return ""
	}
	return string(raw)
}

func (q *request) has(name string) bool { return q.text(name) != "" }

func (q *request) flag(name string) bool { return q.text(name) == "true" }

func (q *request) number(name string) (decimal.Decimal, *fault) {
	d, err := decimal.NewFromString(q.text(name))
	if err != nil || len(q.text(name)) > 40 {
		return d, badParam(name, "want a number")
	}
	return d, nil
}

func (q *request) integer(name string, otherwise int64) int64 {
	var n int64
	if _, err := fmt.Sscan(q.text(name), &n); err != nil {
		return otherwise
	}
	return n
}

// time is a parameter in milliseconds.
func (q *request) time(name string, otherwise exchange.Time) exchange.Time {
	if !q.has(name) {
		return otherwise
	}
	return exchange.UnixMilli(q.integer(name, 0))
}

func (q *request) list(name string) (out []string) {
	_ = json.Unmarshal(q.params[name], &out) // what is no list is an empty one
	return out
}

// envelope is that of a reply.
func (d *dialect) envelope(q *request, result any, e *fault, began time.Time) []byte {
	in := int64(d.state.Clock.Wall()) / 1000
	id := reply.Raw("null")
	if len(q.id) > 0 {
		id = reply.Raw(q.id)
	}
	o := reply.Object{{"jsonrpc", "2.0"}, {"id", id}}
	if e != nil {
		fields := reply.Object{{"code", e.code}, {"message", e.message}}
		if e.reason != "" {
			fields = fields.With(reply.Field{"data", reply.Object{{"reason", e.reason}}})
		}
		o = o.With(reply.Field{"error", fields})
	} else {
		o = o.With(reply.Field{"result", result})
	}
	took := int64(time.Since(began) / time.Microsecond)
	return reply.Encode(o.With(reply.Field{"usIn", in}, reply.Field{"usOut", in + took}, reply.Field{"usDiff", took}, reply.Field{"testnet", true}))
}

// rest answers over HTTP: GET with the parameters in the address, or POST of a JSON-RPC
// request, to the method's path or to that of all.
func (d *dialect) rest(r *http.Request, body []byte) *simserver.Answer {
	began := time.Now()
	q := &request{method: strings.Trim(strings.TrimPrefix(r.URL.Path, restPath), "/"), params: map[string]json.RawMessage{}}
	for name, v := range r.URL.Query() { // order does not matter: names are unique
		raw, err := json.Marshal(v[0])
		if err == nil {
			q.params[name] = raw
		}
	}
	if r.Method == http.MethodPost && len(body) > 0 {
		if e := q.read(body); e != nil {
			return &simserver.Answer{Status: http.StatusBadRequest, Body: d.envelope(q, nil, e, began)}
		}
	}
	e := d.signed(q, r, body)
	var result any
	if e == nil {
		result, e = call(d, q)
	}
	a := &simserver.Answer{Status: http.StatusOK, Header: map[string]string{"Content-Type": "application/json"}, Reset: q.silent}
	if f, hit := d.state.Faults.Occasion("slow_answer", nil, ""); hit {
		a.Delay = time.Duration(f.Millis) * time.Millisecond
	}
	if e != nil {
		a.Status = http.StatusBadRequest
		switch e.code {
		case 13004, 13009, 10000:
			a.Status = http.StatusUnauthorized
		case 10028:
			a.Status = http.StatusTooManyRequests
		}
	}
	a.Body = d.envelope(q, result, e, began)
	return a
}

// read takes a JSON-RPC request apart.
func (q *request) read(body []byte) *fault {
	var m struct {
		ID     json.RawMessage            `json:"id"`
		Method string                     `json:"method"`
		Params map[string]json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return &fault{code: -32700, message: "Parse error", reason: err.Error()}
	}
	q.id = m.ID
	if m.Method != "" {
		q.method = strings.Trim(m.Method, "/")
	}
	for k, v := range m.Params { // order does not matter: keys are unique
		q.params[k] = v
	}
	if q.method == "" {
		return &fault{code: -32600, message: "request entity has no method"}
	}
	return nil
}

// call carries a method out, when the caller may and has credits for it.
func call(d *dialect, q *request) (any, *fault) {
	m, ok := methods[q.method]
	switch {
	case !ok:
		return nil, refuse(-32601, "Method not found")
	case d.state.Faults.Closed(nil) && q.method != "public/test":
		return nil, refuse(11051, "system_maintenance")
	case d.state.Faults.Strikes("429", nil, ""), d.state.Faults.Strikes("418", nil, ""):
		return nil, &fault{code: 10028, message: "too_many_requests", closes: true}
	case m.socket && q.client == nil:
		return nil, &fault{code: -32601, message: "Method not found", reason: "it is of websockets alone"}
	}
	if m.private {
		if e := d.may(q, &m); e != nil {
			return nil, e
		}
	}
	if e := d.charge(q, &m); e != nil {
		return nil, e
	}
	if m.enters {
		return d.entered(q, m.do)
	}
	return m.do(d, q)
}

// may reports whether the caller has signed in, and may do what is asked.
func (d *dialect) may(q *request, m *method) *fault {
	if q.account == nil && q.client != nil {
		q.account, q.key = q.client.account, q.client.key
	}
	if token := q.text("access_token"); token != "" && q.account == nil {
		d.byToken(q, token)
	}
	switch {
	case q.account == nil:
		return refuse(13009, "unauthorized")
	case !q.key.May(simserver.MayRead), m.enters && !q.key.May(simserver.MaySpot) && !q.key.May(simserver.MayFutures):
		return refuse(13021, "forbidden")
	}
	return nil
}

// entered carries out what changes orders, with what may go wrong with it.
func (d *dialect) entered(q *request, do func(*dialect, *request) (any, *fault)) (any, *fault) {
	seg, symbol := d.about(q)
	for kind, e := range map[string]*fault{"unavailable": refuse(10040, "retry"), "internal": refuse(11094, "internal_server_error"), "throttled": refuse(10047, "matching_engine_queue_full")} {
		if d.state.Faults.Strikes(kind, seg, symbol) { // order does not matter: each has occasions of its own
			return nil, e
		}
	}
	result, e := do(d, q)
	if e != nil {
		return nil, e
	}
	switch {
	case d.state.Faults.Strikes("timeout", seg, symbol), d.state.Faults.Strikes("unknown", seg, symbol):
		return nil, refuse(13028, "temporarily_unavailable")
	case d.state.Faults.Strikes("reset", seg, symbol):
		q.silent = true
	}
	return result, nil
}

// about is the segment and the instrument of a request, for faults.
func (d *dialect) about(q *request) (*simserver.Segment, string) {
	if m := d.market(q.text("instrument_name")); m != nil {
		return m.Segment, m.In.Symbol
	}
	if o := d.orderOf(q); o != nil {
		return o.Market.Segment, o.Market.In.Symbol
	}
	return nil, ""
}

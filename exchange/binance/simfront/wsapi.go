package simfront

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/sign"
)

// apiRequest is one request over a WebSocket API.
type apiRequest struct {
	ID     json.RawMessage            `json:"id"`
	Method string                     `json:"method"`
	Params map[string]json.RawMessage `json:"params"`
}

// serveRequest answers one request of a WebSocket API.
func (x *socketAPI) serveRequest(c *client, frame []byte) {
	var q apiRequest
	if err := json.Unmarshal(frame, &q); err != nil || q.Method == "" {
		x.sendAnswer(c, nil, refuse(bad(-1135, "Invalid JSON Request"), nil))
		return
	}
	r := q.request(c)
	res := x.apiAnswer(c, q.Method, r)
	if res.reset {
		c.conn.Peer.Drop()
		return
	}
	if r.get("returnRateLimits") == "false" {
		res.limits = nil
	}
	x.sendAnswer(c, q.ID, res)
}

func (x *socketAPI) apiAnswer(c *client, method string, r *request) *response {
	if run, ok := sessionMethods[method]; ok && (c.end.market == api.Spot || strings.HasPrefix(method, "session.")) {
		return x.sessionAnswer(c, r, run)
	}
	key, ok := apiMethods[c.end.market][method]
	if !ok {
		return refuse(bad(-1000, "Unknown method '%s'.", method), nil)
	}
	r.method, r.path, _ = strings.Cut(key, " ")
	return x.answerCall(r, key)
}

// request turns the parameters into what REST would have brought. The signature
// is over all of them, sorted and not encoded.
func (q *apiRequest) request(c *client) *request {
	r := &request{market: c.end.market, params: url.Values{}, ip: c.ip, session: c.session}
	names := make([]string, 0, len(q.Params))
	for k, v := range q.Params { // order does not matter: sorted below
		text, ok := rawText(v)
		if !ok {
			continue
		}
		r.params.Set(k, text)
		names = append(names, k)
	}
	slices.Sort(names)
	var payload []string
	for _, n := range names {
		if n != "signature" {
			payload = append(payload, n+"="+r.params.Get(n))
		}
	}
	r.key, r.signature, r.payload = r.get("apiKey"), r.get("signature"), strings.Join(payload, "&")
	return r
}

// rawText is a JSON value as it is signed: a string without its quotes, the rest
// as written.
func rawText(v json.RawMessage) (string, bool) {
	v = bytes.TrimSpace(v)
	if len(v) == 0 || bytes.Equal(v, []byte("null")) {
		return "", false
	}
	if v[0] != '"' {
		return string(v), true
	}
	var text string
	err := json.Unmarshal(v, &text)
	return text, err == nil
}

func (x *socketAPI) sendAnswer(c *client, id json.RawMessage, res *response) {
	o := object{{"id", idOf(id)}, {"status", res.status}}
	if res.fault != nil {
		body := res.fault.body()
		if res.fault.retryAt != 0 {
			body = body.with(field{"data", object{{"serverTime", millis(x.clock.Wall())}, {"retryAfter", millis(res.fault.retryAt)}}})
		}
		o = o.with(field{"error", body})
	} else {
		o = o.with(field{"result", raw(res.body)})
	}
	if res.limits != nil && c.limits {
		o = o.with(field{"rateLimits", res.limits})
	}
	c.conn.Peer.Send(encode(o))
}

func (x *socketAPI) sessionAnswer(c *client, r *request, m sessionMethod) *response {
	cl := &call{request: r}
	if f := x.refuseFirst(cl); f != nil {
		return refuse(f, nil)
	}
	if f := x.chargeWeight(r, m.weight); f != nil {
		return refuse(f, nil)
	}
	if f := x.authorise(cl, m.sec); f != nil {
		return refuse(f, nil)
	}
	if m.sec != open {
		if f := permitted(cl, m.sec); f != nil {
			return refuse(f, nil)
		}
	}
	v, f := m.run(x, c, cl)
	if f != nil {
		return refuse(f, nil)
	}
	return &response{status: http.StatusOK, body: encode(v), limits: x.wsLimits(cl, false)}
}

// logon is for Ed25519 keys only.
func (x *socketAPI) logon(c *client, cl *call) (any, *fault) {
	if cl.apiKey.Verifier.Kind() != sign.KindEd25519 {
		return nil, bad(-4056, "HMAC_SHA256 API key is not supported.")
	}
	c.session = cl.apiKey
	return c.status(x.clock.Wall()), nil
}

func (c *client) status(now exchange.Time) object {
	o := object{{"apiKey", nil}, {"authorizedSince", nil}}
	if c.session != nil {
		o = object{{"apiKey", c.session.Name}, {"authorizedSince", millis(now)}}
	}
	return o.with(field{"connectedSince", millis(now)}, field{"returnRateLimits", c.limits}, field{"serverTime", millis(now)},
		field{"userDataStream", len(c.users) > 0})
}

func (x *socketAPI) sessionStatus(c *client, _ *call) (any, *fault) {
	return c.status(x.clock.Wall()), nil
}

// logout ends the session and the subscription that came with it, no other.
func (x *socketAPI) logout(c *client, _ *call) (any, *fault) {
	c.session = nil
	c.users = slices.DeleteFunc(c.users, func(u userSubscription) bool { return u.logon })
	return c.status(x.clock.Wall()), nil
}

func (x *socketAPI) subscriptions(c *client, _ *call) (any, *fault) {
	out := list{}
	for _, u := range c.users {
		out = append(out, object{{"subscriptionId", u.id}})
	}
	return out, nil
}

func (x *socketAPI) subscribeSession(c *client, _ *call) (any, *fault) {
	if c.session == nil {
		return nil, errBadKey
	}
	return c.subscribeUser(accountOf(c.session.Account), true)
}

func (x *socketAPI) subscribeSigned(c *client, cl *call) (any, *fault) {
	return c.subscribeUser(cl.account, false)
}

// subscribeUser ties the connection to an account: once for each.
func (c *client) subscribeUser(a *account, logon bool) (any, *fault) {
	for _, u := range c.users {
		if u.account == a {
			return nil, bad(-2035, "User is already subscribed to the user data stream.")
		}
	}
	u := userSubscription{account: a, id: c.nextSub, logon: logon}
	c.nextSub++
	c.users = append(c.users, u)
	return object{{"subscriptionId", u.id}}, nil
}

func (x *socketAPI) unsubscribeUser(c *client, cl *call) (any, *fault) {
	id, f := cl.integer("subscriptionId", -1)
	if f != nil {
		return nil, f
	}
	before := len(c.users)
	c.users = slices.DeleteFunc(c.users, func(u userSubscription) bool { return id < 0 || int64(u.id) == id })
	if len(c.users) == before && id >= 0 {
		return nil, bad(-2036, "User is not subscribed to the user data stream.")
	}
	return object{}, nil
}

package simfront

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/sign"
)

// apiMethods are the methods of the WebSocket APIs that are REST endpoints under
// another name.
var apiMethods = map[api.Market]map[string]string{
	api.Spot: {
		"ping": "GET v3/ping", "time": "GET v3/time", "exchangeInfo": "GET v3/exchangeInfo", "depth": "GET v3/depth",
		"trades.recent": "GET v3/trades", "trades.historical": "GET v3/historicalTrades", "trades.aggregate": "GET v3/aggTrades",
		"klines": "GET v3/klines", "uiKlines": "GET v3/uiKlines", "avgPrice": "GET v3/avgPrice",
		"ticker.24hr": "GET v3/ticker/24hr", "ticker.price": "GET v3/ticker/price", "ticker.book": "GET v3/ticker/bookTicker",
		"order.place": "POST v3/order", "order.test": "POST v3/order/test", "order.status": "GET v3/order", "order.cancel": "DELETE v3/order",
		"order.cancelReplace": "POST v3/order/cancelReplace", "order.amend.keepPriority": "PUT v3/order/amend/keepPriority", "openOrders.status": "GET v3/openOrders", "openOrders.cancelAll": "DELETE v3/openOrders",
		"allOrders": "GET v3/allOrders", "myTrades": "GET v3/myTrades", "account.status": "GET v3/account", "account.commission": "GET v3/account/commission",
		"account.rateLimits.orders": "GET v3/rateLimit/order",
	},
	api.USDM: {
		"depth": "GET v1/depth", "ticker.price": "GET v2/ticker/price", "ticker.book": "GET v1/ticker/bookTicker",
		"order.place": "POST v1/order", "order.modify": "PUT v1/order", "order.cancel": "DELETE v1/order", "order.status": "GET v1/order", "algoOrder.place": "POST v1/algoOrder", "algoOrder.cancel": "DELETE v1/algoOrder",
		"account.balance": "GET v2/balance", "v2/account.balance": "GET v3/balance", "account.status": "GET v2/account", "v2/account.status": "GET v3/account",
		"account.position": "GET v2/positionRisk", "v2/account.position": "GET v3/positionRisk",
		"userDataStream.start": "POST v1/listenKey", "userDataStream.ping": "PUT v1/listenKey", "userDataStream.stop": "DELETE v1/listenKey",
	},
	api.COINM: {
		"order.place": "POST v1/order", "order.modify": "PUT v1/order", "order.cancel": "DELETE v1/order", "order.status": "GET v1/order", "algoOrder.place": "POST v1/algoOrder", "algoOrder.cancel": "DELETE v1/algoOrder",
		"account.balance": "GET v1/balance", "account.status": "GET v1/account", "account.position": "GET v1/positionRisk",
		"userDataStream.start": "POST v1/listenKey", "userDataStream.ping": "PUT v1/listenKey", "userDataStream.stop": "DELETE v1/listenKey",
	},
}

// apiRequest is one request over a WebSocket API.
type apiRequest struct {
	ID     json.RawMessage            `json:"id"`
	Method string                     `json:"method"`
	Params map[string]json.RawMessage `json:"params"`
}

// api answers one request of a WebSocket API.
func (s *sim) api(c *client, frame []byte) {
	var q apiRequest
	if err := json.Unmarshal(frame, &q); err != nil || q.Method == "" {
		s.reply(c, nil, refuse(bad(-1135, "Invalid JSON Request"), nil))
		return
	}
	r := q.request(c)
	res := s.apiAnswer(c, q.Method, r)
	if res.reset {
		c.conn.Peer.Drop()
		return
	}
	if r.get("returnRateLimits") == "false" {
		res.limits = nil
	}
	s.reply(c, q.ID, res)
}

func (s *sim) apiAnswer(c *client, method string, r *request) *response {
	if run, ok := sessionMethods[method]; ok && (c.end.market == api.Spot || strings.HasPrefix(method, "session.")) {
		return s.sessionAnswer(c, r, run)
	}
	key, ok := apiMethods[c.end.market][method]
	if !ok {
		return refuse(bad(-1000, "Unknown method '%s'.", method), nil)
	}
	r.method, r.path, _ = strings.Cut(key, " ")
	return s.answer(r, key)
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

func (s *sim) reply(c *client, id json.RawMessage, res *response) {
	o := object{{"id", idOf(id)}, {"status", res.status}}
	if res.fault != nil {
		body := res.fault.body()
		if res.fault.retryAt != 0 {
			body = body.with(field{"data", object{{"serverTime", millis(s.Clock.Wall())}, {"retryAfter", millis(res.fault.retryAt)}}})
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

// sessionMethod is a method that concerns the connection itself.
type sessionMethod struct {
	sec    security
	weight int
	run    func(*sim, *client, *call) (any, *fault)
}

var sessionMethods = map[string]sessionMethod{
	"session.logon":                      {signed, 2, logon},
	"session.status":                     {open, 2, sessionStatus},
	"session.logout":                     {open, 2, logout},
	"session.subscriptions":              {open, 2, subscriptions},
	"userDataStream.subscribe":           {open, 2, subscribeSession},
	"userDataStream.subscribe.signature": {signed, 2, subscribeSigned},
	"userDataStream.unsubscribe":         {open, 2, unsubscribeUser},
}

func (s *sim) sessionAnswer(c *client, r *request, m sessionMethod) *response {
	cl := &call{request: r}
	if f := s.before(cl); f != nil {
		return refuse(f, nil)
	}
	if f := s.charge(r, m.weight); f != nil {
		return refuse(f, nil)
	}
	if f := s.authorise(cl, m.sec); f != nil {
		return refuse(f, nil)
	}
	if m.sec != open {
		if f := permitted(cl, m.sec); f != nil {
			return refuse(f, nil)
		}
	}
	v, f := m.run(s, c, cl)
	if f != nil {
		return refuse(f, nil)
	}
	return &response{status: http.StatusOK, body: encode(v), limits: s.wsLimits(cl, false)}
}

// logon is for Ed25519 keys only.
func logon(s *sim, c *client, cl *call) (any, *fault) {
	if cl.apiKey.Verifier.Kind() != sign.KindEd25519 {
		return nil, bad(-4056, "HMAC_SHA256 API key is not supported.")
	}
	c.session = cl.apiKey
	return c.status(s), nil
}

func (c *client) status(s *sim) object {
	o := object{{"apiKey", nil}, {"authorizedSince", nil}}
	if c.session != nil {
		o = object{{"apiKey", c.session.Name}, {"authorizedSince", millis(s.Clock.Wall())}}
	}
	return o.with(field{"connectedSince", millis(s.Clock.Wall())}, field{"returnRateLimits", c.limits}, field{"serverTime", millis(s.Clock.Wall())},
		field{"userDataStream", len(c.users) > 0})
}

func sessionStatus(s *sim, c *client, _ *call) (any, *fault) { return c.status(s), nil }

// logout ends the session and the subscription that came with it, no other.
func logout(s *sim, c *client, _ *call) (any, *fault) {
	c.session = nil
	c.users = slices.DeleteFunc(c.users, func(u userSubscription) bool { return u.logon })
	return c.status(s), nil
}

func subscriptions(_ *sim, c *client, _ *call) (any, *fault) {
	out := list{}
	for _, u := range c.users {
		out = append(out, object{{"subscriptionId", u.id}})
	}
	return out, nil
}

func subscribeSession(_ *sim, c *client, _ *call) (any, *fault) {
	if c.session == nil {
		return nil, errBadKey
	}
	return c.subscribeUser(accountOf(c.session.Account), true)
}

func subscribeSigned(_ *sim, c *client, cl *call) (any, *fault) {
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

func unsubscribeUser(_ *sim, c *client, cl *call) (any, *fault) {
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

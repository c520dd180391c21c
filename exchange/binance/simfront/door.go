package simfront

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/wire"
)

// security says what a request must prove.
type security uint8

const (
	open   security = iota
	keyed           // an API key
	signed          // an API key, a fresh timestamp and a signature
)

// prefixes are the first parts of REST paths.
var prefixes = map[string]struct {
	market api.Market
	wallet bool
}{
	"api": {api.Spot, false}, "sapi": {api.Spot, true}, "fapi": {api.USDM, false}, "dapi": {api.COINM, false},
}

// answerREST answers one HTTP request.
func (d *door) answerREST(r *request, path string) *response {
	prefix, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if prefix == "futures" { // of both kinds; only inverse contracts are named by such pairs
		r.market, r.path = d.statsMarket(r), "futures/"+rest
		return d.answerCall(r, routeKey(r))
	}
	where, ok := prefixes[prefix]
	if !ok {
		return refuse(errNotFound, nil)
	}
	r.market, r.wallet, r.path = where.market, where.wallet, rest
	return d.answerCall(r, routeKey(r))
}

func routeKey(r *request) string {
	if r.wallet {
		return r.method + " sapi/" + r.path
	}
	return r.method + " " + r.path
}

// answerCall judges a request and runs it.
func (d *door) answerCall(r *request, key string) *response {
	c := &call{request: r}
	rt, ok := d.routes[r.market][key]
	if !ok {
		return refuse(notSimulated(key), nil)
	}
	if r.twice != "" {
		return refuse(bad(-1101, "Duplicate values for parameter '%s'.", r.twice), nil)
	}
	if f := d.refuseFirst(c); f != nil {
		return refuse(f, nil)
	}
	if f := d.chargeWeight(r, rt.weight(c)); f != nil {
		return refuse(f, d.headers(c, false))
	}
	if f := d.authorise(c, rt.sec); f != nil {
		return refuse(f, d.headers(c, false))
	}
	if rt.sec != open {
		if f := permitted(c, rt.sec); f != nil {
			return refuse(f, d.headers(c, false))
		}
	}
	if rt.orders.short > 0 {
		if f := d.chargeOrders(c, rt.orders.short, rt.orders.long); f != nil {
			return refuse(f, d.headers(c, true))
		}
	}
	res := d.runHandler(c, rt)
	res.header = d.headers(c, rt.orders.short > 0)
	res.limits = d.wsLimits(c, rt.orders.short > 0)
	d.loseAnswer(c, res)
	return res
}

func (d *door) runHandler(c *call, rt route) *response {
	v, f := rt.run(c)
	if f != nil {
		return refuse(f, nil)
	}
	if res, ok := v.(*response); ok {
		return res
	}
	return &response{status: http.StatusOK, body: encode(v)}
}

func refuse(f *fault, header map[string]string) *response {
	if f.retryAfter > 0 {
		h := map[string]string{"Retry-After": strconv.FormatInt(f.retryAfter, 10)}
		for k, v := range header { // order does not matter: keys are copied one to one
			h[k] = v
		}
		header = h
	}
	return &response{status: f.status, header: header, body: encode(f.body()), fault: f}
}

// authorise checks what the route asks for, in the exchange's order: the key's
// form, the presence of timestamp and signature, the time, the key, the
// signature.
func (d *door) authorise(c *call, sec security) *fault {
	if sec == open {
		return nil
	}
	if c.session != nil && c.key == "" {
		c.apiKey, c.account = c.session, accountOf(c.session.Account)
		if sec == signed {
			return d.checkTime(c)
		}
		return nil
	}
	if !wellFormedKey(c.key) {
		return errBadKeyFormat
	}
	if sec == signed {
		if !c.has("timestamp") {
			return missing("timestamp")
		}
		if c.signature == "" {
			return missing("signature")
		}
		if f := d.checkTime(c); f != nil {
			return f
		}
	}
	k := d.key(c.key)
	if k == nil {
		return errBadKey
	}
	c.apiKey, c.account = k, accountOf(k.Account)
	if sec == signed && k.Verifier.Verify([]byte(c.payload), c.signature) != nil {
		return errSignature
	}
	return nil
}

func alphanumeric(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

func wellFormedKey(key string) bool {
	if len(key) != 64 {
		return false
	}
	for i := range len(key) {
		if !alphanumeric(key[i]) {
			return false
		}
	}
	return true
}

const (
	defaultWindow = 5000
	maxWindow     = 60000
	allowedAhead  = 1000
)

// checkTime accepts a timestamp that is less than a second ahead and not older than
// recvWindow. Spot allows microseconds and a fraction in recvWindow.
func (d *door) checkTime(c *call) *fault {
	ts, f := c.integer("timestamp", 0)
	if f != nil {
		return f
	}
	if ts <= 0 {
		return missing("timestamp")
	}
	if c.market == api.Spot && ts > 1e15 {
		ts /= 1000
	}
	window := float64(defaultWindow)
	if text := c.get("recvWindow"); text != "" {
		w, err := strconv.ParseFloat(text, 64)
		if err != nil || w < 0 {
			return bad(-1100, "Illegal characters found in parameter 'recvWindow'; legal range is '^[0-9]{1,5}(\\.[0-9]{1,3})?$'.")
		}
		if w > maxWindow {
			return bad(-1131, "recvWindow must be less than 60000.")
		}
		window = w
	}
	now := millis(d.clock.Wall())
	switch {
	case ts >= now+allowedAhead:
		return errAhead
	case float64(now-ts) > window:
		return errLate
	}
	return nil
}

// write sends a REST answer.
func write(w http.ResponseWriter, res *response) {
	if res.reset {
		wire.Reset(w)
		return
	}
	h := w.Header()
	for k, v := range res.header { // order does not matter: HTTP sorts headers
		h.Set(k, v)
	}
	h.Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(res.status)
	_, _ = w.Write(res.body)
}

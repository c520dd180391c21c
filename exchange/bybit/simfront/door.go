package simfront

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// door judges requests and lets them through to their handlers.
type door struct {
	state    *simserver.State
	quota    *quota
	markets  []*market
	accounts []*account
	routes   map[string]route
}

// fault is a request that is not done.
type fault struct {
	code   int
	msg    string
	status int // of HTTP, where it is not 200
}

func bad(code int, msg string) *fault { return &fault{code: code, msg: msg} }

func invalid(msg string) *fault { return bad(10001, msg) }

// call is a request as handlers see it, from REST or the trade socket.
type call struct {
	path    string
	query   url.Values
	body    map[string]any // of what is posted
	account *account
	key     *simserver.APIKey
	address string
}

// text is a parameter: of the query, or of the body, where numbers are understood too.
func (c *call) text(name string) string {
	if c.body == nil {
		return c.query.Get(name)
	}
	switch v := c.body[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (c *call) flag(name string) bool { return c.text(name) == "true" }

// amount is a decimal parameter; false when it is none. Exponents, which a short text can
// make endless, are none.
func (c *call) amount(name string) (decimal.Decimal, bool) {
	text := c.text(name)
	if len(text) > 40 || strings.ContainsAny(text, "eE") {
		return decimal.Zero, false
	}
	d, err := decimal.NewFromString(text)
	return d, err == nil
}

// number is a whole parameter within bounds, or the usual one.
func (c *call) number(name string, usual, most int64) (int64, *fault) {
	text := c.text(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, invalid("params error: " + name + " invalid")
	}
	if most > 0 {
		n = min(n, most)
	}
	return n, nil
}

// category is the one that a request names.
func (c *call) category() (api.Category, *fault) {
	switch k := api.Category(c.text("category")); k {
	case api.Spot, api.Linear, api.Inverse:
		return k, nil
	case "option":
		return "", invalid("options are not simulated")
	}
	return "", invalid("Illegal category")
}

// answer answers one HTTP request.
func (d *dialect) answer(r *http.Request, body []byte) *simserver.Answer {
	a, f := d.door.judge(r, body)
	if f != nil {
		return f
	}
	return a
}

// judge is answer; the second is what is refused before there is an envelope.
func (d *door) judge(r *http.Request, body []byte) (*simserver.Answer, *simserver.Answer) {
	c := &call{path: r.URL.Path, address: hostOf(r)}
	if d.state.Faults.Closed(nil) {
		return nil, &simserver.Answer{Status: http.StatusServiceUnavailable, Body: []byte("Service Unavailable")}
	}
	if d.quota.banned(c.address) {
		return nil, d.tooFrequent(c.address)
	}
	rt, ok := d.routes[r.Method+" "+r.URL.Path]
	if !ok {
		return nil, &simserver.Answer{Status: http.StatusNotFound, Body: d.envelope(10404, "not simulated: "+r.Method+" "+r.URL.Path, reply.Object{}, nil)}
	}
	text := r.URL.RawQuery
	if r.Method == http.MethodPost {
		text = string(body)
		if f := c.read(body); f != nil {
			return d.refused(f, nil), nil
		}
	} else {
		if len(body) > 0 {
			return nil, &simserver.Answer{Status: http.StatusForbidden, Body: []byte("a GET has no body")}
		}
		var err error
		if c.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
			return d.refused(invalid("params error"), nil), nil
		}
	}
	if rt.need != "" {
		if f := d.authorise(c, r.Header, text, rt.need); f != nil {
			return d.refused(f, nil), nil
		}
	}
	return d.run(c, rt), nil
}

// read takes in a posted body.
func (c *call) read(body []byte) *fault {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	if err := dec.Decode(&c.body); err != nil || c.body == nil {
		return invalid("Request parameter error. Please check the JSON of the body.")
	}
	return nil
}

// authorise checks the key, the time and the signature. Source: the manual, Authentication.
func (d *door) authorise(c *call, h http.Header, text, need string) *fault {
	name, stamp, window := h.Get("X-BAPI-API-KEY"), h.Get("X-BAPI-TIMESTAMP"), h.Get("X-BAPI-RECV-WINDOW")
	k := d.state.Key(name)
	if k == nil {
		return bad(10003, "API key is invalid.")
	}
	if f := d.fresh(stamp, window); f != nil {
		return f
	}
	if k.Verifier.Verify([]byte(stamp+name+window+text), h.Get("X-BAPI-SIGN")) != nil {
		return bad(10004, "error sign! origin_string["+stamp+name+window+text+"]")
	}
	return d.permit(c, k, need)
}

func (d *door) permit(c *call, k *simserver.APIKey, need string) *fault {
	c.key, c.account = k, accountOf(k.Account)
	if need == mayTrade {
		need = simserver.MayFutures
		if c.text("category") == string(api.Spot) {
			need = simserver.MaySpot
		}
	}
	if !k.May(need) {
		return bad(10005, "Permission denied, please check your API key permissions.")
	}
	return nil
}

// mayTrade is spot or futures, by the category.
const mayTrade = "trade"

// fresh accepts a timestamp that is within its window and less than a second ahead.
func (d *door) fresh(stamp, window string) *fault {
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return invalid("invalid request, please check your timestamp")
	}
	within := int64(5000)
	if window != "" {
		if within, err = strconv.ParseInt(window, 10, 64); err != nil || within <= 0 {
			return invalid("invalid recv_window")
		}
	}
	now := millis(d.state.Clock.Wall())
	if at < now-within || at >= now+1000 {
		return bad(10002, "invalid request, please check your server timestamp or recv_window param. req_timestamp["+stamp+"],server_timestamp["+
			strconv.FormatInt(now, 10)+"],recv_window["+strconv.FormatInt(within, 10)+"]")
	}
	return nil
}

// run counts a request, carries it out, and loses its answer where a fault says so.
func (d *door) run(c *call, rt route) *simserver.Answer {
	header := map[string]string{}
	if d.barred(c) {
		return d.tooFrequent(c.address)
	}
	if rt.perSecond != nil && c.account != nil {
		if f := d.quota.count(c, rt, header); f != nil {
			return d.refused(f, header)
		}
	}
	if rt.need == mayTrade || rt.need == simserver.MayTransfer {
		if f := d.refuseFirst(c); f != nil {
			return d.refused(f, header)
		}
	}
	v, ext, f := rt.run(c)
	if f != nil {
		return d.refused(f, header)
	}
	a := &simserver.Answer{Status: http.StatusOK, Header: header, Body: d.envelope(0, "OK", v, ext)}
	d.lose(c, rt, a)
	return a
}

// tooFrequent is what an address gets that is shut out. For how long stands in the answer,
// though the manual promises no more than ten minutes: a fault may be shorter.
func (d *door) tooFrequent(address string) *simserver.Answer {
	left := (d.quota.bans[address] - d.state.Clock.Wall() + exchange.Second - 1) / exchange.Second
	return &simserver.Answer{Status: http.StatusForbidden, Header: map[string]string{"Retry-After": strconv.FormatInt(int64(max(1, left)), 10)}, Body: []byte("access too frequent")}
}

// envelope is how every answer is wrapped.
func (d *door) envelope(code int, msg string, result, ext any) []byte {
	if ext == nil {
		ext = reply.Object{}
	}
	return reply.Encode(reply.Object{{"retCode", code}, {"retMsg", msg}, {"result", result}, {"retExtInfo", ext}, {"time", millis(d.state.Clock.Wall())}})
}

func (d *door) refused(f *fault, header map[string]string) *simserver.Answer {
	status := f.status
	if status == 0 {
		status = http.StatusOK
	}
	return &simserver.Answer{Status: status, Header: header, Body: d.envelope(f.code, f.msg, reply.Object{}, nil)}
}

// market is the one that a request names.
func (d *door) market(c *call) (*market, *fault) {
	k, f := c.category()
	if f != nil {
		return nil, f
	}
	if in, ok := d.state.Universe().Find(k.Venue(), c.text("symbol")); ok {
		return d.markets[in.ID], nil
	}
	if k == api.Spot {
		return nil, bad(170121, "Invalid symbol.")
	}
	return nil, invalid("params error: symbol invalid " + c.text("symbol"))
}

// wanted are the markets of a category that a request is about: one, or all.
func (d *door) wanted(c *call) (out []*market, f *fault) {
	k, f := c.category()
	if f != nil {
		return nil, f
	}
	if c.text("symbol") != "" {
		m, f := d.market(c)
		if f != nil {
			return nil, f
		}
		return []*market{m}, nil
	}
	for _, m := range d.markets {
		if m.category == k && !c.leaves(m) {
			out = append(out, m)
		}
	}
	return out, nil
}

// leaves reports that a request names another coin than a market's.
func (c *call) leaves(m *market) bool {
	base, settle := c.text("baseCoin"), c.text("settleCoin")
	return base != "" && base != m.In.Base || settle != "" && settle != m.In.Settle()
}

func millis(t exchange.Time) int64 { return int64(t / exchange.Millisecond) }

// stamp is a time as most payloads have it: text of milliseconds.
func stamp(t exchange.Time) string { return strconv.FormatInt(millis(t), 10) }

// hostOf is the address that a request is from.
func hostOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

func after(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

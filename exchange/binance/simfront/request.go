package simfront

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/signing"
	"github.com/perilune/perilune/exchange/simserver"
)

// request is one call as it came over HTTP or the WebSocket API.
type request struct {
	market    api.Market // Spot for /sapi
	method    string
	path      string // without the prefix: v3/order
	wallet    bool   // under /sapi
	params    url.Values
	key       string
	payload   string // what the signature is over
	signature string
	ip        string
	twice     string // a parameter that was sent twice; empty: none
	// session is the key that a WebSocket API connection has logged on with.
	session *simserver.APIKey
}

// response is what becomes of a request.
type response struct {
	status int
	header map[string]string
	body   []byte
	reset  bool // end the connection instead of answering
	delay  time.Duration
	limits list // of the WebSocket API
	fault  *fault
}

// readRequest takes an HTTP request apart. It keeps the very bytes that were
// signed: the query, followed by the body, without the signature.
func readRequest(r *http.Request, body string) (*request, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, err
	}
	q := &request{method: r.Method, params: query, key: r.Header.Get("X-MBX-APIKEY"), ip: hostOf(r.RemoteAddr)}
	q.twice = firstTwice(query, form)
	for k, v := range form { // order does not matter: keys are copied one to one
		if !query.Has(k) { // the query wins
			query[k] = v
		}
	}
	// Without a signature both stay empty, and only a signed endpoint minds.
	q.payload, q.signature, _ = signing.Cut(r.URL.RawQuery, body)
	return q, nil
}

// firstTwice names a parameter that the query, or the body, has twice: the first by
// name. One in both is in order, and the query wins.
func firstTwice(lists ...url.Values) string {
	first := ""
	for _, list := range lists {
		for k, v := range list { // order does not matter: the smallest is kept
			if len(v) > 1 && (first == "" || k < first) {
				first = k
			}
		}
	}
	return first
}

func hostOf(addr string) string {
	if i := strings.LastIndexByte(addr, ':'); i >= 0 {
		return addr[:i]
	}
	return addr
}

// call is a request while it is being answered.
type call struct {
	*request
	account *account
	apiKey  *simserver.APIKey
}

func (r *request) get(name string) string { return r.params.Get(name) }

func (r *request) has(name string) bool { return r.params.Get(name) != "" }

// integer returns a whole number, def when it is not there.
func (r *request) integer(name string, def int64) (int64, *fault) {
	text := r.get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, bad(-1100, "Illegal characters found in parameter '%s'; legal range is '^[0-9]{1,20}$'.", name)
	}
	return n, nil
}

// bounded returns a limit between 1 and most.
func (r *request) bounded(name string, def, most int64) (int, *fault) {
	n, f := r.integer(name, def)
	if f != nil {
		return 0, f
	}
	if n < 1 {
		return 0, bad(-1130, "Data sent for parameter '%s' is not valid.", name)
	}
	return int(min(n, most)), nil
}

// amount returns a decimal that must be there.
func (r *request) amount(name string) (decimal.Decimal, *fault) {
	text := r.get(name)
	if text == "" {
		return decimal.Zero, missing(name)
	}
	if len(text) > 40 || strings.ContainsAny(text, "eE+ ") {
		return decimal.Zero, illegalNumber(name)
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Zero, illegalNumber(name)
	}
	return d, nil
}

func illegalNumber(name string) *fault {
	return bad(-1100, "Illegal characters found in parameter '%s'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.", name)
}

// flag returns a boolean sent as "true" or "false".
func (r *request) flag(name string) (bool, *fault) {
	switch strings.ToLower(r.get(name)) {
	case "":
		return false, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, bad(-1100, "Illegal characters found in parameter '%s'; legal range is 'true|false'.", name)
}

// window returns startTime and endTime as market times; 0 where it is open.
func (r *request) window() (from, to exchange.Time, f *fault) {
	a, f := r.integer("startTime", 0)
	if f != nil {
		return 0, 0, f
	}
	b, f := r.integer("endTime", 0)
	if f != nil {
		return 0, 0, f
	}
	if a < 0 || b < 0 || a > maxMillis || b > maxMillis {
		return 0, 0, bad(-1130, "Data sent for parameter 'startTime' is not valid.")
	}
	if b != 0 && b < a {
		return 0, 0, bad(-1127, "Start time is greater than end time.")
	}
	return exchange.UnixMilli(a), exchange.UnixMilli(b), nil
}

// maxMillis is the last millisecond that nanoseconds can count to.
const maxMillis = int64(1<<63-1) / int64(exchange.Millisecond)

// within reports whether a time is in a window of which both ends are
// inclusive, to the millisecond.
func within(t, from, to exchange.Time) bool {
	ms := t / exchange.Millisecond * exchange.Millisecond
	return ms >= from && (to == 0 || ms <= to)
}

func millis(t exchange.Time) int64 { return int64(t / exchange.Millisecond) }

package simfront

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// allowance is how many requests of a path an account may make in a window.
type allowance struct {
	most   int
	window exchange.Time
	each   bool // of an instrument
	items  bool // each order counts
}

// two is the window of most paths.
const two = 2 * exchange.Second

// allowances are the limits of the paths that an account asks. Source: the manual, at each path:
// orders are counted by account and instrument, batches by their orders and apart.
var allowances = map[string]allowance{
	"POST /trade/order": {60, two, true, false}, "POST /trade/amend-order": {60, two, true, false}, "POST /trade/cancel-order": {60, two, true, false},
	"POST /trade/batch-orders": {300, two, true, true}, "POST /trade/amend-batch-orders": {300, two, true, true}, "POST /trade/cancel-batch-orders": {300, two, true, true},
	"POST /trade/close-position": {20, two, true, false}, "POST /trade/cancel-all-after": {1, exchange.Second, false, false},
	"GET /trade/order": {60, two, true, false}, "GET /trade/orders-pending": {60, two, false, false}, "GET /trade/orders-history": {40, two, false, false},
	"GET /trade/fills": {60, two, false, false}, "GET /trade/fills-history": {10, two, false, false}, "GET /account/balance": {10, two, false, false}, "GET /account/positions": {10, two, false, false},
	"GET /account/bills": {5, exchange.Second, false, false}, "GET /account/config": {5, two, false, false}, "GET /account/trade-fee": {5, two, false, false}, "POST /account/set-leverage": {40, two, false, false},
}

// usage is what was used in a window.
type usage struct {
	begun exchange.Time
	used  int
}

// tooMany counts a request of an account, over REST or the private stream alike, and reports
// one that is too much.
func tooMany(c *call, name string) bool {
	a, ok := allowances[name]
	if !ok || c.a == nil {
		return false
	}
	key, n := name, 1
	if a.each {
		key += " " + instrumentOf(c)
	}
	if a.items {
		n = max(1, bytes.Count(c.body, []byte(`{`)))
	}
	used, now := noteOf(c.a).used, c.d.s.Clock.Wall()
	u := used[key]
	if u == nil {
		u = &usage{}
		used[key] = u
	}
	if now >= u.begun+a.window || now < u.begun {
		*u = usage{begun: now}
	}
	u.used += n
	return u.used > a.most
}

// instrumentOf is the first that a request names.
func instrumentOf(c *call) string {
	if id := c.q.Get("instId"); id != "" {
		return id
	}
	var first struct {
		Symbol string      `json:"instId"`
		Code   json.Number `json:"instIdCode"`
	}
	body := strings.Trim(string(c.body), "[] \n")
	if err := json.NewDecoder(strings.NewReader(body)).Decode(&first); err != nil {
		return ""
	}
	if code, err := strconv.ParseInt(first.Code.String(), 10, 64); err == nil {
		if m := c.d.marketOf(code); m != nil {
			return m.In.Symbol
		}
	}
	return first.Symbol
}

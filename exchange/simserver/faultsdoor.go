package simserver

import (
	"net/http"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Faults of requests: those that are refused at the door, and those that are
// carried out and whose answer is lost.

// before refuses a request that is not to be carried out.
func (d *faultDesk) before(s *sim, c *call) *fault {
	m, symbol, now := c.market, c.get("symbol"), s.wall()
	if d.closed(s, m) {
		if m == api.Spot {
			return &fault{status: http.StatusServiceUnavailable, code: -1016, msg: "This service is no longer available."}
		}
		return &fault{status: http.StatusServiceUnavailable, code: 0, msg: "Service Unavailable."}
	}
	if f, hit := d.take(s, "418", m, symbol); hit {
		until := now + banFor
		if f.Millis > 0 {
			until = now + exchange.UnixMilli(f.Millis)
		}
		s.used(c.request).banUntil = until
		return banned(m, until, now)
	}
	if d.strikes(s, "429", m, symbol) {
		return tooMany(m, s.opt.Limits.SpotWeight, 1, now)
	}
	if !entersOrder(c.request) {
		return nil
	}
	return d.refuseEntry(s, m, symbol)
}

// closed reports maintenance of a market.
func (d *faultDesk) closed(s *sim, m api.Market) bool { return s.wall() < d.closedUntil[m] }

// refuseEntry is order entry that was certainly not carried out on futures. On
// spot every 5xx leaves the outcome unknown to who reads the rules.
func (d *faultDesk) refuseEntry(s *sim, m api.Market, symbol string) *fault {
	for _, f := range []struct {
		kind string
		code int
		msg  string
	}{
		{"unavailable", 0, "Service Unavailable."},
		{"internal", -1001, "Internal error; unable to process your request. Please try again."},
		{"throttled", -1008, "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again."},
	} {
		if d.strikes(s, f.kind, m, symbol) {
			return &fault{status: http.StatusServiceUnavailable, code: f.code, msg: f.msg}
		}
	}
	return nil
}

func entersOrder(r *request) bool {
	rt, ok := routes[r.market][routeKey(r)]
	return ok && rt.short > 0
}

// changesOrders reports order entry and cancels.
func changesOrders(r *request) bool {
	return entersOrder(r) || r.method == http.MethodDelete && strings.Contains(strings.ToLower(r.path), "order")
}

var errUnknownOutcome = &fault{status: http.StatusRequestTimeout, code: -1007,
	msg: "Timeout waiting for response from backend server. Send status unknown; execution status unknown."}

// after loses the answer to what was carried out, or keeps it back.
func (d *faultDesk) after(s *sim, c *call, res *response) {
	m, symbol := c.market, c.get("symbol")
	if f, hit := d.take(s, "slow_answer", m, symbol); hit {
		res.delay = milliseconds(f.Millis)
	}
	if res.status >= 300 {
		return
	}
	var f *fault
	switch {
	case c.wallet && d.transferred(c) && d.strikes(s, "transfer_unknown", 0, ""):
		f = errUnknownOutcome
	case !changesOrders(c.request):
		return
	case d.strikes(s, "timeout", m, symbol):
		f = errUnknownOutcome
	case d.strikes(s, "unknown", m, symbol):
		f = &fault{status: http.StatusServiceUnavailable, code: -1000, msg: "Unknown error, please check your request or try again later."}
	case d.strikes(s, "reset", m, symbol):
		res.reset = true
		return
	default:
		return
	}
	res.status, res.body, res.fault = f.status, encode(f.body()), f
}

func (d *faultDesk) transferred(c *call) bool { return routeKey(c.request) == transferRoute }

const transferRoute = "POST sapi/v1/asset/transfer"

// What an API key may do. Source: sapi/v1/account/apiRestrictions.
const (
	mayRead     = "reading"
	maySpot     = "spot"
	mayFutures  = "futures"
	mayTransfer = "transfer"
	mayWithdraw = "withdraw"
)

var (
	allPermissions     = []string{mayRead, maySpot, mayFutures, mayTransfer, mayWithdraw}
	defaultPermissions = []string{mayRead, maySpot, mayFutures, mayTransfer}
)

// permitted refuses what the key is not allowed to do: -2015, as an unknown key.
func permitted(c *call, sec security) *fault {
	need := mayRead
	switch changes := c.method != http.MethodGet && sec == signed; {
	case changes && c.wallet:
		need = mayTransfer
	case changes && c.market == api.Spot:
		need = maySpot
	case changes:
		need = mayFutures
	}
	if !c.apiKey.may(need) {
		return errBadKey
	}
	return nil
}

func changePermissions(s *sim, a *armed) {
	for _, name := range sortedKeys(s.keys) {
		if a.Key == "" || a.Key == name {
			s.keys[name].permissions = a.Permissions
		}
	}
}

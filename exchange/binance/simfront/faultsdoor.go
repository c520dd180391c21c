package simfront

import (
	"net/http"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// Faults of requests: those that are refused at the door, and those that are
// carried out and whose answer is lost.

// refuseFirst refuses a request that is not to be carried out.
func (d *door) refuseFirst(c *call) *fault {
	m, symbol, now := c.market, c.get("symbol"), d.clock.Wall()
	if d.closed(m) {
		if m == api.Spot {
			return &fault{status: http.StatusServiceUnavailable, code: -1016, msg: "This service is no longer available."}
		}
		return &fault{status: http.StatusServiceUnavailable, code: 0, msg: "Service Unavailable."}
	}
	if f, hit := d.occasion("418", m, symbol); hit {
		until := now + banFor
		if f.Millis > 0 {
			until = now + exchange.UnixMilli(f.Millis)
		}
		d.usedBy(c.request).banUntil = until
		return banned(m, until, now)
	}
	if d.strikes("429", m, symbol) {
		return tooMany(m, d.allowed.SpotWeight, 1, now)
	}
	if !d.entersOrder(c.request) {
		return nil
	}
	return d.refuseEntry(m, symbol)
}

// refuseEntry is order entry that was certainly not carried out on futures. On
// spot every 5xx leaves the outcome unknown to who reads the rules.
func (d *door) refuseEntry(m api.Market, symbol string) *fault {
	for _, f := range []struct {
		kind string
		code int
		msg  string
	}{
		{"unavailable", 0, "Service Unavailable."},
		{"internal", -1001, "Internal error; unable to process your request. Please try again."},
		{"throttled", -1008, "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again."},
	} {
		if d.strikes(f.kind, m, symbol) {
			return &fault{status: http.StatusServiceUnavailable, code: f.code, msg: f.msg}
		}
	}
	return nil
}

func (d *door) entersOrder(r *request) bool {
	rt, ok := d.routes[r.market][routeKey(r)]
	return ok && rt.orders.short > 0
}

// changesOrders reports order entry and cancels.
func (d *door) changesOrders(r *request) bool {
	return d.entersOrder(r) || r.method == http.MethodDelete && strings.Contains(strings.ToLower(r.path), "order")
}

var errUnknownOutcome = &fault{status: http.StatusRequestTimeout, code: -1007,
	msg: "Timeout waiting for response from backend server. Send status unknown; execution status unknown."}

// loseAnswer loses the answer to what was carried out, or keeps it back.
func (d *door) loseAnswer(c *call, res *response) {
	m, symbol := c.market, c.get("symbol")
	if f, hit := d.occasion("slow_answer", m, symbol); hit {
		res.delay = time.Duration(f.Millis) * time.Millisecond
	}
	if res.status >= 300 {
		return
	}
	var f *fault
	switch {
	case c.wallet && transferred(c) && d.strikes("transfer_unknown", 0, ""):
		f = errUnknownOutcome
	case !d.changesOrders(c.request):
		return
	case d.strikes("timeout", m, symbol):
		f = errUnknownOutcome
	case d.strikes("unknown", m, symbol):
		f = &fault{status: http.StatusServiceUnavailable, code: -1000, msg: "Unknown error, please check your request or try again later."}
	case d.strikes("reset", m, symbol):
		res.reset = true
		return
	default:
		return
	}
	res.status, res.body, res.fault = f.status, encode(f.body()), f
}

func transferred(c *call) bool { return routeKey(c.request) == transferRoute }

const transferRoute = "POST sapi/v1/asset/transfer"

// permitted refuses what the key is not allowed to do: -2015, as an unknown key.
func permitted(c *call, sec security) *fault {
	need := simserver.MayRead
	switch changes := c.method != http.MethodGet && sec == signed; {
	case changes && c.wallet:
		need = simserver.MayTransfer
	case changes && c.market == api.Spot:
		need = simserver.MaySpot
	case changes:
		need = simserver.MayFutures
	}
	if !c.apiKey.May(need) {
		return errBadKey
	}
	return nil
}

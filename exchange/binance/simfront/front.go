// Package simfront puts Binance's REST and WebSocket protocols in front of a
// simulated exchange.
//
// It is used as httptest is:
//
//	x, err := simserver.New(simserver.Options{Universe: u, Feed: feed})
//	...
//	defer x.Close()
//	srv := httptest.NewServer(simfront.New(x))
//	defer srv.Close()
package simfront

import (
	"net/http"

	"github.com/perilune/perilune/exchange/simserver"
)

// Front answers Binance's clients for an exchange. Its methods may be called by any
// goroutine.
type Front struct{ x *simserver.Exchange }

var _ http.Handler = (*Front)(nil)

// New returns a front of an exchange. The exchange is closed by its owner, not by
// the front.
func New(x *simserver.Exchange) *Front { return &Front{x} }

// ServeHTTP answers a request of a client, and upgrades those for streams.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.x.ServeHTTP(w, r) }

// Describe lists the addresses that clients are pointed at, by name, of a front that
// listens on a host and port.
func (f *Front) Describe(listen string) map[string]string {
	http, ws := "http://"+listen, "ws://"+listen
	return map[string]string{
		"rest_spot": http + "/api", "rest_usdm": http + "/fapi", "rest_coinm": http + "/dapi", "rest_wallet": http + "/sapi",
		"stream_spot": ws + "/spot", "stream_usdm_public": ws + "/usdm/public", "stream_usdm_market": ws + "/usdm/market",
		"stream_usdm_private": ws + "/usdm/private", "stream_coinm": ws + "/coinm",
		"api_spot": ws + "/ws-api/v3", "api_usdm": ws + "/ws-fapi/v1", "api_coinm": ws + "/ws-dapi/v1",
		"faults": http + "/sim/faults", "state": http + "/sim/state", "account": http + "/sim/account", "book": http + "/sim/book",
	}
}

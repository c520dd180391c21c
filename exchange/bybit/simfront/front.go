// Package simfront puts Bybit's v5 protocol in front of a simulated exchange: REST, the
// public, the private and the trade sockets, one unified account behind spot, linear and
// inverse.
//
// It is used as httptest is:
//
//	x, err := simserver.New(simserver.Options{Universe: u, Feed: feed})
//	...
//	defer x.Close()
//	srv := httptest.NewServer(simfront.New(x))
//	defer srv.Close()
//
// # What it is like
//
// An answer to an order says that it was taken. A post-only order that would take, and a
// fill-or-kill order that can't be filled, are canceled after that, with the reason on the
// stream and in the history; what lacks margin, or is off the grid, is refused at the door.
// Contracts' prices beyond the band are moved to its edge, those of spot are refused, until
// set-limit-px-action says otherwise. Funding is told as an execution and booked in the
// transaction log. Quantities of inverse contracts are USD. Each coin backs what settles in
// it: collateral of one coin for another is not simulated. Sales on spot may borrow: loans.go.
//
// Sources: the manual of v5, 2026, and where it is silent the captures that the project's
// reference names.
//
// # What it does not have
//
// Options, spreads, conditional orders and take-profit or stop-loss (triggerPrice, takeProfit,
// stopLoss are refused by name), trading in hedge mode, isolated margin, RPI orders, the full
// book, sub-accounts, withdrawals, loans other than those of sales on spot. The premium index is that of the mark over the index.
//
// # Where to read
//
// door.go: how a request is judged, and routes.go every endpoint. place.go, change.go, batch.go:
// order entry. row.go: how orders, executions and positions are written. socket.go,
// subscribe.go, publish.go, book.go: streams. user.go: what accounts are told.
package simfront

import (
	"net/http"

	"github.com/perilune/perilune/exchange/simserver"
)

// Front answers Bybit's clients for an exchange. Its methods may be called by any
// goroutine.
type Front struct {
	// Limits are what clients may use. Change them before the first request.
	Limits Limits

	x *simserver.Exchange
	d *dialect
}

var _ simserver.Handler = (*Front)(nil)

// New puts a front before an exchange. The exchange is closed by its owner, not by the
// front. Before one that is closed already, or has such a front already, it answers that it
// is not available.
func New(x *simserver.Exchange) *Front {
	f := &Front{Limits: DefaultLimits(), x: x}
	d := &dialect{limits: &f.Limits}
	if x.Attach(d) == nil {
		f.d = d
	}
	return f
}

// Paths implements simserver.Handler.
func (f *Front) Paths() []string { return []string{"/v5"} }

// Describe lists the addresses that clients are pointed at, by name, of a front that
// listens on a host and port.
func (f *Front) Describe(listen string) map[string]string {
	return map[string]string{"rest": "http://" + listen, "ws_public": "ws://" + listen + "/v5/public", "ws_private": "ws://" + listen + "/v5/private",
		"ws_trade": "ws://" + listen + "/v5/trade"}
}

// ServeHTTP routes a request: sockets are upgraded, paths under /sim/ are the exchange's
// own, the rest is REST.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.d == nil {
		http.Error(w, "the simulated exchange has stopped", http.StatusServiceUnavailable)
		return
	}
	if e, ok := endpointOf(r.URL.Path); ok {
		f.x.ServeSocket(w, r, f.d.socket(e, hostOf(r)))
		return
	}
	f.x.ServeREST(w, r, func(_ *simserver.State, body []byte) *simserver.Answer { return f.d.answer(r, body) })
}

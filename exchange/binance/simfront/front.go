// Package simfront puts Binance's REST and WebSocket protocols in front of a
// simulated exchange: its routes, parameters, payloads, codes and words, weights,
// listen keys, streams and the WebSocket APIs of spot, USD-M and COIN-M.
//
// It is used as httptest is:
//
//	x, err := simserver.New(simserver.Options{Universe: u, Feed: feed})
//	...
//	defer x.Close()
//	srv := httptest.NewServer(simfront.New(x))
//	defer srv.Close()
//
// # What it does not have
//
// OPO and OPOCO lists, trailingDelta of spot, iceberg and pegged orders, automatic additions
// to isolated margin, interest on debts in multi-assets mode, selfTradePreventionMode other
// than EXPIRE_TAKER, delivery contracts, margin and portfolio accounts, RPI, compositeIndex,
// SBE and FIX. They are refused, never accepted and ignored. The premium index is that of the
// mark over the index, not of impact prices. Open interest is what its accounts hold.
//
// # Where to read
//
// dialect.go, parts.go: what the front is made of. door.go: how a request is judged;
// routes.go: every endpoint, its weight and its handler. state.go: what the front adds to
// the exchange. ticket.go to modify.go: order entry. algo.go, stops.go, lists.go: what waits
// for a price or for another order. modes.go, assets.go, isolated.go: what the account is set
// to. stream.go, publish.go: public streams. user.go: user events. faultsdoor.go,
// faultslink.go: how it misbehaves.
package simfront

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/simserver"
)

// Front answers Binance's clients for an exchange. Its methods may be called by any
// goroutine.
type Front struct {
	// Limits are what clients may use. Change them before the first request.
	Limits Limits

	x *simserver.Exchange
	d *dialect
}

var _ http.Handler = (*Front)(nil)

// New puts a front before an exchange. The exchange is closed by its owner, not by
// the front. Before one that is closed already, or has such a front already, it answers
// that it is not available.
func New(x *simserver.Exchange) *Front {
	f := &Front{Limits: DefaultLimits(), x: x}
	d := &dialect{limits: &f.Limits}
	if x.Attach(d) == nil {
		f.d = d
	}
	return f
}

// Balances are an account's opening balances, as those of an exchange without other
// ones: 100 000 USDT on spot and in the USD-M wallet, 1 BTC and 20 ETH on spot and in
// the COIN-M wallet, whatever is traded.
func Balances() []paper.Deposit {
	usdt, btc, eth := decimal.NewFromInt(100_000), decimal.NewFromInt(1), decimal.NewFromInt(20)
	return []paper.Deposit{
		{Wallet: api.Spot.Wallet(), Asset: "USDT", Amount: usdt}, {Wallet: api.USDM.Wallet(), Asset: "USDT", Amount: usdt},
		{Wallet: api.Spot.Wallet(), Asset: "BTC", Amount: btc}, {Wallet: api.COINM.Wallet(), Asset: "BTC", Amount: btc},
		{Wallet: api.Spot.Wallet(), Asset: "ETH", Amount: eth}, {Wallet: api.COINM.Wallet(), Asset: "ETH", Amount: eth},
	}
}

// Paths implements simserver.Handler.
func (f *Front) Paths() []string {
	return []string{"/api", "/sapi", "/fapi", "/dapi", "/futures", "/spot", "/stream", "/usdm", "/coinm", "/ws-api", "/ws-fapi", "/ws-dapi"}
}

// Describe lists the addresses that clients are pointed at, by name, of a front that
// listens on a host and port.
func (f *Front) Describe(listen string) map[string]string {
	http, ws := "http://"+listen, "ws://"+listen
	return map[string]string{
		"rest_spot": http + "/api", "rest_usdm": http + "/fapi", "rest_coinm": http + "/dapi", "rest_wallet": http + "/sapi",
		"stream_spot": ws + "/stream/spot", "stream_usdm_public": ws + "/usdm/public", "stream_usdm_market": ws + "/usdm/market",
		"stream_usdm_private": ws + "/usdm/private", "stream_coinm": ws + "/coinm",
		"api_spot": ws + "/ws-api/v3", "api_usdm": ws + "/ws-fapi/v1", "api_coinm": ws + "/ws-dapi/v1",
		"faults": http + "/sim/faults", "state": http + "/sim/state", "account": http + "/sim/account", "book": http + "/sim/book",
	}
}

// Section lists the addresses by the keys of the section that a session is set up with.
func (f *Front) Section(listen string) map[string]string {
	http, ws := "http://"+listen, "ws://"+listen
	return map[string]string{
		"rest_spot": http, "rest_usdm": http, "rest_coinm": http, "rest_wallet": http,
		"ws_spot": ws + "/spot", "ws_usdm": ws + "/usdm", "ws_coinm": ws + "/coinm",
		"ws_api_spot": ws + "/ws-api/v3", "ws_api_usdm": ws + "/ws-fapi/v1", "ws_api_coinm": ws + "/ws-dapi/v1",
	}
}

// ServeHTTP routes a request: streams and the WebSocket API are upgraded, paths under
// /sim/ are the exchange's own, the rest is REST.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if why := simserver.Foreign(r); why != "" {
		write(w, &response{status: http.StatusForbidden, body: encode(object{{"code", -5000}, {"msg", why}})})
		return
	}
	if f.d == nil {
		http.Error(w, "the simulated exchange has stopped", http.StatusServiceUnavailable)
		return
	}
	if e, ok := endpointOf(r.URL.Path); ok {
		defer f.x.Connect()()
		f.connect(w, r, e)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "reading the body: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if strings.HasPrefix(r.URL.Path, simserver.Prefix) {
		f.x.Control(w, r, body)
		return
	}
	req, err := readRequest(r, string(body))
	if err != nil {
		write(w, &response{status: http.StatusBadRequest, body: encode(bad(-1100, "Illegal characters found in a parameter.").body())})
		return
	}
	var res *response
	if !f.inLoop(func(d *dialect) { res = d.door.answerREST(req, r.URL.Path) }) {
		http.Error(w, "the simulated exchange has stopped", http.StatusServiceUnavailable)
		return
	}
	f.hold(r.Context(), res.delay)
	write(w, res)
}

// inLoop runs do in the exchange's loop and waits for it. It is false when the exchange
// has stopped.
func (f *Front) inLoop(do func(*dialect)) bool {
	return f.x.Do(func(*simserver.State) { do(f.d) })
}

// hold keeps an answer back, a fault.
func (f *Front) hold(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-f.x.Closed():
	}
}

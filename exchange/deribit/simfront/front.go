// Package simfront puts Deribit's JSON-RPC protocol, over HTTP and over websockets, in front
// of a simulated exchange: its methods, payloads, codes and words, credits, channels,
// heartbeats and cancel-on-disconnect.
//
//	x, err := simserver.New(simserver.Options{Universe: u, Feed: feed})
//	...
//	defer x.Close()
//	srv := httptest.NewServer(simfront.New(x))
//	defer srv.Close()
//
// # What it does not have
//
// Options, combos, block trades, RFQs, mass quotes, market maker protection, trigger and
// one-cancels-other orders, iceberg orders, sub-accounts, transfers and withdrawals. They are
// refused by name. Funding is charged every minute, as the market behind does, and is paid at
// 08:00 UTC of the market's time with the profit of the session.
//
// # Where to read
//
// rpc.go: how a request is judged; methods.go: every method. session.go: connections.
// stream.go: channels. orders.go: order entry. funds.go, session of an account:
// what its balance, its positions and its log say.
package simfront

import (
	"net/http"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/wire"
)

// Front answers Deribit's clients for an exchange. Its methods may be called by any
// goroutine.
type Front struct {
	// Limits are what an account may use. Change them before the first request.
	Limits Limits

	x *simserver.Exchange
	d *dialect
}

var _ simserver.Handler = (*Front)(nil)

// New puts a front before an exchange, which is closed by its owner. Before one that is
// closed already, or has such a front, it answers that it is not available.
func New(x *simserver.Exchange) *Front {
	f := &Front{Limits: DefaultLimits(), x: x}
	d := &dialect{limits: &f.Limits, books: map[bookKey]*bookChannel{}, clients: map[*client]bool{}}
	if x.Attach(d) == nil {
		f.d = d
	}
	return f
}

// Balances are an account's opening balances, as those of an exchange without other ones.
func Balances() []paper.Deposit {
	return []paper.Deposit{{Wallet: api.Wallet, Asset: "USDC", Amount: decimal.NewFromInt(200_000)}, {Wallet: api.Wallet, Asset: "USDT", Amount: decimal.NewFromInt(200_000)},
		{Wallet: api.Wallet, Asset: "BTC", Amount: decimal.NewFromInt(2)}, {Wallet: api.Wallet, Asset: "ETH", Amount: decimal.NewFromInt(40)}}
}

// The addresses below a host.
const (
	restPath = "/api/v2"
	wsPath   = "/ws/api/v2"
)

// Paths implements simserver.Handler.
func (f *Front) Paths() []string { return []string{restPath, wsPath} }

// Describe lists the addresses that clients are pointed at, by name.
func (f *Front) Describe(listen string) map[string]string {
	return map[string]string{"rest": "http://" + listen + restPath, "ws": "ws://" + listen + wsPath}
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.d == nil {
		http.Error(w, "the simulated exchange has stopped", http.StatusServiceUnavailable)
		return
	}
	if r.URL.Path == wsPath {
		f.x.ServeSocket(w, r, simserver.Socket{Options: wire.PeerOptions{Queue: 1 << 15, MaxFrame: maxFrame}, Route: route, Join: f.d.join, Take: f.d.take, Leave: f.d.leave})
		return
	}
	f.x.ServeREST(w, r, func(_ *simserver.State, body []byte) *simserver.Answer { return f.d.rest(r, body) })
}

// route is how faults name what the one websocket address gives access to.
const route = "ws"

// maxFrame is the largest request. Source: the manual: 32 kB.
const maxFrame = 32 << 10

// Package simtest runs the simulated exchange behind the venue's protocol in a test's own
// process, on real sockets of the loopback interface.
//
// The market is a calm synthetic one, which trades little but with the account
// under test. The exchange ends with the test, which fails when it ended badly.
package simtest

import (
	"context"
	"net"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/simfront"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
)

// Exchange is a running exchange.
type Exchange struct {
	Sim      *simserver.Exchange
	Host     string         // host:port
	Keys     simserver.Keys // of the first account
	Universe *exchange.Universe
}

// Options say what the exchange trades and when.
type Options struct {
	Seed  uint64
	Start exchange.Time                   // of the market's data
	Step  exchange.Time                   // between changes of a book
	Begin exchange.Time                   // of the exchange: what came before is history
	Speed float64                         // of its clock; at 0 it stands still until it is advanced
	Wrap  func(net.Listener) net.Listener // what the exchange listens on; nil: the socket itself
}

// Start runs an exchange until the end of the test.
func Start(tb testing.TB, o Options) *Exchange {
	tb.Helper()
	feed, err := synth.New(synth.Options{Seed: o.Seed, Start: o.Start, Step: o.Step, Calm: true})
	if err != nil {
		tb.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: o.Begin, Seed: o.Seed, Speed: o.Speed})
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	e := &Exchange{Sim: sim, Host: l.Addr().String(), Keys: sim.Keys()[0], Universe: feed.Universe()}
	if o.Wrap != nil {
		l = o.Wrap(l)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	front := simfront.New(sim) // before any fault is armed
	go func() { ended <- sim.Serve(ctx, l, front) }()
	tb.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Errorf("Serve: %v", err)
		}
	})
	return e
}

// HMAC is the first account's key with a shared secret.
func (e *Exchange) HMAC() sign.Key {
	return sign.Key{API: sign.NewSecret(e.Keys.HMAC.Key), Secret: sign.NewSecret(e.Keys.HMAC.Secret)}
}

// Endpoints are all of its addresses.
func (e *Exchange) Endpoints() api.Endpoints {
	http, ws := "http://"+e.Host, "ws://"+e.Host
	return api.Endpoints{
		RestSpot: http, RestUSDM: http, RestCOINM: http,
		WSSpot: ws + "/spot", WSUSDM: ws + "/usdm", WSCOINM: ws + "/coinm",
		APISpot: ws + "/ws-api/v3", APIUSDM: ws + "/ws-fapi/v1", APICOINM: ws + "/ws-dapi/v1",
	}
}

package simfront_test

import (
	"context"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/account"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/bybit/feed"
	"github.com/perilune/perilune/exchange/bybit/simfront"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/exchange/venuetest"
)

// live is a running exchange at the wall clock's time.
type live struct {
	sim  *simserver.Exchange
	host string
	key  sign.Key
}

func (l *live) endpoints() api.Endpoints {
	return api.Endpoints{Rest: "http://" + l.host, Public: "ws://" + l.host + "/v5/public", Private: "ws://" + l.host + "/v5/private", Trade: "ws://" + l.host + "/v5/trade"}
}

// openLive runs an exchange whose market has a time; it ends with the test.
func openLive(t testing.TB, begin exchange.Time) *live {
	t.Helper()
	feed, err := synth.New(synth.Options{Seed: 1, Start: begin - begin%exchange.Minute - exchange.Minute, Step: 100 * exchange.Millisecond, Calm: true, Houses: []synth.House{simfront.House}})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: begin, Seed: 1, Speed: 1, Balances: money()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := simfront.New(sim)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(ctx, l, front) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	out := &live{sim: sim, host: l.Addr().String()}
	sim.Do(func(s *simserver.State) {
		a := s.Accounts()[0]
		out.key = sign.Key{API: sign.NewSecret(s.KeyText(a, "key")[:18]), Secret: sign.NewSecret(s.KeyText(a, "secret")[:36])}
	})
	return out
}

// money is what the account begins with: nothing in the funding wallet, whose balance a
// trial's ledger does not begin with.
func money() []paper.Deposit {
	return []paper.Deposit{{Wallet: api.Unified, Asset: "USDT", Amount: decimal.NewFromInt(100_000)}, {Wallet: api.Unified, Asset: "BTC", Amount: decimal.NewFromInt(1)}, {Wallet: api.Funding, Asset: "USDT"}}
}

// faultsOf are the exchange's names of faults.
var faultsOf = map[venuetest.Fault]simserver.Fault{
	venuetest.AnswerLost: {Kind: "reset"}, venuetest.AnswerUnknown: {Kind: "unknown"}, venuetest.Unavailable: {Kind: "unavailable"}, venuetest.RateLimited: {Kind: "429"},
	venuetest.ClockOff: {Kind: "skew", Millis: 4000, ForMS: 2000}, venuetest.EventTwice: {Kind: "duplicate_fill"}, venuetest.EventLate: {Kind: "late_fill", Millis: 300},
	venuetest.StreamLost: {Kind: "drop", Route: "private"}, venuetest.TransferLost: {Kind: "transfer_unknown"}, venuetest.AmendRaced: {Kind: "amend_race"}, venuetest.LoginEnded: {Kind: "auth_expired"},
}

// bench is the adapter on the simulated exchange: real sockets and signatures.
func bench(t *testing.T, entry string, begin exchange.Time) *venuetest.Bench {
	local := openLive(t, begin)
	a, err := account.Open(t.Context(), client.Options{Endpoints: local.endpoints(), Key: local.key, Entry: entry, Log: func(text string) { t.Log(text) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	c, err := feed.List(t.Context(), local.endpoints(), connect.DataOptions{}, []string{"*:*"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := exchange.NewUniverse(slices.DeleteFunc(c.Instruments(), func(in exchange.Instrument) bool { return in.Dated() }))
	if err != nil {
		t.Fatal(err)
	}
	dec := decimal.RequireFromString
	return &venuetest.Bench{Universe: u, Account: a, Pass: func(d exchange.Time) { time.Sleep(time.Duration(d)) }, TooMuch: dec("50"),
		Began:    func() (at exchange.Time) { local.sim.Do(func(s *simserver.State) { at = s.Clock.Now() }); return at },
		Transfer: &exchange.Transfer{Asset: "USDT", From: "unified", To: "funding", Amount: dec("100")},
		Trades: []venuetest.Trade{{Key: "spot:BTCUSDT", Qty: dec("0.01"), Rest: dec("82000")}, {Key: "linear:BTCUSDT", Qty: dec("0.01"), Rest: dec("82000")},
			{Key: "inverse:BTCUSD", Qty: dec("300"), Rest: dec("82000")}},
		Listen: func(sink func(oms.AccountEvent)) (io.Closer, error) { return a.Listen(nil, sink) },
		Inject: func(f venuetest.Fault) bool {
			fault, ok := faultsOf[f]
			if ok {
				if err := local.sim.Arm(fault); err != nil {
					t.Error(err)
				}
			}
			return ok
		}}
}

func harness(entry string) venuetest.Harness {
	now := func() exchange.Time { return exchange.Time(time.Now().UnixNano()) }
	return venuetest.Harness{
		Open: func(t *testing.T) *venuetest.Bench { return bench(t, entry, now()) },
		BeforeFunding: func(t *testing.T, lead exchange.Time) *venuetest.Bench {
			at := now() / (8 * exchange.Hour) * (8 * exchange.Hour) // of the past: what the venue lists ends now
			b := bench(t, entry, at-lead)
			b.Settles = at
			return b
		},
	}
}

// The adapter keeps its books right on the simulated exchange, by REST and over the trade
// stream.
func TestConformsAccount(t *testing.T) {
	for _, entry := range []string{client.EntryREST, client.EntryWS} {
		t.Run(entry, func(t *testing.T) { venuetest.Account(t, harness(entry)) })
	}
}

func TestConformsOrders(t *testing.T) {
	for _, entry := range []string{client.EntryREST, client.EntryWS} {
		t.Run(entry, func(t *testing.T) {
			if entry == client.EntryWS && testing.Short() {
				t.Skip("orders of a connection that was cut are looked for over 10 s")
			}
			venuetest.Orders(t, harness(entry))
		})
	}
}

package deribit_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit"
	"github.com/perilune/perilune/exchange/deribit/account"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/deribit/simfront"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/exchange/venuetest"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// local is a simulated venue of the test's own.
type local struct {
	sim      *simserver.Exchange
	ahead    exchange.Time // its clock of ours
	limits   simfront.Limits
	universe *exchange.Universe
	host     string
	keys     simfront.Credentials
}

// start runs one whose market begins at a time.
func start(t testing.TB, begin exchange.Time, limits simfront.Limits) *local {
	t.Helper()
	feed, err := synth.New(synth.Options{Seed: 1, Start: begin - begin%exchange.Minute - exchange.Minute, Step: 100 * exchange.Millisecond, Calm: true, Houses: []synth.House{charged()}})
	if err != nil {
		t.Fatal(err)
	}
	ahead := time.Duration(begin - now())
	clock := func() time.Time { return time.Now().Add(ahead) } // there is one clock at this venue
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: begin, Opened: time.Unix(0, int64(begin)), Seed: 1, Speed: 1, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := simfront.New(sim)
	front.Limits = limits
	x := &local{ahead: exchange.Time(ahead), limits: limits, sim: sim, universe: feed.Universe(), host: l.Addr().String(), keys: sim.Credentials()[0].(simfront.Credentials)}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(ctx, l, front) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return x
}

// charged is what the venue lists, with premiums far beyond the dead band of funding.
func charged() synth.House {
	h := simfront.House()
	list := h.List
	h.List = func(start exchange.Time) []synth.Listing {
		out := list(start)
		for i := range out {
			if out[i].FundingAccrues {
				out[i].Rest += 60
			}
		}
		return out
	}
	return h
}

// plenty are limits that no test comes near.
var plenty = simfront.Limits{Matching: simfront.Bucket{Rate: 200, Burst: 250}, Other: simfront.Bucket{Rate: 1000, Burst: 1500}}

// unhurried is the throttle of who has plenty: a comparison of the account lists its log more
// often than an account of the lowest tier may within seconds.
func unhurried(t testing.TB, clock func() exchange.Time) *limit.Throttle {
	t.Helper()
	table := client.Table()
	for i := range table.Meters {
		table.Meters[i].Limit *= 10
	}
	l, err := limit.New(limit.Options{Table: table})
	if err != nil {
		t.Fatal(err)
	}
	return limit.NewThrottle(l, clock)
}

func now() exchange.Time { return exchange.Time(time.Now().UnixNano()) }

func (x *local) endpoints() api.Endpoints {
	return api.Endpoints{Rest: "http://" + x.host + "/api/v2", WS: "ws://" + x.host + "/ws/api/v2"}
}

func (x *local) key() sign.Key {
	return sign.Key{API: sign.NewSecret(x.keys.ID), Secret: sign.NewSecret(x.keys.Secret)}
}

// signIn opens the account, and learns what it may do.
func (x *local) signIn(t testing.TB) *account.Account {
	t.Helper()
	clock := func() exchange.Time { return now() + x.ahead }
	o := client.Options{Endpoints: x.endpoints(), Key: x.key(), Log: func(text string) { t.Log(text) }, Now: clock}
	if x.limits == plenty {
		o.Throttle = unhurried(t, clock)
	}
	a, err := account.Open(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := a.Summaries(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

func (x *local) arm(t testing.TB, f simserver.Fault) {
	t.Helper()
	if err := x.sim.Arm(f); err != nil {
		t.Fatal(err)
	}
}

// feedFaults and accountFaults are the simulator's names of faults, and how often they come.
var (
	feedFaults = map[venuetest.FeedFault]simserver.Fault{venuetest.DiffLost: {Kind: "gap", Count: 3}, venuetest.DiffTwice: {Kind: "duplicate", Count: 3},
		venuetest.DiffsSwapped: {Kind: "reorder", Count: 3}, venuetest.FrameGarbled: {Kind: "garble", Count: 3}, venuetest.ConnectionLost: {Kind: "drop"}}
	accountFaults = map[venuetest.Fault]simserver.Fault{venuetest.AnswerLost: {Kind: "reset", Count: 2}, venuetest.AnswerUnknown: {Kind: "timeout", Count: 2},
		venuetest.Unavailable: {Kind: "unavailable", Count: 2}, venuetest.RateLimited: {Kind: "429"}, venuetest.EventTwice: {Kind: "duplicate_fill", Count: 3},
		venuetest.EventLate: {Kind: "late_fill", Count: 3, Millis: 300}, venuetest.StreamLost: {Kind: "drop"}, venuetest.AmendRaced: {Kind: "amend_race"}, venuetest.LoginEnded: {Kind: "token_expired"}}
)

func TestFeed(t *testing.T) { tryFeed(t, "") }

// What holds of books every 100 ms holds of raw ones, on connections that have signed in.
func TestRawFeed(t *testing.T) { tryFeed(t, "raw") }

// section is one of the simulated venue, with its key.
func (x *local) section(t *testing.T, books string) *deribit.Section {
	t.Helper()
	s := deribit.At(x.endpoints())
	s.Books = books
	for to, text := range map[*string]string{&s.Key: x.keys.ID, &s.Secret: x.keys.Secret} {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		*to = "file:" + file
	}
	return s
}

func tryFeed(t *testing.T, books string) {
	venuetest.Feed(t, venuetest.FeedHarness{Open: func(t *testing.T) *venuetest.FeedBench {
		x := start(t, now(), plenty)
		v, err := x.section(t, books).Open()
		if err != nil {
			t.Fatal(err)
		}
		return &venuetest.FeedBench{Connector: deribit.Connector{}, Venue: v, Patterns: []string{"spot:BTC_USDC", "linear:BTC*", "inverse:BTC*"},
			Unknown: "linear:BTC_USDC-PERPTUAL", Near: "linear:BTC_USDC-PERPETUAL",
			Inject: func(f venuetest.FeedFault) bool {
				fault, ok := feedFaults[f]
				if ok {
					x.arm(t, fault)
				}
				return ok
			}}
	}})
}

func harness() venuetest.Harness {
	return venuetest.Harness{Open: func(t *testing.T) *venuetest.Bench { return bench(t, start(t, now(), plenty)) },
		BeforeFunding: func(t *testing.T, lead exchange.Time) *venuetest.Bench {
			at := exchange.Date(2026, 12, 2) + 8*exchange.Hour
			b := bench(t, start(t, at-lead, plenty))
			b.Settles = at
			return b
		}}
}

func bench(t *testing.T, x *local) *venuetest.Bench {
	a := x.signIn(t)
	return &venuetest.Bench{Universe: x.universe, Account: a, Began: a.Now, Pass: func(d exchange.Time) { time.Sleep(time.Duration(d)) }, TooMuch: dec("1000"),
		Trades: []venuetest.Trade{{Key: "spot:BTC_USDC", Qty: dec("0.01"), Rest: dec("59000")}, {Key: "linear:BTC_USDC-PERPETUAL", Qty: dec("0.01"), Rest: dec("59000")},
			{Key: "inverse:BTC-PERPETUAL", Qty: dec("300"), Rest: dec("59000")}},
		Listen: func(sink func(oms.AccountEvent)) (io.Closer, error) { return a.Listen(nil, sink) },
		Inject: func(f venuetest.Fault) bool {
			fault, ok := accountFaults[f]
			if ok {
				x.arm(t, fault)
			}
			return ok
		}}
}

func TestMain(m *testing.M) {
	venuetest.Together()
	m.Run()
}

func TestAccount(t *testing.T) { venuetest.Account(t, harness()) }

func TestOrders(t *testing.T) { venuetest.Orders(t, harness()) }

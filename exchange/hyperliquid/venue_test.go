package hyperliquid_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/hyperliquid"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/simfront"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/exchange/venuetest"
)

func TestMain(m *testing.M) {
	venuetest.Together()
	m.Run()
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// local is a simulated venue in this process, on real sockets.
type local struct {
	sim      *simserver.Exchange
	keys     simfront.Credentials
	universe *exchange.Universe
	ends     api.Endpoints
	// ahead is by how much the market's clock is of the one on the wall.
	ahead exchange.Time
}

// start runs one whose market begins at a time, until the end of the test.
func start(t *testing.T, begin exchange.Time) *local {
	t.Helper()
	opened := time.Now()
	if ahead := begin - wallClock(); ahead > -exchange.Minute && ahead < exchange.Minute {
		opened = time.Unix(0, int64(begin)) // both clocks are one, however long it takes to open
	}
	feed, err := synth.New(synth.Options{Seed: 1, Start: begin - begin%exchange.Minute - exchange.Minute, Step: 100 * exchange.Millisecond, Calm: true,
		Houses: []synth.House{{Name: api.House, List: simfront.Lists}}})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: begin, Opened: opened, Seed: 1, Speed: 1, Leverage: 10, Log: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := simfront.New(sim)
	keys, ok := sim.Credentials()[0].(simfront.Credentials)
	if !ok {
		t.Fatalf("%T", sim.Credentials()[0])
	}
	at := front.Describe(l.Addr().String())
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(ctx, l, front) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &local{sim: sim, keys: keys, universe: feed.Universe(), ends: api.Endpoints{Rest: at["rest"], WS: at["ws"]}, ahead: begin - exchange.Time(opened.UnixNano())}
}

func wallClock() exchange.Time { return exchange.Time(time.Now().UnixNano()) }

// signIn opens the account: as its agent, or with its own key.
func (l *local) signIn(t *testing.T, main bool) connect.Account {
	t.Helper()
	section := hyperliquid.At(l.ends)
	secret := l.keys.Secret
	if main {
		section.Main, secret = true, l.keys.Wallet
	}
	v, err := section.Open()
	if err != nil {
		t.Fatal(err)
	}
	a, err := v.SignIn(t.Context(), connect.AccountOptions{Key: sign.Key{API: sign.NewSecret(l.keys.Key), Secret: sign.NewSecret(secret)}, Log: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// inject arms a fault of the simulator's.
func inject[F comparable](t *testing.T, l *local, names map[F]simserver.Fault, f F) bool {
	t.Helper()
	s, ok := names[f]
	if ok {
		if err := l.sim.Arm(s); err != nil {
			t.Fatal(err)
		}
	}
	return ok
}

// accountFaults are the simulator's names of faults.
var accountFaults = map[venuetest.Fault]simserver.Fault{
	venuetest.AnswerLost: {Kind: "reset", Count: 2}, venuetest.AnswerUnknown: {Kind: "unknown", Count: 2}, venuetest.Unavailable: {Kind: "unavailable", Count: 2},
	venuetest.RateLimited: {Kind: "429", Count: 1}, venuetest.ClockOff: {Kind: "skew", Millis: -2000}, venuetest.EventTwice: {Kind: "duplicate_fill", Count: 3},
	venuetest.EventLate: {Kind: "late_fill", Count: 3, Millis: 300}, venuetest.StreamLost: {Kind: "drop"}, venuetest.TransferLost: {Kind: "transfer_unknown", Count: 1}, venuetest.AmendRaced: {Kind: "amend_race"}, venuetest.LoginEnded: {Kind: "agent_expired"}, venuetest.NonceRefused: {Kind: "nonce_low"},
}

// trades are in the built-in market, where a bitcoin is at some 90 000.
var trades = []venuetest.Trade{{Key: "perp:BTC", Qty: dec("0.01"), Rest: dec("70000")}, {Key: "spot:@100", Qty: dec("0.01"), Rest: dec("70000")}}

func bench(t *testing.T, begin exchange.Time) *venuetest.Bench {
	l := start(t, begin)
	a := l.signIn(t, true)
	return &venuetest.Bench{Universe: l.universe, Account: a, Trades: trades, Began: func() exchange.Time { return a.Now() + l.ahead }, TooMuch: dec("1000"),
		Pass:     func(d exchange.Time) { time.Sleep(time.Duration(d)) },
		Transfer: &exchange.Transfer{Asset: "USDC", From: "spot", To: "perp", Amount: dec("100")},
		Listen:   func(sink func(oms.AccountEvent)) (io.Closer, error) { return a.Listen(nil, sink) },
		Inject:   func(f venuetest.Fault) bool { return inject(t, l, accountFaults, f) }}
}

func harness() venuetest.Harness {
	return venuetest.Harness{Open: func(t *testing.T) *venuetest.Bench { return bench(t, wallClock()) },
		BeforeFunding: func(t *testing.T, lead exchange.Time) *venuetest.Bench {
			at := exchange.Date(2030, 3, 2) + 8*exchange.Hour
			b := bench(t, at-lead)
			b.Settles = at
			return b
		}}
}

func TestAccount(t *testing.T) { venuetest.Account(t, harness()) }

func TestOrders(t *testing.T) { venuetest.Orders(t, harness()) }

// feedFaults are the simulator's names of faults of market data.
var feedFaults = map[venuetest.FeedFault]simserver.Fault{
	venuetest.DiffLost: {Kind: "gap", Count: 3}, venuetest.DiffTwice: {Kind: "duplicate", Count: 3}, venuetest.FrameGarbled: {Kind: "garble", Count: 3}, venuetest.ConnectionLost: {Kind: "drop"},
}

func TestFeed(t *testing.T) {
	venuetest.Feed(t, venuetest.FeedHarness{Open: func(t *testing.T) *venuetest.FeedBench {
		l := start(t, wallClock())
		v, err := hyperliquid.At(l.ends).Open()
		if err != nil {
			t.Fatal(err)
		}
		return &venuetest.FeedBench{Connector: hyperliquid.Connector{}, Venue: v, Patterns: []string{"perp:BTC", "spot:@10*"}, Unknown: "perp:BTX", Near: "perp:BTC",
			Inject: func(f venuetest.FeedFault) bool { return inject(t, l, feedFaults, f) }}
	}})
}

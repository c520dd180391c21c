package okx_test

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/okx"
	"github.com/perilune/perilune/exchange/okx/account"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
	"github.com/perilune/perilune/exchange/okx/feed"
	"github.com/perilune/perilune/exchange/okx/simfront"
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

// local is the simulated venue, on a real socket.
type local struct {
	sim  *simserver.Exchange
	at   api.Endpoints
	keys simfront.Keys
	// ahead is by how much the market's clock is of the one on the wall.
	ahead exchange.Time
}

// start runs one until the end of the test. Its market begins at a time.
func start(t *testing.T, begin exchange.Time) *local {
	t.Helper()
	opened := time.Now()
	if ahead := begin - now(); ahead > -exchange.Minute && ahead < exchange.Minute {
		opened = time.Unix(0, int64(begin)) // both clocks are one
	}
	market, err := synth.New(synth.Options{Seed: 1, Start: begin - begin%exchange.Minute - exchange.Minute, Step: 100 * exchange.Millisecond, Calm: true, Houses: []synth.House{simfront.House()}})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: market.Universe(), Feed: market, Begin: begin, Opened: opened, Seed: 1, Speed: 1, Log: func(text string) { t.Log(text) }})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := simfront.New(sim)
	urls := front.Describe(l.Addr().String())
	out := &local{sim: sim, at: api.Endpoints{Rest: urls["rest"], Public: urls["ws_public"], Private: urls["ws_private"], Business: urls["ws_business"]}, keys: sim.Credentials()[0].(simfront.Keys),
		ahead: begin - exchange.Time(opened.UnixNano())}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(ctx, l, front) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return out
}

func now() exchange.Time { return exchange.Time(time.Now().UnixNano()) }

// arm makes a fault happen.
func (l *local) arm(t *testing.T, f simserver.Fault) bool {
	t.Helper()
	if f.Kind == "" {
		return false
	}
	if err := l.sim.Arm(f); err != nil {
		t.Fatal(err)
	}
	return true
}

func (l *local) key() sign.Key {
	return sign.Key{API: sign.NewSecret(l.keys.HMAC.Key), Secret: sign.NewSecret(l.keys.HMAC.Secret)}
}

var feedFaults = map[venuetest.FeedFault]simserver.Fault{
	venuetest.DiffLost: {Kind: "gap", Count: 3}, venuetest.DiffTwice: {Kind: "duplicate", Count: 3}, venuetest.DiffsSwapped: {Kind: "reorder", Count: 3},
	venuetest.FrameGarbled: {Kind: "garble", Count: 3}, venuetest.ConnectionLost: {Kind: "drop"},
}

func TestFeed(t *testing.T) {
	venuetest.Feed(t, venuetest.FeedHarness{Open: func(t *testing.T) *venuetest.FeedBench {
		l := start(t, now())
		v, err := okx.At(l.at).Open()
		if err != nil {
			t.Fatal(err)
		}
		return &venuetest.FeedBench{Connector: okx.Connector{}, Venue: v, Patterns: []string{"spot:BTC-USDT", "swap:BTC-*", "futures:BTC-USD-*"}, Unknown: "swap:BTC-USTD-SWAP", Near: "swap:BTC-USDT-SWAP",
			Inject: func(f venuetest.FeedFault) bool { return l.arm(t, feedFaults[f]) }}
	}})
}

// aBook follows a book at a simulated venue.
func aBook(t *testing.T) (*local, connect.Market, <-chan exchange.Event) {
	t.Helper()
	l := start(t, now())
	v, err := okx.At(l.at).Open()
	if err != nil {
		t.Fatal(err)
	}
	events := make(chan exchange.Event, 1<<14)
	c, err := v.Browse(t.Context(), connect.DataOptions{Data: connect.Books}, []string{"swap:BTC-USDT-SWAP"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Open(t.Context(), []string{"swap:BTC-USDT-SWAP"}, nil, sink(func(ev *exchange.Event) { events <- *ev }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return l, m, events
}

// A book whose numbers begin anew is followed without a snapshot.
func TestABookFollowsAReset(t *testing.T) {
	l, m, events := aBook(t)
	armed, highest := false, int64(0)
	deadline := time.After(time.Minute)
	for {
		select {
		case ev := <-events:
			switch {
			case ev.Kind == exchange.KindGap || armed && ev.Kind == exchange.KindSnapshot:
				t.Fatalf("a %s: %s", ev.Kind, ev.Reason)
			case !armed:
				armed = l.arm(t, simserver.Fault{Kind: "book_reset", Symbol: "BTC-USDT-SWAP"})
			case ev.LastID < highest:
				if h := m.Health(); h.Live != 1 || h.Gaps != 0 {
					t.Errorf("%+v", h)
				}
				return
			}
			highest = max(highest, ev.LastID)
		case <-deadline:
			t.Fatal("no reset came")
		}
	}
}

type sink func(*exchange.Event)

func (s sink) Post(ev *exchange.Event) { s(ev) }

// accountFaults are the exchange's names of faults.
var accountFaults = map[venuetest.Fault]simserver.Fault{
	venuetest.AnswerLost: {Kind: "reset", Count: 2}, venuetest.AnswerUnknown: {Kind: "timeout", Count: 2}, venuetest.Unavailable: {Kind: "unavailable", Count: 2}, venuetest.RateLimited: {Kind: "429", Count: 1},
	venuetest.ClockOff: {Kind: "skew", Millis: -2000}, venuetest.EventTwice: {Kind: "duplicate_fill", Count: 3}, venuetest.EventLate: {Kind: "late_fill", Count: 3, Millis: 300},
	venuetest.StreamLost: {Kind: "drop"}, venuetest.TransferLost: {Kind: "transfer_unknown", Count: 1}, venuetest.AmendRaced: {Kind: "amend_race"}, venuetest.LoginEnded: {Kind: "auth_expired"},
}

var trades = []venuetest.Trade{{Key: "spot:BTC-USDT", Qty: dec("0.01"), Rest: dec("54000")}, {Key: "swap:BTC-USDT-SWAP", Qty: dec("0.01"), Rest: dec("54000")},
	{Key: "swap:BTC-USD-SWAP", Qty: dec("3"), Rest: dec("54000")}}

func bench(t *testing.T, begin exchange.Time, entry string) *venuetest.Bench {
	l := start(t, begin)
	a, err := account.Open(t.Context(), client.Options{Endpoints: l.at, Entry: entry, Key: l.key(), Passphrase: sign.NewSecret(l.keys.HMAC.Passphrase), Log: func(text string) { t.Log(text) }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	c, err := feed.List(t.Context(), l.at, connect.DataOptions{}, []string{"*:*"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := exchange.NewUniverse(c.Instruments())
	if err != nil {
		t.Fatal(err)
	}
	return &venuetest.Bench{Universe: u, Account: a, Trades: trades, TooMuch: dec("1000"),
		Began: func() exchange.Time { return a.Now() + l.ahead }, Pass: func(d exchange.Time) { time.Sleep(time.Duration(d)) },
		Transfer: &exchange.Transfer{Asset: "USDT", From: "trading", To: "funding", Amount: dec("100")},
		Listen:   func(sink func(oms.AccountEvent)) (io.Closer, error) { return a.Listen(nil, sink) },
		Inject: func(f venuetest.Fault) bool {
			if f == venuetest.RateLimited && entry == client.EntryWS { // 429 is of HTTP
				return l.arm(t, simserver.Fault{Kind: "throttled", Count: 1})
			}
			return l.arm(t, accountFaults[f])
		}}
}

func harness(entry string) venuetest.Harness {
	return venuetest.Harness{Open: func(t *testing.T) *venuetest.Bench { return bench(t, now(), entry) },
		BeforeFunding: func(t *testing.T, lead exchange.Time) *venuetest.Bench {
			at := exchange.Date(2030, 3, 2) + 8*exchange.Hour
			b := bench(t, at-lead, entry)
			b.Settles = at
			return b
		}}
}

// By both ways that orders go.
func TestAccount(t *testing.T) { each(t, venuetest.Account) }

func TestOrders(t *testing.T) { each(t, venuetest.Orders) }

func each(t *testing.T, suite func(*testing.T, venuetest.Harness)) {
	t.Parallel()
	for _, entry := range []string{client.EntryREST, client.EntryWS} {
		t.Run(entry, func(t *testing.T) { suite(t, harness(entry)) })
	}
}

// What the start of a session looks at, and what is wrong with keys and addresses.
func TestAdmission(t *testing.T) {
	l := start(t, now())
	t.Setenv("OKX_TEST_PASS", l.keys.HMAC.Passphrase)
	s := okx.At(l.at)
	signIn := func(key sign.Key) (connect.Account, error) {
		v, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		return v.SignIn(t.Context(), connect.AccountOptions{Key: key})
	}
	if _, err := signIn(l.key()); err == nil || !strings.Contains(err.Error(), "passphrase") {
		t.Errorf("without a passphrase: %v", err)
	}
	s.Passphrase = "env:OKX_TEST_PASS"
	a, err := signIn(l.key())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, f := range append(a.Admission(t.Context()), a.Settings(t.Context())...) {
		if f.Verdict == connect.Fail {
			t.Errorf("%+v", f)
		}
	}
	if uid, err := a.UID(t.Context()); err != nil || uid == "" {
		t.Errorf("%q %v", uid, err)
	}
	v, _ := s.Open()
	c, err := v.Browse(t.Context(), connect.DataOptions{}, []string{"*:BTC-*"})
	if err != nil {
		t.Fatal(err)
	}
	list := c.Instruments()
	if lowest, err := a.Terms(t.Context(), list); err != nil || lowest != 20 {
		t.Errorf("leverage %d, %v", lowest, err)
	}
	for i := range list {
		if in := &list[i]; strings.Contains(in.Assumed, "fees") || !in.TakerFee.IsPositive() {
			t.Errorf("%s: fee %s, assumed %s", in.Key(), in.TakerFee, in.Assumed)
		}
	}
	if err := l.sim.Arm(simserver.Fault{Kind: "permissions", Permissions: []string{"reading", "withdraw"}}); err != nil {
		t.Fatal(err)
	}
	if f := a.Admission(t.Context()); f[0].Verdict != connect.Fail || !strings.Contains(f[0].Text, "withdraw") {
		t.Errorf("%+v", f)
	}
	s.Demo = true
	if _, err := signIn(l.key()); err == nil || !strings.Contains(err.Error(), "50101") {
		t.Errorf("a key of the other environment: %v", err)
	}
	s.Demo = false
	if err := os.Setenv("OKX_TEST_PASS", "wrong"); err != nil {
		t.Fatal(err)
	}
	if _, err := signIn(l.key()); err == nil || !strings.Contains(err.Error(), "50105") {
		t.Errorf("a wrong passphrase: %v", err)
	}
}

func TestSection(t *testing.T) {
	for _, tt := range []struct {
		s    okx.Section
		want string // of the error, or of the hosts
	}{
		{okx.Section{}, "openapi.okx.com"},
		{okx.Section{Region: "us"}, "us.okx.com"},
		{okx.Section{Demo: true}, "openapi.okx.com (demo trading)"},
		{okx.Section{Region: "asia"}, `region = "asia": want`},
		{okx.Section{Region: "us", Rest: "http://localhost"}, "region sets every address"},
		{okx.Section{WSPublic: "wss://ws.okx.com:8443/ws/v5/public"}, "8443 was switched off"},
		{okx.Section{Rest: "ftp://x"}, "rest = "},
		{okx.Section{Passphrase: "secret words"}, "passphrase: a reference"},
	} {
		v, err := tt.s.Open()
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = v.Hosts()
		}
		if !strings.HasPrefix(got, tt.want) && !strings.Contains(got, tt.want) {
			t.Errorf("%+v: %s, want %s", tt.s, got, tt.want)
		}
	}
}

// How all that is listed stands, without a subscription: what perpetuals pay, in our units.
func TestSurvey(t *testing.T) {
	l := start(t, now())
	v, err := okx.At(l.at).Open()
	if err != nil {
		t.Fatal(err)
	}
	patterns := []string{"spot:*", "swap:*", "futures:*"}
	c, err := v.Browse(t.Context(), connect.DataOptions{}, patterns)
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.(connect.Surveyor).Survey(t.Context())
	if err != nil || len(list) != len(c.Instruments()) {
		t.Fatalf("%d of %d, %v", len(list), len(c.Instruments()), err)
	}
	for _, s := range list {
		in := s.Instrument
		switch {
		case !s.Bid.IsPositive() || s.Ask.LessThanOrEqual(s.Bid) || !s.BidQty.IsPositive() || s.Turnover <= 0:
			t.Errorf("%s: %+v", in.Key(), s)
		case in.Perp() && (s.Mark <= 0 || s.Index <= 0):
			t.Errorf("%s: mark %s, index %s", in.Key(), s.Mark.Decimal(), s.Index.Decimal())
		case in.FundingHours > 0 && (s.Hours != 8 || s.NextFunding <= now()):
			t.Errorf("%s: every %d h, next at %s", in.Key(), s.Hours, s.NextFunding)
		}
	}
	if keys, err := c.Choose(t.Context(), patterns, 2); err != nil || len(keys) != 14 { // coins, a perpetual of each kind, and four dated ones
		t.Errorf("the two largest coins: %v, %v", keys, err)
	}
}

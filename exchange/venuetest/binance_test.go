package venuetest_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/simtest"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/venuetest"
)

func TestMain(m *testing.M) {
	venuetest.Together()
	m.Run()
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// trades are in the built-in market, in which a bitcoin is near 60 000.
var trades = []venuetest.Trade{
	{Key: "spot:BTCUSDT", Qty: dec("0.01"), Rest: dec("54000")},
	{Key: "usdm:BTCUSDT", Qty: dec("0.01"), Rest: dec("54000")},
	{Key: "coinm:BTCUSD_PERP", Qty: dec("3"), Rest: dec("54000")},
}

// binanceHarness is the real adapter on the simulated exchange: real sockets and
// signatures.
func binanceHarness(entry string, set ...func(*testing.T, *account.Client)) venuetest.Harness {
	return venuetest.Harness{
		Open: func(t *testing.T) *venuetest.Bench {
			return binanceBench(t, entry, exchange.Time(time.Now().UnixNano()), set) // as it is at a real exchange
		},
		BeforeFunding: func(t *testing.T, lead exchange.Time) *venuetest.Bench {
			at := exchange.Date(2030, 3, 2) + 8*exchange.Hour
			b := binanceBench(t, entry, at-lead, set)
			b.Settles = at
			b.Trades = trades[:2] // the income of COIN-M is asked for until now by the clock on the wall
			return b
		},
	}
}

// binanceBench is a client of an exchange whose market begins at a time.
func binanceBench(t *testing.T, entry string, begin exchange.Time, set []func(*testing.T, *account.Client)) *venuetest.Bench {
	local := simtest.Start(t, simtest.Options{Seed: 1, Start: begin - begin%exchange.Minute - exchange.Minute,
		Step: 100 * exchange.Millisecond, Begin: begin, Speed: 1})
	c, err := account.Open(context.Background(), account.Options{Key: local.HMAC(), Endpoints: local.Endpoints(), Entry: entry, Log: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, f := range set {
		f(t, c)
	}
	if err := c.LearnModes(context.Background()); err != nil {
		t.Fatal(err)
	}
	first, err := local.Universe.Lookup(trades[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.VenueTime(context.Background(), first)
	if err != nil {
		t.Fatal(err)
	}
	ahead := now - c.Now() // the market's clock of the one that requests are stamped by
	return &venuetest.Bench{Universe: local.Universe, Trades: trades, Account: c,
		Began:    func() exchange.Time { return c.Now() + ahead },
		Pass:     func(d exchange.Time) { time.Sleep(time.Duration(d)) },
		Listen:   func(sink func(oms.AccountEvent)) (io.Closer, error) { return account.Listen(c, api.Markets[:], sink) },
		Inject:   func(f venuetest.Fault) bool { return inject(t, local.Sim, f) },
		Transfer: &exchange.Transfer{Asset: "USDT", From: "spot", To: "usdm", Amount: dec("100")},
		NoRoute:  &exchange.Transfer{Asset: "BTC", From: "usdm", To: "coinm", Amount: dec("0.1")},
		TooMuch:  dec("1000"),
	}
}

// simulated are the exchange's names of faults.
var simulated = map[venuetest.Fault]simserver.Fault{
	venuetest.AnswerLost:    {Kind: "reset", Count: 2},
	venuetest.AnswerUnknown: {Kind: "unknown", Count: 2},
	venuetest.Unavailable:   {Kind: "unavailable", Count: 2},
	venuetest.RateLimited:   {Kind: "418", Count: 1, Millis: 1500},
	venuetest.ClockOff:      {Kind: "skew", Millis: -2000},
	venuetest.EventTwice:    {Kind: "duplicate_fill", Count: 3},
	venuetest.EventLate:     {Kind: "late_fill", Count: 3, Millis: 300},
	venuetest.StreamLost:    {Kind: "drop"},
	venuetest.TransferLost:  {Kind: "transfer_unknown", Count: 1},
}

func inject(t *testing.T, sim *simserver.Exchange, f venuetest.Fault) bool {
	t.Helper()
	s, ok := simulated[f]
	if !ok {
		return false
	}
	if err := sim.Arm(s); err != nil {
		t.Fatal(err)
	}
	return true
}

func TestBinanceOrders(t *testing.T) {
	for _, entry := range []string{account.EntryREST, account.EntryWS} {
		t.Run(entry, func(t *testing.T) {
			if entry == account.EntryWS && testing.Short() {
				t.Skip("orders of a session that was cut are looked for over 10 s")
			}
			venuetest.Orders(t, binanceHarness(entry))
		})
	}
}

// hedged puts the account into hedge mode.
func hedged(t *testing.T, c *account.Client) {
	if err := c.SetHedgeMode(context.Background(), api.USDM, true); err != nil {
		t.Fatal(err)
	}
}

func TestBinanceHedgeMode(t *testing.T) {
	t.Run("account", func(t *testing.T) { venuetest.Account(t, binanceHarness(account.EntryREST, hedged)) })
	t.Run("orders", func(t *testing.T) {
		if testing.Short() {
			t.Skip("the whole suite again, for orders that name a position")
		}
		venuetest.Orders(t, binanceHarness(account.EntryREST, hedged))
	})
}

func TestBinanceAccount(t *testing.T) { venuetest.Account(t, binanceHarness(account.EntryREST)) }

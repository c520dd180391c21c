package bybit_test

import (
	"io"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/account"
	"github.com/perilune/perilune/exchange/bybit/bybittest"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/bybit/feed"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/venuetest"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// accountFaults are the server's names of faults, and how often they come.
var accountFaults = map[venuetest.Fault]string{venuetest.AnswerLost: "reset", venuetest.AnswerUnknown: "unknown", venuetest.Unavailable: "unavailable",
	venuetest.RateLimited: "limited", venuetest.EventTwice: "event twice", venuetest.StreamLost: "drop", venuetest.TransferLost: "reset"}

func harness(entry string) venuetest.Harness {
	return venuetest.Harness{Open: func(t *testing.T) *venuetest.Bench {
		s := bybittest.Start(t)
		a, err := account.Open(t.Context(), client.Options{Endpoints: s.Endpoints(), Key: bybittest.Key, Entry: entry, Log: func(text string) { t.Log(text) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		c, err := feed.List(t.Context(), s.Endpoints(), connect.DataOptions{}, []string{"*:*"})
		if err != nil {
			t.Fatal(err)
		}
		u, err := exchange.NewUniverse(c.Instruments())
		if err != nil {
			t.Fatal(err)
		}
		return &venuetest.Bench{Universe: u, Account: a, Began: a.Now, Pass: func(d exchange.Time) { time.Sleep(time.Duration(d)) }, TooMuch: dec("1000"),
			Transfer: &exchange.Transfer{Asset: "USDT", From: "unified", To: "funding", Amount: dec("100")},
			Trades: []venuetest.Trade{{Key: "spot:BTCUSDT", Qty: dec("0.01"), Rest: dec("54000")}, {Key: "linear:BTCUSDT", Qty: dec("0.01"), Rest: dec("54000")},
				{Key: "inverse:BTCUSD", Qty: dec("300"), Rest: dec("54000")}},
			Listen: func(sink func(oms.AccountEvent)) (io.Closer, error) { return a.Listen(nil, sink) },
			Inject: func(f venuetest.Fault) bool {
				name, ok := accountFaults[f]
				if ok {
					s.Fault(name, 1)
				}
				return ok
			}}
	}}
}

func TestAccount(t *testing.T) {
	for _, entry := range []string{client.EntryREST, client.EntryWS} {
		t.Run(entry, func(t *testing.T) { venuetest.Account(t, harness(entry)) })
	}
}

func TestOrders(t *testing.T) {
	for _, entry := range []string{client.EntryREST, client.EntryWS} {
		t.Run(entry, func(t *testing.T) {
			if entry == client.EntryWS && testing.Short() {
				t.Skip("orders of a connection that was cut are looked for over 10 s")
			}
			venuetest.Orders(t, harness(entry))
		})
	}
}

package simfront_test

import (
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/account"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/venuetest"
)

// The venue's switch is armed with the first order of an account that has it, and cancels once
// the stream is lost; who only listens and leaves cancels nothing.
func TestDisconnectCancelAll(t *testing.T) {
	local := openLive(t, exchange.Time(time.Now().UnixNano()))
	var mu sync.Mutex
	var said []string
	open := func(wanted exchange.Time) *account.Account {
		t.Helper()
		a, err := account.Open(t.Context(), client.Options{Endpoints: local.endpoints(), Key: local.key, Log: func(text string) {
			mu.Lock()
			defer mu.Unlock()
			said = append(said, text)
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		a.LearnSwitches(t.Context(), wanted)
		return a
	}
	a := open(0)
	for _, s := range a.Profile().Segments {
		if s.Disconnect {
			t.Errorf("%s: a switch that nobody granted", s.Venue)
		}
	}
	local.sim.Do(func(s *simserver.State) { s.Accounts()[0].Institutional = true })
	a = open(3 * exchange.Second)
	for _, s := range a.Profile().Segments {
		if s.Strength() != oms.StrengthDisconnect {
			t.Errorf("%s: what cancels is %s", s.Venue, s.Strength())
		}
	}
	listen := func(a *account.Account) func() {
		t.Helper()
		_, s := venuetest.Hear(t, func(sink func(oms.AccountEvent)) (io.Closer, error) { return a.Listen(nil, sink) })
		return func() { s.Close() }
	}
	hangUp := listen(a)
	o := oms.Order{Venue: api.Linear.Venue(), Symbol: "BTCUSDT", ClientID: "a-1", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: decimal.NewFromInt(80000), Qty: decimal.New(1, -2)}
	if _, err := a.Place(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	resting := func() (n int) {
		local.sim.Do(func(s *simserver.State) { n = len(s.Accounts()[0].Truth().OpenOrders) })
		return n
	}
	wait := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			if ok() {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatalf("it never comes about: %s", what)
	}
	heard := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(strings.Join(said, "\n"), "cancels all orders of DERIVATIVES 3 s after")
	}
	wait("the switch is set", heard)
	listen(open(0))() // somebody who looks, and leaves
	time.Sleep(3500 * time.Millisecond)
	if resting() != 1 {
		t.Fatalf("%d orders rest while the session listens", resting())
	}
	hangUp()
	wait("the order is canceled", func() bool { return resting() == 0 })
}

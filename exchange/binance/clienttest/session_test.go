package clienttest

import (
	"errors"
	"testing"
	"time"

	binance "github.com/adshao/go-binance/v2"
	"github.com/adshao/go-binance/v2/common"
	"github.com/adshao/go-binance/v2/delivery"
	"github.com/adshao/go-binance/v2/futures"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/simtest"
)

// sim is a running exchange and what the library needs to find it.
type sim struct {
	t *testing.T
	*simtest.Exchange
}

// start runs an exchange and points the library at it. The library's addresses
// are global, so no two tests run at once.
func start(t *testing.T) *sim {
	t.Helper()
	begin := exchange.Date(2026, 3, 2) + 7*exchange.Hour
	s := &sim{t, simtest.Start(t, simtest.Options{Seed: 2, Start: begin, Step: exchange.Second, Begin: begin + 5*exchange.Minute})}
	rest, ws := "http://"+s.Host, "ws://"+s.Host
	binance.BaseAPIMainURL, futures.BaseApiMainUrl, delivery.BaseApiMainUrl = rest, rest, rest
	binance.BaseWsMainURL, binance.BaseCombinedMainURL, binance.BaseWsApiMainURL = ws+"/spot/ws", ws+"/spot/stream?streams=", ws+"/ws-api/v3"
	delivery.BaseWsMainUrl = ws + "/coinm/ws"
	return s
}

// route points the library's one futures address at one of the three routes.
func (s *sim) route(name string) { futures.BaseWsMainUrl = "ws://" + s.Host + "/usdm/" + name + "/ws" }

func (s *sim) advance(d exchange.Time) {
	s.t.Helper()
	if err := s.Sim.Advance(d); err != nil {
		s.t.Fatal(err)
	}
}

// settle waits until the exchange knows a connection that was just opened: the
// library does not tell.
func (s *sim) settle() { time.Sleep(300 * time.Millisecond) }

func (s *sim) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// refused fails unless the library decodes the exchange's code.
func (s *sim) refused(err error, code int64) {
	s.t.Helper()
	var api *common.APIError
	if !errors.As(err, &api) || api.Code != code {
		s.t.Errorf("got %v, want code %d", err, code)
	}
}

// await takes the next value that a stream's handler passes on.
func await[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("no %s came", what)
	}
	panic("unreachable")
}

func number(t *testing.T, s string) decimal.Decimal {
	t.Helper()
	d, err := decimal.NewFromString(s)
	if err != nil {
		t.Fatalf("%q is no decimal", s)
	}
	return d
}

// book is kept by the exchange's documented procedure from what the library
// decodes.
type book struct{ bids, asks map[string]string }

func (b book) set(side map[string]string, price, qty string) {
	if d, err := decimal.NewFromString(qty); err == nil && d.IsZero() {
		delete(side, price)
		return
	}
	side[price] = qty
}

func newBook() book { return book{map[string]string{}, map[string]string{}} }

// same compares the book with a snapshot taken at the same id.
func (b book) same(t *testing.T, snapshot book) {
	t.Helper()
	for name, pair := range map[string][2]map[string]string{"bids": {b.bids, snapshot.bids}, "asks": {b.asks, snapshot.asks}} {
		if len(pair[0]) != len(pair[1]) || len(pair[0]) == 0 {
			t.Errorf("%s: %d levels, the exchange has %d", name, len(pair[0]), len(pair[1]))
		}
		for p, q := range pair[1] {
			if pair[0][p] != q {
				t.Errorf("%s at %s: %s, the exchange has %s", name, p, pair[0][p], q)
			}
		}
	}
}

// end ends a stream of the library.
func end(stopC, doneC chan struct{}) {
	close(stopC)
	select {
	case <-doneC:
	case <-time.After(100 * time.Millisecond): // not every stream of the library tells
	}
}

package account_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/simserver"
)

// What an order's failure means, in every market and through both doors. An
// order that was carried out all the same is found by its client id.
func TestOrderFaults(t *testing.T) {
	cases := []struct {
		kind    string
		spot    exchange.ErrorClass
		futures exchange.ErrorClass
		done    bool
	}{
		{"unavailable", exchange.ErrUnknown, exchange.ErrUnavailable, false}, // spot promises nothing of any 5xx
		{"throttled", exchange.ErrUnavailable, exchange.ErrUnavailable, false},
		{"timeout", exchange.ErrUnknown, exchange.ErrUnknown, true},
		{"unknown", exchange.ErrUnknown, exchange.ErrUnknown, true},
		{"reset", exchange.ErrUnknown, exchange.ErrUnknown, true},
	}
	everyEntry(t, func(t *testing.T, b *bench, c *account.Client) {
		for _, o := range bids {
			for _, test := range cases {
				o.ClientID = "fault-" + test.kind
				b.arm(simserver.Fault{Kind: test.kind, Market: api.Of(o.Venue).String()})
				_, err := c.Place(context.Background(), o)
				want := test.futures
				if o.Venue == api.Spot.Venue() {
					want = test.spot
				}
				if f := fault(t, err); f.Class != want || f.Venue != o.Venue || !strings.HasPrefix(f.What, "place ") {
					t.Errorf("%v %s: %+v, want %v", o.Venue, test.kind, f, want)
				}
				r, err := c.Query(context.Background(), oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID})
				if test.done && (err != nil || r.Status != exchange.StatusAccepted) {
					t.Errorf("%v %s: the order is not there: %+v %v", o.Venue, test.kind, r, err)
				}
				if !test.done && (err == nil || fault(t, err).Code != "-2013") {
					t.Errorf("%v %s: the order is there: %+v %v", o.Venue, test.kind, r, err)
				}
			}
		}
	})
}

// A clock that was set is noticed by the first refusal, and the request is
// signed and sent once more.
func TestClockIsSetBack(t *testing.T) {
	everyEntry(t, func(t *testing.T, b *bench, c *account.Client) {
		b.arm(simserver.Fault{Kind: "skew", Millis: -2000})
		b.advance(exchange.Second)
		for _, o := range bids {
			if r, err := c.Place(context.Background(), o); err != nil || r.Status != exchange.StatusAccepted {
				t.Errorf("%v: %+v %v", o.Venue, r, err)
			}
		}
	})
}

// A clock that is an hour off is not traded by.
func TestClockTooFarOff(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	b.arm(simserver.Fault{Kind: "skew", Millis: 3600_000})
	b.advance(exchange.Second)
	_, err := c.Place(context.Background(), bids[0])
	if f := fault(t, err); f.Class != exchange.ErrClock {
		t.Errorf("%+v", f)
	}
}

// 429 and 418 say when to come back, and then nothing is sent before.
func TestBackOff(t *testing.T) {
	b := running(t)
	for _, kind := range []string{"429", "418"} {
		c := b.client(nil)
		b.arm(simserver.Fault{Kind: kind, Market: "usdm"})
		_, err := c.Place(context.Background(), bids[1])
		if f := fault(t, err); f.Class != exchange.ErrRateLimited || f.Until <= c.Now() {
			t.Errorf("%s: %+v", kind, f)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		_, err = c.Place(ctx, bids[1])
		cancel()
		if f := fault(t, err); f.Class != exchange.ErrUnavailable || f.HTTP != 0 || !errors.Is(f, context.DeadlineExceeded) {
			t.Errorf("%s: the next one: %+v", kind, f)
		}
		c.Close()
	}
}

// Nothing has left before there is a connection; after, an order is unknown and
// a question may be asked again.
func TestSilence(t *testing.T) {
	b := running(t)
	c := b.client(func(o *account.Options) {
		o.HTTP = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: swallow(b.Host)}}
	})
	swallowing.Store(true)
	_, err := c.Place(untilSwallowed(), bids[1])
	if f := fault(t, err); f.Class != exchange.ErrUnknown {
		t.Errorf("place: %+v", f)
	}
	_, err = c.Query(untilSwallowed(), oms.OrderRef{Venue: api.USDM.Venue(), Symbol: "BTCUSDT", ClientID: "x"})
	if f := fault(t, err); f.Class != exchange.ErrUnavailable {
		t.Errorf("query: %+v", f)
	}
	swallowing.Store(false)
	refusing.Store(true)
	defer refusing.Store(false)
	_, err = c.Place(context.Background(), bids[1])
	if f := fault(t, err); f.Class != exchange.ErrUnavailable || f.HTTP != 0 || !errors.Is(f, errRefusing) {
		t.Errorf("no connection: %+v", f)
	}
}

var refusing, swallowing atomic.Bool

// swallowed holds one while there is a request that nobody answers.
var swallowed = make(chan struct{}, 1)

// untilSwallowed is a context that ends once a request has left.
func untilSwallowed() context.Context {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		<-swallowed
		stop()
	}()
	return ctx
}

var errRefusing = errors.New("no route to the venue")

// swallow dials the simulator, or a listener that never answers, or nobody.
func swallow(host string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		if refusing.Load() {
			return nil, errRefusing
		}
		if swallowing.Load() {
			ours, theirs := net.Pipe()
			go func() {
				buf := make([]byte, 1<<16)
				for {
					if _, err := theirs.Read(buf); err != nil {
						return
					}
					select {
					case swallowed <- struct{}{}:
					default:
					}
				}
			}()
			return ours, nil
		}
		return (&net.Dialer{}).DialContext(ctx, network, host)
	}
}

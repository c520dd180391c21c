package deribit_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/deribit"
	"github.com/perilune/perilune/exchange/deribit/account"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/simfront"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/venuetest"
)

// order is one that rests, in the inverse perpetual.
func order(label string) oms.Order {
	return oms.Order{Venue: api.Inverse.Venue(), Symbol: "BTC-PERPETUAL", ClientID: label, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: dec("90000"), Qty: dec("100")}
}

func refOf(r oms.Report) oms.OrderRef {
	return oms.OrderRef{Venue: r.Venue, Symbol: r.Symbol, ClientID: r.ClientID, OrderID: r.OrderID}
}

// listening has a stream that is up.
func listening(t *testing.T, a *account.Account) (*venuetest.Heard, io.Closer) {
	t.Helper()
	return venuetest.Hear(t, func(sink func(oms.AccountEvent)) (io.Closer, error) { return a.Listen(nil, sink) })
}

func place(t *testing.T, a *account.Account, o oms.Order) oms.Report {
	t.Helper()
	r, err := a.Place(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What was placed on a connection is canceled by the venue when it is lost, and nothing else
// is.
func TestCancelOnDisconnect(t *testing.T) {
	x := start(t, now(), plenty)
	a := x.signIn(t)
	before := place(t, a, order("over HTTP"))
	_, stream := listening(t, a)
	on := place(t, a, order("on the connection"))
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
	var r oms.Report
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if r, _ = a.Query(t.Context(), refOf(on)); r.Status.Terminal() {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if r.Status != exchange.StatusCanceled || r.Reason != "cancel_on_disconnect" {
		t.Errorf("on the connection: %+v", r)
	}
	if r, err := a.Query(t.Context(), refOf(before)); err != nil || r.Status != exchange.StatusAccepted {
		t.Errorf("over HTTP: %+v %v", r, err)
	}
}

// A token that has expired costs an order, of which it is known that it was not placed, and
// the next connection signs in anew.
func TestTheTokenExpires(t *testing.T) {
	x := start(t, now(), plenty)
	a := x.signIn(t)
	heard, _ := listening(t, a)
	place(t, a, order("before"))
	x.arm(t, simserver.Fault{Kind: "token_expired"})
	_, err := a.Place(t.Context(), order("without"))
	if !errors.Is(err, exchange.ErrUnavailable) {
		t.Errorf("%v, want that it may be sent again", err)
	}
	heard.Until("the stream is up again", func(e *oms.AccountEvent) bool { return e.Gap != "" && !e.Begins })
	place(t, a, order("after"))
	var told []string
	for _, ev := range heard.All() {
		if ev.Gap != "" || ev.Down != "" {
			told = append(told, fmt.Sprintf("gap %t down %t", ev.Gap != "", ev.Down != ""))
		}
	}
	if fmt.Sprint(told) != "[gap true down false gap false down true gap true down false]" {
		t.Errorf("%v", told)
	}
}

// Answers may come in another order than questions.
func TestAnswersOvertakeEachOther(t *testing.T) {
	x := start(t, now(), plenty)
	a := x.signIn(t)
	listening(t, a)
	place(t, a, order("first"))
	x.arm(t, simserver.Fault{Kind: "overtaken", Count: 3})
	done := make(chan error)
	const n = 6
	for i := range n {
		go func() {
			label := fmt.Sprint("order ", i)
			r, err := a.Place(t.Context(), order(label))
			if err == nil && r.ClientID != label {
				err = fmt.Errorf("%s was answered with %s", label, r.ClientID)
			}
			done <- err
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestOrderTerms(t *testing.T) {
	x := start(t, now(), plenty)
	a := x.signIn(t)
	// A label is no key: the newest order of it counts.
	first, second := place(t, a, order("twice")), place(t, a, order("twice"))
	if r, err := a.Query(t.Context(), oms.OrderRef{Venue: first.Venue, Symbol: first.Symbol, ClientID: "twice"}); err != nil || r.OrderID != second.OrderID {
		t.Errorf("of %s and %s: %+v %v", first.OrderID, second.OrderID, r, err)
	}
	// A price beyond the band is moved to its edge, and reported so.
	low := order("beyond")
	low.Price = dec("1000")
	if r := place(t, a, low); !r.Price.GreaterThan(dec("50000")) {
		t.Errorf("beyond the band: %+v", r)
	}
	// A post-only order that would trade is refused and not moved.
	taking := order("post-only")
	taking.TIF, taking.Price = exchange.PostOnly, dec("93000")
	e := (*exchange.VenueError)(nil)
	if _, err := a.Place(t.Context(), taking); !errors.As(err, &e) || e.Class != exchange.ErrRefused || e.Code != "11054" {
		t.Errorf("post-only: %v", err)
	}
	// The answer has the trades.
	taking.TIF, taking.ClientID = exchange.IOC, "taking"
	if r := place(t, a, taking); r.Status != exchange.StatusFilled || len(r.Executions) == 0 || !r.Executions[0].Fee.IsPositive() || r.Executions[0].FeeAsset != "BTC" {
		t.Errorf("an order that takes: %+v", r)
	}
	// More than there is money for.
	large := order("too much")
	large.Qty = decimal.NewFromInt(1e9)
	if _, err := a.Place(t.Context(), large); !errors.Is(err, exchange.ErrFunds) {
		t.Errorf("too much: %v", err)
	}
}

// The credits of the lowest tier never run out: what has no room waits.
func TestCredits(t *testing.T) {
	x := start(t, now(), simfront.DefaultLimits())
	a := x.signIn(t)
	listening(t, a)
	for i := range 12 {
		r := place(t, a, order(fmt.Sprint("o", i)))
		if _, err := a.Cancel(t.Context(), refOf(r)); err != nil {
			t.Fatal(err)
		}
	}
}

// A key of another place is told from one that may not do what it should.
func TestKeysAreRefused(t *testing.T) {
	x := start(t, now(), plenty)
	v, err := deribit.At(x.endpoints()).Open()
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := v.SignIn(t.Context(), connect.AccountOptions{Key: sign.Key{API: sign.NewSecret("testkey1"), Secret: sign.NewSecret("of-another-place")}})
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	e := (*exchange.VenueError)(nil)
	if _, err := wrong.UID(t.Context()); !errors.As(err, &e) || e.Class != exchange.ErrKey || e.Advice == "" {
		t.Errorf("%v", err)
	}
	verdicts := func(permissions ...string) (out []string) {
		x.arm(t, simserver.Fault{Kind: "permissions", Permissions: permissions})
		a, err := v.SignIn(t.Context(), connect.AccountOptions{Key: x.key()})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		for _, f := range a.Admission(t.Context()) {
			out = append(out, f.Name+" "+string(f.Verdict))
		}
		return out
	}
	for _, tt := range []struct {
		may  []string
		want string
	}{
		{[]string{simserver.MayRead, simserver.MaySpot, simserver.MayFutures}, "[permissions ok margin model ok]"},
		{[]string{simserver.MayRead, simserver.MaySpot, simserver.MayFutures, simserver.MayWithdraw}, "[permissions fail margin model ok]"},
		{[]string{simserver.MayRead}, "[permissions fail margin model ok]"},
	} {
		if got := fmt.Sprint(verdicts(tt.may...)); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.may, got, tt.want)
		}
	}
}

package account_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/wire"
)

// inbox keeps events and waits for them.
type inbox struct {
	t   *testing.T
	mu  sync.Mutex
	all []oms.AccountEvent
}

func (b *inbox) take(n oms.AccountEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, n)
}

// wait returns the first event from a position on that fits, and the position
// behind it.
func (b *inbox) wait(from int, what string, fits func(oms.AccountEvent) bool) (oms.AccountEvent, int) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		b.mu.Lock()
		for i := from; i < len(b.all); i++ {
			if fits(b.all[i]) {
				defer b.mu.Unlock()
				return b.all[i], i + 1
			}
		}
		b.mu.Unlock()
	}
	b.t.Fatalf("no %s among %s", what, b.text(from))
	return oms.AccountEvent{}, 0
}

func (b *inbox) text(from int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var s strings.Builder
	for _, n := range b.all[from:] {
		fmt.Fprintf(&s, "\n%v report %+v balance %+v position %+v funding %+v gap %q down %q config %q", n.Venue, n.Report, n.Balance, n.Position, n.Funding, n.Gap, n.Down, n.Setting)
	}
	return s.String()
}

func (b *inbox) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.all)
}

func (b *inbox) count(from int, fits func(oms.AccountEvent) bool) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ev := range b.all[from:] {
		if fits(ev) {
			n++
		}
	}
	return n
}

func listening(t *testing.T, c *account.Client, markets ...api.Market) (*account.Streams, *inbox) {
	t.Helper()
	in := &inbox{t: t}
	s, err := account.Listen(c, markets, in.take)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, m := range markets {
		in.wait(0, "gap at the beginning", gap(m))
	}
	return s, in
}

func gap(m api.Market) func(oms.AccountEvent) bool {
	return func(n oms.AccountEvent) bool { return n.Venue == m.Venue() && n.Gap != "" }
}

func down(m api.Market) func(oms.AccountEvent) bool {
	return func(n oms.AccountEvent) bool { return n.Venue == m.Venue() && n.Down != "" }
}

func report(o oms.Order, s exchange.OrderStatus) func(oms.AccountEvent) bool {
	return func(n oms.AccountEvent) bool {
		return n.Venue == o.Venue && n.Report != nil && n.Report.ClientID == o.ClientID && n.Report.Status == s
	}
}

func TestUserStreams(t *testing.T) {
	everyEntry(t, func(t *testing.T, b *bench, c *account.Client) {
		_, in := listening(t, c, api.Markets[:]...)
		for _, o := range bids {
			streamOfAnOrder(t, in, c, o)
			streamOfAFill(t, in, c, o)
		}
	})
}

// streamOfAnOrder follows an order that rests and is cancelled. The cancel has a
// name of its own on spot; the report has the order's.
func streamOfAnOrder(t *testing.T, in *inbox, c *account.Client, o oms.Order) {
	ctx, at := context.Background(), in.len()
	if _, err := c.Place(ctx, o); err != nil {
		t.Fatal(err)
	}
	n, at := in.wait(at, "accepted order", report(o, exchange.StatusAccepted))
	if r := n.Report; r.Symbol != o.Symbol || r.Side != o.Side || !r.Price.Equal(o.Price) || !r.Qty.Equal(o.Qty) || !r.Filled.IsZero() || r.OrderID == "" || r.Executions != nil {
		t.Errorf("%v: %+v", o.Venue, r)
	}
	if _, err := c.Cancel(ctx, oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID}); err != nil {
		t.Fatal(err)
	}
	in.wait(at, "cancelled order", report(o, exchange.StatusCanceled))
}

// streamOfAFill follows a market order: its trades, and the money after.
func streamOfAFill(t *testing.T, in *inbox, c *account.Client, o oms.Order) {
	ctx, at := context.Background(), in.len()
	o.ClientID, o.Type, o.TIF, o.Price = "market-1", exchange.MarketOrder, exchange.IOC, decimal.Zero
	if _, err := c.Place(ctx, o); err != nil {
		t.Fatal(err)
	}
	n, _ := in.wait(at, "filled order", report(o, exchange.StatusFilled))
	if len(n.Report.Executions) != 1 {
		t.Fatalf("%v: %+v", o.Venue, n.Report)
	}
	x := n.Report.Executions[0]
	if !n.Report.Filled.Equal(o.Qty) || x.ClientID != o.ClientID || x.OrderID != n.Report.OrderID || !x.Price.IsPositive() ||
		!x.Fee.IsPositive() || x.FeeAsset == "" || x.Maker || x.Reason != "" || x.TradeID == "" {
		t.Errorf("%v: %+v %+v", o.Venue, n.Report, x)
	}
	balances, err := c.Balances(ctx, exchange.Wallet(o.Venue))
	if err != nil {
		t.Fatal(err)
	}
	in.wait(at, "balance", func(n oms.AccountEvent) bool {
		for _, b := range balances {
			if n.Venue == o.Venue && n.Balance != nil && n.Balance.Asset == b.Asset && n.Balance.Total.Equal(b.Total) {
				return true
			}
		}
		return false
	})
	if o.Venue != api.Spot.Venue() {
		in.wait(at, "position", func(n oms.AccountEvent) bool {
			return n.Venue == o.Venue && n.Position != nil && n.Position.Symbol == o.Symbol && n.Position.Qty.Equal(o.Qty)
		})
	}
}

// Whatever breaks, there is one Down, then one Gap, and then events again.
func TestStreamsComeBack(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	_, in := listening(t, c, api.Markets[:]...)
	number := 0
	for _, f := range []simserver.Fault{{Kind: "drop"}, {Kind: "listen_key_expired"}, {Kind: "drop", Route: "api"}} {
		at := in.len()
		b.arm(f)
		b.advance(exchange.Second)
		for _, o := range bids {
			if f.Kind == "listen_key_expired" && o.Venue == api.Spot.Venue() || f.Route == "api" && o.Venue != api.Spot.Venue() {
				continue
			}
			_, after := in.wait(at, f.Kind+": down", down(api.Of(o.Venue)))
			_, after = in.wait(after, f.Kind+": gap", gap(api.Of(o.Venue)))
			number++
			o.ClientID = fmt.Sprintf("again-%d", number)
			if _, err := c.Place(context.Background(), o); err != nil {
				t.Fatal(err)
			}
			in.wait(after, f.Kind+": order", report(o, exchange.StatusAccepted))
		}
		if n := in.count(at, down(api.USDM)); f.Route == "" && n != 1 {
			t.Errorf("%s: USD-M went down %d times:%s", f.Kind, n, in.text(at))
		}
	}
}

// A venue that is about to close a connection announces it on spot. The
// successor is there before the end, so nothing is missed and nothing is told
// twice.
func TestShutdownIsNoGap(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	s, in := listening(t, c, api.Spot)
	b.arm(simserver.Fault{Kind: "server_shutdown"})
	b.advance(exchange.Second)
	for deadline := time.Now().Add(time.Minute); s.Health()[0].Rolls == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no successor: %+v", s.Health())
		}
	}
	if _, err := c.Place(context.Background(), bids[0]); err != nil {
		t.Fatal(err)
	}
	in.wait(1, "order", report(bids[0], exchange.StatusAccepted))
	if text := in.text(1); strings.Contains(text, `gap "t`) {
		t.Errorf("a gap: %s", text)
	}
}

// Orders that the venue makes itself are told like any, with the reason.
func TestForcedOrders(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	_, in := listening(t, c, api.USDM)
	o := bids[1]
	o.ClientID, o.Type, o.TIF, o.Price = "open", exchange.MarketOrder, exchange.IOC, decimal.Zero
	if _, err := c.Place(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	b.arm(simserver.Fault{Kind: "adl", Symbol: o.Symbol})
	b.advance(exchange.Second)
	n, _ := in.wait(0, "deleveraging", func(n oms.AccountEvent) bool {
		return n.Report != nil && len(n.Report.Executions) == 1 && n.Report.Executions[0].Reason == "adl"
	})
	if n.Report.Side != exchange.Sell || !n.Report.Filled.Equal(o.Qty) || n.Report.Status != exchange.StatusFilled {
		t.Errorf("%+v", n.Report)
	}
	in.wait(0, "flat position", func(n oms.AccountEvent) bool { return n.Position != nil && n.Position.Qty.IsZero() })
}

// Funding comes with its amount and its symbol.
func TestFundingEvent(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	_, in := listening(t, c, api.USDM, api.COINM)
	for _, o := range bids[1:] {
		o.ClientID, o.Type, o.TIF, o.Price = "open", exchange.MarketOrder, exchange.IOC, decimal.Zero
		if _, err := c.Place(context.Background(), o); err != nil {
			t.Fatal(err)
		}
	}
	b.advance(51 * exchange.Minute) // over 08:00
	for _, o := range bids[1:] {
		n, _ := in.wait(0, "funding", func(n oms.AccountEvent) bool { return n.Venue == o.Venue && n.Funding != nil })
		rows, err := c.Income(context.Background(), api.Of(o.Venue).Wallet(), 0)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, row := range rows {
			found = found || row.Name == "FUNDING_FEE" && row.Amount.Equal(n.Funding.Amount) && row.Symbol == n.Funding.Symbol && row.Asset == n.Funding.Asset
		}
		if !found || n.Funding.Symbol != o.Symbol || n.Funding.Name != "FUNDING_FEE" || n.Funding.ID != "" {
			t.Errorf("%v: %+v is not in %+v", o.Venue, n.Funding, rows)
		}
	}
}

// Another process of the account ends the listen key. The socket stays open and
// is mute, and nobody says so; the next look at the key tells.
func TestKeyDeletedElsewhere(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	s, in := listening(t, c, api.USDM, api.COINM)
	for _, path := range []string{"/fapi/v1/listenKey", "/dapi/v1/listenKey"} {
		req, err := http.NewRequest("DELETE", "http://"+b.Host+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-MBX-APIKEY", b.Keys.HMAC.Key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		resp.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	for _, o := range bids[1:] {
		at := in.len()
		s.Check(api.Of(o.Venue))
		_, at = in.wait(at, "down", down(api.Of(o.Venue)))
		_, at = in.wait(at, "gap", gap(api.Of(o.Venue)))
		if _, err := c.Place(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		in.wait(at, "order", report(o, exchange.StatusAccepted))
	}
}

// A half-open connection answers nothing, not even pings; an idle one answers
// those and is left alone.
func TestHalfOpen(t *testing.T) {
	t.Parallel()                    // it waits
	const patient = 4 * time.Second // a busy machine answers a ping within it
	b := running(t)
	c := b.client(func(o *account.Options) {
		o.Wire = func(w *wire.Options) {
			w.PingEvery, w.ReadTimeout, w.FramesPerSecond = 50*time.Millisecond, patient, 100
		}
	})
	s, in := listening(t, c, api.Markets[:]...)
	at := in.len()
	time.Sleep(patient + time.Second)
	if in.len() != at {
		t.Fatalf("idle streams were given up:%s", in.text(at))
	}
	b.arm(simserver.Fault{Kind: "half_open"})
	b.advance(exchange.Second)
	for _, m := range api.Markets {
		_, after := in.wait(at, "down", down(m))
		in.wait(after, "gap", gap(m))
	}
	if h := s.Health(); len(h) != 3 || h[0].Connects < 2 {
		t.Errorf("%+v", h)
	}
}

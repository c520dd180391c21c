package desk

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// link is a house that many goroutines talk to in real time, over a line that
// loses answers.
type link struct {
	mu    sync.Mutex
	house *house
	rng   *rand.Rand
	hear  func(account.Notice)
}

func clock() exchange.Time { return exchange.Time(time.Now().UnixNano()) }

// on runs one request at the house and may lose its answer.
func on[T any](l *link, acts bool, do func(*house) (T, error)) (T, error) {
	l.mu.Lock()
	l.house.now = clock()
	out, err := do(l.house)
	for _, n := range l.house.notices {
		l.hear(n)
	}
	l.house.notices = l.house.notices[:0]
	lose, nap := acts && l.rng.IntN(5) == 0, time.Duration(l.rng.IntN(2000))*time.Microsecond
	l.mu.Unlock()
	time.Sleep(nap)
	if lose {
		var none T
		return none, &account.Fault{Class: account.Unknown, Err: errors.New("connection reset by peer")}
	}
	return out, err
}

func (l *link) Now() exchange.Time { return clock() }

func (l *link) Place(ctx context.Context, o account.Order) (account.Report, error) {
	return on(l, true, func(h *house) (account.Report, error) { return h.Place(ctx, o) })
}

func (l *link) Cancel(ctx context.Context, m api.Market, symbol, client string) (account.Report, error) {
	return on(l, true, func(h *house) (account.Report, error) { return h.Cancel(ctx, m, symbol, client) })
}

func (l *link) Query(ctx context.Context, m api.Market, symbol, client string) (account.Report, error) {
	return on(l, false, func(h *house) (account.Report, error) { return h.Query(ctx, m, symbol, client) })
}

func (l *link) OpenOrders(ctx context.Context, m api.Market) ([]account.Report, error) {
	return on(l, false, func(h *house) ([]account.Report, error) { return h.OpenOrders(ctx, m) })
}

func (l *link) Trades(ctx context.Context, m api.Market, symbol string, from int64) ([]account.Execution, error) {
	return on(l, false, func(h *house) ([]account.Execution, error) { return h.Trades(ctx, m, symbol, from) })
}

func (l *link) Balances(ctx context.Context, m api.Market) ([]account.Balance, error) {
	return on(l, false, func(h *house) ([]account.Balance, error) { return h.Balances(ctx, m) })
}

func (l *link) Positions(ctx context.Context, m api.Market) ([]account.Position, error) {
	return on(l, false, func(h *house) ([]account.Position, error) { return h.Positions(ctx, m) })
}

func (l *link) Income(ctx context.Context, m api.Market, since exchange.Time) ([]account.Income, error) {
	return on(l, false, func(h *house) ([]account.Income, error) { return h.Income(ctx, m, since) })
}

func (l *link) Move(ctx context.Context, asset string, from, to api.Market, amount decimal.Decimal) (int64, error) {
	return on(l, true, func(h *house) (int64, error) { return h.Move(ctx, asset, from, to, amount) })
}

func (l *link) Moves(ctx context.Context, from, to api.Market, since exchange.Time) ([]account.Move, error) {
	return on(l, false, func(h *house) ([]account.Move, error) { return h.Moves(ctx, from, to, since) })
}

func (l *link) Arm(ctx context.Context, m api.Market, symbol string, countdown exchange.Time) error {
	_, err := on(l, true, func(h *house) (int, error) { return 0, h.Arm(ctx, m, symbol, countdown) })
	return err
}

// eventually waits for what other goroutines bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("it never comes about: " + what)
}

// TestVenue runs orders, cancels and a transfer through the goroutines, over a
// line that loses answers, and compares the accounts.
func TestVenue(t *testing.T) {
	defer goleak.VerifyNone(t)
	u := universe()
	l := &link{house: newHouse(u, clock()), rng: rand.New(rand.NewPCG(1, 2))}
	l.house.take = func(o account.Order) decimal.Decimal { return o.Qty.Div(dec("2")).RoundDown(2) }
	book := newLedger(u, clock())
	var mu sync.Mutex // of book
	v, err := NewVenue(Config{API: l, Universe: u, Opening: book.opening(), Post: func(ev *exchange.Event) {
		mu.Lock()
		defer mu.Unlock()
		book.take(ev)
	}})
	if err != nil {
		t.Fatal(err)
	}
	l.hear = v.Notice
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { v.Run(ctx); close(over) }()
	eventually(t, "ready", func() bool { h := v.Health(); return h.Ready() })

	tr := exchange.Transfer{ID: 1, Asset: "USDT", From: api.Spot.Wallet(), To: api.USDM.Wallet(), Amount: dec("250")}
	mu.Lock()
	book.depart(&tr, clock())
	mu.Unlock()
	v.Transfer(&tr, 0)
	for id := exchange.OrderID(1); id <= 60; id++ {
		o := &exchange.Order{ID: id, ClientID: "t-" + decimal.NewFromInt(int64(id)).String(), Instrument: exchange.InstrumentID(int(id) % u.Len()), Side: exchange.Buy,
			Type: exchange.Limit, TIF: exchange.GTC, Price: 500000, Qty: 40}
		mu.Lock()
		book.intend(o)
		mu.Unlock()
		v.Submit(o, 0)
		v.Cancel(id, 0)
		v.Beat()
	}
	eventually(t, "every order and the transfer are over", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, o := range book.orders {
			if !o.Status.Terminal() {
				return false
			}
		}
		return len(book.moves) == 0
	})
	stop()
	<-over
	for p, total := range l.house.wallets { // order does not matter: all are told
		if ours := book.wallets[p]; !ours.Equal(total) {
			t.Errorf("%s %s: the venue has %s, the ledger %s", p.market, p.asset, total, ours)
		}
	}
	for id, n := range l.house.placed { // order does not matter: all are told
		if n > 1 {
			t.Errorf("order %s was placed %d times", id, n)
		}
	}
	for _, b := range book.bad {
		t.Error(b)
	}
}

// What was held up too long is not sent.
func TestAStaleOrderIsNotSent(t *testing.T) {
	l := &link{house: newHouse(universe(), clock()), rng: rand.New(rand.NewPCG(1, 2))}
	v := &Venue{api: l}
	a := v.perform(context.Background(), &Request{Kind: Place, NotAfter: clock() - exchange.Second, Order: account.Order{ClientID: "t-1"}})
	if f := faultOf(a); f == nil || f.Class != account.Later || len(l.house.orders) > 0 {
		t.Errorf("answer %v, %d orders at the venue; want it held back", a.Err, len(l.house.orders))
	}
}

// The most urgent request goes first, and what is alike in order.
func TestLaneOrder(t *testing.T) {
	l := newLane()
	for i, r := range []Request{{Kind: Move}, {Kind: Place}, {Kind: Place, Reduces: true}, {Kind: Arm}, {Kind: Cancel}, {Kind: Place}, {Kind: Cancel}} {
		r.Number = uint64(i + 1)
		l.push(&r)
	}
	var got []string
	for range 7 {
		r := l.pop()
		got = append(got, r.Kind.String()+decimal.NewFromInt(int64(r.Number)).String())
	}
	if s := strings.Join(got, " "); s != "cancel5 cancel7 place3 arm4 place2 place6 move1" {
		t.Errorf("order %s", s)
	}
	l.close()
	if l.pop() != nil {
		t.Error("a closed lane still gives")
	}
}

// A long recvWindow keeps an order in doubt for as long.
func TestDoubtLastsAsLongAsTheWindow(t *testing.T) {
	u := universe()
	d, err := New(u, Options{RecvWindow: exchange.Minute}, Opening{Began: start}, start)
	if err != nil {
		t.Fatal(err)
	}
	d.Submit(&exchange.Order{ID: 1, ClientID: "t-1", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 1, Qty: 1, Created: start}, start)
	missing := &account.Fault{Class: account.Refused, Code: notFound}
	var rejected exchange.Time
	for now := start; now < start+2*exchange.Minute && rejected == 0; now += exchange.Second / 4 {
		d.Tick(now)
		var asked []*Request
		d.Requests(func(r *Request) { kept := *r; asked = append(asked, &kept) })
		for _, r := range asked {
			switch r.Kind {
			case Place:
				d.Answer(&Answer{Request: r, Err: errors.New("timeout")}, now)
			case Query:
				d.Answer(&Answer{Request: r, Err: missing}, now)
			}
		}
		d.Events(func(ev *exchange.Event) {
			if ev.Update.Status == exchange.StatusRejected {
				rejected = now
			}
		})
	}
	if rejected <= start+61*exchange.Second {
		t.Errorf("given up after %s", time.Duration(rejected-start))
	}
}

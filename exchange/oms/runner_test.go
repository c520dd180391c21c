package oms

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
)

// link is a house that many goroutines talk to in real time, over a line that
// loses answers.
type link struct {
	mu    sync.Mutex
	house *house
	rng   *rand.Rand
	hear  func(AccountEvent)
}

func clock() exchange.Time { return exchange.Time(time.Now().UnixNano()) }

// on runs one request at the house and may lose its answer.
func on[T any](l *link, acts bool, do func(*house) (T, error)) (T, error) {
	l.mu.Lock()
	l.house.now = clock()
	out, err := do(l.house)
	for _, n := range l.house.told {
		l.hear(n)
	}
	l.house.told = l.house.told[:0]
	lose, nap := acts && l.rng.IntN(5) == 0, time.Duration(l.rng.IntN(2000))*time.Microsecond
	l.mu.Unlock()
	time.Sleep(nap)
	if lose {
		var none T
		return none, &exchange.VenueError{Class: exchange.ErrUnknown, Err: errors.New("connection reset by peer")}
	}
	return out, err
}

func (l *link) Now() exchange.Time { return clock() }

func (l *link) Place(ctx context.Context, o Order) (Report, error) {
	return on(l, true, func(h *house) (Report, error) { return h.Place(ctx, o) })
}

func (l *link) Cancel(ctx context.Context, o OrderRef) (Report, error) {
	return on(l, true, func(h *house) (Report, error) { return h.Cancel(ctx, o) })
}

func (l *link) Query(ctx context.Context, o OrderRef) (Report, error) {
	return on(l, false, func(h *house) (Report, error) { return h.Query(ctx, o) })
}

func (l *link) OpenOrders(ctx context.Context, v exchange.Venue) ([]Report, error) {
	return on(l, false, func(h *house) ([]Report, error) { return h.OpenOrders(ctx, v) })
}

func (l *link) Executions(ctx context.Context, v exchange.Venue, symbol string, from Cursor) ([]Execution, error) {
	return on(l, false, func(h *house) ([]Execution, error) { return h.Executions(ctx, v, symbol, from) })
}

func (l *link) Balances(ctx context.Context, w exchange.Wallet) ([]Balance, error) {
	return on(l, false, func(h *house) ([]Balance, error) { return h.Balances(ctx, w) })
}

func (l *link) Positions(ctx context.Context, v exchange.Venue) ([]Position, error) {
	return on(l, false, func(h *house) ([]Position, error) { return h.Positions(ctx, v) })
}

func (l *link) Income(ctx context.Context, w exchange.Wallet, since exchange.Time) ([]Income, error) {
	return on(l, false, func(h *house) ([]Income, error) { return h.Income(ctx, w, since) })
}

func (l *link) Transfer(ctx context.Context, t TransferOrder) (string, error) {
	return on(l, true, func(h *house) (string, error) { return h.Transfer(ctx, t) })
}

func (l *link) TransferHistory(ctx context.Context, from, to exchange.Wallet, since exchange.Time) ([]TransferRow, error) {
	return on(l, false, func(h *house) ([]TransferRow, error) { return h.TransferHistory(ctx, from, to, since) })
}

func (l *link) ArmDeadMan(ctx context.Context, v exchange.Venue, symbol string, countdown exchange.Time) error {
	_, err := on(l, true, func(h *house) (int, error) { return 0, h.ArmDeadMan(ctx, v, symbol, countdown) })
	return err
}

func (l *link) Profile() Profile { return profile() }

// eventually waits for what other goroutines bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("it never comes about: " + what)
}

// TestRunner runs orders, cancels and a transfer through the goroutines, over a
// line that loses answers, and compares the accounts.
func TestRunner(t *testing.T) {
	defer goleak.VerifyNone(t)
	u := universe()
	l := &link{house: newHouse(u, clock()), rng: rand.New(rand.NewPCG(1, 2))}
	l.house.take = func(o Order) decimal.Decimal { return o.Qty.Div(dec("2")).RoundDown(2) }
	book := newLedger(u, clock())
	var mu sync.Mutex // of book
	v, err := NewRunner(Config{Account: l, Universe: u, Opening: book.opening(), Post: func(ev *exchange.Event) {
		mu.Lock()
		defer mu.Unlock()
		book.take(ev)
	}})
	if err != nil {
		t.Fatal(err)
	}
	l.hear = v.Event
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { v.Run(ctx); close(over) }()
	eventually(t, "ready", func() bool { h := v.Health(); return h.Ready() })

	tr := exchange.Transfer{ID: 1, Asset: "USDT", From: spot, To: usdm, Amount: dec("250")}
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
			t.Errorf("%s %s: the venue has %s, the ledger %s", p.wallet, p.asset, total, ours)
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
	v := &Runner{account: l}
	a := v.perform(context.Background(), &Request{Kind: PlaceOrder, NotAfter: clock() - exchange.Second, Order: Order{ClientID: "t-1"}})
	if f := a.venueError(); f == nil || f.Class != exchange.ErrUnavailable || len(l.house.orders) > 0 {
		t.Errorf("answer %v, %d orders at the venue; want it held back", a.Err, len(l.house.orders))
	}
}

// The most urgent request goes first, and what is alike in order.
func TestQueueOrder(t *testing.T) {
	l := newQueue()
	for i, r := range []Request{{Kind: MoveMoney}, {Kind: PlaceOrder}, {Kind: PlaceOrder, Reduces: true}, {Kind: ArmSwitch}, {Kind: CancelOrder}, {Kind: PlaceOrder}, {Kind: CancelOrder}} {
		r.Number = uint64(i + 1)
		l.push(&r)
	}
	var got []string
	for range 7 {
		r := l.pop()
		got = append(got, r.Kind.String()+decimal.NewFromInt(int64(r.Number)).String())
	}
	if s := strings.Join(got, " "); s != "cancel5 cancel7 place3 arm4 place2 place6 transfer1" {
		t.Errorf("order %s", s)
	}
	l.close()
	if l.pop() != nil {
		t.Error("a closed queue still gives")
	}
}

// A long recvWindow keeps an order in doubt for as long.
func TestDoubtLastsAsLongAsTheWindow(t *testing.T) {
	u := universe()
	opt := options()
	opt.Profile.Window = exchange.Minute
	d, err := New(u, opt, Opening{Began: start}, start)
	if err != nil {
		t.Fatal(err)
	}
	d.Submit(&exchange.Order{ID: 1, ClientID: "t-1", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 1, Qty: 1, Created: start}, start)
	missing := &exchange.VenueError{Class: exchange.ErrNotFound}
	var rejected exchange.Time
	for now := start; now < start+2*exchange.Minute && rejected == 0; now += exchange.Second / 4 {
		d.Tick(now)
		var asked []*Request
		d.Requests(func(r *Request) { kept := *r; asked = append(asked, &kept) })
		for _, r := range asked {
			switch r.Kind {
			case PlaceOrder:
				d.Answer(&Answer{Request: r, Err: errors.New("timeout")}, now)
			case QueryOrder:
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

package venuetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
)

// trial is an account, what takes orders for it, and the ledger of both.
type trial struct {
	*testing.T
	b       *Bench
	l       *ledger
	s       Session
	disturb func(oms.AccountEvent, func(oms.AccountEvent)) // stands between the streams and the manager; nil: nobody
	last    exchange.OrderID

	mu    sync.Mutex
	notes []string
}

func begin(t *testing.T, h *Harness) *trial {
	t.Helper()
	b := h.Open(t)
	p := &trial{T: t, b: b, l: newLedger(b.Universe, b.Began())}
	p.start()
	t.Cleanup(func() { p.end() })
	return p
}

// start begins a process on what the ledger has.
func (p *trial) start() {
	p.Helper()
	start := p.b.Start
	if start == nil {
		start = p.onAccount
	}
	s, err := start(p.l.opening(), p.l.take)
	if err != nil {
		p.Fatal(err)
	}
	p.s = s
	p.until("ready", s.Ready)
}

// end ends the process.
func (p *trial) end() {
	if p.s != nil {
		if err := p.s.Close(); err != nil {
			p.Error(err)
		}
		p.s = nil
	}
}

// accountSession is an order manager on an account.
type accountSession struct {
	*oms.Runner
	streams io.Closer
	stop    context.CancelFunc
	over    chan struct{}
}

func (p *trial) onAccount(from oms.Opening, post func(*exchange.Event)) (Session, error) {
	r, err := oms.NewRunner(oms.Config{Account: p.b.Account, Universe: p.b.Universe, Opening: from, Post: post, Note: p.note})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &accountSession{Runner: r, stop: stop, over: make(chan struct{})}
	go func() { r.Run(ctx); close(s.over) }()
	sink := r.Event
	if p.disturb != nil {
		sink = func(ev oms.AccountEvent) { p.disturb(ev, r.Event) }
	}
	if s.streams, err = p.b.Listen(sink); err != nil {
		stop()
		<-s.over
		return nil, err
	}
	return s, nil
}

func (s *accountSession) Ready() bool {
	h := s.Health()
	return h.Ready() && h.Unknown+h.Sending == 0
}

func (s *accountSession) String() string {
	h := s.Health()
	return h.String()
}

func (s *accountSession) Close() error {
	err := s.streams.Close()
	s.stop()
	<-s.over
	return err
}

func (p *trial) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes = append(p.notes, text)
}

// patience is how long something may take to come about, by the clock on the wall: twice
// what an order may be in doubt for that was told of once and is looked for in vain.
const patience = 2 * time.Minute

// until lets time pass until something has come about.
func (p *trial) until(what string, ok func() bool) {
	p.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); p.b.Pass(10 * exchange.Millisecond) {
		p.s.Beat()
		if ok() {
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Fatalf("it never comes about: %s\n%s\n%s", what, p.s.String(), strings.Join(p.notes, "\n"))
}

// order makes one, of the next number.
func (p *trial) order(tr *Trade, side exchange.Side, tif exchange.TimeInForce, price decimal.Decimal) *exchange.Order {
	p.Helper()
	in, err := p.b.Universe.Lookup(tr.Key)
	if err != nil {
		p.Fatal(err)
	}
	p.last++
	o := &exchange.Order{ID: p.last, ClientID: fmt.Sprintf("%s-%d", oms.Tag(p.l.began), p.last), Instrument: in.ID, Side: side, Type: exchange.MarketOrder,
		TIF: tif, Qty: exchange.Lots(in.Lot.Floor(tr.Qty))}
	if price.IsPositive() {
		o.Type, o.Price = exchange.Limit, exchange.Ticks(in.Tick.Floor(price))
	}
	return o
}

func (p *trial) send(o *exchange.Order) exchange.OrderID {
	p.l.intend(o)
	p.s.Submit(o, p.b.Began())
	return o.ID
}

func (p *trial) status(id exchange.OrderID) exchange.OrderStatus { return p.l.order(id).Status }

// over waits for the end of an order and returns it.
func (p *trial) over(what string, id exchange.OrderID) exchange.Order {
	p.Helper()
	p.until(what+" is over", func() bool { return p.status(id).Terminal() })
	return p.l.order(id)
}

// rests waits for an order to be in the book.
func (p *trial) rests(what string, id exchange.OrderID) {
	p.Helper()
	p.until(what+" rests", func() bool { s := p.status(id); return s == exchange.StatusAccepted || s.Terminal() })
}

// inject makes a fault happen, or skips the test.
func (p *trial) inject(f Fault) {
	p.Helper()
	if p.b.Inject == nil || !p.b.Inject(f) {
		p.Skipf("this venue can't be made to do it: %s", f)
	}
}

// agree waits until the ledger is the venue's account to the last digit, and nothing was
// booked that no record of the venue explains.
func (p *trial) agree() {
	p.Helper()
	diff := ""
	p.until("the ledger agrees with the venue", func() bool { diff = p.difference(); return diff == "" || strings.HasPrefix(diff, "!") })
	if diff != "" {
		p.Error(diff)
	}
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	for _, ev := range p.l.adjusted {
		if ev.Reason != "opening balance" {
			p.Errorf("%s %s of %s was booked: %s", ev.Amount, ev.Asset, ev.Wallet, ev.Reason)
		}
	}
	for _, w := range p.l.wrong {
		p.Error(w)
	}
}

func (p *trial) difference() string {
	for _, w := range p.b.Universe.Wallets() {
		rows, err := p.holds(w)
		if err != nil {
			return err.Error()
		}
		for _, b := range rows {
			if ours := p.l.total(w, b.Asset); !ours.Equal(b.Total) {
				return fmt.Sprintf("%s of %s: the venue has %s, the ledger %s", b.Asset, w, b.Total, ours)
			}
		}
	}
	return ""
}

// holds is what the venue says of a wallet.
func (p *trial) holds(w exchange.Wallet) ([]oms.Balance, error) {
	if p.b.Wallets != nil {
		return p.b.Wallets(w), nil
	}
	full := w
	if house := p.b.Universe.House(); house != "" && !strings.Contains(string(w), ".") {
		full = exchange.Wallet(house) + "." + w
	}
	return p.b.Account.Balances(context.Background(), full)
}

// classOf fails unless an error is of one of the classes.
func classOf(t *testing.T, what string, err error, want ...exchange.ErrorClass) {
	t.Helper()
	for _, c := range want {
		if errors.Is(err, c) {
			return
		}
	}
	t.Errorf("%s: %v (%v), want %v", what, err, exchange.ErrorClassOf(err), want)
}

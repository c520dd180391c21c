package desk

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/simtest"
)

// floor is a desk on a local exchange that speaks Binance's protocols: real
// sockets, real signatures, the real client.
type floor struct {
	t      *testing.T
	u      *exchange.Universe
	sim    *simserver.Exchange
	client *account.Client
	venue  *Venue

	mu     sync.Mutex
	ledger *ledger
	notes  []string
	last   exchange.OrderID
}

func newFloor(t *testing.T, entry string) *floor {
	t.Helper()
	begin := clock() // the market's time is the wall clock's, as it is at a real exchange
	local := simtest.Start(t, simtest.Options{Seed: 1, Start: begin - begin%exchange.Minute - 5*exchange.Minute,
		Step: 100 * exchange.Millisecond, Begin: begin, Speed: 1})
	s := &floor{t: t, u: local.Universe, sim: local.Sim}
	s.open(local, entry)
	return s
}

// open connects a client and a desk on an empty ledger.
func (s *floor) open(local *simtest.Exchange, entry string) {
	s.t.Helper()
	c, err := account.Open(context.Background(), account.Options{Key: local.HMAC(), Endpoints: local.Endpoints(), Entry: entry, Log: s.note})
	if err != nil {
		s.t.Fatal(err)
	}
	s.client = c
	s.ledger = newLedger(s.u, c.Now())
	s.venue, err = NewVenue(Config{API: c, Universe: s.u, Opening: s.ledger.opening(), Note: s.note, Post: func(ev *exchange.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ledger.take(ev)
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { s.venue.Run(ctx); close(over) }()
	streams, err := account.Listen(c, api.Markets[:], s.venue.Notice)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := streams.Close(); err != nil {
			s.t.Error(err)
		}
		stop()
		<-over
		if err := c.Close(); err != nil {
			s.t.Error(err)
		}
	})
}

func (s *floor) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, text)
}

func (s *floor) submit(key string, side exchange.Side, price, qty string, tif exchange.TimeInForce) exchange.OrderID {
	s.t.Helper()
	in, err := s.u.Lookup(key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.last++
	o := &exchange.Order{ID: s.last, ClientID: fmt.Sprintf("t-%d", s.last), Instrument: in.ID, Side: side, Type: exchange.MarketOrder, TIF: tif, Qty: lots(in, dec(qty))}
	if price != "" {
		o.Type, o.Price = exchange.Limit, exchange.Ticks(in.Tick.Floor(dec(price)))
	}
	s.mu.Lock()
	s.ledger.intend(o)
	s.mu.Unlock()
	s.venue.Submit(o, 0)
	return o.ID
}

func (s *floor) status(id exchange.OrderID) exchange.OrderStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ledger.byID[id].Status
}

func (s *floor) wait(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.venue.Beat()
		if ok() {
			return
		}
	}
	h := s.venue.Health()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.t.Fatalf("it never comes about: %s\n%s\n%s", what, h.String(), strings.Join(s.notes, "\n"))
}

func (s *floor) fault(f simserver.Fault) {
	s.t.Helper()
	if err := s.sim.Arm(f); err != nil {
		s.t.Fatal(err)
	}
}

// agree waits until the ledger is the venue's account to the last digit.
func (s *floor) agree() {
	s.t.Helper()
	s.wait("the ledger agrees with the venue", func() bool { return s.difference() == "" })
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ev := range s.ledger.adjusted {
		if ev.Reason != "opening balance" {
			s.t.Errorf("%s %s %s was booked: %s", ev.Wallet, ev.Amount, ev.Asset, ev.Reason)
		}
	}
	for _, b := range s.ledger.bad {
		s.t.Error(b)
	}
}

func (s *floor) difference() string {
	for _, m := range api.Markets {
		rows, err := s.client.Balances(context.Background(), m)
		if err != nil {
			return err.Error()
		}
		s.mu.Lock()
		for _, b := range rows {
			if ours := s.ledger.wallets[purse{m, b.Asset}]; !ours.Equal(b.Wallet) {
				s.mu.Unlock()
				return fmt.Sprintf("%s %s: %s and %s", m, b.Asset, b.Wallet, ours)
			}
		}
		s.mu.Unlock()
	}
	return ""
}

var perMarket = []struct{ key, qty string }{{"spot:BTCUSDT", "0.01"}, {"usdm:BTCUSDT", "0.01"}, {"coinm:BTCUSD_PERP", "3"}}

// TestOnTheLocalExchange trades in every market over both ways in, through lost
// answers, doubled and late fills and a lost stream.
func TestOnTheLocalExchange(t *testing.T) {
	for _, entry := range []string{account.EntryREST, account.EntryWS} {
		t.Run(entry, func(t *testing.T) {
			if entry == account.EntryWS && testing.Short() {
				t.Skip("orders on a line that was cut are looked for over 10 s")
			}
			t.Cleanup(func() { goleak.VerifyNone(t) })
			s := newFloor(t, entry)
			s.wait("ready", func() bool { h := s.venue.Health(); return h.Ready() })
			for _, kind := range []string{"", "timeout", "unknown", "reset", "duplicate_fill", "late_fill", "drop"} {
				if kind != "" {
					s.fault(simserver.Fault{Kind: kind, Count: 2, Millis: 300})
				}
				s.round(kind)
			}
			s.transfers()
			s.agree()
		})
	}
}

// round takes and rests in every market.
func (s *floor) round(kind string) {
	s.t.Helper()
	var takes, rests []exchange.OrderID
	for _, m := range perMarket {
		takes = append(takes, s.submit(m.key, exchange.Buy, "", m.qty, exchange.IOC))
		rests = append(rests, s.submit(m.key, exchange.Buy, "54000", m.qty, exchange.GTC))
	}
	for _, id := range rests {
		s.wait(kind+": it rests", func() bool { return s.status(id) == exchange.StatusAccepted || s.status(id).Terminal() })
		s.venue.Cancel(id, 0)
	}
	for i, id := range append(takes, rests...) {
		want := exchange.StatusFilled
		if i >= len(takes) {
			want = exchange.StatusCanceled
		}
		s.wait(fmt.Sprintf("%s: order %d is over", kind, id), func() bool { return s.status(id).Terminal() })
		if got := s.status(id); got == exchange.StatusRejected && (kind == "reset" || kind == "drop") {
			s.t.Logf("order %d: %s", id, s.ledger.byID[id].Reason) // cut off before it was carried out
		} else if got != want {
			s.t.Errorf("%s: order %d is %s (%s), want %s", kind, id, got, s.ledger.byID[id].Reason, want)
		}
	}
}

// transfers moves money over lost answers.
func (s *floor) transfers() {
	s.t.Helper()
	s.fault(simserver.Fault{Kind: "transfer_unknown"})
	for id := range uint64(2) {
		tr := exchange.Transfer{ID: id + 1, Asset: "USDT", From: api.Spot.Wallet(), To: api.USDM.Wallet(), Amount: decimal.NewFromInt(100)}
		s.mu.Lock()
		s.ledger.depart(&tr, s.client.Now())
		s.mu.Unlock()
		s.venue.Transfer(&tr, 0)
	}
	s.wait("the transfers arrive", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.ledger.moves) == 0
	})
}

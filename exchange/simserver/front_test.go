package simserver

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/synth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plain is the least front there can be, of one made-up venue: it keeps what it is told.
type plain struct {
	venues []exchange.Venue
	s      *State
	told   []string
	shown  int
}

func (p *plain) Segments() (out []Segment) {
	for _, v := range p.venues {
		out = append(out, Segment{Name: string(v.Within(v.House())), Venue: v, Wallet: exchange.Wallet(v)})
	}
	return out
}

func (p *plain) Open(s *State)                          { p.s = s }
func (p *plain) Show(*Market, *exchange.Event, *Change) { p.shown++ }
func (p *plain) Send(_ *Account, m Message)             { p.told = append(p.told, m.Kind) }
func (p *plain) Refuse(_ *Market, by paper.Rule, _ string) *Refusal {
	return &Refusal{Code: int(by), Reason: "no"}
}

func (p *plain) Tell(_ *Account, ev Event) []Message {
	kind := fmt.Sprint(ev.Kind)
	if ev.Kind == OrderChanged {
		kind = fmt.Sprintf("%s %s", []string{"opened", "filled", "canceled", "expired"}[ev.Change], ev.Order.Client)
	}
	return []Message{{Segment: ev.Segment, Kind: kind}}
}

// attached returns an exchange that stands still behind a plain front.
func attached(t *testing.T) (*Exchange, *plain) {
	t.Helper()
	feed, err := synth.New(synth.Options{Seed: 1, Start: exchange.Date(2026, 3, 2), Calm: true})
	if err != nil {
		t.Fatal(err)
	}
	x, err := New(Options{Universe: feed.Universe(), Feed: feed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &plain{}
	for _, in := range feed.Universe().All() {
		if !slices.Contains(p.venues, in.Venue) {
			p.venues = append(p.venues, in.Venue)
		}
	}
	if err := x.Attach(p); err != nil {
		t.Fatal(err)
	}
	return x, p
}

// A front enters orders and is told what becomes of them; the book is there at once.
func TestFrontPlacesOrders(t *testing.T) {
	x, p := attached(t)
	x.Do(func(s *State) {
		m, a := s.Markets()[0], s.Accounts()[0]
		o, r := a.Entry.Place(&Ticket{Market: m, Client: "one", Side: exchange.Buy, Kind: exchange.MarketOrder, Policy: exchange.IOC, Qty: exchange.Lots(m.In.Lot.Floor(decimal.NewFromInt(100)))})
		if r != nil || o.Status != StatusFilled || o.Filled != o.Qty {
			t.Fatalf("a market order: %+v %+v", o, r)
		}
		rests, r := a.Entry.Place(&Ticket{Market: m, Client: "two", Side: exchange.Buy, Kind: exchange.Limit, Price: m.Touch[0].Price * 99 / 100, Qty: o.Qty})
		if r != nil || !rests.Open() || len(a.Orders.Open(m.Segment, m)) != 1 {
			t.Fatalf("a limit order: %+v %+v", rests, r)
		}
		if !a.Entry.Cancel(rests, "end") || rests.Open() || a.Entry.Cancel(rests, "again") {
			t.Errorf("canceled: %+v", rests)
		}
		if _, r := a.Entry.Place(&Ticket{Market: m, Client: "dear", Side: exchange.Buy, Kind: exchange.Limit, Price: m.Touch[0].Price, Qty: o.Qty * 1_000_000}); r == nil || r.Reason != "no" {
			t.Errorf("an order beyond the balance: %+v", r)
		}
	})
	if got := strings.Join(slices.Compact(p.told), ", "); got != "opened one, filled one, opened two, canceled two" {
		t.Errorf("told: %s", got)
	}
	truth := x.Truth()
	if orders := truth.Accounts[0].Orders; len(orders) != 2 || orders[1].Status != StatusCanceled {
		t.Errorf("orders: %+v", orders)
	}
}

// The market passes over the front only once it is open, and a fault finds it.
func TestFrontSeesTheMarket(t *testing.T) {
	x, p := attached(t)
	if err := x.Advance(exchange.Minute); err != nil {
		t.Fatal(err)
	}
	if p.shown == 0 {
		t.Error("no event was shown")
	}
	if err := x.Arm(Fault{Kind: "drop", Market: "nowhere"}); err == nil || !strings.Contains(err.Error(), "want ") {
		t.Errorf("a fault of no segment: %v", err)
	}
	seg := p.Segments()[0].Name
	if err := x.Arm(Fault{Kind: "gap", Market: seg}); err != nil {
		t.Fatal(err)
	}
	x.Do(func(s *State) {
		if s.Faults.Strikes("gap", s.Segments.All()[1], "") || !s.Faults.Strikes("gap", s.Segments.All()[0], "") || s.Faults.Strikes("gap", s.Segments.All()[0], "") {
			t.Error("a fault strikes its segment, and once")
		}
	})
}

// Two fronts for one venue, and what comes after the end, are refused.
func TestAttachRefuses(t *testing.T) {
	x, p := attached(t)
	if err := x.Attach(&plain{venues: p.venues[:1]}); err == nil || !strings.Contains(err.Error(), "two fronts") {
		t.Errorf("a second front: %v", err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := x.Attach(&plain{}); err == nil {
		t.Error("a front was put before an exchange that is closed")
	}
	if err := x.Advance(exchange.Second); err == nil {
		t.Error("an exchange that is closed goes on")
	}
}

// The control door answers without any front, and refuses what it does not know.
func TestControl(t *testing.T) {
	x, _ := attached(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		has                string
	}{
		{"GET", "/sim/state", "", 200, `"accounts":[{"account":0`},
		{"GET", "/sim/faults/fired", "", 200, `[]`},
		{"POST", "/sim/faults", `{"kind":"earthquake"}`, 400, `earthquake`},
		{"POST", "/sim/advance", `{"ms":1000}`, 200, `{"time":`},
		{"GET", "/sim/nothing", "", 404, `want one of`},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(c.method, c.path, http.NoBody)
		x.Control(w, r, []byte(c.body))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.has) {
			t.Errorf("%s %s: %d %s, want %d with %s", c.method, c.path, w.Code, w.Body, c.status, c.has)
		}
	}
}

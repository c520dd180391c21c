package oms

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// fresh is a manager whose account was compared, and the house that it deals with.
func fresh(t *testing.T) (*Manager, *house) {
	t.Helper()
	u := universe()
	h := newHouse(u, start)
	d, err := New(u, options(), Opening{Began: start}, start)
	if err != nil {
		t.Fatal(err)
	}
	converse(d, h, start)
	return d, h
}

// converse answers everything that the manager asks, and returns its events.
func converse(d *Manager, h *house, now exchange.Time) (events []exchange.Event) {
	h.now = now
	for {
		d.Tick(now)
		var asked []*Request
		d.Requests(func(r *Request) { kept := *r; asked = append(asked, &kept) })
		d.Events(func(ev *exchange.Event) { events = append(events, *ev) })
		if len(asked) == 0 {
			return events
		}
		for _, r := range asked {
			a := &Answer{Request: r}
			Perform(context.Background(), h, r, a)
			d.Answer(a, now)
		}
	}
}

// noted returns what the manager notes.
func noted(d *Manager) (out []string) {
	d.Notes(func(s string) { out = append(out, s) })
	return out
}

// A manager that stands still while its stream is flooded keeps every fill and every
// answer, and compares the account for what it dropped.
func TestAFloodOfEvents(t *testing.T) {
	u := universe()
	l := &link{house: newHouse(u, clock()), rng: rand.New(rand.NewPCG(1, 2))}
	book := newLedger(u, clock())
	var gate, mu sync.Mutex // the gate holds up the manager; the other is of book and notes
	var stands atomic.Bool
	var notes []string
	v, err := NewRunner(Config{Account: l, Universe: u, Opening: book.opening(),
		Post: func(ev *exchange.Event) {
			if !gate.TryLock() {
				stands.Store(true)
				gate.Lock()
			}
			gate.Unlock()
			mu.Lock()
			defer mu.Unlock()
			book.take(ev)
		},
		Note: func(s string) { mu.Lock(); notes = append(notes, s); mu.Unlock() }})
	if err != nil {
		t.Fatal(err)
	}
	l.hear = v.Event
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { v.Run(ctx); close(over) }()
	defer stop()
	eventually(t, "ready", func() bool { h := v.Health(); return h.Ready() })
	for id := exchange.OrderID(1); id <= 2; id++ {
		o := &exchange.Order{ID: id, ClientID: "t-" + strconv.Itoa(int(id)), Instrument: 0, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 500000, Qty: 1000}
		mu.Lock()
		book.intend(o)
		mu.Unlock()
		v.Submit(o, 0)
	}
	eventually(t, "both orders work and are answered", func() bool {
		found := make(chan bool)
		v.enqueue(func(d *Manager, _ exchange.Time) {
			a, b := d.orders.byID[1], d.orders.byID[2]
			found <- a.stage == live && b.stage == live && a.sentBefore != 0 && b.sentBefore != 0
		})
		return <-found
	})

	gate.Lock()
	before := clock()
	v.Submit(&exchange.Order{ID: 1, ClientID: "t-1"}, 0) // the answer is what the manager stands still at
	eventually(t, "the manager stands still", stands.Load)
	flood(v, inboxMost)
	const fills = 100
	on(l, false, func(h *house) (int, error) {
		for range fills {
			h.fill(h.find(spot, "BTCUSDT", "t-1"), dec("0.001"), "")
		}
		h.end(h.find(spot, "BTCUSDT", "t-2"), exchange.StatusCanceled) // nobody hears of it
		return 0, nil
	})
	flood(v, 2*inboxMost)
	v.Event(AccountEvent{Venue: coinm, Down: "reset"})
	v.mu.Lock()
	waiting := len(v.inbox)
	v.mu.Unlock()
	if waiting > inboxMost+fills+10 {
		t.Errorf("%d entries wait", waiting)
	}
	gate.Unlock()
	defer func() { stop(); <-over }()

	eventually(t, "the end of the order is found, and the account agrees", func() bool {
		h := v.Health()
		mu.Lock()
		defer mu.Unlock()
		return h.Sections[0].Agreed > before && book.byID[2].Status == exchange.StatusCanceled
	})
	h := v.Health()
	mu.Lock()
	defer mu.Unlock()
	if len(book.fills) != fills {
		t.Errorf("%d fills, want %d", len(book.fills), fills)
	}
	if !slices.ContainsFunc(h.Sections, func(m SectionHealth) bool { return m.Name == "coinm" && m.Down == "reset" }) {
		t.Errorf("the stream that is down is not told: %s", h.String())
	}
	if !slices.ContainsFunc(notes, func(s string) bool { return strings.HasPrefix(s, "spot: ") && strings.Contains(s, "were dropped") }) {
		t.Error("nothing is said of what was dropped")
	}
	for _, b := range book.bad {
		t.Error(b)
	}
}

// flood sends a venue events that do not matter, as many as there is room for.
func flood(v *Runner, n int) {
	for i := range n {
		v.Event(AccountEvent{Venue: spot, Balance: &Balance{Wallet: spot, Asset: "X" + strconv.Itoa(i)}})
	}
}

// However often events are missed, no more than two rounds of questions wait for a
// venue that does not answer, and the account is compared once it does.
func TestGapsDoNotPileUpQuestions(t *testing.T) {
	d, h := fresh(t)
	var asked []*Request
	collect := func() { d.Requests(func(r *Request) { kept := *r; asked = append(asked, &kept) }) }
	now := start
	for range 1000 {
		now += exchange.Millisecond
		d.Event(&AccountEvent{Venue: usdm, Gap: "an event makes no sense"}, now)
		d.Tick(now)
		collect()
	}
	if n := len(asked); n == 0 || n > 2*2 {
		t.Fatalf("%d questions wait, want two rounds", n)
	}
	h.now = now
	for _, r := range asked {
		a := &Answer{Request: r}
		Perform(context.Background(), h, r, a)
		d.Answer(a, now)
	}
	converse(d, h, now)
	if a := d.rounds.section(usdm); a.agreed != now || len(a.given) > 0 {
		t.Errorf("agreed at %d, want %d; %d answers are owed", a.agreed, now, len(a.given))
	}
}

// Orders of others are told of once, up to a number, and forgotten with their end,
// whether the stream tells it or a listing.
func TestOrdersOfOthersAreForgotten(t *testing.T) {
	d, h := fresh(t)
	told := func(n int, s exchange.OrderStatus) int {
		for i := range n {
			d.Event(reported("web_"+strconv.Itoa(i), spot, "BTCUSDT", s, start), start)
		}
		return len(noted(d))
	}
	known := func() int { return len(d.rounds.section(spot).others.open) }
	noted(d)
	if n := told(3, exchange.StatusAccepted); n != 3 {
		t.Errorf("%d notes of 3 orders", n)
	}
	if n := told(3, exchange.StatusAccepted); n != 0 {
		t.Errorf("%d notes of orders that were told of", n)
	}
	if told(3, exchange.StatusCanceled); known() != 0 {
		t.Errorf("%d orders are known after their end", known())
	}
	if n := told(2*strangersMost, exchange.StatusAccepted); n != strangersMost+1 || known() != strangersMost {
		t.Errorf("%d notes, %d orders are known: want %d and one more", n, known(), strangersMost)
	}
	later := start + 2*exchange.Minute
	d.rounds.section(spot).restart(later)
	if converse(d, h, later); known() != 0 {
		t.Errorf("%d orders are known that no listing has", known())
	}
}

// rows are payments of funding, a millisecond each.
func fundingRows(from exchange.Time, n int) []Income {
	out := make([]Income, n)
	for i := range out {
		out[i] = Income{Venue: usdm, Wallet: usdm, Kind: IncomeFunding, Symbol: "BTCUSDT", Asset: "USDT", Amount: dec("0.01"),
			ID: strconv.Itoa(i + 1), Time: from + exchange.Time(i)*exchange.Millisecond}
	}
	return out
}

// Rows of income are booked once, however many there are, and whatever listings
// bring them again.
func TestIncomeIsBookedOnce(t *testing.T) {
	d, _ := fresh(t)
	a := d.rounds.section(usdm)
	booked := func(list []Income) (n int) {
		d.rounds.onIncome(a, &Answer{Request: &Request{Kind: ListIncome, Wallet: usdm}, Incomes: list})
		d.Events(func(*exchange.Event) { n++ })
		return n
	}
	list := fundingRows(start, 2*paidMost)
	if n := booked(list); n != len(list) || len(a.income.paid) > paidMost {
		t.Errorf("%d of %d rows are booked, %d are known", n, len(list), len(a.income.paid))
	}
	since := slices.IndexFunc(list, func(r Income) bool { return r.Time >= a.income.since })
	if since < 0 || len(list)-since > paidMost {
		t.Fatalf("rows are listed again from %d on", since)
	}
	if n := booked(list[since:]); n != 0 {
		t.Errorf("%d rows are booked again", n)
	}
	if n := booked(list); n != 0 {
		t.Errorf("%d rows of a listing that was late are booked again", n)
	}
	next := fundingRows(start+8*exchange.Hour, 1)
	next[0].ID = "next"
	if n := booked(next); n != 1 || len(a.income.paid) != 1 {
		t.Errorf("%d rows booked, %d known hours later: want 1 and 1", n, len(a.income.paid))
	}
	if n := booked(append(list[len(list)-3:], next...)); n != 0 {
		t.Errorf("%d rows of a listing that was asked for hours ago are booked again", n)
	}
}

// What a ledger had at the start is forgotten when nothing can list it any more.
func TestIncomeOfTheLedgerIsForgotten(t *testing.T) {
	u := universe()
	row := fundingRows(start-exchange.Hour, 1)[0]
	d, err := New(u, options(), Opening{Began: start - exchange.Day, Wallets: []Balance{{Wallet: usdm, Asset: "USDT", Total: dec("1")}},
		Paid: []Paid{{Venue: usdm, Asset: "USDT", Row: FundingRow(row.Symbol, row.ID)}}}, start)
	if err != nil {
		t.Fatal(err)
	}
	a := d.rounds.section(usdm)
	later := fundingRows(start+exchange.Hour, 1)[0]
	later.ID = "2"
	for _, list := range [][]Income{{row}, {row, later}, {row, later}} {
		d.rounds.onIncome(a, &Answer{Incomes: list})
	}
	events := 0
	d.Events(func(*exchange.Event) { events++ })
	if events != 1 || len(a.income.paid) != 1 {
		t.Errorf("%d rows booked, %d known: want the later one", events, len(a.income.paid))
	}
}

// Transfers that are over are told apart for as long as one could be taken for
// another, and no more are taken than that.
func TestTransfersAreBounded(t *testing.T) {
	d, h := fresh(t)
	move := func(id uint64, now exchange.Time) {
		d.Transfer(&exchange.Transfer{ID: id, Asset: "USDT", From: spot, To: usdm, Amount: dec("1")}, now)
	}
	ended := func(events []exchange.Event) (arrived, failed int) {
		for i := range events {
			if tr := events[i].Transfer; tr != nil && tr.Done {
				arrived++
			} else if tr != nil {
				failed++
			}
		}
		return arrived, failed
	}
	now, arrived := start, 0
	for id := uint64(1); id <= 200; id++ {
		move(id, now)
		for range 4 {
			n, _ := ended(converse(d, h, now))
			arrived += n
			now += 2 * exchange.Second
		}
	}
	if arrived != 200 || len(d.transfers.claimed) > 20 {
		t.Errorf("%d of 200 transfers arrived, %d rows are known", arrived, len(d.transfers.claimed))
	}
	for id := uint64(1000); id < 1000+2*transfersMost; id++ {
		move(id, now)
	}
	var events []exchange.Event
	d.Events(func(ev *exchange.Event) { events = append(events, *ev) })
	if _, failed := ended(events); failed < transfersMost || failed > transfersMost+20 {
		t.Errorf("%d of %d transfers are refused", failed, 2*transfersMost)
	}
}

// Executions are booked once, however many come between two listings.
func TestExecutionsAreBookedOnce(t *testing.T) {
	d, _ := fresh(t)
	book := func(from, to int) (n int) {
		for id := from; id <= to; id++ {
			d.execs.book(d.market.u.Get(0), &Execution{Venue: spot, Symbol: "BTCUSDT", TradeID: strconv.Itoa(id), OrderID: "7", ClientID: "web_1",
				Side: exchange.Buy, Price: dec("50000"), Qty: dec("0.001"), Time: start})
		}
		d.Events(func(*exchange.Event) { n++ })
		return n
	}
	const all = 2*seenMost + 10
	if n := book(1, all); n != all {
		t.Errorf("%d of %d executions are booked", n, all)
	}
	if n := len(d.execs.list[0].seen); n > seenMost {
		t.Errorf("%d executions are known one by one", n)
	}
	if n := book(1, all); n != 0 {
		t.Errorf("%d executions are booked again", n)
	}
}

// Executions whose order is not known yet wait up to a number; the rest is listed
// again.
func TestExecutionsWithoutTheirOrderAreBounded(t *testing.T) {
	d, _ := fresh(t)
	d.Submit(&exchange.Order{ID: 1, ClientID: "t-1", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 1, Qty: 1}, start)
	list := make([]Execution, orphansMost+500)
	for i := range list {
		list[i] = Execution{Venue: spot, Symbol: "BTCUSDT", TradeID: strconv.Itoa(i + 1), OrderID: "7", Side: exchange.Sell,
			Price: dec("50000"), Qty: dec("0.001"), Time: start + exchange.Time(i)*exchange.Second}
	}
	r := &Request{Kind: ListExecutions, Venue: spot, Symbol: "BTCUSDT"}
	d.Answer(&Answer{Request: r, Executions: list}, start)
	if n := len(d.execs.list[0].orphans); n != orphansMost {
		t.Fatalf("%d executions wait", n)
	}
	d.Events(func(*exchange.Event) {})
	place := &Request{Kind: PlaceOrder, Order: Order{ClientID: "t-1"}}
	d.Answer(&Answer{Request: place, Err: &exchange.VenueError{Class: exchange.ErrRefused, Message: "no"}}, start)
	d.Answer(&Answer{Request: r, Executions: list}, start)
	fills := 0
	d.Events(func(ev *exchange.Event) {
		if ev.Kind == exchange.KindFill {
			fills++
		}
	})
	if fills != len(list) {
		t.Errorf("%d of %d executions are booked", fills, len(list))
	}
}

// Beyond the most orders that may be open one more is rejected, and taken again
// when one of them is over.
func TestOpenOrdersAreBounded(t *testing.T) {
	d, _ := fresh(t)
	submit := func(id int) (refused string) {
		d.Submit(&exchange.Order{ID: exchange.OrderID(id), ClientID: fmt.Sprintf("t-%d", id), Side: exchange.Buy, Type: exchange.MarketOrder, Qty: 1}, start)
		d.Events(func(ev *exchange.Event) { refused = ev.Update.Reason })
		return refused
	}
	for id := 1; id <= openMost; id++ {
		if why := submit(id); why != "" {
			t.Fatalf("order %d: %s", id, why)
		}
	}
	if why := submit(openMost + 1); !strings.Contains(why, "want at most "+decimal.NewFromInt(openMost).String()) {
		t.Errorf("one more: %q", why)
	}
	place := &Request{Kind: PlaceOrder, Order: Order{ClientID: "t-1"}}
	d.Answer(&Answer{Request: place, Err: &exchange.VenueError{Class: exchange.ErrRefused, Message: "no"}}, start)
	d.Tick(start)
	d.Events(func(*exchange.Event) {})
	if why := submit(openMost + 2); why != "" {
		t.Errorf("after one was over: %s", why)
	}
}

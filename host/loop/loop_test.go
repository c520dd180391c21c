package loop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
)

// strategy is a strategy made of one function.
type strategy struct {
	call func(*core.Port, *core.Callback) error
}

func (s *strategy) Name() string                              { return "test" }
func (s *strategy) Subscriptions() []string                   { return []string{"*"} }
func (s *strategy) Wants(h core.Handler) bool                 { return h != core.OnBook }
func (s *strategy) State() ([]byte, error)                    { return []byte("{}"), nil }
func (s *strategy) Close()                                    {}
func (s *strategy) Restart(*core.Port) (core.Strategy, error) { return nil, nil }
func (s *strategy) Reload(*core.Port, *exchange.Reload) (core.Strategy, error) {
	return nil, errors.New("not here")
}
func (s *strategy) Call(p *core.Port, n *core.Callback) error { return s.call(p, n) }

// list is a feed from a list.
type list struct{ events []exchange.Event }

func (l *list) Close() error { return nil }
func (l *list) Next(ev *exchange.Event) error {
	if len(l.events) == 0 {
		return io.EOF
	}
	*ev, l.events = l.events[0], l.events[1:]
	return nil
}

// answers is a venue that says what the test wants at given times, and notes
// what it was asked.
type answers struct {
	due   []exchange.Event
	asked []string
}

func (a *answers) Submit(o *exchange.Order, now exchange.Time) {
	a.asked = append(a.asked, fmt.Sprintf("submit %d at %d", o.ID, now))
}
func (a *answers) Cancel(id exchange.OrderID, now exchange.Time) {
	a.asked = append(a.asked, fmt.Sprintf("cancel %d at %d", id, now))
}
func (a *answers) Transfer(t *exchange.Transfer, now exchange.Time) {
	a.asked = append(a.asked, fmt.Sprintf("transfer %d at %d", t.ID, now))
}
func (a *answers) Market(ev *exchange.Event) {
	a.asked = append(a.asked, fmt.Sprintf("market %s at %d", ev.Kind, ev.Time))
}
func (a *answers) NextTime() (exchange.Time, bool) {
	if len(a.due) == 0 {
		return 0, false
	}
	return a.due[0].Time, true
}
func (a *answers) Pop(ev *exchange.Event) { *ev, a.due = a.due[0], a.due[1:] }

// tape is a recorder that keeps what it saw, and fails when told to.
type tape struct {
	seen   []string
	before func(*exchange.Event) error
	after  func(*exchange.Event) error
}

func (k *tape) Before(ev *exchange.Event) error {
	if k.before != nil {
		if err := k.before(ev); err != nil {
			return err
		}
	}
	name := ev.Kind.String()
	if ev.Name != "" {
		name += " " + ev.Name
	}
	k.seen = append(k.seen, fmt.Sprintf("%d %s", ev.Time, name))
	return nil
}

func (k *tape) After(ev *exchange.Event, _ []core.Effect) error {
	if k.after != nil {
		return k.after(ev)
	}
	return nil
}

// trade is a market event that changes nothing.
func trade(at exchange.Time) exchange.Event {
	return exchange.Event{Kind: exchange.KindTrade, Time: at, Price: 1, Qty: 1, Side: exchange.Buy}
}

// word is an answer about an order that nobody knows.
func word(at exchange.Time) exchange.Event {
	return exchange.Event{Kind: exchange.KindOrder, Time: at, Update: exchange.OrderUpdate{ID: 99, Status: exchange.StatusRejected}}
}

func newLoop(t *testing.T, call func(*core.Port, *core.Callback) error, events ...exchange.Event) (*loop.Loop, *tape, *answers) {
	t.Helper()
	u, err := exchange.NewUniverse([]exchange.Instrument{{Venue: "spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT",
		Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.00001")}})
	if err != nil {
		t.Fatal(err)
	}
	if call == nil {
		call = func(*core.Port, *core.Callback) error { return nil }
	}
	c, err := core.New(core.Config{Universe: u}, []core.Strategy{&strategy{call}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	k, a := &tape{}, &answers{}
	return &loop.Loop{Core: c, Feed: &list{events}, Venue: a, Recorder: k}, k, a
}

// onStart runs f when the session starts.
func onStart(f func(*core.Port)) func(*core.Port, *core.Callback) error {
	return func(p *core.Port, n *core.Callback) error {
		if n.Handler == core.OnStart {
			f(p)
		}
		return nil
	}
}

func run(t *testing.T, d *loop.Loop) {
	t.Helper()
	if err := d.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func wantSeen(t *testing.T, k *tape, want ...string) {
	t.Helper()
	if !slices.Equal(k.seen, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(k.seen, "\n"), strings.Join(want, "\n"))
	}
}

// What the venue decided happened before, and a timer sees all data of its
// instant.
func TestAtEqualTimesVenueFeedTimer(t *testing.T) {
	d, k, a := newLoop(t, onStart(func(p *core.Port) { p.SetTimer("t", 20, 0) }), trade(10), trade(20), trade(20), trade(30))
	a.due = []exchange.Event{word(20), word(25)}
	run(t, d)
	wantSeen(t, k, "10 command start", "10 trade", "20 order", "20 trade", "20 trade", "20 timer", "25 order", "30 trade",
		"30 command stop", "30 command end")
	if d.EndedBy() != "data" || d.Started() != 10 || d.Now() != 30 || d.Events() != 10 {
		t.Errorf("ended by %s, from %d to %d, %d events", d.EndedBy(), d.Started(), d.Now(), d.Events())
	}
}

// Time never runs back, whatever the feed says.
func TestTimeNeverRunsBack(t *testing.T) {
	d, k, _ := newLoop(t, nil, trade(10), trade(5), trade(12))
	run(t, d)
	wantSeen(t, k, "10 command start", "10 trade", "10 trade", "12 trade", "12 command stop", "12 command end")
}

func TestTheVenueSeesTheMarketAfterTheCore(t *testing.T) {
	d, k, a := newLoop(t, nil, trade(10))
	k.after = func(ev *exchange.Event) error {
		if ev.Kind == exchange.KindTrade && len(a.asked) > 0 {
			t.Error("the venue was shown the event before the core was done with it")
		}
		return nil
	}
	run(t, d)
	if !slices.Equal(a.asked, []string{"market trade at 10"}) {
		t.Errorf("the venue was asked %v", a.asked)
	}
}

func TestForEndsTheSession(t *testing.T) {
	d, k, _ := newLoop(t, nil, trade(10), trade(15), trade(20), trade(21))
	d.For = 10
	run(t, d)
	wantSeen(t, k, "10 command start", "10 trade", "15 trade", "20 trade", "20 command stop", "20 command end")
	if d.EndedBy() != "for" || d.Until() != 20 {
		t.Errorf("ended by %s at %d", d.EndedBy(), d.Until())
	}
}

// A repeating timer alone does not keep a session going once the data is over.
func TestTimersDoNotKeepASessionAlive(t *testing.T) {
	d, k, _ := newLoop(t, onStart(func(p *core.Port) { p.SetTimer("t", 12, 5) }), trade(10), trade(14))
	run(t, d)
	wantSeen(t, k, "10 command start", "10 trade", "12 timer", "14 trade", "14 command stop", "14 command end")
}

func TestAFeedWithNothingInIt(t *testing.T) {
	d, k, _ := newLoop(t, nil)
	run(t, d)
	wantSeen(t, k, "0 command start", "0 command stop", "0 command end")
}

// What can't be journalled must not happen: the core does not see it.
func TestARecorderThatFailsEndsTheSession(t *testing.T) {
	full := errors.New("disk full")
	d, k, _ := newLoop(t, nil, trade(10), trade(11), trade(12))
	k.before = func(ev *exchange.Event) error {
		if ev.Time == 11 {
			return full
		}
		return nil
	}
	if err := d.Run(context.Background()); !errors.Is(err, full) {
		t.Fatalf("error %v, want %v", err, full)
	}
	if d.Core.Seq() != 2 {
		t.Errorf("the core saw %d events, want the 2 that were recorded", d.Core.Seq())
	}
	d, k, _ = newLoop(t, nil, trade(10), trade(11))
	k.after = func(*exchange.Event) error { return full }
	if err := d.Run(context.Background()); !errors.Is(err, full) || d.Core.Seq() != 1 {
		t.Errorf("after: error %v, the core saw %d events", err, d.Core.Seq())
	}
}

func TestAFeedThatFails(t *testing.T) {
	d, _, _ := newLoop(t, nil)
	d.Feed = broken{}
	if err := d.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "market data: line 7") {
		t.Errorf("error %v", err)
	}
}

type broken struct{}

func (broken) Next(*exchange.Event) error { return errors.New("line 7") }
func (broken) Close() error               { return nil }

// A stop is orderly: the strategy hears of it, and what works is canceled and
// waited for, but not for ever.
func TestStopWaitsForTheVenue(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	d, k, a := newLoop(t, func(p *core.Port, n *core.Callback) error {
		switch n.Handler {
		case core.OnTrade:
			p.Submit(exchange.Order{Side: exchange.Sell, Type: exchange.Limit, TIF: exchange.GTC, Price: 200, Qty: 1})
			cancel()
		case core.OnStop:
			p.Log(intent.Info, "", "bye")
		}
		return nil
	}, exchange.Event{Kind: exchange.KindSnapshot, Time: 5, LastID: 1, PrevID: -1,
		Bids: []exchange.Level{{Price: 100, Qty: 9}}, Asks: []exchange.Level{{Price: 101, Qty: 9}}}, trade(10), trade(11), trade(20), trade(30))
	d.Prelude = []exchange.Event{{Kind: exchange.KindBalance, Wallet: "spot", Asset: "BTC", Amount: decimal.NewFromInt(1)}}
	d.Clock = handing(func(context.Context) *exchange.Event { return nil })
	k.after = func(ev *exchange.Event) error {
		if ev.Name == core.CommandStop { // the venue takes its time
			a.due = append(a.due, exchange.Event{Kind: exchange.KindOrder, Time: 25, Update: exchange.OrderUpdate{ID: 1, Status: exchange.StatusCanceled}})
		}
		return nil
	}
	if err := d.Run(ctx); err != nil {
		t.Fatal(err)
	}
	wantSeen(t, k, "5 balance", "5 command start", "5 snapshot", "10 trade", "10 command stop", "11 trade", "20 trade", "25 order", "25 command end")
	if want := []string{"market snapshot at 5", "market trade at 10", "submit 1 at 10", "cancel 1 at 10"}; !slices.Equal(a.asked[:4], want) {
		t.Errorf("the venue was asked %v, want first %v", a.asked, want)
	}
	if d.EndedBy() != "stop" {
		t.Errorf("ended by %s", d.EndedBy())
	}
}

// A venue that never answers holds the end up for a minute of the session's
// time, not longer.
func TestStopDoesNotWaitForEver(t *testing.T) {
	var events []exchange.Event
	events = append(events, exchange.Event{Kind: exchange.KindSnapshot, Time: 5, LastID: 1, PrevID: -1,
		Bids: []exchange.Level{{Price: 100, Qty: 9}}, Asks: []exchange.Level{{Price: 101, Qty: 9}}})
	for i := range exchange.Time(200) {
		events = append(events, trade(exchange.Second*(i+1)))
	}
	d, _, _ := newLoop(t, func(p *core.Port, n *core.Callback) error {
		if n.Handler == core.OnTrade && len(p.Orders()) == 0 {
			p.Submit(exchange.Order{Side: exchange.Sell, Type: exchange.Limit, TIF: exchange.GTC, Price: 200, Qty: 1})
		}
		return nil
	}, events...)
	d.Prelude = []exchange.Event{{Kind: exchange.KindBalance, Wallet: "spot", Asset: "BTC", Amount: decimal.NewFromInt(1)}}
	d.For = 10 * exchange.Second
	run(t, d)
	if waited := d.Now() - d.Until(); waited < 50*exchange.Second || waited > 61*exchange.Second {
		t.Errorf("waited %d s for a venue that says nothing", waited/exchange.Second)
	}
}

// handing is a clock made of a function.
type handing func(context.Context) *exchange.Event

func (g handing) Wait(ctx context.Context, now, _ exchange.Time) (*exchange.Event, error) {
	ev := g(ctx)
	if ev != nil {
		ev.Time = now
	}
	return ev, nil
}

func TestEventsFromOutside(t *testing.T) {
	calls := 0
	d, k, _ := newLoop(t, nil, trade(10), trade(20))
	d.Clock = handing(func(context.Context) *exchange.Event {
		if calls++; calls == 2 {
			return &exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: core.CommandHalt, Reason: "by hand"}
		}
		return nil
	})
	run(t, d)
	wantSeen(t, k, "10 command start", "10 trade", "10 command halt", "20 trade", "20 command stop", "20 command end")
	if d.Core.Halted() != "by hand" {
		t.Errorf("halted: %q", d.Core.Halted())
	}
}

// hold opens one pair and closes it after most of a day.
func hold(states *[]string) func(*core.Port, *core.Callback) error {
	var id exchange.PairID
	return func(p *core.Port, n *core.Callback) error {
		switch {
		case n.Handler == core.OnStart:
			p.SetTimer("open", p.Now()+exchange.Minute, 0)
			p.SetTimer("close", p.Now()+20*exchange.Hour, 0)
		case n.Handler == core.OnPair:
			if s := n.Pair.State.String(); len(*states) == 0 || (*states)[len(*states)-1] != s {
				*states = append(*states, s)
			}
		case n.Handler == core.OnTimer && n.Name == "close":
			return p.ClosePair(intent.CloseRequest{Pair: id})
		case n.Handler == core.OnTimer:
			spot, _ := p.Universe().Find("spot", "SHIBUSDT")
			perp, _ := p.Universe().Find("usdm", "1000SHIBUSDT")
			var err error
			id, err = p.OpenPair(intent.PairRequest{Spot: spot.ID, Perp: perp.ID, Notional: decimal.NewFromInt(9000), Batch: decimal.NewFromInt(2000)})
			return err
		}
		return nil
	}
}

// A pair through its whole life, on the built-in market and the paper venue: the
// core's account and the venue's agree to the last digit, and so does the result
// that the pair claims.
func TestAPairFromOpenToClose(t *testing.T) {
	m, err := synth.New(synth.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	c, err := core.New(core.Config{Universe: m.Universe()}, []core.Strategy{&strategy{hold(&states)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dep := []paper.Deposit{{Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(50000)}, {Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(50000)}}
	v, err := paper.New(paper.Options{Universe: m.Universe(), Books: c.Book, Seed: 1, Balances: dep})
	if err != nil {
		t.Fatal(err)
	}
	d := &loop.Loop{Core: c, Feed: m, Venue: v, Recorder: &tape{}, For: exchange.Day}
	for _, b := range dep {
		d.Prelude = append(d.Prelude, exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: b.Wallet, Asset: b.Asset, Amount: b.Amount})
	}
	run(t, d)

	if want := []string{"opening", "open", "closing", "closed"}; !slices.Equal(states, want) {
		t.Errorf("the pair was %v, want %v", states, want)
	}
	total := decimal.Zero
	for _, h := range c.Holdings() {
		if got := v.Balance(h.Wallet, h.Asset).Total; !got.Equal(h.Total) {
			t.Errorf("%s %s: core %s, venue %s", h.Wallet, h.Asset, h.Total, got)
		}
		if h.Asset == "USDT" {
			total = total.Add(h.Total)
		}
	}
	pair := c.AllPairs()[0]
	if pair.PerpQty != 0 || pair.Settlements != 2 || pair.Funding.IsZero() {
		t.Errorf("perpetual %d, %d settlements, funding %s; want flat after two settlements", pair.PerpQty, pair.Settlements, pair.Funding)
	}
	// What the wallets gained is the pair's result, but for the dust of coins.
	gained := total.Sub(decimal.NewFromInt(100000))
	if diff := gained.Sub(pair.Realised).Abs(); diff.GreaterThan(decimal.RequireFromString("0.01")) {
		t.Errorf("the pair says it made %s, the wallets gained %s", pair.Realised, gained)
	}
}

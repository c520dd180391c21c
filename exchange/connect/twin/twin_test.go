package twin_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/twin"
	"github.com/perilune/perilune/exchange/wire"
)

// shelf is a feed in memory.
type shelf struct {
	u      *exchange.Universe
	asked  chan exchange.InstrumentID
	halted atomic.Bool
}

func (s *shelf) Halted(exchange.InstrumentID) bool { return s.halted.Load() }

func (s *shelf) Universe() *exchange.Universe      { return s.u }
func (s *shelf) Interval() exchange.Time           { return 0 }
func (s *shelf) Snapshot(id exchange.InstrumentID) { s.asked <- id }
func (s *shelf) Past(context.Context, exchange.InstrumentID) ([]exchange.Event, error) {
	return nil, nil
}
func (s *shelf) Recycle(*exchange.Event) {}
func (s *shelf) Close() error            { return nil }
func (s *shelf) Health() connect.Health {
	return connect.Health{Connections: []wire.Health{{Name: "one"}}}
}

func shelfOf(t *testing.T, link exchange.Linking, symbols ...string) *shelf {
	t.Helper()
	var list []exchange.Instrument
	for _, s := range symbols {
		in := exchange.Instrument{Venue: "house.linear", Contract: exchange.Linear, Symbol: s, Base: s, Quote: "USDT", Wallet: "house.unified",
			Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.1"), Linking: link}
		if s == "SPOT" {
			in.Venue, in.Contract = "house.spot", exchange.Spot
		}
		list = append(list, in)
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		t.Fatal(err)
	}
	return &shelf{u: u, asked: make(chan exchange.InstrumentID, 100)}
}

// world is two feeds of one book on a clock of its own. What is passed on is kept as a
// session's core would keep it.
type world struct {
	t     *testing.T
	m     *twin.Market
	now   exchange.Time
	ids   [2]int64
	step  chan chan struct{}
	feeds [2]*shelf
	book  *book.Book
	at    *exchange.Instrument
	feed  string
	said  []string
	turns int
}

func newWorld(t *testing.T, o twin.Options) *world {
	t.Helper()
	return newWorldOf(t, o, false)
}

func newWorldOf(t *testing.T, o twin.Options, halted bool) *world {
	t.Helper()
	w := &world{t: t, now: exchange.Date(2026, 1, 5) + 12*exchange.Hour, step: make(chan chan struct{}), feed: exchange.FeedVenue}
	rules, err := o.Rules.Complete()
	if err != nil {
		t.Fatal(err)
	}
	o.Rules = rules
	o.Now = func() exchange.Time { return w.now }
	o.Notice = func(text string) { w.said = append(w.said, text) }
	var done chan struct{}
	o.Steady = func(ctx context.Context) error {
		if done != nil {
			close(done)
		}
		select {
		case done = <-w.step:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	venue, relay := shelfOf(t, exchange.LinkPrevious, "SPOT", "ABC"), shelfOf(t, exchange.LinkUnproved, "ABC")
	venue.halted.Store(halted)
	w.feeds = [2]*shelf{venue, relay}
	w.at, _ = venue.u.Find("house.linear", "ABC")
	w.book = book.New(w.at)
	w.m = twin.New(o, w)
	if err := w.m.Join(venue, relay); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.m.Close() })
	return w
}

// Post takes what a session would see.
func (w *world) Post(ev *exchange.Event) {
	if ev.Instrument != w.at.ID {
		return
	}
	if ev.Kind == exchange.KindFeed {
		link := w.at.Linking
		if ev.Name == exchange.FeedRelay {
			link = exchange.LinkUnproved
		}
		w.book.Relink(link, ev.Reason)
		w.feed = ev.Name
		w.turns++
		return
	}
	w.book.Apply(ev)
}

// begin sends the snapshot of a feed, and move an update; late is how long it was under way.
func (w *world) begin(feed int, mid exchange.Ticks) { w.send(feed, exchange.KindSnapshot, mid, 0) }
func (w *world) move(feed int, mid exchange.Ticks, late exchange.Time) {
	w.send(feed, exchange.KindDiff, mid, late)
}

func (w *world) send(feed int, kind exchange.Kind, mid exchange.Ticks, late exchange.Time) {
	prev := w.ids[feed]
	w.ids[feed] += 10
	ev := &exchange.Event{Kind: kind, Time: w.now, FirstID: prev + 1, LastID: w.ids[feed], PrevID: prev,
		Bids: []exchange.Level{{Price: mid - 1, Qty: 5}}, Asks: []exchange.Level{{Price: mid + 1, Qty: 5}}}
	if kind == exchange.KindDiff {
		for p := mid - 20; p < mid+20; p++ {
			switch {
			case p < mid-1:
				ev.Bids = append(ev.Bids, exchange.Level{Price: p})
			case p > mid+1:
				ev.Asks = append(ev.Asks, exchange.Level{Price: p})
			}
			if p >= mid {
				ev.Bids = append(ev.Bids, exchange.Level{Price: p})
			}
			if p <= mid {
				ev.Asks = append(ev.Asks, exchange.Level{Price: p})
			}
		}
	}
	if feed == 0 {
		ev.Instrument, ev.VenueTime = w.at.ID, w.now-late
		w.m.Own().Post(ev)
	} else {
		ev.PrevID = -1
		w.m.Relayed().Post(ev)
	}
}

// look lets a second pass, and the feeds be looked at.
func (w *world) look() {
	w.now += exchange.Second
	done := make(chan struct{})
	w.step <- done
	<-done
}

func (w *world) mid() exchange.Ticks {
	if !w.book.Ready() {
		return 0
	}
	bid, _ := w.book.Best(exchange.Buy)
	return bid.Price + 1
}

// The relay is active; it falls silent; the venue's books take its place within seconds, go
// on without a gap, and give it back when it was good for long enough.
func TestASilentFeedIsReplacedAndComesBack(t *testing.T) {
	w := newWorld(t, twin.Options{Relay: true, Rules: twin.Rules{Back: 20 * time.Second}})
	w.begin(0, 1000)
	w.begin(1, 1000)
	if w.feed != exchange.FeedRelay || w.mid() != 1000 || w.book.Integrity() != exchange.Unverifiable {
		t.Fatalf("it begins with the %s at %d, %s", w.feed, w.mid(), w.book.Integrity())
	}
	mid := exchange.Ticks(1000)
	both := func(relay bool) {
		mid++
		w.move(0, mid, 20*exchange.Millisecond)
		if relay {
			w.now += 30 * exchange.Millisecond
			w.move(1, mid, 0)
		}
		w.look()
	}
	for range 15 {
		both(true)
	}
	if w.turns != 1 || w.mid() != mid {
		t.Fatalf("%d changes, the book at %d, want %d; said %q", w.turns, w.mid(), mid, w.said)
	}
	silent := 0
	for ; w.feed == exchange.FeedRelay && silent < 30; silent++ {
		both(false)
	}
	if silent < 6 || silent > 12 || w.mid() != mid || w.book.Integrity() != exchange.Verified {
		t.Fatalf("after %d s of silence the %s's book is at %d (want %d), %s", silent, w.feed, w.mid(), mid, w.book.Integrity())
	}
	for range 10 { // updates of the venue follow the snapshot that was made of its book
		both(false)
	}
	if w.mid() != mid || w.book.Stats().Gaps != 0 {
		t.Fatalf("the venue's book is at %d, want %d, %d gaps", w.mid(), mid, w.book.Stats().Gaps)
	}
	w.begin(1, mid)
	good := 0
	for ; w.feed == exchange.FeedVenue && good < 60; good++ {
		both(true)
	}
	if good < 20 || good > 24 || w.mid() != mid {
		t.Errorf("it came back after %d s, at %d, want %d", good, w.mid(), mid)
	}
	c := w.m.Comparison()
	if c.Switches != 2 || c.Books != 1 || c.Feeds[0].First < 30 || c.Feeds[1].First != 0 || c.Feeds[0].P50 != 20 || c.Feeds[1].P50 < 50 || c.Feeds[1].P50 > 52 || c.Feeds[0].LeadP99 < 30 || c.Agree >= 1 || c.Agree < 0.5 {
		t.Errorf("%+v\n%s", c, &c)
	}
	if len(w.said) != 2 || !strings.Contains(w.said[0], "the books come from the venue now, and no more from the relay: 1 of 1 books of the relay are stale") {
		t.Errorf("said %q", w.said)
	}
}

// What the venue does not trade can't be had from the relay's book either, however good it
// looks, and whichever feed is active: until the venue's own book has begun anew.
func TestAHaltedMarketHasNoBook(t *testing.T) {
	for _, relay := range []bool{true, false} {
		w := newWorld(t, twin.Options{Relay: relay})
		w.begin(0, 1000)
		w.begin(1, 1000)
		w.m.Own().Post(&exchange.Event{Kind: exchange.KindGap, Instrument: w.at.ID, Time: w.now, Reason: connect.NotTrading + ": its status is BREAK"})
		turns := w.turns
		for mid := range exchange.Ticks(20) {
			w.move(1, 1001+mid, 0)
			if w.look(); w.mid() != 0 || w.turns != turns {
				t.Fatalf("relay active %t: after %d s of a halt the book is at %d, %d changes", relay, mid, w.mid(), w.turns-turns)
			}
		}
		w.begin(1, 1030)
		if w.mid() != 0 {
			t.Errorf("relay active %t: a snapshot of the relay ended the halt, at %d", relay, w.mid())
		}
		if w.begin(0, 1030); w.mid() != 1030 {
			t.Errorf("relay active %t: after the halt the book is at %d, want 1030", relay, w.mid())
		}
		if w.move(map[bool]int{false: 0, true: 1}[relay], 1031, 0); w.mid() != 1031 {
			t.Errorf("relay active %t: then it is at %d, want 1031", relay, w.mid())
		}
	}
	w := newWorldOf(t, twin.Options{Relay: true}, true)
	if w.begin(1, 1000); w.mid() != 0 {
		t.Errorf("halted from the beginning: the book is at %d", w.mid())
	}
	if w.begin(0, 1000); w.mid() != 1000 {
		t.Errorf("then it is traded: the book is at %d, want 1000", w.mid())
	}

	// Where the venue's feed has no books, the relay's begins anew when the market trades.
	w = newWorldOf(t, twin.Options{Relay: true, Alone: true}, true)
	w.begin(1, 1000)
	if w.look(); w.mid() != 0 || len(w.feeds[1].asked) != 0 {
		t.Errorf("alone and halted: the book is at %d", w.mid())
	}
	w.feeds[0].halted.Store(false)
	if w.look(); len(w.feeds[1].asked) != 1 {
		t.Errorf("alone and traded again: %d snapshots were asked for, want one", len(w.feeds[1].asked))
	}
	if w.begin(1, 1010); w.mid() != 1010 {
		t.Errorf("alone and traded again: the book is at %d, want 1010", w.mid())
	}
}

// A feed that is late is replaced, and at the bound of changes nothing is changed any more.
func TestALateFeedAndTheBoundOfChanges(t *testing.T) {
	w := newWorld(t, twin.Options{Rules: twin.Rules{Back: time.Second, Switches: 3, Lag: 500 * time.Millisecond}})
	w.begin(0, 1000)
	w.begin(1, 1000)
	mid := exchange.Ticks(1000)
	late := func(feed int) {
		for range 80 {
			mid++
			w.move(1-feed, mid, 0)
			w.now += 700 * exchange.Millisecond
			w.move(feed, mid, 700*exchange.Millisecond)
		}
		for range 6 {
			w.look()
		}
	}
	for i := range 8 {
		late(i % 2)
	}
	if c := w.m.Comparison(); c.Switches != 3 {
		t.Errorf("%d changes, want 3 an hour at most; said %q", c.Switches, w.said)
	}
	if text := strings.Join(w.said, "\n"); !strings.Contains(text, "the venue comes 700 ms after the relay at the median") || !strings.Contains(text, "there were 3 changes within the hour") {
		t.Errorf("said %s", text)
	}
	if w.mid() != mid {
		t.Errorf("the book is at %d, want %d", w.mid(), mid)
	}
}

func TestRules(t *testing.T) {
	for want, r := range map[string]twin.Rules{
		"switch_lag_ms": {Lag: -1}, "switches_an_hour = -1": {Switches: -1}, "switch_gaps = 20000": {Gaps: 20000}, "switch_back_seconds": {Back: 48 * time.Hour},
	} {
		if _, err := r.Complete(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", r, err, want)
		}
	}
}

// What comes before both feeds are there is kept, in order.
func TestWhatComesBeforeTheJoin(t *testing.T) {
	venue, relay := shelfOf(t, exchange.LinkPrevious, "ABC"), shelfOf(t, exchange.LinkUnproved, "ABC")
	var got []string
	m := twin.New(twin.Options{Relay: true, Steady: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}, sinkFunc(func(ev *exchange.Event) {
		got = append(got, fmt.Sprint(ev.Kind, ev.LastID))
	}))
	m.Own().Post(&exchange.Event{Kind: exchange.KindTrade, LastID: 1})
	m.Own().Post(&exchange.Event{Kind: exchange.KindSnapshot, LastID: 2})
	m.Relayed().Post(&exchange.Event{Kind: exchange.KindSnapshot, LastID: 3})
	if len(got) != 0 {
		t.Fatalf("passed on %q before both were there", got)
	}
	if err := m.Join(venue, relay); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if text := strings.Join(got, " "); text != "feed 0 trade 1 snapshot 3" {
		t.Errorf("passed on %s", text)
	}
}

type sinkFunc func(*exchange.Event)

func (f sinkFunc) Post(ev *exchange.Event) { f(ev) }

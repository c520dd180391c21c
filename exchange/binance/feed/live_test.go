package feed

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// loop is a Sink that does with books what the host's loop does: it applies the
// events, asks for a snapshot once per loss, and, beyond the host, holds every
// state it would trade on against the venue's past.
type loop struct {
	t *testing.T
	v *fakeVenue

	mu      sync.Mutex
	market  *Market
	early   []*exchange.Event // what came before Open returned
	books   map[exchange.InstrumentID]*book.Book
	wanting map[exchange.InstrumentID]bool
	asks    chan exchange.InstrumentID
	checked int
	kinds   map[exchange.Kind]int
	last    map[exchange.Kind]exchange.Event
	order   []int64 // ids of trades
	notices []string
}

func (l *loop) Post(ev *exchange.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.market == nil {
		l.early = append(l.early, ev)
		return
	}
	l.take(ev)
}

func (l *loop) take(ev *exchange.Event) {
	l.kinds[ev.Kind]++
	l.last[ev.Kind] = *ev
	if ev.Kind == exchange.KindTrade {
		l.order = append(l.order, ev.ID)
	}
	b := l.books[ev.Instrument]
	if b == nil || ev.Kind != exchange.KindSnapshot && ev.Kind != exchange.KindDiff && ev.Kind != exchange.KindGap {
		return
	}
	b.Apply(ev)
	if wants := b.WantsSnapshot(); wants != l.wanting[ev.Instrument] {
		l.wanting[ev.Instrument] = wants
		if wants {
			l.asks <- ev.Instrument
		}
	}
	if b.Ready() {
		l.check(b)
	}
}

// check compares a book that could be traded on with the venue's at its id.
func (l *loop) check(b *book.Book) {
	in := b.Instrument()
	l.v.mu.Lock()
	want, known := l.v.book(api.Of(in.Venue), in.Symbol).past[b.LastID()]
	l.v.mu.Unlock()
	if got := render(b); !known || got != want {
		l.t.Errorf("%s at %d is silently wrong:\n got %s\nwant %s", in.Key(), b.LastID(), got, want)
	}
	l.checked++
}

func render(b *book.Book) string {
	var s strings.Builder
	side := func(side exchange.Side) {
		b.Visit(side, func(lv exchange.Level) bool {
			s.WriteString(level(int64(lv.Price), int64(lv.Qty)))
			return true
		})
	}
	side(exchange.Buy)
	s.WriteByte('|')
	side(exchange.Sell)
	return s.String()
}

func (l *loop) note(n connect.Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notices = append(l.notices, n.Text)
}

var fakeEndpoints = api.Endpoints{RestSpot: "http://venue.test/api", RestUSDM: "http://venue.test", RestCOINM: "http://venue.test",
	WSSpot: "ws://venue.test/spot", WSUSDM: "ws://venue.test/usdm", WSCOINM: "ws://venue.test/coinm"}

// open starts a market on a fake venue; change may change its options.
func open(t *testing.T, v *fakeVenue, change func(*Options)) *loop {
	t.Helper()
	l := &loop{t: t, v: v, books: make(map[exchange.InstrumentID]*book.Book), wanting: make(map[exchange.InstrumentID]bool),
		asks: make(chan exchange.InstrumentID, 100), kinds: make(map[exchange.Kind]int), last: make(map[exchange.Kind]exchange.Event)}
	o := Options{Endpoints: fakeEndpoints, Symbols: []string{"spot:*", "usdm:*", "coinm:*"}, Notice: l.note,
		HTTP:   &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: v.net.Dial}},
		Jitter: func() float64 { return 0.5 }, Wire: func(w *wire.Options) { w.Dial = v.net.Dial }}
	if change != nil {
		change(&o)
	}
	m, err := Open(context.Background(), o, l)
	if err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	l.market = m
	for _, in := range m.Universe().All() {
		l.books[in.ID] = book.New(in)
	}
	for _, ev := range l.early {
		l.take(ev)
	}
	l.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for id := range l.asks {
			m.Snapshot(id)
		}
	}()
	t.Cleanup(func() { m.Close(); close(l.asks); <-done })
	return l
}

// play moves all books for a while, ten times a second, with marks and trades.
func (l *loop) play(d time.Duration) {
	for i := range int(d / (100 * time.Millisecond)) {
		for _, b := range l.v.books {
			l.v.move(b, 1+i%4, nil)
			if i%10 == 0 && b.market != api.Spot {
				l.v.mark(b)
			}
			if i%3 == 0 {
				l.v.trade(b)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// atRest checks that in the end every book is live and equals the venue's.
func (l *loop) atRest() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, in := range l.market.Universe().All() {
		b := l.books[in.ID]
		want := l.v.book(api.Of(in.Venue), in.Symbol)
		if !b.Ready() {
			l.t.Errorf("%s is not live at the end: %s", in.Key(), b.Reason())
		} else if got := render(b); got != want.String() {
			l.t.Errorf("%s ended wrong:\n got %s\nwant %s", in.Key(), got, want)
		}
	}
	if l.checked < 100 {
		l.t.Errorf("only %d states were checked", l.checked)
	}
}

func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		l.play(30 * time.Second)
		time.Sleep(time.Second)
		l.atRest()
		h := l.market.Health()
		if h.Live != 4 || h.Gaps != 0 || h.Malformed != 0 || h.Failed != 0 || h.Refused > 4 || len(h.Connections) != 4 {
			t.Errorf("%+v", h)
		}
		for _, c := range h.Connections {
			if !c.Connected || c.Stalled != 0 || c.Connects != 1 {
				t.Errorf("%+v", c)
			}
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if h.Snapshots > 8 {
			t.Errorf("%d snapshots for 4 books", h.Snapshots)
		}
		if want := 3*30 + 3; l.kinds[exchange.KindMark] != want || l.kinds[exchange.KindTrade] != 4*100 {
			t.Errorf("%d marks and %d trades, want %d and %d", l.kinds[exchange.KindMark], l.kinds[exchange.KindTrade], want, 4*100)
		}
		if mk := l.last[exchange.KindMark]; mk.Mark != 1000500000 || mk.Rate != 12000 || mk.Hours != 8 || mk.NextFunding == 0 {
			t.Errorf("mark is %+v", mk)
		}
		shib, ok := l.market.Universe().Find(api.USDM.Venue(), "1000SHIBUSDT")
		if !ok || shib.Base != "SHIB" || shib.Multiplier != 1000 || shib.Tick.String() != "0.01" || shib.MaxQty != 9000 {
			t.Errorf("instrument is %+v", shib)
		}
	})
}

// At a roll-over both connections deliver: trades are not doubled, books go on.
func TestRollOverRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, func(o *Options) {
			o.Symbols = []string{"usdm:BTCUSDT"}
			o.Wire = func(w *wire.Options) { w.Dial, w.RollAfter = v.net.Dial, 10*time.Second }
		})
		time.Sleep(time.Second)
		l.play(30 * time.Second)
		time.Sleep(time.Second)
		l.atRest()
		h := l.market.Health()
		if h.Connections[0].Rolls < 2 || h.Gaps != 0 || h.Suspect != 0 || h.Snapshots > 3 {
			t.Errorf("%+v", h)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for i, id := range l.order {
			if id != int64(i+1) {
				t.Fatalf("trade %d has id %d: lost or doubled", i+1, id)
			}
		}
		if l.kinds[exchange.KindGap] != 0 || h.Repeated == 0 {
			t.Errorf("%d gaps, %d repeated messages: the overlap was not seamless", l.kinds[exchange.KindGap], h.Repeated)
		}
	})
}

// The loop may lose a book for reasons of its own: it asks, and gets a snapshot.
func TestSnapshotOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		l.play(10 * time.Second)
		l.mu.Lock()
		for id, b := range l.books {
			bad := exchange.Event{Kind: exchange.KindSnapshot, LastID: b.LastID() + 1, Bids: []exchange.Level{{Price: 5, Qty: 1}}, Asks: []exchange.Level{{Price: 4, Qty: 1}}}
			if b.Apply(&bad); b.State() != book.Stale {
				t.Fatal("the book is not crossed")
			}
			l.wanting[id] = true
			l.asks <- id
		}
		l.mu.Unlock()
		l.play(5 * time.Second)
		time.Sleep(time.Second)
		l.atRest()
		l.market.Snapshot(-1)
		l.market.Snapshot(1000)
	})
}

func TestSettledFunding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, func(o *Options) { o.Symbols = []string{"usdm:BTCUSDT"} })
		at := time.UnixMilli(v.nextFunding(time.Now()))
		time.Sleep(time.Until(at) - 2*time.Second)
		for i := range 30 {
			if i == 15 { // the venue is late with the rate
				v.mu.Lock()
				v.settled = append(v.settled, fmt.Sprintf(`{"symbol":"BTCUSDT","fundingRate":"-0.00034","fundingTime":%d,"markPrice":"10.5"}`, at.UnixMilli()+7))
				v.mu.Unlock()
			}
			v.mark(v.books[1])
			time.Sleep(time.Second)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		ev := l.last[exchange.KindFunding]
		want := exchange.Event{Kind: exchange.KindFunding, VenueTime: exchange.UnixMilli(at.UnixMilli()), Rate: -34000, Mark: 1050000000, Hours: 8}
		if l.kinds[exchange.KindFunding] != 1 || ev.VenueTime != want.VenueTime || ev.Rate != want.Rate || ev.Mark != want.Mark || ev.Hours != 8 {
			t.Errorf("%d settlements, the last is %+v", l.kinds[exchange.KindFunding], ev)
		}
	})
}

// Intervals are the venue's; they may change while running.
func TestFundingIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		v.terms = `[{"symbol":"1000SHIBUSDT","adjustedFundingRateCap":"0.03","adjustedFundingRateFloor":"-0.03","fundingIntervalHours":4,"disclaimer":false},7]`
		l := open(t, v, func(o *Options) { o.Symbols = []string{"usdm:*"} })
		btc, _ := l.market.Universe().Find(api.USDM.Venue(), "BTCUSDT")
		shib, _ := l.market.Universe().Find(api.USDM.Venue(), "1000SHIBUSDT")
		if btc.FundingHours != 8 || shib.FundingHours != 4 || shib.FundingCap.String() != "0.03" || strings.Contains(shib.Assumed, "funding") {
			t.Errorf("funding is %d h and %d h, cap %s, assumed %q", btc.FundingHours, shib.FundingHours, shib.FundingCap, shib.Assumed)
		}
		v.mu.Lock()
		v.terms = `[{"symbol":"BTCUSDT","fundingIntervalHours":1}]`
		v.status["1000SHIBUSDT"] = "SETTLING"
		v.mu.Unlock()
		time.Sleep(11 * time.Minute)
		v.mark(v.books[1])
		time.Sleep(time.Second)
		l.mu.Lock()
		defer l.mu.Unlock()
		if ev := l.last[exchange.KindMark]; ev.Hours != 1 {
			t.Errorf("the interval is %d h after it was changed to 1 h", ev.Hours)
		}
		all := strings.Join(l.notices, "\n")
		for _, want := range []string{"usdm:BTCUSDT: funding was every 8 h and is every 1 h", "usdm:1000SHIBUSDT: status was TRADING and is SETTLING"} {
			if strings.Count(all, want) != 1 {
				t.Errorf("%q is not told once in\n%s", want, all)
			}
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		v.status["1000SHIBUSDT"] = "HALT"
		for _, tt := range []struct {
			symbols []string
			e       api.Endpoints
			want    string
		}{
			{nil, fakeEndpoints, "no symbols"},
			{[]string{"usdm:BTCUSTD"}, fakeEndpoints, `did you mean "usdm:BTCUSDT"?`},
			{[]string{"BTCUSDT"}, fakeEndpoints, "write market:SYMBOL"},
			{[]string{"futures:*"}, fakeEndpoints, "want spot, usdm or coinm"},
			{[]string{"usdm:1000SHIBUSDT"}, fakeEndpoints, "usdm:1000SHIBUSDT is not trading: its status is HALT"},
			{[]string{"spot:BTCUSDT"}, api.Endpoints{RestSpot: "api.binance.com"}, `endpoint rest_spot is "api.binance.com": want http://host or https://host`},
		} {
			o := Options{Endpoints: tt.e, Symbols: tt.symbols, HTTP: &http.Client{Transport: &http.Transport{DialContext: v.net.Dial}}}
			if _, err := Open(context.Background(), o, &loop{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v: %v, want %q", tt.symbols, err, tt.want)
			}
			o.HTTP.CloseIdleConnections()
		}
	})
}

package binance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
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
	want, known := l.v.book(in.Market, in.Symbol).past[b.LastID()]
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

func (l *loop) note(n Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notices = append(l.notices, n.Text)
}

var fakeEndpoints = Endpoints{RestSpot: "http://venue.test/api", RestUSDM: "http://venue.test", RestCOINM: "http://venue.test",
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
			if i%10 == 0 && b.market != exchange.Spot {
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
		want := l.v.book(in.Market, in.Symbol)
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
		shib, ok := l.market.Universe().Find(exchange.USDM, "1000SHIBUSDT")
		if !ok || shib.Base != "SHIB" || shib.Multiplier != 1000 || shib.Tick.String() != "0.01" || shib.MaxQty != 9000 {
			t.Errorf("instrument is %+v", shib)
		}
	})
}

// Each fault of a stream: what it does to the frames of the depth streams.
func TestStreamFaults(t *testing.T) {
	held := map[string][]byte{}
	faults := map[string]func(stream string, n int, frame []byte) [][]byte{
		"gap": func(_ string, n int, f []byte) [][]byte {
			if n%40 == 20 {
				return nil
			}
			return [][]byte{f}
		},
		"duplicate": func(_ string, n int, f []byte) [][]byte {
			if n%7 == 3 {
				return [][]byte{f, f}
			}
			return [][]byte{f}
		},
		"reorder": func(s string, n int, f []byte) [][]byte {
			if n%40 == 20 {
				held[s] = f
				return nil
			}
			if h := held[s]; h != nil {
				delete(held, s)
				return [][]byte{f, h}
			}
			return [][]byte{f}
		},
		"malformed": func(_ string, n int, f []byte) [][]byte {
			if n%40 == 20 {
				return [][]byte{f[:len(f)/2]}
			}
			return [][]byte{f}
		},
		"garbage between": func(_ string, n int, f []byte) [][]byte {
			if n%40 == 20 {
				return [][]byte{[]byte("\x00\xff{{"), f, []byte(`{"stream":7}`), []byte(`[[[`)}
			}
			return [][]byte{f}
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newFakeVenue(t)
				v.mangle = func(s string, n int, f []byte) [][]byte {
					if !strings.HasSuffix(s, depthSuffix) {
						return [][]byte{f}
					}
					return fault(s, n, f)
				}
				l := open(t, v, nil)
				time.Sleep(time.Second)
				l.play(time.Minute)
				v.mu.Lock()
				v.mangle = nil
				v.mu.Unlock()
				l.play(40 * time.Second) // backoff included
				time.Sleep(time.Second)
				l.atRest()
				if h := l.market.Health(); (h.Gaps > 0) != (name == "gap" || name == "reorder" || name == "malformed") && name != "garbage between" {
					t.Errorf("%+v", h)
				}
			})
		})
	}
}

// Snapshots that are refused, too old, late, malformed or of a proxy.
func TestSnapshotFaults(t *testing.T) {
	old := func(n int) func(w http.ResponseWriter, b *fakeBook) bool {
		asked := map[*fakeBook]int{}
		return func(w http.ResponseWriter, b *fakeBook) bool {
			if asked[b]++; asked[b] > n {
				return false
			}
			fmt.Fprintf(w, `{"lastUpdateId":900,"bids":[["9.99","1"]],"asks":[["10.02","1"]]}`)
			return true
		}
	}
	broken := func(status int, header, body string) func(w http.ResponseWriter, b *fakeBook) bool {
		asked := map[*fakeBook]int{}
		return func(w http.ResponseWriter, b *fakeBook) bool {
			if status == http.StatusTooManyRequests {
				b = nil // it is about the address, not the book
			}
			if asked[b]++; asked[b] > 2 {
				return false
			}
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for name, fault := range map[string]func(w http.ResponseWriter, b *fakeBook) bool{
		"older than the diffs": old(3),
		"429":                  broken(429, "3", `{"code":-1003,"msg":"Too many requests"}`),
		"500":                  broken(500, "", `<html>`),
		"malformed":            broken(200, "", `{"lastUpdateId":1200,"bids":[["9.99`),
		"another message":      broken(200, "", `{"code":200}`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newFakeVenue(t)
				v.depth = fault
				l := open(t, v, nil)
				time.Sleep(time.Second)
				l.play(90 * time.Second)
				if name == "429" { // the venue wants to be left alone for minutes
					l.play(5 * time.Minute)
				}
				time.Sleep(time.Second)
				l.atRest()
				if h := l.market.Health(); h.Refused+h.Failed == 0 {
					t.Errorf("the fault did not happen: %+v", h)
				}
			})
		})
	}
}

func TestConnectionFaults(t *testing.T) {
	for name, fault := range map[string]func(*fakeVenue){
		"dropped":   (*fakeVenue).dropAll,
		"half-open": func(v *fakeVenue) { v.each((*wire.Peer).Hold) },
		"one stream stalls": func(v *fakeVenue) {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.books[1].silent = true
			time.AfterFunc(45*time.Second, func() {
				v.mu.Lock()
				defer v.mu.Unlock()
				v.books[1].silent = false
			})
		},
		"shutdown announced": func(v *fakeVenue) {
			v.each(func(p *wire.Peer) {
				p.Send([]byte(`{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}`))
				time.AfterFunc(5*time.Second, p.Drop)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newFakeVenue(t)
				l := open(t, v, nil)
				time.Sleep(time.Second)
				l.play(20 * time.Second)
				before := v.connects
				fault(v)
				l.play(3 * time.Minute)
				time.Sleep(time.Second)
				l.atRest()
				if v.connects == before && name != "one stream stalls" {
					t.Error("nobody connected anew")
				}
			})
		})
	}
}

// A cut connection is told of at once, before anything else arrives.
func TestCutIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		l.play(5 * time.Second)
		v.dropAll()
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, b := range l.books {
			if b.Ready() || !strings.Contains(b.Reason(), "disconnected") {
				t.Errorf("%s is %s after the cut: %q", b.Instrument().Key(), b.State(), b.Reason())
			}
		}
	})
}

// A message of a book that cannot be read may have been an update.
func TestMalformedIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		l.play(5 * time.Second)
		hurt := v.books[1]
		v.mangle = func(_ string, _ int, f []byte) [][]byte { return [][]byte{f[:len(f)-3]} }
		v.move(hurt, 1, nil)
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, b := range l.books {
			is := b.Instrument().Symbol == hurt.symbol && b.Instrument().Market == hurt.market
			if b.Ready() == is {
				t.Errorf("%s is %s: %q", b.Instrument().Key(), b.State(), b.Reason())
			}
		}
		if all := strings.Join(l.notices, ""); !strings.Contains(all, "malformed message (1 so far)") {
			t.Errorf("nobody was told: %q", all)
		}
	})
}

// A look at a book that was live has few levels: it must never become the book.
func TestLookIsNotASnapshot(t *testing.T) {
	in, _ := Rules(exchange.USDM, "BTCUSDT")
	tr, sink := newTrack(&in), &keeper{}
	m := &Market{sink: sink}
	m.o.Now = func() exchange.Time { return 1 }
	ev := exchange.Event{Kind: exchange.KindSnapshot, LastID: 7, PrevID: -1, Bids: []exchange.Level{{Price: 1, Qty: 1}}}
	tr.diffs = 1
	if got := tr.snapshot(m, &ev, true); got != tooOld || len(sink.books) > 0 {
		t.Errorf("the look ended as %d and sent %d events", got, len(sink.books))
	}
	if got := tr.snapshot(m, &ev, false); got != helped || len(sink.books) != 1 {
		t.Errorf("the snapshot ended as %d and sent %d events", got, len(sink.books))
	}
}

// While a stream stalls its book must not be believed for long.
func TestStalledStreamIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		l.play(20 * time.Second)
		v.books[1].silent = true
		l.play(bookSilence + 2*time.Second)
		in, _ := l.market.Universe().Find(v.books[1].market, v.books[1].symbol)
		l.mu.Lock()
		defer l.mu.Unlock()
		if b := l.books[in.ID]; b.Ready() {
			t.Errorf("%s is believed %s after its stream fell silent", in.Key(), bookSilence+2*time.Second)
		}
	})
}

// Markets in which nothing happens are found to be quiet, and their books right.
func TestQuietMarket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		marks := func(n int) {
			for range n {
				for _, b := range v.books[1:] {
					v.mark(b)
				}
				time.Sleep(time.Second)
			}
		}
		marks(30)
		l.mu.Lock()
		l.checked = 100 // there is little to check
		l.mu.Unlock()
		l.atRest()
		asked := v.requests["/fapi/v1/depth"]
		marks(600)
		l.atRest()
		if n := v.requests["/fapi/v1/depth"] - asked; n > 2*12 {
			t.Errorf("2 quiet books were looked at %d times in 10 minutes", n)
		}
		if v.connects != 4 {
			t.Errorf("%d connections, want the first 4: quiet is not stalled", v.connects)
		}
		l.play(10 * time.Second)
		time.Sleep(time.Second)
		l.atRest()
	})
}

// Streams that are asked for on the wrong route are accepted and stay silent.
// Their books are never live, and the watchdog says so.
func TestWrongRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, func(o *Options) {
			o.Symbols = []string{"usdm:BTCUSDT"}
			o.Wire = func(w *wire.Options) {
				w.Dial = v.net.Dial
				w.URLs[0] = strings.Replace(w.URLs[0], "/public", "/market", 1)
			}
		})
		time.Sleep(time.Second)
		l.play(time.Minute)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.books[0].State() == book.Live || l.checked > 0 {
			t.Error("a book is live without a stream")
		}
		c := l.market.Health().Connections[0]
		if c.Stalls == 0 || !strings.Contains(c.LastError, "btcusdt@depth@100ms") {
			t.Errorf("%+v", c)
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
		btc, _ := l.market.Universe().Find(exchange.USDM, "BTCUSDT")
		shib, _ := l.market.Universe().Find(exchange.USDM, "1000SHIBUSDT")
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
			e       Endpoints
			want    string
		}{
			{nil, fakeEndpoints, "no symbols"},
			{[]string{"usdm:BTCUSTD"}, fakeEndpoints, `did you mean "usdm:BTCUSDT"?`},
			{[]string{"BTCUSDT"}, fakeEndpoints, "write market:SYMBOL"},
			{[]string{"futures:*"}, fakeEndpoints, "want spot, usdm or coinm"},
			{[]string{"usdm:1000SHIBUSDT"}, fakeEndpoints, "usdm:1000SHIBUSDT is not trading: its status is HALT"},
			{[]string{"spot:BTCUSDT"}, Endpoints{RestSpot: "api.binance.com"}, `endpoint rest_spot is "api.binance.com": want http://host or https://host`},
		} {
			o := Options{Endpoints: tt.e, Symbols: tt.symbols, HTTP: &http.Client{Transport: &http.Transport{DialContext: v.net.Dial}}}
			if _, err := Open(context.Background(), o, &loop{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v: %v, want %q", tt.symbols, err, tt.want)
			}
			o.HTTP.CloseIdleConnections()
		}
	})
}

// Faults of all sorts at random moments: at no moment is a book believed that
// the venue never had, and in the end all are right.
func TestRandomFaults(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newFakeVenue(t)
				// The venue draws under its lock, the test on its own.
				chance, rng := rand.New(rand.NewPCG(seed, 9)), rand.New(rand.NewPCG(seed, 10))
				v.mangle = func(s string, n int, f []byte) [][]byte {
					switch chance.IntN(400) {
					case 0:
						return nil
					case 1:
						return [][]byte{f, f}
					case 2:
						return [][]byte{f[:chance.IntN(len(f))]}
					}
					return [][]byte{f}
				}
				v.depth = func(w http.ResponseWriter, b *fakeBook) bool {
					if chance.IntN(4) > 0 {
						return false
					}
					w.WriteHeader(500)
					return true
				}
				l := open(t, v, nil)
				for range 20 {
					l.play(time.Duration(3+rng.IntN(20)) * time.Second)
					switch rng.IntN(4) {
					case 0:
						v.dropAll()
					case 1:
						v.each((*wire.Peer).Hold)
					case 2:
						time.Sleep(time.Duration(rng.IntN(30)) * time.Second)
					}
				}
				v.mu.Lock()
				v.mangle, v.depth = nil, nil
				v.mu.Unlock()
				l.play(3 * time.Minute)
				time.Sleep(time.Second)
				l.atRest()
			})
		})
	}
}

// A snapshot may be taken between two changes that come as one diff.
func TestSnapshotWithinADiff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		for range 100 {
			for i, b := range v.books {
				v.move(b, 3, nil)
				v.move(b, 5, func() {
					l.market.Snapshot(exchange.InstrumentID(i))
					time.Sleep(3 * time.Millisecond)
				})
			}
			time.Sleep(100 * time.Millisecond)
		}
		l.play(time.Minute)
		time.Sleep(time.Second)
		l.atRest()
	})
}

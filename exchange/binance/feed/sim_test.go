package feed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/feed"
	"github.com/perilune/perilune/exchange/binance/simfront"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/exchange/wire"
)

// shelf keeps books as the host does.
type shelf struct {
	mu    sync.Mutex
	books map[exchange.InstrumentID]*book.Book
	in    func(exchange.InstrumentID) *exchange.Instrument
	early []*exchange.Event
	kinds map[exchange.Kind]int
}

func (s *shelf) Post(ev *exchange.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds[ev.Kind]++
	if s.in == nil {
		s.early = append(s.early, ev)
		return
	}
	s.take(ev)
}

func (s *shelf) take(ev *exchange.Event) {
	if s.books[ev.Instrument] == nil {
		s.books[ev.Instrument] = book.New(s.in(ev.Instrument))
	}
	s.books[ev.Instrument].Apply(ev)
}

func (s *shelf) ready(m *feed.Market) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in = m.Universe().Get
	for _, ev := range s.early {
		s.take(ev)
	}
}

// differing returns the instruments whose book is not the exchange's, as REST
// shows it, and why.
func (s *shelf) differing(t *testing.T, host string, m *feed.Market) (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range m.Universe().All() {
		b := s.books[in.ID]
		if b == nil || !b.Ready() {
			out = append(out, in.Key()+" is not live")
			continue
		}
		if want, got := restDepth(t, host, in), textDepth(b); got != want {
			out = append(out, fmt.Sprintf("%s:\n got %s\nwant %s", in.Key(), got, want))
		}
	}
	return out
}

func restDepth(t *testing.T, host string, in *exchange.Instrument) string {
	t.Helper()
	path := map[api.Market]string{api.Spot: "/api/v3", api.USDM: "/fapi/v1", api.COINM: "/dapi/v1"}[api.Of(in.Venue)]
	resp, err := http.Get("http://" + host + path + "/depth?limit=10&symbol=" + in.Symbol)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var d struct {
		ID         int64 `json:"lastUpdateId"`
		Bids, Asks [][2]json.Number
	}
	if err != nil || json.Unmarshal(body, &d) != nil {
		t.Fatalf("depth of %s: %v %.200s", in.Key(), err, body)
	}
	var s strings.Builder
	fmt.Fprint(&s, d.ID)
	for i, side := range [][][2]json.Number{d.Bids, d.Asks} {
		for _, l := range side {
			p, _ := l[0].Float64()
			q, _ := l[1].Float64()
			fmt.Fprintf(&s, " %d:%g@%g", i, q, p)
		}
	}
	return s.String()
}

func textDepth(b *book.Book) string {
	var s strings.Builder
	fmt.Fprint(&s, b.LastID())
	in := b.Instrument()
	for i, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		for _, l := range b.AppendLevels(nil, side, 10) {
			fmt.Fprintf(&s, " %d:%g@%g", i, in.QtyFloat(l.Qty), in.PriceFloat(l.Price))
		}
	}
	return s.String()
}

// serve starts a simulated exchange that opens so long after its feed's start, and
// whose market stands still.
func serve(t *testing.T, address string, past exchange.Time) (sim *simserver.Exchange, host string, stop func()) {
	t.Helper()
	start := exchange.Date(2026, 3, 2)
	feed, err := synth.New(synth.Options{Seed: 1, Start: start, Step: exchange.Second, Calm: true})
	if err != nil {
		t.Fatal(err)
	}
	sim, err = simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: start + past, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	front := simfront.New(sim) // before any fault is armed
	go func() { ended <- sim.Serve(ctx, l, front) }()
	return sim, l.Addr().String(), func() { cancel(); <-ended }
}

func newShelf() *shelf {
	return &shelf{books: make(map[exchange.InstrumentID]*book.Book), kinds: make(map[exchange.Kind]int)}
}

// openAt connects to a simulated exchange.
func openAt(t *testing.T, host string, s *shelf) *feed.Market {
	t.Helper()
	m, err := feed.Open(t.Context(), feed.Options{Endpoints: api.Endpoints{
		RestSpot: "http://" + host + "/api", RestUSDM: "http://" + host + "/fapi", RestCOINM: "http://" + host + "/dapi",
		WSSpot: "ws://" + host + "/spot", WSUSDM: "ws://" + host + "/usdm", WSCOINM: "ws://" + host + "/coinm",
	}, Refresh: 100 * time.Millisecond, Symbols: []string{"spot:BTCUSDT", "spot:ETHUSDT", "usdm:BTCUSDT", "usdm:ETHUSDT", "coinm:BTCUSD_PERP"}}, s)
	if err != nil {
		t.Fatal(err)
	}
	s.ready(m)
	return m
}

// A test network that is reset, or a simulator that is started anew at the same
// address, begins again at low update ids and at an earlier time. Books, marks and
// trades must go on.
func TestSimulatorStartsAnew(t *testing.T) {
	sim, host, stop := serve(t, "127.0.0.1:0", 10*exchange.Minute)
	s := newShelf()
	m := openAt(t, host, s)
	defer m.Close()
	agree(t, sim, s, host, m)
	in, _ := m.Universe().Find(api.USDM.Venue(), "BTCUSDT")
	was := s.lastID(in.ID)
	stop()

	sim, _, stop = serve(t, host, exchange.Minute)
	defer stop()
	agree(t, sim, s, host, m)
	if is := s.lastID(in.ID); is >= was {
		t.Fatalf("the book is at %d after the restart and was at %d: the ids did not start anew", is, was)
	}
	marks, tickers := s.count(exchange.KindMark), s.count(exchange.KindTicker)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if s.count(exchange.KindMark) > marks && s.count(exchange.KindTicker) > tickers {
			return
		}
		advance(t, sim)
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("marks went from %d to %d and tickers from %d to %d after the restart",
		marks, s.count(exchange.KindMark), tickers, s.count(exchange.KindTicker))
}

// When the venue announces that it will end a connection, a second one takes over
// before the cut: no update is missed, no book is doubted.
func TestShutdownIsNoticedInTime(t *testing.T) {
	sim, host, stop := serve(t, "127.0.0.1:0", exchange.Minute)
	defer stop()
	s := newShelf()
	m := openAt(t, host, s)
	defer m.Close()
	agree(t, sim, s, host, m)
	gaps, snapshots := s.count(exchange.KindGap), s.count(exchange.KindSnapshot)
	if err := sim.Arm(simserver.Fault{Kind: "server_shutdown", Market: "spot", Millis: 60_000}); err != nil {
		t.Fatal(err)
	}
	rolled := func() bool {
		return slices.ContainsFunc(m.Health().Connections, func(c wire.Health) bool {
			return strings.HasPrefix(c.Name, "spot") && c.Rolls == 1 && c.Connected
		})
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if rolled() {
			break
		}
		advance(t, sim)
		time.Sleep(50 * time.Millisecond)
	}
	if !rolled() {
		t.Fatalf("no second connection took over: %+v", m.Health().Connections)
	}
	agree(t, sim, s, host, m)
	if g, n := s.count(exchange.KindGap), s.count(exchange.KindSnapshot); g != gaps || n != snapshots {
		t.Errorf("%d gaps and %d new snapshots, want none: the overlap was to lose nothing", g-gaps, n-snapshots)
	}
	if h := m.Health(); h.Gaps > 0 || h.Repeated == 0 {
		t.Errorf("%d gaps, %d repetitions: want none, and some, which show that two connections overlapped", h.Gaps, h.Repeated)
	}
}

func (s *shelf) lastID(id exchange.InstrumentID) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books[id].LastID()
}

func (s *shelf) count(k exchange.Kind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kinds[k]
}

// The Market against the simulator: the same wire protocol over real sockets,
// written by other hands than the fake venue of the tests beside.
func TestAgainstSimulator(t *testing.T) {
	sim, host, stop := serve(t, "127.0.0.1:0", exchange.Minute)
	defer stop()
	s := newShelf()
	m := openAt(t, host, s)
	defer m.Close()
	agree(t, sim, s, host, m)
	for _, fault := range []string{`{"kind":"gap","count":3}`, `{"kind":"duplicate","count":3}`, `{"kind":"reorder","count":3}`, `{"kind":"drop"}`} {
		resp, err := http.Post("http://"+host+"/sim/faults", "application/json", strings.NewReader(fault))
		if err != nil || resp.StatusCode >= 300 {
			t.Fatalf("%s: %v %v", fault, resp, err)
		}
		resp.Body.Close()
		for range 4 {
			advance(t, sim)
		}
		agree(t, sim, s, host, m)
	}
	if err := sim.Arm(simserver.Fault{Kind: "delist", Market: "usdm", Symbol: "ETHUSDT"}); err != nil {
		t.Fatal(err)
	}
	halted(t, sim, s, m)
	if h := m.Health(); h.Malformed > 0 || h.Gaps == 0 {
		t.Errorf("%+v", h)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kinds[exchange.KindMark] == 0 || s.kinds[exchange.KindTicker] == 0 {
		t.Errorf("events by kind: %v", s.kinds)
	}
}

// halted wants the book of a contract that is delisted to be out of use, however
// long its stream goes on.
func halted(t *testing.T, sim *simserver.Exchange, s *shelf, m *feed.Market) {
	t.Helper()
	in, _ := m.Universe().Find(api.USDM.Venue(), "ETHUSDT")
	began := time.Now()
	ready := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.books[in.ID].Ready()
	}
	// What was on its way when it was halted may still be believed for a moment.
	for quiet := 0; quiet < 4; {
		advance(t, sim)
		time.Sleep(50 * time.Millisecond)
		if quiet++; ready() {
			quiet = 0
		}
		if t.Context().Err() != nil || time.Since(began) > time.Minute {
			t.Fatal("the book of a contract that does not trade is believed")
		}
	}
}

func advance(t *testing.T, sim *simserver.Exchange) {
	t.Helper()
	if err := sim.Advance(exchange.Second); err != nil {
		t.Fatal(err)
	}
}

// agree lets the market go on until all books are those of the exchange.
func agree(t *testing.T, sim *simserver.Exchange, s *shelf, host string, m *feed.Market) {
	t.Helper()
	var bad []string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		advance(t, sim)
		for range 20 { // the market stands still meanwhile
			time.Sleep(10 * time.Millisecond)
			if bad = s.differing(t, host, m); len(bad) == 0 {
				return
			}
		}
	}
	t.Fatalf("the books do not agree:\n%s\n%+v", strings.Join(bad, "\n"), m.Health())
}

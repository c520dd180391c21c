package bybit_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/bybit"
	"github.com/perilune/perilune/exchange/bybit/bybittest"
	"github.com/perilune/perilune/exchange/connect"
)

// keeper keeps the books of a market, as a loop does.
type keeper struct {
	mu      sync.Mutex
	books   map[exchange.InstrumentID]*book.Book
	kinds   map[exchange.Kind]int
	reasons []string // of gaps
	notices []string
}

func (k *keeper) Post(ev *exchange.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kinds[ev.Kind]++
	if ev.Kind == exchange.KindGap {
		k.reasons = append(k.reasons, ev.Reason)
	}
	if b := k.books[ev.Instrument]; b != nil {
		b.Apply(ev)
	}
}

// follow opens the market data of a server.
func follow(t *testing.T, s *bybittest.Server, data connect.Data, patterns ...string) (*keeper, connect.Market) {
	t.Helper()
	v, err := bybit.At(s.Endpoints()).Open()
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{books: map[exchange.InstrumentID]*book.Book{}, kinds: map[exchange.Kind]int{}}
	c, err := v.Browse(t.Context(), connect.DataOptions{Data: data, Notice: func(n connect.Notice) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.notices = append(k.notices, n.Text)
	}}, patterns)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := c.Choose(t.Context(), patterns, 0)
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock() // events wait for the books
	m, err := c.Open(t.Context(), keys, nil, k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	for _, in := range m.Universe().All() {
		k.books[in.ID] = book.New(in)
	}
	return k, m
}

// until waits for something to be so.
func (k *keeper) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		k.mu.Lock()
		ok := is()
		k.mu.Unlock()
		if ok {
			return
		}
	}
	t.Fatalf("not so: %s", what)
}

func (k *keeper) live() bool {
	for _, b := range k.books { // order does not matter: all must be
		if !b.Ready() {
			return false
		}
	}
	return true
}

// The venue begins at u = 1 after it was restarted: a snapshot replaces the book, and a delta
// proves nothing, so that the stream is begun anew.
func TestTheVenueRestarts(t *testing.T) {
	for fault, reason := range map[string]string{"restart": "the venue has begun its numbers anew", "restart unseen": "no snapshot came"} {
		t.Run(fault, func(t *testing.T) {
			s := bybittest.Start(t)
			k, _ := follow(t, s, 0, "linear:BTCUSDT")
			k.until(t, "the book is live", k.live)
			s.Fault(fault, 1)
			k.until(t, "a gap tells of it, and the book is live at the new numbers", func() bool {
				return strings.Contains(strings.Join(k.reasons, " "), reason) && k.live() && k.books[0].LastID() < 900
			})
		})
	}
}

// One topic that the venue refuses costs that topic, not the connection.
func TestARefusedTopic(t *testing.T) {
	s := bybittest.Start(t)
	s.Refuse("publicTrade.ETHUSDT")
	k, m := follow(t, s, 0, "linear:*")
	k.until(t, "books are live, and trades of the other come", func() bool { return k.live() && k.kinds[exchange.KindTrade] > 0 })
	k.until(t, "people are told", func() bool { return strings.Contains(strings.Join(k.notices, " "), "publicTrade.ETHUSDT is refused") })
	if h := m.Health(); h.Connections[0].Connects != 1 || h.Connections[0].Refused != 1 {
		t.Errorf("%+v", h)
	}
}

// The past: settled rates, and candles that are finished, oldest first.
func TestHistory(t *testing.T) {
	s := bybittest.Start(t)
	k, m := follow(t, s, connect.AllData|connect.Bars|connect.Interest, "linear:BTCUSDT", "inverse:BTCUSD")
	var past []exchange.Event
	for id := range m.Universe().Len() {
		list, err := m.Past(t.Context(), exchange.InstrumentID(id))
		if err != nil {
			t.Fatal(err)
		}
		past = append(past, list...)
	}
	kinds := map[exchange.Kind]int{}
	for i, ev := range past {
		kinds[ev.Kind]++
		if i > 0 && past[i-1].Kind == ev.Kind && past[i-1].Instrument == ev.Instrument && ev.VenueTime <= past[i-1].VenueTime {
			t.Errorf("%s at %s comes after %s", ev.Kind, ev.VenueTime, past[i-1].VenueTime)
		}
		if now := exchange.Time(time.Now().UnixNano()); ev.VenueTime > now || ev.Kind == exchange.KindBar && (ev.Bar.Close != 600010 || ev.Bar.Volume != 12.5) {
			t.Errorf("%+v at %s", ev.Bar, now)
		}
		if ev.Kind == exchange.KindFunding && (ev.Rate != 10000 || ev.Hours != 8) {
			t.Errorf("rate %d every %d h", ev.Rate, ev.Hours)
		}
	}
	if kinds[exchange.KindFunding] != 10 || kinds[exchange.KindBar] < 16 || m.Interval() != exchange.Minute {
		t.Errorf("%v", kinds)
	}
	k.until(t, "open interest comes", func() bool { return k.kinds[exchange.KindOpenInterest] >= 2 })
}

// What all that is listed stands at takes one question for each category.
func TestSurvey(t *testing.T) {
	v, err := bybit.At(bybittest.Start(t).Endpoints()).Open()
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Browse(t.Context(), connect.DataOptions{}, []string{"*:*"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.(connect.Surveyor).Survey(t.Context())
	if err != nil || len(list) != 4 {
		t.Fatalf("%d, %v", len(list), err)
	}
	for _, x := range list {
		in := x.Instrument
		if !x.Bid.LessThan(x.Ask) || !x.BidQty.IsPositive() || in.Inverse() == (x.Turnover < 1e9) {
			t.Errorf("%s: %+v", in.Key(), x)
		}
		if in.Perp() && (x.Mark == 0 || x.Rate != -20000 || x.Hours != 4 || x.NextFunding == 0) {
			t.Errorf("%s: %+v", in.Key(), x)
		}
	}
	keys, err := c.Choose(t.Context(), []string{"linear:*"}, 1)
	if err != nil || len(keys) != 1 {
		t.Errorf("the best coin is %v, %v", keys, err)
	}
}

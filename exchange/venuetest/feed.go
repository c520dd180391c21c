package venuetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
)

// FeedHarness makes market data of a venue.
type FeedHarness struct {
	// Open starts a venue whose markets move. What it started ends with the test.
	Open func(t *testing.T) *FeedBench
}

// FeedBench is a venue whose market data is to be tried.
type FeedBench struct {
	Connector connect.Connector
	Venue     connect.Venue
	Patterns  []string // that name what to subscribe to, one of them a glob
	// Unknown is a symbol that there is not, and Near the key that it is taken for.
	Unknown, Near string
	// Inject makes a fault happen, a few times from now on, and reports whether the
	// venue can. nil: none.
	Inject func(FeedFault) bool
}

// FeedFault is what goes wrong with market data.
type FeedFault string

// The faults of market data.
const (
	DiffLost       FeedFault = "an update of a book is lost"
	DiffTwice      FeedFault = "an update comes twice"
	DiffsSwapped   FeedFault = "updates come in another order"
	FrameGarbled   FeedFault = "a frame is no message"
	SnapshotOld    FeedFault = "a snapshot is old"
	ConnectionLost FeedFault = "the connections are cut"
	// NumbersAnew is not one of every venue: its service was restarted.
	NumbersAnew FeedFault = "the venue begins the numbers of a book anew"
)

// Feed tries a venue's catalogue and its live market data.
func Feed(t *testing.T, h FeedHarness) {
	t.Parallel()
	trying(t, "what can be asked of the catalogue", func(t *testing.T) { tryCatalogue(t, h.Open(t)) })
	trying(t, "books follow, prices and times make sense", func(t *testing.T) { tryData(t, h.Open(t)) })
	trying(t, "a snapshot that is asked for comes", func(t *testing.T) { trySnapshot(t, h.Open(t)) })
	for _, f := range []FeedFault{DiffLost, DiffTwice, DiffsSwapped, FrameGarbled, SnapshotOld, ConnectionLost, NumbersAnew} {
		trying(t, string(f), func(t *testing.T) { tryFeedFault(t, h.Open(t), f) })
	}
	trying(t, "nothing comes after the end", func(t *testing.T) { tryClose(t, h.Open(t)) })
}

// within is how long anything may take.
const within = time.Minute

// listener keeps the books of a market and counts what came.
type listener struct {
	t      *testing.T
	market connect.Market

	mu     sync.Mutex
	early  []*exchange.Event // before the instruments were known
	books  []*book.Book
	kinds  map[exchange.Kind]int
	trades map[string]bool
	faults []string
}

// Post implements connect.Sink.
func (l *listener) Post(ev *exchange.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.books == nil {
		l.early = append(l.early, ev)
		return
	}
	l.take(ev)
}

func (l *listener) take(ev *exchange.Event) {
	l.kinds[ev.Kind]++
	if ev.Instrument < 0 || int(ev.Instrument) >= len(l.books) {
		l.wrong("a %s of instrument %d of %d", ev.Kind, ev.Instrument, len(l.books))
		return
	}
	in := l.market.Universe().Get(ev.Instrument)
	l.books[ev.Instrument].Apply(ev)
	switch ev.Kind {
	case exchange.KindTrade:
		id := fmt.Sprint(in.Key(), " ", ev.ID)
		if l.trades[id] {
			l.wrong("trade %s came twice", id)
		}
		l.trades[id] = true
		if ev.Price <= 0 || ev.Qty <= 0 || ev.Side != exchange.Buy && ev.Side != exchange.Sell {
			l.wrong("trade %s: price %d, quantity %d, side %s", id, ev.Price, ev.Qty, ev.Side)
		}
	case exchange.KindTicker:
		if ev.Price <= 0 || ev.Price >= ev.Price2 {
			l.wrong("ticker of %s: bid %d, ask %d", in.Key(), ev.Price, ev.Price2)
		}
	case exchange.KindMark:
		if !in.Perp() || ev.Mark <= 0 || !in.Dated() && (ev.Hours < 1 || ev.NextFunding <= ev.VenueTime) {
			l.wrong("mark of %s: %s, funding every %d h, next %s at %s", in.Key(), ev.Mark.Decimal(), ev.Hours, ev.NextFunding, ev.VenueTime)
		}
	}
	if ev.Time == 0 {
		l.wrong("a %s of %s without the time at which it came", ev.Kind, in.Key())
	}
}

func (l *listener) wrong(format string, a ...any) {
	if len(l.faults) < 10 {
		l.faults = append(l.faults, fmt.Sprintf(format, a...))
	}
}

// listen opens the market data of a bench.
func listen(t *testing.T, b *FeedBench) *listener {
	t.Helper()
	c, err := b.Venue.Browse(t.Context(), connect.DataOptions{Notice: func(n connect.Notice) { t.Log(n.Text) }}, b.Patterns)
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := c.Choose(t.Context(), b.Patterns, 0)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{t: t, kinds: map[exchange.Kind]int{}, trades: map[string]bool{}}
	m, err := c.Open(t.Context(), symbols, nil, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		for _, f := range l.faults {
			t.Error(f)
		}
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.market = m
	for _, in := range m.Universe().All() {
		l.books = append(l.books, book.New(in))
	}
	for _, ev := range l.early {
		l.take(ev)
	}
	return l
}

// wait waits until something is so; unlike tells what is not.
func (l *listener) wait(what string, unlike func() string) {
	l.t.Helper()
	l.asking(func() {}, what, unlike)
}

// asking is wait that asks for something again and again. The market may wait for the
// listener meanwhile, so that nothing is locked.
func (l *listener) asking(ask func(), what string, unlike func() string) {
	l.t.Helper()
	bad := ""
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		ask()
		l.mu.Lock()
		bad = unlike()
		l.mu.Unlock()
		if bad == "" {
			return
		}
	}
	l.t.Fatalf("not within %s: %s: %s\n%+v", within, what, bad, l.market.Health())
}

// live names the books that are not; "" when all are.
func (l *listener) live() string {
	var bad []string
	for _, b := range l.books {
		if !b.Ready() {
			bad = append(bad, b.Instrument().Key()+" "+b.Reason())
		}
	}
	return strings.Join(bad, "; ")
}

// wanting asks whoever feeds a book that is stale for a snapshot, as the loop does.
func (l *listener) wanting() {
	var stale []exchange.InstrumentID
	l.mu.Lock()
	for i, b := range l.books {
		if b.WantsSnapshot() {
			stale = append(stale, exchange.InstrumentID(i))
		}
	}
	l.mu.Unlock()
	for _, id := range stale {
		l.market.Snapshot(id)
	}
}

func tryCatalogue(t *testing.T, b *FeedBench) {
	about := b.Connector.About()
	c, err := b.Venue.Browse(t.Context(), connect.DataOptions{}, b.Patterns)
	if err != nil {
		t.Fatal(err)
	}
	u, err := exchange.NewUniverse(c.Instruments())
	if err != nil {
		t.Fatalf("the instruments make no universe: %v", err)
	}
	for _, in := range u.All() {
		i := slices.IndexFunc(about.Segments, func(s connect.Segment) bool { return s.Venue == in.Venue && s.Contract == in.Contract })
		if i < 0 {
			t.Errorf("%s, a %s contract, is in no segment of %s", in.FullKey(), in.Contract, b.Connector.House())
			continue
		}
		if s := &about.Segments[i]; in.Linking != s.Linking || in.Perp() && in.ContractSize.IsZero() {
			t.Errorf("%s: linking %d, contract size %s; its segment has %d", in.Key(), in.Linking, in.ContractSize, s.Linking)
		}
	}
	keys, err := c.Choose(t.Context(), b.Patterns, 0)
	if err != nil || len(keys) == 0 {
		t.Errorf("%v chooses %v, %v", b.Patterns, keys, err)
	}
	if again, err := c.Choose(t.Context(), b.Patterns, 0); err != nil || !slices.Equal(again, keys) {
		t.Errorf("the same patterns choose %v and then %v, %v", keys, again, err)
	}
	if _, err := c.Choose(t.Context(), []string{b.Unknown}, 0); err == nil || !strings.Contains(err.Error(), b.Near) {
		t.Errorf("%s: %v, want it to name %s", b.Unknown, err, b.Near)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := b.Venue.Browse(ctx, connect.DataOptions{}, b.Patterns); err == nil {
		t.Error("a context that is over is no error")
	}
}

func tryData(t *testing.T, b *FeedBench) {
	l := listen(t, b)
	l.wait("books are live", l.live)
	about := b.Connector.About()
	l.wait("every kind of data comes", func() string {
		var bad []string
		for k, d := range map[exchange.Kind]connect.Data{exchange.KindTicker: connect.Tickers, exchange.KindTrade: connect.Trades, exchange.KindMark: connect.Marks} {
			has := slices.ContainsFunc(about.Segments, func(s connect.Segment) bool { return s.Data&d != 0 })
			if has && l.kinds[k] == 0 {
				bad = append(bad, "no "+k.String())
			}
		}
		slices.Sort(bad)
		return strings.Join(bad, ", ")
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.books {
		if s := x.Stats(); s.Gaps+s.Crossed+s.Corrupt > 0 {
			t.Errorf("%s on an undisturbed stream: %+v", x.Instrument().Key(), s)
		}
	}
}

func trySnapshot(t *testing.T, b *FeedBench) {
	l := listen(t, b)
	l.wait("books are live", l.live)
	l.mu.Lock()
	before := l.kinds[exchange.KindSnapshot]
	l.mu.Unlock()
	l.market.Snapshot(0)
	l.wait("a snapshot comes", func() string {
		if l.kinds[exchange.KindSnapshot] == before {
			return "none"
		}
		return ""
	})
	l.wait("books are live", l.live)
}

func tryFeedFault(t *testing.T, b *FeedBench, f FeedFault) {
	l := listen(t, b)
	l.wait("books are live", l.live)
	if b.Inject == nil || !b.Inject(f) {
		t.Skip("the venue can't be made to")
	}
	l.mu.Lock()
	at := make([]int64, len(l.books))
	for i, x := range l.books {
		at[i] = x.LastID()
	}
	l.mu.Unlock()
	time.Sleep(time.Second) // the fault comes, and what follows from it
	l.asking(l.wanting, "books are live and have moved on", func() string {
		for i, x := range l.books {
			if x.LastID() == at[i] {
				return x.Instrument().Key() + " stands still"
			}
		}
		return l.live()
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.books {
		s := x.Stats()
		if f == DiffLost && x.Instrument().Linking == exchange.LinkRising {
			s.Crossed = 0 // its ids do not tell that something is missing: a cross may, and is mended
		}
		if s.Crossed+s.Corrupt > 0 {
			t.Errorf("%s: %+v", x.Instrument().Key(), s)
		}
	}
	if f == ConnectionLost && l.kinds[exchange.KindGap] == 0 {
		t.Error("connections were cut, and no gap was told")
	}
}

func tryClose(t *testing.T, b *FeedBench) {
	l := listen(t, b)
	l.wait("books are live", l.live)
	if err := l.market.Close(); err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, k := range l.kinds { // order does not matter: it is a sum
			n += k
		}
		return n
	}
	before := count()
	time.Sleep(300 * time.Millisecond)
	if after := count(); after != before {
		t.Errorf("%d events came after Close", after-before)
	}
}

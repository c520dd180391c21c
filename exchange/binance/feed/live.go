package feed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/wire"
)

// Options of a Market. Symbols is required; a zero elsewhere means the default.
type Options struct {
	Endpoints api.Endpoints
	// Symbols are the instruments wanted: "usdm:BTCUSDT". "usdm:*" is every
	// instrument of a market that is trading; see Catalog.Choose for the best.
	Symbols []string
	Data    connect.Data // AllData
	// Interval is the length of bars: 1, 3, 5, 15 or 30 minutes, 1, 2, 4, 6, 8 or
	// 12 hours, or a day; 1 minute.
	Interval exchange.Time
	// Past are other lengths of bars that History returns too. Those that the venue
	// does not have are left out.
	Past []exchange.Time

	Throttle *limit.Throttle // shared by all that ask the venue from this address; one of its own
	Attempts *wire.Attempts  // the same for connections; 300 in 5 minutes of its own

	SpotDepth    int           // levels of a spot snapshot, at most 5000; 1000
	FuturesDepth int           // 5, 10, 20, 50, 100, 500 or 1000; 1000
	PerConn      int           // streams of one connection, at most 1024; 400
	Fetchers     int           // snapshots that are fetched at once, per market; 4
	Refresh      time.Duration // between looks at changes of the rules; 10 minutes

	// Tap, when set, sees every frame that was used, as it came, and snapshots of
	// books as REST gave them: what a recording is made of. It is called from
	// several goroutines, and must not keep the frame.
	Tap func(in *exchange.Instrument, at exchange.Time, frame []byte)

	HTTP   *http.Client         // 20 s for an answer
	Notice func(connect.Notice) // from any goroutine; none
	Now    func() exchange.Time // the machine's clock
	Jitter func() float64       // in [0, 1), from any goroutine; the global random source
	// Wire may change the options of a connection, for tests and odd networks.
	Wire func(*wire.Options)
}

func (o *Options) complete() (err error) {
	if len(o.Symbols) == 0 {
		return errors.New("live market data: no symbols: name some, such as usdm:BTCUSDT, or a whole market, usdm:*")
	}
	if o.Endpoints, err = o.Endpoints.Complete(); err != nil {
		return err
	}
	if o.Now == nil {
		o.Now = func() exchange.Time { return exchange.Time(time.Now().UnixNano()) }
	}
	if o.Throttle == nil {
		l, err := weight.NewLedger(limit.Options{})
		if err != nil {
			return err
		}
		o.Throttle = limit.NewThrottle(l, o.Now)
	}
	if o.Attempts == nil {
		o.Attempts = wire.NewAttempts(300, 5*time.Minute)
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}}
	}
	if o.Notice == nil {
		o.Notice = func(connect.Notice) {}
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.FuturesDepth != 0 && !slices.Contains(futuresDepths, o.FuturesDepth) || o.SpotDepth < 0 || o.SpotDepth > 5000 {
		return fmt.Errorf("live market data: snapshots of %d levels on spot and %d on futures: want at most 5000, and one of %v",
			o.SpotDepth, o.FuturesDepth, futuresDepths)
	}
	o.Interval = fallback(o.Interval, exchange.Minute)
	if err := CheckInterval(o.Interval); err != nil {
		return fmt.Errorf("live market data: %w", err)
	}
	o.Data = fallback(o.Data, connect.AllData)
	o.SpotDepth = fallback(o.SpotDepth, 1000)
	o.FuturesDepth = fallback(o.FuturesDepth, 1000)
	o.PerConn = min(fallback(o.PerConn, 400), 1024)
	o.Fetchers = fallback(o.Fetchers, 4)
	o.Refresh = fallback(o.Refresh, 10*time.Minute)
	return nil
}

// futuresDepths are all that /fapi and /dapi understand.
var futuresDepths = []int{5, 10, 20, 50, 100, 500, 1000}

func fallback[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// Market is the live market data of some instruments of the three markets. Its
// methods may be called from any goroutine but that of a Post.
type Market struct {
	o        Options
	sink     connect.Sink
	rest     *public
	universe *exchange.Universe
	listings []Listing // by InstrumentID
	tracks   []*track  // by InstrumentID
	byName   map[api.Market]map[string]*track
	fetchers map[api.Market]*fetcher
	settler  *settler
	clients  []*wire.Client
	counts   counts
	pool     sync.Pool

	cancel context.CancelFunc
	tasks  sync.WaitGroup
	once   sync.Once
}

// Open asks for the rules of the markets that are named and connects. It returns
// when the instruments are known; books follow as they come, and the first
// events may be posted before Open returns. ctx bounds Open
// itself, not the Market. The error says which symbol is unknown, with the
// nearest that is known, or not trading.
func Open(ctx context.Context, o Options, sink connect.Sink) (*Market, error) {
	c, err := List(ctx, o, o.Symbols)
	if err != nil {
		return nil, err
	}
	keys, err := c.Choose(ctx, o.Symbols, 0)
	if err != nil {
		return nil, err
	}
	return c.Open(ctx, keys, nil, sink)
}

// connect makes the Market of the chosen listings.
func (c *Catalog) connect(ctx context.Context, chosen []Listing, sink connect.Sink) (*Market, error) {
	m := &Market{o: c.o, sink: sink, rest: c.rest, byName: make(map[api.Market]map[string]*track),
		fetchers: make(map[api.Market]*fetcher)}
	marks, err := m.load(ctx, chosen)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	run, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	m.begin(run)
	if err := m.connect(); err != nil {
		m.Close()
		return nil, fmt.Errorf("live market data: %w", err)
	}
	for i := range marks {
		m.tracks[marks[i].Instrument].mark(m, &marks[i], noConn)
	}
	return m, nil
}

// begin starts what runs beside the connections.
func (m *Market) begin(ctx context.Context) {
	for _, in := range m.universe.All() {
		t := newTrack(in)
		if l := &m.listings[in.ID]; !l.Trading() {
			t.halted = true
			m.o.Notice(connect.Notice{Instrument: in.ID, Text: in.Key() + " is not trading: its status is " + l.Status})
		}
		m.tracks = append(m.tracks, t)
		if m.byName[api.Of(in.Venue)] == nil {
			m.byName[api.Of(in.Venue)] = make(map[string]*track)
		}
		m.byName[api.Of(in.Venue)][in.Symbol] = t
	}
	m.settler = newSettler()
	m.spawn(func() { m.settler.run(ctx, m) })
	m.spawn(func() { m.refresh(ctx) })
	if m.o.Data&connect.Interest != 0 {
		m.spawn(func() { m.pollInterest(ctx) })
	}
	if m.o.Data&connect.Bars != 0 {
		m.spawn(func() { m.fillBars(ctx) })
	}
	for _, market := range api.Markets {
		if m.byName[market] == nil {
			continue
		}
		f := newFetcher(len(m.byName[market]))
		m.fetchers[market] = f
		for range m.o.Fetchers {
			m.spawn(func() { f.run(ctx, m) })
		}
	}
}

func (m *Market) spawn(f func()) {
	m.tasks.Add(1)
	go func() {
		defer m.tasks.Done()
		f()
	}()
}

// connect starts the connections. Where the streams are more than one can carry
// there are several.
func (m *Market) connect() error {
	for _, r := range routes {
		for n, part := range m.parts(&r) {
			c, err := m.dial(&r, n, part)
			if err != nil {
				return err
			}
			m.clients = append(m.clients, c)
		}
	}
	return nil
}

// parts deals the instruments of a route to connections, in order, so that all
// streams of one are together.
func (m *Market) parts(r *route) (parts [][]wire.Stream) {
	for _, in := range m.universe.All() {
		if api.Of(in.Venue) != r.market {
			continue
		}
		s := r.streams(in, &m.o)
		if len(s) == 0 {
			continue
		}
		if n := len(parts); n == 0 || len(parts[n-1])+len(s) > m.o.PerConn {
			parts = append(parts, nil)
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], s...)
	}
	if r.contracts && len(parts) > 0 {
		parts[0] = append(parts[0], wire.Stream{Name: contractStream})
	}
	return parts
}

func (m *Market) dial(r *route, n int, streams []wire.Stream) (*wire.Client, error) {
	g := &group{market: m, kind: r.market}
	for _, s := range streams {
		name, _, _ := strings.Cut(s.Name, "@")
		t := m.byName[r.market][upper(name)]
		if t == nil {
			continue // of all contracts
		}
		if !slices.Contains(g.tracks, t) {
			g.tracks = append(g.tracks, t)
		}
		if _, ok := bookSymbol(s.Name); ok {
			g.books = append(g.books, t)
		}
	}
	o := wire.Options{
		Name: fmt.Sprintf("%s%s#%d", r.market, r.path, n+1), URLs: []string{r.url(&m.o.Endpoints)},
		Protocol: protocol{}, Open: g.open, Streams: streams, Attempts: m.o.Attempts, Jitter: m.o.Jitter,
		FramesPerSecond: framesPerSecond[r.market],
	}
	if m.o.Wire != nil {
		m.o.Wire(&o)
	}
	c, err := wire.Start(o)
	if err != nil {
		return nil, err
	}
	for _, t := range g.books {
		t.client.Store(c)
	}
	return c, nil
}

// noConn stands for REST where connections are told apart; they count from 1.
const noConn = 0

// framesPerSecond is what we send of what the venue allows (5 and 10): pongs
// count too.
var framesPerSecond = map[api.Market]int{api.Spot: 4, api.USDM: 8, api.COINM: 8}

// Universe are the instruments.
func (m *Market) Universe() *exchange.Universe { return m.universe }

// Interval is the length of the bars that are posted; 0 when none are.
func (m *Market) Interval() exchange.Time {
	if m.o.Data&connect.Bars == 0 {
		return 0
	}
	return m.o.Interval
}

// Listing is what exchangeInfo said of an instrument when the Market was opened.
func (m *Market) Listing(id exchange.InstrumentID) *Listing { return &m.listings[id] }

// Snapshot asks for a new snapshot of a book, because whoever keeps it cannot
// believe it any more. It arrives as an event, once it links with the diffs that
// were posted. One that is under way already serves.
func (m *Market) Snapshot(id exchange.InstrumentID) {
	if t := m.track(id); t != nil && m.o.Data&connect.Books != 0 {
		t.restart()
		m.fetchers[api.Of(t.in.Venue)].want(t)
	}
}

func (m *Market) track(id exchange.InstrumentID) *track {
	if id < 0 || int(id) >= len(m.tracks) {
		return nil
	}
	return m.tracks[id]
}

// Recycle takes an event back that was posted and is not used any more, neither
// it nor its levels. It is optional and saves allocations.
func (m *Market) Recycle(ev *exchange.Event) {
	*ev = exchange.Event{Bids: ev.Bids[:0], Asks: ev.Asks[:0]}
	m.pool.Put(ev)
}

// owned returns a copy of an event that shares nothing with it, stamped.
func (m *Market) owned(ev *exchange.Event) *exchange.Event {
	out, ok := m.pool.Get().(*exchange.Event)
	if !ok {
		out = new(exchange.Event)
	}
	bids, asks := out.Bids, out.Asks
	*out = *ev
	out.Bids, out.Asks = append(bids, ev.Bids...), append(asks, ev.Asks...)
	out.Time = m.o.Now()
	return out
}

// Close ends everything and waits for it. Nothing is posted after.
func (m *Market) Close() error {
	m.once.Do(func() {
		m.cancel()
		for _, c := range m.clients {
			_ = c.Close()
		}
		m.tasks.Wait()
		m.rest.client.Close()
	})
	return nil
}

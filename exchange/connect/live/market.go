package live

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// Market is the live data of some instruments. Its methods may be called from any
// goroutine but that of a Post.
type Market struct {
	o          Options
	sink       connect.Sink
	universe   *exchange.Universe
	tracks     []*track          // by InstrumentID
	byKey      map[string]*track // by FullKey
	fetchers   map[exchange.Venue]*fetcher
	settler    settler
	clients    []*wire.Client
	extensible []*group      // with streams that Extend may add
	extra      atomic.Uint32 // connect.Data that Extend has added
	counts     counts
	pool       sync.Pool

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	once   sync.Once
}

var (
	_ connect.Market     = (*Market)(nil)
	_ connect.Extensible = (*Market)(nil)
)

// Open connects and returns; books follow as they come, and the first events may be
// posted before. The error is about the options.
func Open(o Options, sink connect.Sink) (*Market, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	m, err := prepare(o, sink)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	m.begin()
	for i := range m.o.Routes {
		if err := m.connect(&m.o.Routes[i]); err != nil {
			m.Close()
			return nil, fmt.Errorf("live market data: %w", err)
		}
	}
	if m.o.Marks != nil {
		for _, ev := range m.o.Marks(m.universe) {
			if t := m.tracks[ev.Instrument]; !m.impossible(t, &ev) {
				t.mark(m, &ev, int64(ev.VenueTime), noConn)
			}
		}
	}
	return m, nil
}

var _ connect.Halter = (*Market)(nil)

// Halted implements connect.Halter.
func (m *Market) Halted(id exchange.InstrumentID) bool { return m.tracks[id].isHalted() }

// noConn stands for REST where connections are told apart; they count from 1.
const noConn = 0

// prepare makes a Market that is not connected.
func prepare(o Options, sink connect.Sink) (*Market, error) {
	list := make([]exchange.Instrument, len(o.Listings))
	for i := range o.Listings {
		list[i] = *o.Listings[i].Instrument
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		return nil, err
	}
	m := &Market{o: o, sink: sink, universe: u, byKey: make(map[string]*track, u.Len()), fetchers: make(map[exchange.Venue]*fetcher)}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	for _, in := range u.All() {
		t := newTrack(in)
		m.tracks = append(m.tracks, t)
		m.byKey[in.FullKey()] = t
	}
	for _, l := range o.Listings {
		t := m.byKey[l.Instrument.FullKey()]
		t.opened, t.listing, t.halted = l, l, !l.Trading
	}
	if o.Data.Data&connect.Books != 0 && o.Ask.Snapshot != nil {
		for _, in := range u.All() {
			if m.fetchers[in.Venue] == nil {
				m.fetchers[in.Venue] = newFetcher(u.Len())
			}
		}
	}
	return m, nil
}

// begin starts what runs beside the connections.
func (m *Market) begin() {
	for _, t := range m.tracks {
		if t.halted {
			m.notice(t.in.ID, "%s is not trading: its status is %s", t.in.Key(), t.opened.Status)
		}
	}
	ask := &m.o.Ask
	if ask.Settled != nil && m.has(connect.Marks) {
		m.every(time.Second, m.settle)
	}
	if ask.Listings != nil {
		m.every(m.o.Refresh, m.refresh)
	}
	if ask.Bars != nil && m.has(connect.Bars) {
		m.every(time.Second, m.fillBars)
	}
	if ask.Interest != nil && m.has(connect.Interest) {
		m.tasks.Go(m.pollInterest)
	}
	if m.has(connect.Books) && ask.Snapshot == nil {
		m.every(time.Second, m.mend)
	}
	for _, f := range m.fetchers { // order does not matter: they are alike
		for range m.o.Workers {
			m.tasks.Go(func() { f.run(m) })
		}
	}
}

func (m *Market) has(d connect.Data) bool {
	return (m.o.Data.Data|connect.Data(m.extra.Load()))&d != 0
}

// every calls f again and again until the end.
func (m *Market) every(d time.Duration, f func()) {
	m.tasks.Go(func() {
		for pause(m.ctx, d) == nil {
			f()
		}
	})
}

// pause waits, but at least a millisecond, so that a wait that was just too short does
// not spin.
func pause(ctx context.Context, d time.Duration) error {
	return wire.Sleep(ctx, max(d, time.Millisecond))
}

func (m *Market) notice(id exchange.InstrumentID, format string, a ...any) {
	m.o.Data.Notice(connect.Notice{Instrument: id, Text: fmt.Sprintf(format, a...)})
}

// Universe implements connect.Market.
func (m *Market) Universe() *exchange.Universe { return m.universe }

// Interval implements connect.Market.
func (m *Market) Interval() exchange.Time {
	if !m.has(connect.Bars) {
		return 0
	}
	return m.o.Data.Bars
}

// Listing is what the venue said of an instrument when the Market was opened.
func (m *Market) Listing(id exchange.InstrumentID) connect.Listing { return m.tracks[id].opened }

// Snapshot implements connect.Market. One that is under way already serves.
func (m *Market) Snapshot(id exchange.InstrumentID) {
	if t := m.track(id); t != nil && m.has(connect.Books) {
		t.restart()
		m.want(t)
	}
}

// want asks for a snapshot of a book.
func (m *Market) want(t *track) {
	if f := m.fetchers[t.in.Venue]; f != nil {
		f.want(t)
	} else {
		t.renew(m)
	}
}

func (m *Market) track(id exchange.InstrumentID) *track {
	if id < 0 || int(id) >= len(m.tracks) {
		return nil
	}
	return m.tracks[id]
}

// Recycle implements connect.Market. It is optional and saves allocations.
func (m *Market) Recycle(ev *exchange.Event) {
	*ev = exchange.Event{Bids: ev.Bids[:0], Asks: ev.Asks[:0]}
	m.pool.Put(ev)
}

// post sends a copy of an event that shares nothing with it, stamped.
func (m *Market) post(ev *exchange.Event) {
	out, ok := m.pool.Get().(*exchange.Event)
	if !ok {
		out = new(exchange.Event)
	}
	bids, asks := out.Bids, out.Asks
	*out = *ev
	out.Bids, out.Asks = append(bids, ev.Bids...), append(asks, ev.Asks...)
	out.Time = m.o.Now()
	m.sink.Post(out)
}

// Close implements connect.Market.
func (m *Market) Close() error {
	m.once.Do(func() {
		m.cancel()
		for _, c := range m.clients {
			_ = c.Close()
		}
		m.tasks.Wait()
		if m.o.Close != nil {
			m.o.Close()
		}
	})
	return nil
}

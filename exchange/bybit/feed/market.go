package feed

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// Market is the live data of some instruments.
type Market struct {
	c        *Catalogue
	sink     connect.Sink
	universe *exchange.Universe
	tracks   []*track // by InstrumentID
	byName   map[api.Category]map[string]*track
	clients  []*wire.Client
	pool     sync.Pool
	due      chan settlement

	snapshots, gaps, malformed, ignored, repeated, settled atomic.Uint64

	cancel context.CancelFunc
	tasks  sync.WaitGroup
	once   sync.Once
}

var _ connect.Market = (*Market)(nil)

// perConn is how many streams one connection carries: their names stay below 21 000 bytes.
const perConn = 400

// Longest silences. A quiet book is subscribed to anew, which brings its snapshot; the
// touch is sent again by the venue after 3 s.
const (
	bookSilence = 30 * time.Second
	tickSilence = 10 * time.Second
	markSilence = 30 * time.Second
)

const (
	bookTopic = "orderbook.200."
	tickTopic = "orderbook.1."
)

// topics are the streams of an instrument.
func topics(in *exchange.Instrument, o *connect.DataOptions) (out []wire.Stream) {
	for _, t := range []struct {
		data    connect.Data
		prefix  string
		silence time.Duration
	}{{connect.Books, bookTopic, bookSilence}, {connect.Tickers, tickTopic, tickSilence}, {connect.Trades, "publicTrade.", 0},
		{connect.Marks | connect.Interest, "tickers.", markSilence}, {connect.Bars, "kline." + intervals[o.Bars] + ".", 0}} {
		if o.Data&t.data != 0 && (in.Perp() || t.prefix != "tickers.") {
			out = append(out, wire.Stream{Name: t.prefix + in.Symbol, Silence: t.silence})
		}
	}
	return out
}

func open(c *Catalogue, u *exchange.Universe, halted map[string]string, sink connect.Sink) (*Market, error) {
	m := &Market{c: c, sink: sink, universe: u, byName: map[api.Category]map[string]*track{}, due: make(chan settlement, 4*u.Len())}
	streams := map[api.Category][]wire.Stream{}
	for _, in := range u.All() {
		t := &track{in: in, links: book.New(in)}
		m.tracks = append(m.tracks, t)
		category := api.Of(in.Venue)
		if m.byName[category] == nil {
			m.byName[category] = map[string]*track{}
		}
		m.byName[category][in.Symbol] = t
		if status := halted[in.Key()]; status != "" {
			t.halted = true
			c.o.Notice(connect.Notice{Instrument: in.ID, Text: in.Key() + " is not trading: its status is " + status})
			continue // a book from which nothing can be had serves nothing
		}
		streams[category] = append(streams[category], topics(in, &c.o)...)
	}
	run, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	m.tasks.Go(func() { m.settle(run) })
	for _, category := range api.Categories {
		list := streams[category]
		for n := 0; len(list) > 0; n++ {
			part := list[:min(perConn, len(list))]
			list = list[len(part):]
			if err := m.dial(category, n, part); err != nil {
				m.Close()
				return nil, fmt.Errorf("live market data: %w", err)
			}
		}
	}
	return m, nil
}

// dial starts a connection. Requests on spot may name 10 streams at most.
func (m *Market) dial(category api.Category, n int, streams []wire.Stream) error {
	g := &group{m: m, category: category, names: m.byName[category]}
	for _, s := range streams {
		if symbol, ok := strings.CutPrefix(s.Name, bookTopic); ok {
			g.books = append(g.books, g.names[symbol])
		}
	}
	o := wire.Options{Name: fmt.Sprintf("%s#%d", category, n+1), URLs: []string{m.c.endpoints.Public + "/" + string(category)}, Protocol: protocol{}, Open: g.open,
		Streams: streams, Attempts: m.c.o.Access.Attempts, BatchStreams: 10, FramesPerSecond: 10}
	client, err := wire.Start(o)
	if err != nil {
		return err
	}
	for _, t := range g.books {
		t.client.Store(client)
	}
	m.clients = append(m.clients, client)
	return nil
}

// Universe implements connect.Market.
func (m *Market) Universe() *exchange.Universe { return m.universe }

// Interval implements connect.Market.
func (m *Market) Interval() exchange.Time {
	if m.c.o.Data&connect.Bars == 0 {
		return 0
	}
	return m.c.o.Bars
}

// Snapshot implements connect.Market: the stream begins anew, with a snapshot.
func (m *Market) Snapshot(id exchange.InstrumentID) {
	if id < 0 || int(id) >= len(m.tracks) || m.c.o.Data&connect.Books == 0 {
		return
	}
	t := m.tracks[id]
	t.mu.Lock()
	defer t.mu.Unlock()
	t.renew(now())
}

// History implements connect.Market.
func (m *Market) History(ctx context.Context) (out []exchange.Event, failed error) {
	const settledBack = 90 // a month of eight-hour intervals
	for _, t := range m.tracks {
		if t.in.FundingHours > 0 && m.c.o.Data&connect.Marks != 0 {
			list, err := m.c.settled(ctx, t.in, settledBack)
			failed = errors.Join(failed, err)
			out = append(out, list...)
		}
		if m.c.o.Data&connect.Bars == 0 {
			continue
		}
		for _, length := range append(m.c.o.Past[:len(m.c.o.Past):len(m.c.o.Past)], m.c.o.Bars) {
			if intervals[length] == "" {
				continue
			}
			list, err := m.c.bars(ctx, t.in, length, now())
			failed = errors.Join(failed, err)
			if length == m.c.o.Bars {
				list = t.before(list)
			}
			out = append(out, list...)
		}
	}
	return out, failed
}

func now() exchange.Time { return exchange.Time(time.Now().UnixNano()) }

// Recycle implements connect.Market.
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
	out.Bids, out.Asks, out.Time = append(bids, ev.Bids...), append(asks, ev.Asks...), now()
	m.sink.Post(out)
}

// Health implements connect.Market.
func (m *Market) Health() connect.Health {
	h := connect.Health{Snapshots: m.snapshots.Load(), Gaps: m.gaps.Load(), Malformed: m.malformed.Load(), Ignored: m.ignored.Load(),
		Repeated: m.repeated.Load(), Settled: m.settled.Load()}
	for _, c := range m.clients {
		h.Connections = append(h.Connections, c.Health())
	}
	for _, t := range m.tracks {
		t.mu.Lock()
		state := t.links.State()
		t.mu.Unlock()
		switch state {
		case book.Live:
			h.Live++
		case book.Suspect:
			h.Suspect++
		default:
			h.Waiting++
		}
	}
	return h
}

// Close implements connect.Market.
func (m *Market) Close() error {
	m.once.Do(func() {
		m.cancel()
		for _, c := range m.clients {
			_ = c.Close()
		}
		m.tasks.Wait()
		m.c.client.Close()
	})
	return nil
}

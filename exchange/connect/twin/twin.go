// Package twin has the books of a venue from two feeds: the venue's own and a relay's. One
// of them is active, and what it says is passed on; the other one is its shadow: it is kept
// as well, compared with the active one, and takes its place when that goes bad. All but books
// is the venue's.
//
// A change of the feed is an event, exchange.KindFeed, that comes between the last update
// of the one and a snapshot of the other, so that whoever keeps the books, and a journal's
// replay, needs to know nothing of this package.
//
// # When a feed is bad
//
// It is looked at once a second, over all books that both feeds have:
//
//   - stale: for more than half of them the other feed has a book that can be believed
//     and this one has none, or the best prices of the other changed Rules.Stale after this one's
//     last word;
//   - gaps: it lost its place Rules.Gaps times within a minute;
//   - lag: the same best prices come from it Rules.Lag later than from the other, at the
//     median of the last 64 times that both had them.
//
// After Rules.Bad in that state the other feed takes over, unless it is bad itself. The one
// that is preferred comes back after it was good for Rules.Back. There are at most
// Rules.Switches changes in an hour; beyond, the feed stays as it is, which is told.
//
// # A market that is halted
//
// The venue alone knows it: while it takes no orders of an instrument nothing can be had from
// the relay's book either, so nothing of it is passed on until the venue's own book has begun
// anew, or where the venue's feed has none, until it trades and the relay's was asked to. Such a
// book says nothing of how good a feed is.
//
// # What is compared
//
// Best prices: which feed had them first and by how much, how often they are the same when
// both are looked at once a second, and how far apart the middles are. A relay's messages have no
// time: how late it comes is reckoned from the venue's time of the same best prices.
package twin

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// Rules say when a feed is bad: see Complete, which puts the defaults in the place of zeros.
type Rules struct {
	Stale    time.Duration // default 5 s
	Gaps     int           // default 5
	Lag      time.Duration // default 1 s
	Bad      time.Duration // default 3 s
	Back     time.Duration // default 5 min
	Switches int           // default 6
}

// Complete fills in the defaults. The error names the key.
func (r Rules) Complete() (Rules, error) {
	for _, x := range []struct {
		name        string
		v           *time.Duration
		usual, most time.Duration
	}{
		{"switch_stale_seconds", &r.Stale, 5 * time.Second, time.Hour}, {"switch_lag_ms", &r.Lag, time.Second, time.Hour},
		{"switch_after_seconds", &r.Bad, 3 * time.Second, time.Hour}, {"switch_back_seconds", &r.Back, 5 * time.Minute, 24 * time.Hour},
	} {
		if *x.v == 0 {
			*x.v = x.usual
		}
		if *x.v < 0 || *x.v > x.most {
			return r, fmt.Errorf("%s: want more than 0, at most %s", x.name, x.most)
		}
	}
	if r.Gaps == 0 {
		r.Gaps = 5
	}
	if r.Switches == 0 {
		r.Switches = 6
	}
	if r.Gaps < 1 || r.Gaps > 10_000 {
		return r, fmt.Errorf("switch_gaps = %d: want 1 to 10000", r.Gaps)
	}
	if r.Switches < 1 || r.Switches > 3600 {
		return r, fmt.Errorf("switches_an_hour = %d: want 1 to 3600", r.Switches)
	}
	return r, nil
}

// Options of a Market.
type Options struct {
	Rules  Rules
	Relay  bool                            // the relay is active at first, and preferred
	Alone  bool                            // the venue's feed has no books: they are the relay's
	Notice func(text string)               // takes what people should know; nil: nobody does
	Now    func() exchange.Time            // the machine's clock; nil: that
	Steady func(ctx context.Context) error // waits for the next look; nil: a second
}

// The two feeds.
const (
	own   = 0 // the venue's
	other = 1 // the relay's
)

var names = [2]string{exchange.FeedVenue, exchange.FeedRelay}

// Market is the venue's market data with books from one of two feeds.
type Market struct {
	o       Options
	sink    connect.Sink
	feeds   [2]connect.Market
	pairs   []*pair                 // by the venue's instruments; nil: only the venue has it
	ids     []exchange.InstrumentID // the venue's, by the relay's
	running chan struct{}
	cancel  context.CancelFunc

	mu     sync.Mutex // of what follows; taken before a pair's
	held   []heldEvent
	joined bool
	lost   bool
	judge  judge
}

// heldEvent came before both feeds were there.
type heldEvent struct {
	feed int
	ev   *exchange.Event
}

// mostHeld is how many events wait for both feeds.
const mostHeld = 1 << 15

// New returns a Market that waits for its feeds: they are opened with its sinks and then
// joined.
func New(o Options, to connect.Sink) *Market {
	if o.Now == nil {
		o.Now = func() exchange.Time { return exchange.Time(time.Now().UnixNano()) }
	}
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	if o.Steady == nil {
		o.Steady = func(ctx context.Context) error { return wire.Sleep(ctx, time.Second) }
	}
	m := &Market{o: o, sink: to, running: make(chan struct{})}
	m.judge.prefer = own
	if o.Relay {
		m.judge.prefer = other
	}
	m.judge.active = m.judge.prefer
	return m
}

// sink takes what one feed says.
type sink struct {
	m    *Market
	feed int
}

// Post implements connect.Sink.
func (s sink) Post(ev *exchange.Event) { s.m.take(s.feed, ev) }

// Own is where the venue's market data goes, and Relayed the relay's.
func (m *Market) Own() connect.Sink { return sink{m, own} }

// Relayed is where the relay's books go.
func (m *Market) Relayed() connect.Sink { return sink{m, other} }

// Join takes the feeds, which are closed with it from then on.
func (m *Market) Join(venue, relay connect.Market) error {
	u := venue.Universe()
	m.pairs = make([]*pair, u.Len())
	for _, in := range relay.Universe().All() {
		mine, ok := u.Find(in.Venue, in.Symbol)
		if !ok {
			return fmt.Errorf("the relay has %s, and its venue has not", in.FullKey())
		}
		m.ids = append(m.ids, mine.ID)
		m.pairs[mine.ID] = newPair(mine, in)
		m.pairs[mine.ID].active = m.judge.active
		if v, ok := venue.(connect.Halter); ok {
			m.pairs[mine.ID].halted = v.Halted(mine.ID)
		}
	}
	m.feeds = [2]connect.Market{venue, relay}
	m.judge.since = m.o.Now()
	m.mu.Lock()
	if m.judge.active == other {
		for _, p := range m.pairs {
			if p != nil {
				m.sink.Post(m.feedEvent(p, "as configured"))
			}
		}
	}
	for _, h := range m.held {
		m.pass(h.feed, h.ev)
	}
	m.held, m.joined = nil, true
	m.mu.Unlock()
	var ctx context.Context
	ctx, m.cancel = context.WithCancel(context.Background())
	go m.run(ctx)
	return nil
}

// take passes an event on, or holds it until both feeds are there.
func (m *Market) take(feed int, ev *exchange.Event) {
	m.mu.Lock()
	if !m.joined {
		if m.lost = m.lost || len(m.held) >= mostHeld; !m.lost {
			m.held = append(m.held, heldEvent{feed, ev})
		}
		m.mu.Unlock()
		return
	}
	m.mu.Unlock()
	m.pass(feed, ev)
}

// pass follows an event on its feed, and passes it on if that is the active one.
func (m *Market) pass(feed int, ev *exchange.Event) {
	if ev.Instrument == exchange.NoInstrument {
		m.sink.Post(ev)
		return
	}
	if feed == other {
		ev.Instrument = m.ids[ev.Instrument]
	}
	p := m.pairs[ev.Instrument]
	if book := ev.Kind == exchange.KindSnapshot || ev.Kind == exchange.KindDiff || ev.Kind == exchange.KindGap; p == nil || !book {
		m.sink.Post(ev)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.follow(feed, ev, m.o.Now())
	news := feed == own && p.halts(ev)
	switch {
	case feed == p.active && (feed == own || !p.halted), news && p.halted:
		m.sink.Post(ev)
	default:
		m.feeds[own].Recycle(ev)
	}
	if news && !p.halted && p.active == other && p.sides[other].book.Ready() {
		m.sink.Post(p.sides[other].snapshot(p.in.ID, m.o.Now()))
	}
}

// feedEvent says which feed a book comes from.
func (m *Market) feedEvent(p *pair, why string) *exchange.Event {
	return &exchange.Event{Kind: exchange.KindFeed, Instrument: p.in.ID, Time: m.o.Now(), Name: names[p.active],
		Reason: fmt.Sprintf("its feed is the %s's now: %s", names[p.active], why)}
}

// turn makes a feed the active one of all books. Where it has a book, that is passed on at
// once; for the others it is asked.
func (m *Market) turn(feed int, why string) {
	var wanted []*pair
	for _, p := range m.pairs {
		if p == nil {
			continue
		}
		p.mu.Lock()
		p.active = feed
		m.sink.Post(m.feedEvent(p, why))
		switch s := &p.sides[feed]; {
		case p.halted: // the venue says when it is over
		case s.book.Ready():
			m.sink.Post(s.snapshot(p.in.ID, m.o.Now()))
		default:
			wanted = append(wanted, p)
		}
		p.mu.Unlock()
	}
	for _, p := range wanted {
		m.feeds[feed].Snapshot(p.ids[feed])
	}
}

// run looks at both feeds until the end.
func (m *Market) run(ctx context.Context) {
	defer close(m.running)
	if m.lost {
		for _, in := range m.feeds[own].Universe().All() {
			m.feeds[own].Snapshot(in.ID)
		}
	}
	for m.o.Steady(ctx) == nil {
		m.look(m.o.Now())
	}
}

// Universe implements connect.Market.
func (m *Market) Universe() *exchange.Universe { return m.feeds[own].Universe() }

// Interval implements connect.Market.
func (m *Market) Interval() exchange.Time { return m.feeds[own].Interval() }

// Snapshot implements connect.Market: of the active feed.
func (m *Market) Snapshot(id exchange.InstrumentID) {
	p := m.pairs[id]
	if p == nil {
		m.feeds[own].Snapshot(id)
		return
	}
	p.mu.Lock()
	feed := p.active
	p.mu.Unlock()
	m.feeds[feed].Snapshot(p.ids[feed])
}

// Past implements connect.Market.
func (m *Market) Past(ctx context.Context, id exchange.InstrumentID) ([]exchange.Event, error) {
	return m.feeds[own].Past(ctx, id)
}

// Recycle implements connect.Market.
func (m *Market) Recycle(ev *exchange.Event) { m.feeds[own].Recycle(ev) }

// Health implements connect.Market. The relay's connections count while it is active: its books
// are what is traded on.
func (m *Market) Health() connect.Health {
	h := m.feeds[own].Health()
	if m.Active() == exchange.FeedRelay {
		r := m.feeds[other].Health()
		h.Connections = append(h.Connections, r.Connections...)
		h.Gaps, h.Malformed = h.Gaps+r.Gaps, h.Malformed+r.Malformed
	}
	return h
}

// Active is the feed that books come from.
func (m *Market) Active() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return names[m.judge.active]
}

// Close implements connect.Market.
func (m *Market) Close() error {
	m.cancel()
	<-m.running
	err := m.feeds[own].Close()
	if e := m.feeds[other].Close(); err == nil {
		err = e
	}
	return err
}

// Extend implements connect.Extensible: what is beside books comes from the venue.
func (m *Market) Extend(d connect.Data) {
	if v, ok := m.feeds[own].(connect.Extensible); ok {
		v.Extend(d)
	}
}

// Volume implements connect.PastVolumes.
func (m *Market) Volume(id exchange.InstrumentID) {
	if v, ok := m.feeds[own].(connect.PastVolumes); ok {
		v.Volume(id)
	}
}

var (
	_ connect.Market      = (*Market)(nil)
	_ connect.Extensible  = (*Market)(nil)
	_ connect.PastVolumes = (*Market)(nil)
)

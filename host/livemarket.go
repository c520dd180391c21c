package host

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/ledger"
)

// LiveOptions say where live market data comes from and how much of it.
type LiveOptions struct {
	// Venue is the venue's section of the configuration; nil: the default venue, as it
	// is without one. See Venues.
	Venue connect.Section
	// Symbols are what to subscribe to: keys, and globs over keys. None: what the
	// strategies declare as their universe.
	Symbols []string
	// Top is how many coins globs may stand for, by their turnover of the last
	// day: see connect.Catalogue. 0: 20.
	Top int
	// Bars is the length of the bars: see connect.DataOptions. 0: a minute.
	Bars exchange.Time
}

// Bounds of a live session.
const (
	liveTop = 20
	// liveBacklog is how many events may wait for the loop: some seconds of the
	// busiest twenty coins. A loop that is further behind trades on the past.
	liveBacklog = 1 << 15
	// liveStale is longer than a quiet book goes without being looked at.
	liveStale = 15 * exchange.Second
)

// liveMarket is the venue's market data, in real time.
type liveMarket struct {
	venue   connect.Venue
	catalog connect.Catalogue
	symbols []string
	market  connect.Market // nil until it is connected
	clock   *loop.Real
	past    []exchange.Event // what strategies look back on from the start

	mu    sync.Mutex
	heard []connect.Notice
}

// liveData reports whether market data comes from the venue.
func (o *Options) liveData() bool { return len(o.Market) == 1 && o.Market[0] == "live" }

// liveSource is the market of a venue, as it happens.
type liveSource struct {
	pace
	liveSourceOptions
	liveMarket
	venueAccess *access
	m           *marketData
}

// liveSourceOptions are what a venue's market needs of its session.
type liveSourceOptions struct {
	env
	LiveOptions
	db    string   // the ledger, beside which bans are remembered
	feeBP *float64 // in the place of the venue's fees; nil: those
	wants func() (*wants, error)
}

// find implements source: it asks the venue what there is and chooses the instruments.
func (s *liveSource) find(ctx context.Context) (*marketData, error) {
	venue, err := s.open()
	if err != nil {
		return nil, err
	}
	w, err := s.wants()
	if err != nil {
		return nil, err
	}
	where := venue.Hosts()
	s.entering("asking %s what is traded", where)
	s.log(Line{Level: intent.Info, Text: "LIVE DATA: asking " + where + " what is traded"})
	if s.venueAccess, err = newAccess(s.db, venue, s.warn); err != nil {
		return nil, err
	}
	o := connect.DataOptions{Access: s.venueAccess.shared(), Past: w.bars, Data: connect.AllData | connect.Bars | connect.Interest, Bars: s.Bars}
	if err := s.browse(ctx, venue, o, w.patterns, s.Top); err != nil {
		return nil, err
	}
	s.m = &marketData{live: true, name: s.name(), instruments: s.catalog.Instruments(), stale: liveStale, sample: exchange.Minute}
	return s.m, nil
}

func (s *liveSource) access() *access { return s.venueAccess }

// browse asks what there is and chooses of it.
func (l *liveMarket) browse(ctx context.Context, v connect.Venue, o connect.DataOptions, patterns []string, top int) (err error) {
	l.venue, o.Notice = v, l.notice
	if l.catalog, err = v.Browse(ctx, o, patterns); err != nil {
		return l.failed(ctx, err)
	}
	if l.symbols, err = l.catalog.Choose(ctx, patterns, top); err != nil {
		return l.failed(ctx, err)
	}
	return nil
}

// wants are what the strategies of a session need of a market.
type wants struct {
	patterns []string        // keys and globs over keys
	bars     []exchange.Time // lengths
}

// wantsOf asks the strategies, unless Live.Symbols says what is subscribed to.
func wantsOf(o *Options, scripts []loaded) (*wants, error) {
	w := &wants{}
	add := func(list []string) {
		for _, p := range list {
			if !slices.Contains(w.patterns, p) {
				w.patterns = append(w.patterns, p)
			}
		}
	}
	for i := range scripts {
		l := &scripts[i]
		vm, err := script.New(script.Options{Program: l.program, Modules: o.own.scripting(), Params: anyValues(paramsFor(l.name, l.params, o.Set))})
		if err != nil {
			return nil, &ScriptError{l.path, err}
		}
		add(vm.Subscriptions())
		w.bars = append(w.bars, vm.Bars()...)
		vm.Close()
	}
	for _, st := range o.Strategies {
		add(st.Subscriptions())
		if u, ok := st.(core.BarUser); ok {
			w.bars = append(w.bars, u.Bars()...)
		}
	}
	slices.Sort(w.bars)
	w.bars = slices.Compact(w.bars)
	if len(o.Live.Symbols) > 0 {
		w.patterns = o.Live.Symbols
	}
	if len(w.patterns) == 0 {
		return nil, configError("live market data: no strategy declares a universe: name what to subscribe to with --symbols, for example --symbols usdm:BTCUSDT")
	}
	return w, nil
}

// enter implements source: it subscribes to what was chosen and to what the session
// holds already.
func (s *liveSource) enter(ctx context.Context, at *ledger.Snapshot) (*marketData, error) {
	s.inbox.Most = liveBacklog
	s.inbox.Refetch = func(id exchange.InstrumentID) { s.market.Snapshot(id) }
	s.entering("connecting to the market data of %d symbols", len(s.symbols))
	m, err := s.catalog.Open(ctx, s.symbols, tradedBefore(at), s.inbox)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	s.market = m
	list := values(m.Universe())
	bars := map[string]exchange.Time{}
	for i := range list {
		applyFees(&list[i], s.feeBP)
		bars[list[i].Key()] = m.Interval()
	}
	s.m.instruments, s.m.supply.Bars, s.m.hot = list, bars, len(list) <= hotBooks
	s.m.title = fmt.Sprintf("LIVE DATA of %s (%d instruments)", s.venue.Hosts(), len(list))
	s.entering("reading the past of %d instruments", len(list))
	if s.past, err = m.History(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, s.failed(ctx, err)
		}
		s.warn(err.Error() + "; the session begins without it")
	}
	return s.m, nil
}

// drive implements source. It lets the strategies look back before they begin. What was
// settled while an interrupted session was away is not only known to them: its positions
// stayed, so it is paid.
func (s *liveSource) drive(d *loop.Loop, at *ledger.Snapshot) {
	s.clock = s.real()
	s.clock.Recycle = s.market.Recycle
	d.Clock, d.Refetch, d.Start = s.clock, s.market.Snapshot, loop.Now()
	if at != nil {
		d.Start = max(d.Start, at.LastTime+1)
	}
	for i := range s.past {
		ev := &s.past[i]
		if at != nil && ev.Kind == exchange.KindFunding && ev.VenueTime > at.LastTime {
			s.inbox.Post(ev)
			continue
		}
		d.Prelude = append(d.Prelude, *ev)
	}
	s.past = nil
}

func (s *liveSource) paced() bool        { return true }
func (s *liveSource) fault() error       { return nil }
func (s *liveSource) describe() []string { return describeLive(s.venue.Hosts(), s.m.instruments) }

// tradedBefore are the instruments that an interrupted session has positions in.
func tradedBefore(at *ledger.Snapshot) []string {
	var out []string
	if at == nil {
		return nil
	}
	for _, p := range at.Positions {
		out = append(out, string(p.Venue)+":"+p.Symbol)
	}
	for _, p := range at.Pairs {
		out = append(out, p.Spot, p.Perp)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func describeLive(hosts string, list []exchange.Instrument) []string {
	var keys, assumed []string
	for i := range list {
		in := &list[i]
		keys = append(keys, in.Key())
		if text := in.Segment() + ": assumed " + in.Assumed; in.Assumed != "" && !slices.Contains(assumed, text) {
			assumed = append(assumed, text)
		}
	}
	return append([]string{
		fmt.Sprintf("live market data of %s: %s", hosts, strings.Join(keys, " ")),
		"time is this machine's clock when the loop takes an event; the venue's own times are kept beside it",
	}, assumed...)
}

// name identifies the market in the ledger. A session on another host must not
// go on where one on the real venue stopped.
func (l *liveMarket) name() string {
	if l.venue.Usual() {
		return "live"
	}
	return "live at " + l.venue.Hosts()
}

// failed says in one line what to do about a venue that can't be reached.
func (l *liveMarket) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted before the session began: %w", ctx.Err())
	}
	var u *url.Error
	if errors.As(err, &u) {
		host := u.URL
		if at, perr := url.Parse(u.URL); perr == nil {
			host = at.Host
		}
		err = fmt.Errorf("live market data: no connection to %s (%w); without a network try --market synth, or set other addresses in %s", host, u.Err, sectionName(l.venue.House()))
	}
	return &DataError{err}
}

// notice keeps what the feed has to say until the loop's goroutine tells it.
func (l *liveMarket) notice(n connect.Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, n)
}

func (l *liveMarket) takeNotices() []connect.Notice {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.heard
	l.heard = nil
	return list
}

// notices implements source.
func (s *liveSource) notices() (out []string) {
	for _, n := range s.takeNotices() {
		out = append(out, n.Text)
	}
	return out
}

// health implements source; the books counted are those that the loop keeps.
func (s *liveSource) health(c *core.Core) string {
	ready, total := 0, c.Universe().Len()
	for _, in := range c.Universe().All() {
		if c.Book(in.ID).Ready() {
			ready++
		}
	}
	out := []string{fmt.Sprintf("books %d/%d", ready, total)}
	add := func(n int, format string) {
		if n > 0 {
			out = append(out, fmt.Sprintf(format, n))
		}
	}
	add(total-ready, "%d STALE")
	down, silent, again := 0, 0, 0
	for _, c := range s.market.Health().Connections {
		if !c.Connected {
			down++
		}
		silent += c.Stalled
		again += max(int(c.Connects-c.Rolls)-1, 0)
	}
	add(down, "%d DISCONNECTED")
	add(silent, "%d silent streams")
	add(again, "%d reconnects")
	add(int(s.inbox.Dropped()), "%d dropped")
	if lag := s.clock.Lag(); lag > exchange.Second {
		out = append(out, fmt.Sprintf("%.1f s behind", float64(lag)/float64(exchange.Second)))
	}
	return strings.Join(out, ", ")
}

// close ends the feed.
func (s *liveSource) close() {
	if s.market != nil {
		_ = s.market.Close()
	}
}

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

	mu      sync.Mutex
	notices []connect.Notice
}

// liveData reports whether market data comes from the venue.
func (o *Options) liveData() bool { return len(o.Market) == 1 && o.Market[0] == "live" }

// browse asks the venue what there is and chooses the instruments, before
// anything is written.
func (r *runner) browse(ctx context.Context) error {
	venue, err := r.o.Live.open()
	if err != nil {
		return err
	}
	patterns, err := r.patterns()
	if err != nil {
		return err
	}
	where := venue.Hosts()
	r.supervisor.entering("asking %s what is traded", where)
	r.log(Line{Level: intent.Info, Text: "LIVE DATA: asking " + where + " what is traded"})
	if r.access, err = newAccess(r.o.DB, venue, r.warn); err != nil {
		return err
	}
	past, err := r.barLengths()
	if err != nil {
		return err
	}
	l := &liveMarket{}
	o := connect.DataOptions{Access: r.access.shared(), Past: past, Data: connect.AllData | connect.Bars | connect.Interest, Bars: r.o.Live.Bars}
	if err := l.browse(ctx, venue, o, patterns, r.o.Live.Top); err != nil {
		return err
	}
	r.market = &marketData{
		live: l, name: l.name(), instruments: l.catalog.Instruments(),
		stale: liveStale, sample: exchange.Minute,
	}
	return nil
}

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

// patterns are what the session needs of the venue.
func (r *runner) patterns() ([]string, error) {
	if len(r.o.Live.Symbols) > 0 {
		return r.o.Live.Symbols, nil
	}
	var out []string
	add := func(list []string) {
		for _, p := range list {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	for i := range r.scripts {
		l := &r.scripts[i]
		vm, err := script.New(script.Options{Program: l.program, Modules: r.o.own.scripting(), Params: anyValues(paramsFor(l.name, l.params, r.o.Set))})
		if err != nil {
			return nil, &ScriptError{l.path, err}
		}
		add(vm.Subscriptions())
		vm.Close()
	}
	for _, st := range r.o.Strategies {
		add(st.Subscriptions())
	}
	if len(out) == 0 {
		return nil, configError("live market data: no strategy declares a universe: name what to subscribe to with --symbols, for example --symbols usdm:BTCUSDT")
	}
	return out, nil
}

// barLengths are the lengths of bars that the strategies declare.
func (r *runner) barLengths() ([]exchange.Time, error) {
	var out []exchange.Time
	for i := range r.scripts {
		l := &r.scripts[i]
		vm, err := script.New(script.Options{Program: l.program, Modules: r.o.own.scripting(), Params: anyValues(paramsFor(l.name, l.params, r.o.Set))})
		if err != nil {
			return nil, &ScriptError{l.path, err}
		}
		out = append(out, vm.Bars()...)
		vm.Close()
	}
	for _, st := range r.o.Strategies {
		if u, ok := st.(core.BarUser); ok {
			out = append(out, u.Bars()...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// connect subscribes to what was chosen and to what the session holds already.
func (r *runner) connect(ctx context.Context) error {
	l := r.market.live
	r.inbox.Most = liveBacklog
	r.inbox.Refetch = func(id exchange.InstrumentID) { l.market.Snapshot(id) }
	r.supervisor.entering("connecting to the market data of %d symbols", len(l.symbols))
	m, err := l.catalog.Open(ctx, l.symbols, r.held(), r.inbox)
	if err != nil {
		return l.failed(ctx, err)
	}
	l.market = m
	r.market.instruments = values(m.Universe())
	for i := range r.market.instruments {
		r.market.applyFees(&r.market.instruments[i], r.o.Paper.FeeBP)
	}
	r.market.supply.Bars = map[string]exchange.Time{}
	for i := range r.market.instruments {
		r.market.supply.Bars[r.market.instruments[i].Key()] = m.Interval()
	}
	r.market.hot = len(r.market.instruments) <= hotBooks
	r.market.describe = describeLive(l.venue.Hosts(), r.market.instruments)
	r.supervisor.entering("reading the past of %d instruments", len(r.market.instruments))
	if l.past, err = m.History(ctx); err != nil {
		if ctx.Err() != nil {
			return l.failed(ctx, err)
		}
		r.warn(err.Error() + "; the session begins without it")
	}
	return nil
}

// beginLive lets the strategies look back before they begin. What was settled
// while an interrupted session was away is not only known to them: its positions
// stayed, so it is paid.
func (r *runner) beginLive() {
	for i := range r.market.live.past {
		ev := &r.market.live.past[i]
		if r.resume != nil && ev.Kind == exchange.KindFunding && ev.VenueTime > r.resume.LastTime {
			r.inbox.Post(ev)
			continue
		}
		r.loop.Prelude = append(r.loop.Prelude, *ev)
	}
	r.market.live.past = nil
}

// held are the instruments that an interrupted session has positions in.
func (r *runner) held() []string {
	var out []string
	if r.resume == nil {
		return nil
	}
	for _, p := range r.resume.Positions {
		out = append(out, string(p.Venue)+":"+p.Symbol)
	}
	for _, p := range r.resume.Pairs {
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

// toldTerms describes the instruments again when the account has put its own terms into them.
func (m *marketData) toldTerms() {
	if m.live != nil {
		m.describe = describeLive(m.live.venue.Hosts(), m.instruments)
	}
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
	l.notices = append(l.notices, n)
}

func (l *liveMarket) takeNotices() []connect.Notice {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.notices
	l.notices = nil
	return list
}

// tellNotices passes on what the feed had to say. It runs on the loop's
// goroutine, like everything that writes to the log.
func (r *runner) tellNotices(now exchange.Time) {
	l := r.market.live
	if l == nil {
		return
	}
	for _, n := range l.takeNotices() {
		r.log(Line{Time: now, Level: intent.Warn, Strategy: "feed", Text: n.Text})
	}
}

// feedHealth says in a few words how the feed is; the books counted are those
// that the loop keeps.
func (r *runner) feedHealth() string {
	l := r.market.live
	if l == nil {
		return ""
	}
	ready, total := 0, r.core.Universe().Len()
	for _, in := range r.core.Universe().All() {
		if r.core.Book(in.ID).Ready() {
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
	for _, c := range l.market.Health().Connections {
		if !c.Connected {
			down++
		}
		silent += c.Stalled
		again += max(int(c.Connects-c.Rolls)-1, 0)
	}
	add(down, "%d DISCONNECTED")
	add(silent, "%d silent streams")
	add(again, "%d reconnects")
	add(int(r.inbox.Dropped()), "%d dropped")
	if lag := l.clock.Lag(); lag > exchange.Second {
		out = append(out, fmt.Sprintf("%.1f s behind", float64(lag)/float64(exchange.Second)))
	}
	return strings.Join(out, ", ")
}

// closeFeed closes a feed, which may be an embedder's: a panic in it ends nothing else.
func closeFeed(f exchange.Feed) {
	defer func() { _ = recover() }()
	_ = f.Close() // reading only
}

// close ends the feed.
func (m *marketData) close() {
	if m.feed != nil {
		closeFeed(m.feed)
	}
	if m.live != nil && m.live.market != nil {
		_ = m.live.market.Close()
	}
}

package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/exchange/tardis"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// source is where the events of a session come from: data with a time of their own
// ([feedSource]: the built-in market, recordings, a Source), or events as they come, of
// the embedding program ([streamSource]) or of a venue ([liveSource]).
type source interface {
	// find finds out what there is; nothing was written before.
	find(ctx context.Context) (*marketData, error)
	// accesses are the venues that were asked, and may be asked for accounts too.
	accesses() []*access
	// enter opens the market at the moment where the session begins, or goes on.
	enter(ctx context.Context, at *ledger.Snapshot) (*marketData, error)
	// drive makes the loop run on it. What it knows of the time before comes first.
	drive(d *loop.Loop, at *ledger.Snapshot)
	// paced reports whether its time passes with the clock's, whoever waits for what.
	paced() bool
	// health says in a few words how it is, and notices what it had to say since it was
	// asked last. Both are called on the loop.
	health(c *core.Core) string
	notices() []string
	// watch looks on the loop whether the market can be reached, and tells the core.
	watch(now exchange.Time)
	// follow is told on the loop that strategies have begun or changed: some data are only
	// had while one has a handler for them.
	follow(c *core.Core)
	// describe says in sentences what the data are.
	describe() []string
	// fault is what was wrong with the events, where the loop was not told of it; nil: nothing.
	fault() error
	close()
}

// newSource is the source that the options name. needs asks the strategies.
func newSource(o *Options, e env, p pace, dark *channels, needs func() (*wants, error)) source {
	switch _, stream := o.Source.(*ChanSource); {
	case o.liveData():
		return &liveSource{pace: p, liveSourceOptions: liveSourceOptions{env: e, LiveOptions: o.Live, db: o.DB, feeBP: o.Paper.FeeBP, wants: needs}, dark: dark}
	case stream:
		return &streamSource{pace: p, o: o}
	}
	return &feedSource{pace: p, o: o}
}

// pace is how the loop's clock goes.
type pace struct {
	inbox *loop.Inbox
	beat  func(exchange.Time)
	every time.Duration
	speed float64 // virtual seconds per second, where the time is that of the data; 0: as fast as it goes
}

func (p *pace) real() *loop.Real {
	return &loop.Real{Inbox: p.inbox, Beat: p.beat, BeatEvery: p.every}
}

// feedSource is data that have a time of their own.
type feedSource struct {
	pace
	o *Options
	m *marketData // nil until it was found
}

func (s *feedSource) find(ctx context.Context) (m *marketData, err error) {
	s.m, err = openMarket(ctx, s.o, 0)
	return s.m, err
}

func (s *feedSource) enter(ctx context.Context, at *ledger.Snapshot) (m *marketData, err error) {
	if at != nil {
		s.m.close() // nothing was read from it
		s.m, err = openMarket(ctx, s.o, at.LastTime+1)
	}
	return s.m, err
}

func (s *feedSource) drive(d *loop.Loop, _ *ledger.Snapshot) {
	d.Feed = s.m.feed
	d.Clock = &loop.Virtual{Inbox: s.inbox, Speed: s.speed, Beat: s.beat, BeatEvery: s.every}
}

func (s *feedSource) paced() bool              { return s.speed > 0 && s.speed <= 1 }
func (s *feedSource) accesses() []*access      { return nil }
func (s *feedSource) watch(exchange.Time)      {}
func (s *feedSource) follow(*core.Core)        {}
func (s *feedSource) health(*core.Core) string { return "" }
func (s *feedSource) notices() []string        { return nil }
func (s *feedSource) describe() []string       { return s.m.notes }
func (s *feedSource) fault() error             { return nil }

func (s *feedSource) close() {
	if s.m != nil {
		s.m.close()
	}
}

// streamSource is events of the embedding program, as they come.
type streamSource struct {
	pace
	o    *Options
	m    *marketData
	stop func() // the stream; nil: it does not flow
}

func (s *streamSource) find(ctx context.Context) (m *marketData, err error) {
	s.m, err = openMarket(ctx, s.o, 0)
	return s.m, err
}

func (s *streamSource) enter(context.Context, *ledger.Snapshot) (*marketData, error) { return s.m, nil }

func (s *streamSource) drive(d *loop.Loop, _ *ledger.Snapshot) {
	s.inbox.Most = liveBacklog
	d.Clock, d.Start = s.real(), loop.Now()
	s.stop = s.m.stream.pump(s.inbox)
}

func (s *streamSource) paced() bool              { return true }
func (s *streamSource) accesses() []*access      { return nil }
func (s *streamSource) watch(exchange.Time)      {}
func (s *streamSource) follow(*core.Core)        {}
func (s *streamSource) health(*core.Core) string { return "" }
func (s *streamSource) notices() []string        { return nil }
func (s *streamSource) describe() []string       { return s.m.notes }
func (s *streamSource) fault() error             { return s.m.stream.fault() }

func (s *streamSource) close() {
	if stop := s.stop; stop != nil {
		s.stop = nil
		stop()
	}
}

// marketData is what the host must know of a market to run on it, and its feed if it has one.
type marketData struct {
	feed        exchange.Feed // nil: events come by themselves
	instruments []exchange.Instrument
	name        string   // stable: it identifies the market in the ledger
	title       string   // for people; "": name
	notes       []string // for people: what the data are
	stale       exchange.Time
	sample      exchange.Time
	recording   *record.Recording // nil: it is none
	bars        bool
	supply      supply
	simulated   bool         // the prices are made up
	live        bool         // they are the venue's, as they come
	stream      *eventStream // of a ChanSource; nil: none
	hot         bool         // few instruments with deep, fast books: ladders pay
}

// hotBooks is how many instruments may have a price ladder, at 260 KB each.
const hotBooks = 32

// synthStep is the cadence of the built-in market's books.
const synthStep = 10 * exchange.Second

// openMarket opens what the options name. from, when not 0, is where an
// interrupted session on the same market goes on.
func openMarket(ctx context.Context, o *Options, from exchange.Time) (*marketData, error) {
	m, err := openSource(ctx, o, from)
	if err != nil {
		return nil, err
	}
	for i := range m.instruments {
		applyFees(&m.instruments[i], o.Paper.FeeBP)
	}
	if o.bend != nil {
		o.bend(m)
	}
	return m, nil
}

func openSource(ctx context.Context, o *Options, from exchange.Time) (*marketData, error) {
	if o.Source != nil {
		return openOwn(o.Source, o.own.noted())
	}
	if o.synthetic() {
		return openSynth(o, from)
	}
	if len(o.Market) == 1 && isJournal(o.Market[0]) {
		return openJournal(o.Market[0])
	}
	if len(o.Market) == 1 && tardis.IsMachine(o.Market[0]) {
		return openStream(ctx, o)
	}
	return openRecording(o)
}

// isJournal reports whether a path is a directory of journal segments.
func isJournal(path string) bool {
	found, err := filepath.Glob(filepath.Join(path, "*.plj"))
	return err == nil && len(found) > 0
}

// openJournal takes the market data out of a session's journal: the same
// strategy, or another one, runs again on what that session saw.
func openJournal(dir string) (*marketData, error) {
	f, err := journal.OpenFeed(dir)
	if err != nil {
		return nil, err
	}
	s, err := decodeHeader(f.Header())
	if err != nil {
		_ = f.Close() // reading only
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	s.Supply.journalled(f.Reader().First())
	return &marketData{
		feed: f, instruments: s.Instruments, name: dir,
		notes: []string{"market data of a journalled session on " + s.Market},
		stale: s.Limits.StaleAfter, sample: s.SampleEvery, hot: s.Ladders, simulated: s.Simulated, supply: s.Supply,
	}, nil
}

func openSynth(o *Options, from exchange.Time) (*marketData, error) {
	s, err := synth.New(synth.Options{Seed: o.Seed, Step: synthStep, Skip: from})
	if err != nil {
		return nil, configError("built-in market: %v", err)
	}
	return &marketData{
		feed: s, instruments: values(s.Universe()), name: "synth", title: fmt.Sprintf("SIMULATED market (seed %d)", o.Seed), notes: s.Describe(),
		// A book that changes every step is stale when it missed a few.
		stale: 3*synthStep + exchange.Second, sample: 10 * exchange.Minute, simulated: true,
	}, nil
}

func openRecording(o *Options) (*marketData, error) {
	h := o.History
	choice := record.HistoryOptions{
		From: h.From, To: h.To, Symbols: h.Symbols, SpreadBP: h.SpreadBP, Participation: h.Participation,
		ShiftFunding: h.ShiftFunding, RandomSign: h.RandomSign,
	}
	rec, err := o.Loaded.open(choice)
	if o.Loaded == nil {
		rec, err = Recordings().Open(o.Market, record.Options{History: choice, Contracts: o.Contracts})
	}
	if err != nil {
		return nil, &DataError{err}
	}
	return recordedMarket(o, rec)
}

// recordedMarket is a market of a recording.
func recordedMarket(o *Options, rec *record.Recording) (*marketData, error) {
	f := &recordedFeed{Recording: rec}
	if err := f.begin(o.History); err != nil {
		_ = rec.Close() // reading only
		return nil, err
	}
	m := &marketData{
		feed: f, instruments: values(rec.Universe()), recording: rec,
		name: strings.Join(o.Market, " "), notes: strings.Split(rec.Describe(), "\n"),
		stale: 5 * exchange.Second, sample: 10 * exchange.Second,
	}
	if rec.Stats().History != nil {
		m.bars = true
		m.stale, m.sample = 2*exchange.Hour+exchange.Minute, exchange.Hour
	}
	m.supply = supply{Bars: rec.Bars(), BarsOnly: rec.BarsOnly()}
	m.hot = !m.bars && len(m.instruments) <= hotBooks
	return m, nil
}

// recordedFeed marks what goes wrong while reading as a fault of the data.
type recordedFeed struct {
	*record.Recording
	head exchange.Event // the first, until it is asked for
	held bool
}

// begin reads the first event: a session on nothing at all is a mistake in what
// was asked for, and better told before there is a session.
func (f *recordedFeed) begin(h HistoryOptions) error {
	err := f.Recording.Next(&f.head)
	f.held = true
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, io.EOF):
		return &DataError{err}
	case h.From != 0 || h.To != 0:
		return &DataError{errors.New("market data: there is none in the time asked for")}
	}
	return &DataError{errors.New("market data: the recording holds no events")}
}

// Next implements exchange.Feed.
func (f *recordedFeed) Next(ev *exchange.Event) error {
	if f.held {
		*ev, f.held = f.head, false
		return nil
	}
	err := f.Recording.Next(ev)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &DataError{err}
}

func values(u *exchange.Universe) []exchange.Instrument {
	out := make([]exchange.Instrument, 0, u.Len())
	for _, in := range u.All() {
		out = append(out, *in)
	}
	return out
}

func applyFees(in *exchange.Instrument, bp *float64) {
	if bp == nil {
		return
	}
	fee := decimal.NewFromFloat(*bp).Shift(-4)
	in.MakerFee, in.TakerFee = fee, fee
}

// leftOver names what a paper account still holds in instruments whose data ended
// before the session did. Nothing could be traded there any more, and no price is
// newer than the last.
func leftOver(c *core.Core, s *record.Stats) (out []string) {
	for _, key := range s.EndedKeys() {
		in, err := c.Universe().Lookup(key)
		if err != nil {
			continue
		}
		if in.Perp() {
			if pos := c.Position(in.ID); pos != 0 {
				out = append(out, fmt.Sprintf("LEFT OVER: a position of %s %s, whose data have ended; it counts at its last mark", in.QtyDecimal(pos), key))
			}
			continue
		}
		for _, h := range c.Holdings() {
			if h.Wallet == in.Wallet && h.Asset == in.Base && h.Total.IsPositive() {
				out = append(out, fmt.Sprintf("LEFT OVER: %s %s, and the data of %s have ended; they count at its last price", h.Total, in.Base, key))
			}
		}
	}
	return out
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
}

package host

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/ledger/journal"
)

// marketData is an opened source of market events and what the host must know
// to run on it.
type marketData struct {
	feed        exchange.Feed // nil: the data is live
	live        *liveMarket
	instruments []exchange.Instrument
	name        string   // stable: it identifies the market in the ledger
	describe    []string // for people
	stale       exchange.Time
	sample      exchange.Time
	recording   *record.Recording
	bars        bool
	supply      supply
	simulated   bool         // the prices are made up
	stream      *eventStream // of a ChanSource, in real time; nil: none
	hot         bool         // few instruments with deep, fast books: ladders pay
}

// hotBooks is how many instruments may have a price ladder, at 260 KB each.
const hotBooks = 32

// synthStep is the cadence of the built-in market's books.
const synthStep = 10 * exchange.Second

// openMarket opens what the options name. from, when not 0, is where an
// interrupted session on the same market goes on.
func openMarket(o *Options, from exchange.Time) (*marketData, error) {
	m, err := openSource(o, from)
	if err != nil {
		return nil, err
	}
	for i := range m.instruments {
		m.applyFees(&m.instruments[i], o.Paper.FeeBP)
	}
	return m, nil
}

func openSource(o *Options, from exchange.Time) (*marketData, error) {
	if o.Source != nil {
		return openOwn(o.Source)
	}
	if o.synthetic() {
		return openSynth(o, from)
	}
	if len(o.Market) == 1 && isJournal(o.Market[0]) {
		return openJournal(o.Market[0])
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
	return &marketData{
		feed: f, instruments: s.Instruments, name: dir,
		describe: []string{"market data of a journalled session on " + s.Market},
		stale:    s.Limits.StaleAfter, sample: s.SampleEvery, hot: s.Ladders, simulated: s.Simulated, supply: s.Supply,
	}, nil
}

func openSynth(o *Options, from exchange.Time) (*marketData, error) {
	s, err := synth.New(synth.Options{Seed: o.Seed, Step: synthStep, Skip: from})
	if err != nil {
		return nil, configError("built-in market: %v", err)
	}
	return &marketData{
		feed: s, instruments: values(s.Universe()), name: "synth", describe: s.Describe(),
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
	f := &recordedFeed{Recording: rec}
	if err := f.begin(h); err != nil {
		_ = rec.Close() // reading only
		return nil, err
	}
	m := &marketData{
		feed: f, instruments: values(rec.Universe()), recording: rec,
		name: strings.Join(o.Market, " "), describe: strings.Split(rec.Describe(), "\n"),
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

func (m *marketData) applyFees(in *exchange.Instrument, bp *float64) {
	if bp == nil {
		return
	}
	fee := decimal.NewFromFloat(*bp).Shift(-4)
	in.MakerFee, in.TakerFee = fee, fee
}

// leftOver names what a paper account still holds in instruments whose data ended
// before the session did. Nothing could be traded there any more, and no price is
// newer than the last.
func (r *runner) leftOver(s *record.Stats) (out []string) {
	for _, key := range s.EndedKeys() {
		in, err := r.core.Universe().Lookup(key)
		if err != nil {
			continue
		}
		if in.Perp() {
			if pos := r.core.Position(in.ID); pos != 0 {
				out = append(out, fmt.Sprintf("LEFT OVER: a position of %s %s, whose data have ended; it counts at its last mark", in.QtyDecimal(pos), key))
			}
			continue
		}
		for _, h := range r.core.Holdings() {
			if h.Wallet == in.Wallet && h.Asset == in.Base && h.Total.IsPositive() {
				out = append(out, fmt.Sprintf("LEFT OVER: %s %s, and the data of %s have ended; they count at its last price", h.Total, in.Base, key))
			}
		}
	}
	return out
}

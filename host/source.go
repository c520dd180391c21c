package host

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/record"
)

// Source is market data of the embedding program. The host reads it on the loop's
// goroutine, one session at a time for what Open returns; Describe and Open may be
// called for several sessions at once.
type Source interface {
	// Describe tells what the data are. It is asked before Open.
	Describe() SourceInfo
	// Open returns the events from their beginning. Their Time is that of the session
	// and does not run back, Instrument is an index of SourceInfo.Instruments, prices
	// and quantities are in its ticks and lots. A book begins with a snapshot
	// ([exchange.KindSnapshot]).
	//
	// Every event is looked at ([exchange.Event.Check]). One that can't be ends the
	// session with a DataError that names its number, its kind, the field and the value.
	// An update that does not follow the one before is no such error: it makes a gap, as
	// on a venue's data.
	Open() (exchange.Feed, error)
}

// SourceInfo says what the data of a Source are.
type SourceInfo struct {
	Name        string                // identifies the data in ledger and summary
	Instruments []exchange.Instrument // in any order; strategies see them in the session's
	Notes       []string              // what the data rest on, for the summary's assumptions
	Stale       exchange.Time         // a book that did not change for so long is not traded on; 0: 5 s
	Sample      exchange.Time         // spacing of the equity's samples; 0: 10 s
	// Bars are the lengths of the bars that the data bring, by key of the instrument: no
	// others are taken. BarsOnly: they have no trades.
	Bars     map[string]exchange.Time
	BarsOnly bool
}

// SliceSource is events in memory, which any number of sessions may share.
type SliceSource struct {
	Info   SourceInfo
	Events []exchange.Event // not changed while a session runs on them
}

// Describe implements Source.
func (s *SliceSource) Describe() SourceInfo { return s.Info }

// Open implements Source.
func (s *SliceSource) Open() (exchange.Feed, error) { return &sliceFeed{s.Events}, nil }

type sliceFeed struct{ left []exchange.Event }

func (f *sliceFeed) Next(ev *exchange.Event) error {
	if len(f.left) == 0 {
		return io.EOF
	}
	*ev, f.left = f.left[0], f.left[1:]
	return nil
}

func (f *sliceFeed) Close() error { return nil }

// ChanSource is events as they come. The session runs in real time: an event's Time is
// when the loop takes it, whatever it was sent with, and the session ends in good
// order when the channel is closed. A channel is good for one session at a time. What
// was sent belongs to the session: its slices must not be changed. The first event that
// can't be ends the session, and nothing more is received.
type ChanSource struct {
	Info   SourceInfo
	Events <-chan exchange.Event
}

// Describe implements Source.
func (s *ChanSource) Describe() SourceInfo { return s.Info }

// Open implements Source; the host reads the channel itself.
func (s *ChanSource) Open() (exchange.Feed, error) {
	return nil, errors.New("a ChanSource has no feed: its session runs in real time")
}

// History is a directory of bars, marks and funding in memory. It does not change, and
// is shared by any number of sessions: see Options.Loaded.
type History struct {
	dir string
	h   *record.History
}

// LoadHistory reads a directory as Options.Market does: folders of bars, marks and
// funding, for some symbols or, with none named, for all there are.
func LoadHistory(dir string, symbols ...string) (*History, error) {
	if dir == "" {
		return nil, configError("LoadHistory: the directory is empty: want one with folders of bars, marks and funding")
	}
	h, err := Recordings().LoadHistory(dir, symbols...)
	if err != nil {
		return nil, &DataError{err}
	}
	return &History{dir, h}, nil
}

func (h *History) open(choice record.HistoryOptions) (*record.Recording, error) {
	if h == nil {
		return nil, nil
	}
	return h.h.Open(choice)
}

// checkSource says what is wrong with data of one's own, and names the market by it.
func (o *Options) checkSource() error {
	if o.Source == nil && o.Loaded == nil {
		return nil
	}
	if v := reflect.ValueOf(o.Source); v.Kind() == reflect.Pointer && v.IsNil() {
		return configError("Source: the %T is nil", o.Source)
	}
	switch {
	case o.Source != nil && o.Loaded != nil:
		return configError("Source and Loaded are both set: want one")
	case o.Loaded != nil && (o.Loaded.h == nil || len(o.Market) > 0 && o.Market[0] != o.Loaded.dir):
		return configError("Loaded: want what LoadHistory returned, and no Market beside it")
	case o.Loaded != nil:
		o.Market = []string{o.Loaded.dir}
		return nil
	}
	info := o.Source.Describe()
	name := "source " + info.Name
	switch {
	case len(o.Market) > 0 && o.Market[0] != name:
		return configError("Source and Market are both set: want one")
	case info.Name == "":
		return configError("Source: its Describe gives no Name; the ledger files sessions under it")
	case len(info.Instruments) == 0:
		return configError("Source %s: it has no instruments", info.Name)
	case info.Stale < 0 || info.Sample < 0:
		return configError("Source %s: Stale and Sample: want 0 or more", info.Name)
	}
	u, err := info.universe()
	if err != nil {
		return configError("Source %s: %v", info.Name, err)
	}
	o.Market = []string{name}
	if len(o.Paper.Balances) == 0 {
		o.Paper.Balances = startingBalances(u)
	}
	return nil
}

// startingBalances are 50 000 of what each wallet's instruments are paid in or margined
// with.
func startingBalances(u *exchange.Universe) (out []paper.Deposit) {
	for _, in := range u.All() {
		d := paper.Deposit{Wallet: in.Wallet, Asset: in.Settle(), Amount: decimal.NewFromInt(50000)}
		known := func(x paper.Deposit) bool { return x.Wallet == d.Wallet && x.Asset == d.Asset }
		if !slices.ContainsFunc(out, known) {
			out = append(out, d)
		}
	}
	return out
}

// describe asks a source what it is, and openFeed for its events. A panic there is a fault
// of the data, as one of Next is.
func describe(s Source) (info SourceInfo, err error) {
	defer caught(&err)
	return s.Describe(), nil
}

func openFeed(s Source) (feed exchange.Feed, err error) {
	defer caught(&err)
	return s.Open()
}

// openOwn opens data of the embedding program.
func openOwn(s Source, noted *closings) (*marketData, error) {
	info, err := describe(s)
	if err != nil {
		return nil, &DataError{fmt.Errorf("source: Describe: %w", err)}
	}
	u, err := info.universe()
	if err != nil {
		return nil, configError("Source %s: %v", info.Name, err)
	}
	check := newSourceCheck(&info, u)
	m := &marketData{
		instruments: values(u), name: info.Name, notes: append([]string{"market data of " + info.Name}, info.Notes...),
		stale: info.Stale, sample: info.Sample, supply: supply{Bars: check.bars, BarsOnly: info.BarsOnly}, bars: info.BarsOnly,
		hot: !info.BarsOnly && len(info.Instruments) <= hotBooks,
	}
	if m.stale == 0 {
		m.stale = 5 * exchange.Second
	}
	if m.sample == 0 {
		m.sample = 10 * exchange.Second
	}
	if c, ok := s.(*ChanSource); ok {
		if c.Events == nil {
			return nil, configError("ChanSource %s: its channel is nil", info.Name)
		}
		m.stream = &eventStream{events: c.Events, check: check}
		return m, nil
	}
	feed, err := openFeed(s)
	if err != nil {
		return nil, &DataError{fmt.Errorf("source %s: Open: %w", info.Name, err)}
	}
	if feed == nil {
		return nil, configError("Source %s: Open returned no feed and no error", info.Name)
	}
	check.timed = true
	m.feed = &ownFeed{feed, check, noted}
	return m, nil
}

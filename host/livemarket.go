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
	"github.com/perilune/perilune/exchange/connect/twin"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// LiveOptions say where live market data comes from and how much of it.
type LiveOptions struct {
	// Venue is the venue's section of the configuration; nil: the default venue, as it
	// is without one. See Venues.
	Venue connect.Section
	// Further are the sections of more venues, each house once: see Symbols. What they
	// say of keys, Top and Bars counts for them alone.
	Further []connect.Section
	// Symbols are what to subscribe to: keys, and globs over keys. None: what the
	// strategies declare as their universe. "bybit.linear:BTCUSDT" is of that house,
	// "*.linear:BTC*" of all houses that are set up here, and "usdm:BTCUSDT", without a
	// house, of Venue. A house that is not set up is asked at its usual addresses. A
	// session is on the houses that its symbols name.
	Symbols []string
	// Top is how many coins globs may stand for, by their turnover of the last
	// day: see connect.Catalogue. 0: 20.
	Top int
	// Bars is the length of the bars: see connect.DataOptions. 0: a minute.
	Bars exchange.Time
	// Relay is a relay of order books, for the houses whose section names it; nil: its usual
	// address, should one.
	Relay *RelayOptions

	relayKey    string         // where its key is
	environment []feedOverride // see TakeEnvironment
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

// liveMarket is a venue's market data, in real time.
type liveMarket struct {
	connect.Section
	venue    connect.Venue
	access   *access // nil: nobody else asks
	patterns []string
	written  map[string]string // patterns as they were written, where that is with the house
	anywhere []string          // of patterns, what is of several venues: it need not be here
	top      int
	bars     exchange.Time
	catalog  connect.Catalogue
	symbols  []string
	market   connect.Market // nil until it is connected
	feed     feedChoice
	relay    *RelayOptions // nil: it is not asked
	twin     *twin.Market  // market, when it has two feeds

	mu    sync.Mutex
	heard []connect.Notice
}

// liveData reports whether market data comes from the venue.
func (o *Options) liveData() bool { return len(o.Market) == 1 && o.Market[0] == "live" }

// browse asks what there is and chooses of it.
func (l *liveMarket) browse(ctx context.Context, o connect.DataOptions) (err error) {
	o.Notice = l.notice
	if l.catalog, err = l.venue.Browse(ctx, o, l.patterns); err != nil {
		return l.failed(ctx, err)
	}
	var none *connect.NoneFitsError
	for len(l.patterns) > 0 {
		l.symbols, err = l.catalog.Choose(ctx, l.patterns, l.top)
		if !errors.As(err, &none) || !slices.Contains(l.anywhere, none.Glob) {
			break
		}
		l.patterns = slices.DeleteFunc(l.patterns, func(p string) bool { return p == none.Glob })
		l.notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("%s has nothing that fits %s", l.House(), none.Glob)})
	}
	if err != nil {
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

// leftOut says of a script that misses instruments that Live.Symbols may have left them out.
func (o *Options) leftOut(err error) error {
	if !o.liveData() || len(o.Live.Symbols) == 0 || !errors.Is(err, script.ErrNotListed) {
		return err
	}
	return fmt.Errorf("%w; the session is on what --symbols names alone: %s", err, strings.Join(o.Live.Symbols, ", "))
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
		err = fmt.Errorf("live market data: no connection to %s (%w); without a network try --market synth, or set other addresses in %s", host, u.Err, sectionName(l.House()))
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

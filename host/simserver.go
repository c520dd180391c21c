package host

import (
	"context"
	"fmt"
	"math"
	"net"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
)

// SimOptions say what local exchange is to run: see package simserver.
type SimOptions struct {
	Listen string   // default 127.0.0.1:8900; port 0 takes a free one
	Market []string // synth, or recordings
	// Symbols is how many USD-M contracts the built-in market has, each with ten
	// changes of its book a second; 0: its own ten, at the usual pace.
	Symbols  int
	Seed     uint64
	Speed    float64          // market seconds per second; default 1
	Accounts int              // default 1
	Faults   *simserver.Chaos // nil: only those that are asked for
	// Ready is called once, when the exchange answers.
	Ready func(SimInfo)
	Log   func(string)
}

// SimInfo is where a local exchange listens and how to log in to it.
type SimInfo struct {
	Listen string            `json:"listen"`
	URLs   map[string]string `json:"urls"`
	Keys   simserver.Keys    `json:"keys"`
	// More are the keys of further accounts.
	More []simserver.Keys `json:"more_keys,omitempty"`
}

// simPast is how much of the built-in market lies before the opening, so that
// klines and statistics are not empty.
const simPast = 2 * exchange.Hour

// Simulate runs a local exchange until ctx ends.
func Simulate(ctx context.Context, o SimOptions) error {
	if err := needsContext(ctx, "Simulate"); err != nil {
		return err
	}
	if o.Symbols < 0 || o.Accounts < 0 || !(o.Speed >= 0) || math.IsInf(o.Speed, 0) {
		return configError("Simulate: Symbols %d, Accounts %d, Speed %g: want 0 or more", o.Symbols, o.Accounts, o.Speed)
	}
	if err := namedPaths("Market", o.Market); err != nil {
		return err
	}
	feed, opt, err := o.market(time.Now())
	if err != nil {
		return err
	}
	defer feed.Close()
	opt.Feed, opt.Seed, opt.Accounts, opt.Chaos, opt.Log = feed, o.Seed, o.Accounts, o.Faults, o.Log
	x, err := simserver.New(opt)
	if err != nil {
		return &DataError{err}
	}
	defer x.Close()
	front := venueList[0].front(x)
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", o.Listen, err)
	}
	if o.Ready != nil {
		at, keys := l.Addr().String(), x.Keys()
		o.Ready(SimInfo{Listen: at, URLs: front.Describe(at), Keys: keys[0], More: keys[1:]})
	}
	return x.Serve(ctx, l, front)
}

// market opens the feed. The built-in market begins in the past, so that its
// time at the opening is the wall clock's.
func (o *SimOptions) market(now time.Time) (exchange.Feed, simserver.Options, error) {
	opt := simserver.Options{Speed: o.Speed}
	if len(o.Market) == 0 || len(o.Market) == 1 && o.Market[0] == "synth" {
		opt.Begin = exchange.Time(now.UnixNano())
		start := opt.Begin - simPast
		return o.builtIn(opt, synth.Options{Seed: o.Seed, Start: start - start%exchange.Minute, Step: simStep(o.Speed)})
	}
	rec, err := Recordings().Open(o.Market, record.Options{})
	if err != nil {
		return nil, opt, &DataError{err}
	}
	opt.Universe = rec.Universe()
	return rec, opt, nil
}

// builtIn opens the built-in market. With many symbols its past is short: it is
// read through before the opening.
func (o *SimOptions) builtIn(opt simserver.Options, m synth.Options) (exchange.Feed, simserver.Options, error) {
	if o.Symbols == 0 {
		market, err := synth.New(m)
		if err != nil {
			return nil, opt, configError("built-in market: %v", err)
		}
		opt.Universe = market.Universe()
		return market, opt, nil
	}
	m.Step = 100 * exchange.Millisecond
	m.Start = opt.Begin - opt.Begin%exchange.Minute
	crowd, err := synth.NewCrowd(m, o.Symbols)
	if err != nil {
		return nil, opt, configError("built-in market: %v", err)
	}
	opt.Universe = crowd.Universe()
	return crowd, opt, nil
}

// simStep is the step of the built-in market that gives about one change of a
// book each second of wall time, within what the market allows.
func simStep(speed float64) exchange.Time {
	for _, step := range []exchange.Time{exchange.Second, 2 * exchange.Second, 5 * exchange.Second, 10 * exchange.Second, 30 * exchange.Second} {
		if float64(step) >= speed*float64(exchange.Second) {
			return step
		}
	}
	return exchange.Minute
}

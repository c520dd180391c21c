package feed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/wire"
)

// Options of a Market. Symbols is required; a zero elsewhere means the default.
type Options struct {
	Endpoints api.Endpoints
	// Symbols are the instruments wanted: "usdm:BTCUSDT". "usdm:*" is every
	// instrument of a market that is trading; see Catalog.Choose for the best.
	Symbols []string
	Data    connect.Data // AllData
	// Interval is the length of bars: 1, 3, 5, 15 or 30 minutes, 1, 2, 4, 6, 8 or
	// 12 hours, or a day; 1 minute.
	Interval exchange.Time
	// Past are other lengths of bars that Past returns too. Those that the venue
	// does not have are left out.
	Past []exchange.Time

	Throttle *limit.Throttle // shared by all that ask the venue from this address; one of its own
	Attempts *wire.Attempts  // the same for connections; 300 in 5 minutes of its own

	SpotDepth    int           // levels of a spot snapshot, at most 5000; 1000
	FuturesDepth int           // 5, 10, 20, 50, 100, 500 or 1000; 1000
	PerConn      int           // streams of one connection, at most 1024; 400
	Fetchers     int           // snapshots that are fetched at once, per market; 4
	Refresh      time.Duration // between looks at changes of the rules; 10 minutes

	// Tap, when set, sees every frame that was used, as it came, and snapshots of
	// books as REST gave them: what a recording is made of. It is called from
	// several goroutines, and must not keep the frame.
	Tap func(in *exchange.Instrument, at exchange.Time, frame []byte)

	HTTP   *http.Client         // 20 s for an answer
	Notice func(connect.Notice) // from any goroutine; none
	Now    func() exchange.Time // the machine's clock
	Jitter func() float64       // in [0, 1), from any goroutine; the global random source
	// Wire may change the options of a connection, for tests and odd networks.
	Wire func(*wire.Options)
}

func (o *Options) complete() (err error) {
	if len(o.Symbols) == 0 {
		return errors.New("live market data: no symbols: name some, such as usdm:BTCUSDT, or a whole market, usdm:*")
	}
	if o.Endpoints, err = o.Endpoints.Complete(); err != nil {
		return err
	}
	if o.Now == nil {
		o.Now = func() exchange.Time { return exchange.Time(time.Now().UnixNano()) }
	}
	if o.Throttle == nil {
		l, err := weight.NewLedger(limit.Options{})
		if err != nil {
			return err
		}
		o.Throttle = limit.NewThrottle(l, o.Now)
	}
	if o.Attempts == nil {
		o.Attempts = wire.NewAttempts(300, 5*time.Minute)
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}}
	}
	if o.Notice == nil {
		o.Notice = func(connect.Notice) {}
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.FuturesDepth != 0 && !slices.Contains(futuresDepths, o.FuturesDepth) || o.SpotDepth < 0 || o.SpotDepth > 5000 {
		return fmt.Errorf("live market data: snapshots of %d levels on spot and %d on futures: want at most 5000, and one of %v",
			o.SpotDepth, o.FuturesDepth, futuresDepths)
	}
	o.Interval = fallback(o.Interval, exchange.Minute)
	if err := CheckInterval(o.Interval); err != nil {
		return fmt.Errorf("live market data: %w", err)
	}
	o.Data = fallback(o.Data, connect.AllData)
	o.SpotDepth = fallback(o.SpotDepth, 1000)
	o.FuturesDepth = fallback(o.FuturesDepth, 1000)
	o.PerConn = min(fallback(o.PerConn, 400), 1024)
	o.Fetchers = fallback(o.Fetchers, 4)
	o.Refresh = fallback(o.Refresh, 10*time.Minute)
	return nil
}

// futuresDepths are all that /fapi and /dapi understand.
var futuresDepths = []int{5, 10, 20, 50, 100, 500, 1000}

func fallback[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// Market is the live market data of some instruments of the three markets.
type Market = live.Market

// Open asks for the rules of the markets that are named and connects. It returns
// when the instruments are known; books follow as they come, and the first
// events may be posted before Open returns. ctx bounds Open
// itself, not the Market. The error says which symbol is unknown, with the
// nearest that is known, or not trading.
func Open(ctx context.Context, o Options, sink connect.Sink) (*Market, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	v := newVenue(o)
	c, err := live.Browse(ctx, v.shop(), o.Symbols)
	if err != nil {
		return nil, err
	}
	keys, err := c.Choose(ctx, o.Symbols, 0)
	if err != nil {
		return nil, err
	}
	chosen, err := c.Pick(ctx, keys, nil)
	if err != nil {
		return nil, err
	}
	return v.open(ctx, chosen, sink)
}

// venue is where the three markets are asked.
type venue struct {
	o    Options
	rest *public
}

func newVenue(o Options) *venue {
	return &venue{o: o, rest: &public{endpoints: o.Endpoints, client: rest.New(rest.Options{HTTP: o.HTTP, MaxBody: maxBody}), throttle: o.Throttle, now: o.Now}}
}

// open connects what was chosen.
func (v *venue) open(ctx context.Context, chosen connect.Listings, sink connect.Sink) (*Market, error) {
	o, err := v.options(ctx, chosen)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	return live.Open(o, sink)
}

// options asks for what the rules do not say of what was chosen.
func (v *venue) options(ctx context.Context, chosen connect.Listings) (o live.Options, err error) {
	for i := range chosen {
		in := *chosen[i].Instrument // the catalogue's own stays as it was
		chosen[i].Instrument = &in
	}
	premiums, err := v.terms(ctx, chosen)
	if err != nil {
		return o, err
	}
	o = live.Options{
		Data: connect.DataOptions{Access: connect.Access{Throttle: v.o.Throttle, Attempts: v.o.Attempts}, Data: v.o.Data, Bars: v.o.Interval,
			Past: v.o.Past, Notice: v.o.Notice, Tap: v.o.Tap},
		Listings: chosen, Marks: func(u *exchange.Universe) []exchange.Event { return firstMarks(u, premiums) },
		Ask:     live.Questions{Snapshot: v.snapshot, Settled: v.settled, Bars: v.bars, Past: v.pastPremiums, Interest: v.interest, Listings: v.listings},
		Workers: v.o.Fetchers, MostBars: mostBars, Settled: settledBack, Refresh: v.o.Refresh, Now: v.o.Now, Jitter: v.o.Jitter, Close: v.rest.client.Close,
	}
	for i := range routes {
		o.Routes = append(o.Routes, v.route(&routes[i]))
	}
	return o, nil
}

// route is the connections of a route. Those of contracts also bring the news of all
// of them.
func (v *venue) route(r *route) live.Route {
	out := live.Route{
		Wire: wire.Options{Name: r.market.String() + r.path, URLs: []string{r.url(&v.o.Endpoints)}, Protocol: protocol{}, FramesPerSecond: framesPerSecond[r.market]},
		Streams: func(in *exchange.Instrument) []live.Stream {
			if api.Of(in.Venue) != r.market {
				return nil
			}
			return r.streams(in, &v.o)
		},
		PerConn: v.o.PerConn, Tune: v.o.Wire,
		Decoder: func(s live.Session) connect.Decoder {
			length := v.o.Interval
			if v.o.Data&connect.Bars == 0 {
				length = 0
			}
			return newDecoder(r.market, s, length)
		},
	}
	if r.contracts {
		out.Common = []wire.Stream{{Name: contractStream}}
	}
	return out
}

// framesPerSecond is what we send of what the venue allows (5 and 10): pongs
// count too.
var framesPerSecond = map[api.Market]int{api.Spot: 4, api.USDM: 8, api.COINM: 8}

// settledBack is how many settled funding rates of an instrument are looked back
// on: a month of eight-hour intervals.
const settledBack = 90

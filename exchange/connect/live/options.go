package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// Options of a Market. Listings and Routes are required; a zero elsewhere means the default.
type Options struct {
	Data connect.DataOptions
	// Listings are the instruments, with what the venue said of them last. Those that are
	// not trading are followed too, and told of.
	Listings connect.Listings
	Routes   []Route
	Ask      Questions
	// Marks returns mark prices that were asked for with the instruments, to be posted at
	// once; nil: none.
	Marks func(u *exchange.Universe) []exchange.Event

	Workers  int           // questions at once, of snapshots in each segment and of the past; 4
	MostBars int           // that one question is for; 499
	Settled  int           // funding rates of an instrument that are looked back on; 90, a month of eight hours
	Refresh  time.Duration // between looks at the listings; 10 minutes

	Now    func() exchange.Time // the machine's clock
	Jitter func() float64       // in [0, 1), from any goroutine; the global random source
	Close  func()               // what else ends with the Market; none
}

// Route is a kind of connection: an address, and the streams that are had at it.
type Route struct {
	// Wire is what all connections of the route have in common: Name, URLs and Protocol
	// are required, and the batches and pace of what is sent are the venue's. Open, Streams,
	// Attempts and Jitter are filled in.
	Wire wire.Options
	// Streams names what is wanted of an instrument on this route, by DataOptions; none
	// when it is of another. A name that several instruments share (an index) is asked for once.
	Streams func(in *exchange.Instrument) []Stream
	// Common are asked for beside them on the first connection: streams of no instrument.
	Common []wire.Stream
	// PerConn is how many streams one connection carries; 400. Those of an instrument are
	// together.
	PerConn int
	// Decoder returns the decoder of a new connection. What it remembers (what a delta is
	// merged into) begins and ends with it.
	Decoder func(s Session) connect.Decoder
	// Tune may change the options of each connection, for tests and odd networks.
	Tune func(o *wire.Options)
}

// Stream is one of an instrument. Its name is whatever the Protocol and Classify make of
// it: a topic, or the JSON text of a subscription.
type Stream struct {
	Name string
	// Silence is the longest time without data that is normal; 0: any. A stream that was
	// silent for longer is subscribed to anew.
	Silence time.Duration
	Book    bool // it has the updates of the book
	// Only is the data that it is for alone, of the kinds that Market.Extend adds; 0: it is
	// always subscribed to.
	Only connect.Data
}

// Session is a connection, for its Decoder.
type Session struct {
	Conn uint64 // counts from 1 in each client
	// Resolve returns the instrument of a symbol, or nil when its streams are not on this
	// connection. It does not keep symbol.
	Resolve func(symbol []byte) *exchange.Instrument
	// Listed takes what a stream says of an instrument's rules and state. An unknown one
	// is no matter. Was returns the newest of before, to be changed; false: unknown.
	Listed func(l connect.Listing)
	Was    func(v exchange.Venue, symbol string) (connect.Listing, bool)
}

// Questions are what a venue is asked over REST. A nil one it does not have, or need.
// They wait for room within the venue's limits, and do not retry.
type Questions struct {
	// Snapshot returns one of a book (KindSnapshot, PrevID -1) and the answer as it came,
	// for recordings. look: it is only compared with a book that is live, so a few levels
	// are enough. nil: a subscription begins with a snapshot, and is begun anew for another.
	Snapshot func(ctx context.Context, in *exchange.Instrument, look bool) (exchange.Event, []byte, error)
	// Settled returns funding rates of instruments of one segment that were settled (KindFunding:
	// Instrument, VenueTime, Rate, Mark and Hours where known), oldest first: those since a moment, or
	// the newest most of each when since is 0. What came comes with the error.
	Settled func(ctx context.Context, list []*exchange.Instrument, since exchange.Time, most int) ([]exchange.Event, error)
	// Bars returns the newest candles (KindBar: VenueTime is the close), oldest first, at most
	// so many; the one that is not finished may be among them. None of a length that the venue does not have.
	Bars func(ctx context.Context, in *exchange.Instrument, length exchange.Time, most int) ([]exchange.Event, error)
	// Past returns what else is looked back on, such as premiums, oldest first.
	Past func(ctx context.Context, in *exchange.Instrument) ([]exchange.Event, error)
	// Interest returns the open interest of a contract (KindOpenInterest), where no
	// stream tells it.
	Interest func(ctx context.Context, in *exchange.Instrument) (exchange.Event, error)
	// Listings returns what a segment lists now. FundingHours 0: it does not tell. What is not
	// there is no longer listed.
	Listings func(ctx context.Context, v exchange.Venue) (connect.Listings, error)
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (o *Options) complete() error {
	if len(o.Listings) == 0 || len(o.Routes) == 0 {
		return errors.New("live market data: no instruments or no routes")
	}
	for i := range o.Routes {
		r := &o.Routes[i]
		if r.Streams == nil || r.Decoder == nil || r.Wire.Protocol == nil || len(r.Wire.URLs) == 0 {
			return fmt.Errorf("live market data: route %d (%s) needs URLs, a Protocol, Streams and a Decoder", i+1, r.Wire.Name)
		}
		orDefault(&r.PerConn, 400)
		orDefault(&r.Wire.Name, r.Wire.URLs[0])
	}
	o.Data.Defaults(300, 5*time.Minute)
	orDefault(&o.Workers, 4)
	orDefault(&o.MostBars, 499)
	orDefault(&o.Settled, 90)
	orDefault(&o.Refresh, 10*time.Minute)
	if o.Now == nil {
		o.Now = func() exchange.Time { return exchange.Time(time.Now().UnixNano()) }
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	return nil
}

// Decoder is connect's, and the same as for recordings.
type Decoder = connect.Decoder

package connect

import (
	"context"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/wire"
)

// Data says which market data is wanted, or had; the values can be added up.
type Data uint8

// The kinds of market data.
const (
	Books    Data = 1 << iota // snapshots and diffs
	Tickers                   // best bid and ask
	Trades                    // single or aggregated
	Marks                     // mark price and running funding estimate, and settled rates
	Bars                      // finished candles
	Interest                  // open interest of contracts, each once a minute or less often
	// Liquidations are positions that were closed by force, as far as the venue tells of them.
	Liquidations
	AllData = Books | Tickers | Trades | Marks
)

// Names are the kinds in words.
func (d Data) Names() (out []string) {
	for i, name := range []string{"books", "tickers", "trades", "marks", "bars", "open interest", "liquidations"} {
		if d&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// DataOptions say what market data is wanted.
type DataOptions struct {
	Access Access
	Data   Data          // 0: AllData
	Bars   exchange.Time // length of the bars; 0: a minute
	// Past are other lengths of bars that Market.Past returns too, where the venue has them.
	Past []exchange.Time
	// Notice takes what people should know, from any goroutine; nil: nobody does.
	Notice func(Notice)
	// Tap, when set, sees every frame that was used, as it came, and snapshots of books
	// as they were fetched: what a recording is made of. It is called from several
	// goroutines, and must not keep the frame.
	Tap func(in *exchange.Instrument, at exchange.Time, frame []byte)
}

// Defaults fills in what is left out; most connections may be begun in a time.
func (o *DataOptions) Defaults(most int, per time.Duration) {
	if o.Data == 0 {
		o.Data = AllData
	}
	if o.Bars == 0 {
		o.Bars = exchange.Minute
	}
	if o.Notice == nil {
		o.Notice = func(Notice) {}
	}
	if o.Access.Attempts == nil {
		o.Access.Attempts = wire.NewAttempts(most, per)
	}
}

// Notice is something people should know.
type Notice struct {
	Instrument exchange.InstrumentID // or exchange.NoInstrument
	Text       string
}

// Catalogue is what a venue lists: enough to choose instruments by, before any is
// subscribed to. It is not safe for concurrent use.
type Catalogue interface {
	// Instruments are all that was asked for, trading or not, with their rules. What
	// the venue does not tell is in Instrument.Assumed.
	Instruments() []exchange.Instrument
	// Choose turns patterns into keys. An instrument that is named in full must be
	// trading. Of what globs match, those of the top coins by their turnover are chosen;
	// 0: all. The error says which symbol is unknown, with the nearest that is known.
	Choose(ctx context.Context, patterns []string, top int) ([]string, error)
	// Open connects and returns when the instruments are known; events may be posted
	// before. Those of keep need only be listed, because somebody still holds them.
	// ctx bounds Open itself, not the Market.
	Open(ctx context.Context, symbols, keep []string, sink Sink) (Market, error)
}

// Sink takes the events of a Market. Post is called from several goroutines, and for one
// instrument from one at a time, in an order that makes sense. It must not wait for
// long, nor call the Market back. The event and its levels are the sink's from then on;
// see Market.Recycle.
type Sink interface{ Post(ev *exchange.Event) }

// Market is the live data of some instruments. Books are linked by whoever keeps them:
// the Market posts a snapshot whenever one is needed, once it links with the diffs that
// were posted, and turns everything missed into a KindGap. Its methods may be called
// from any goroutine but that of a Post.
type Market interface {
	// Universe are the instruments of the events.
	Universe() *exchange.Universe
	// Interval is the length of the bars that are posted; 0 when none are.
	Interval() exchange.Time
	// Snapshot asks for a new snapshot of a book, because whoever keeps it cannot
	// believe it any more.
	Snapshot(id exchange.InstrumentID)
	// Past returns what strategies look back on of an instrument, oldest first of each kind:
	// settled funding rates, premiums and finished bars of before the first that was posted.
	// What came comes with the error. It may be asked at any time, once.
	Past(ctx context.Context, id exchange.InstrumentID) ([]exchange.Event, error)
	// Recycle takes an event back that was posted and is not used any more.
	Recycle(ev *exchange.Event)
	// Health is the present state.
	Health() Health
	// Close ends everything and waits for it. Nothing is posted after.
	Close() error
}

// Extensible is a Market that brings more while it runs: what only some strategies need
// is subscribed to when there is one that does.
type Extensible interface {
	// Extend says what is wanted beside DataOptions.Data from now on, in the place of what
	// was. It does not wait.
	Extend(d Data)
}

// NotTrading begins the reason of a gap that says that an instrument takes no orders. Its
// book begins anew, with a snapshot, when it does again.
const NotTrading = "not trading"

// Halts reports whether an event says so.
func Halts(ev *exchange.Event) bool {
	return ev.Kind == exchange.KindGap && strings.HasPrefix(ev.Reason, NotTrading)
}

// Halter is a Market that knows what takes no orders, which was so before its first event too.
type Halter interface {
	Halted(id exchange.InstrumentID) bool
}

// PastVolumes is a Market that tells on demand what an instrument traded in the days
// before, of which volume curves are made.
type PastVolumes interface {
	// Volume has one KindVolume of an instrument posted: what it traded, or why that
	// can't be had. It does not wait.
	Volume(id exchange.InstrumentID)
}

// Health is what a Market looks like from outside, since it was opened.
type Health struct {
	Connections []wire.Health
	// Books by what is known of their chain of updates: those that follow, those
	// that must prove themselves, those that wait for a snapshot.
	Live, Suspect, Waiting int

	Snapshots uint64 // fetched and sent
	Refused   uint64 // snapshots that were too old for the diffs
	Failed    uint64 // snapshots that could not be fetched
	Gaps      uint64 // diffs that did not follow
	Malformed uint64 // messages that could not be decoded, or that say what cannot be: dropped
	Ignored   uint64 // messages of no use
	Repeated  uint64 // messages that a second connection had delivered already
	Settled   uint64 // funding rates sent
}

package connect

import (
	"errors"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Format is how a venue's market data stands in recordings: its frames as they came, and
// what is known of its instruments where a recording does not tell. Package record is
// handed the formats of all venues. Its methods may be called from any goroutine.
type Format interface {
	// House is the connector's.
	House() string
	// Segment returns the venue that a name without its house means. The error says
	// which there are.
	Segment(name string) (exchange.Venue, error)
	// VenueOf returns the venue whose instruments are contracts of a kind; "": none.
	VenueOf(c exchange.Contract) exchange.Venue
	// Tardis are the venues by what Tardis calls them.
	Tardis() map[string]exchange.Venue

	// Known returns the rules of a well-known instrument.
	Known(v exchange.Venue, symbol string) (exchange.Instrument, bool)
	// Assume returns an instrument of which only the steps of its data are known; what
	// else had to be assumed is in Assumed.
	Assume(v exchange.Venue, symbol string, price, qty exchange.Step) exchange.Instrument

	// Symbol finds the symbol of a frame without reading it, so that the head of a file
	// costs little; nil when it is not in its usual place.
	Symbol(frame []byte) []byte
	// Inspect reads what a frame says of itself; false: it is none of the venue's. The
	// frame is not kept.
	Inspect(frame []byte) (Frame, bool)
	// Decoder returns a decoder of a venue's frames. resolve returns the instrument of a
	// symbol, or nil when its messages are not wanted; it must not keep symbol.
	Decoder(v exchange.Venue, resolve func(symbol []byte) *exchange.Instrument) Decoder
	// Numbering says what the ids of a venue's events are good for, beside
	// exchange.Linking.
	Numbering(v exchange.Venue) Numbering

	// Aggregate reports whether the frame of a trade stands for several, which are
	// numbered apart.
	Aggregate(frame []byte) bool
	// SkippedTrade returns the id of a trade that a Decoder passes over because it did
	// not happen in the book: it takes a number all the same.
	SkippedTrade(frame []byte) (symbol string, id int64, ok bool)
}

// Unsized is a Format whose quantities may be contracts of which nobody knows how many coins
// one is. What such an instrument is worth has to be told by a frame of the recording
// ([Frame.Worth]) or by whoever plays it, and is never assumed.
type Unsized interface {
	Unsized(v exchange.Venue, symbol string) bool
}

// Frame is what a frame says of itself.
type Frame struct {
	Symbol   string         // "": it names none
	Venue    exchange.Venue // "": it does not show
	Sure     bool           // Venue is the venue's word, not inferred
	Snapshot bool           // of a book; it may lack a symbol
	// Worth is how many coins one contract is, where the frame tells it; zero: it does not.
	Worth decimal.Decimal
	// Numbers shows its prices and quantities as they are written.
	Numbers func(price, qty func(text string))
}

// Numbering is what ids prove beside the links of a book's updates.
type Numbering struct {
	// Tickers have in LastID an id of the book's updates, so that a book can be compared
	// with them, and one says something new each time.
	Tickers bool
	// Trades are numbered without a hole.
	Trades bool
	// Snapshots come in the stream: the updates that come after one follow it.
	Snapshots bool
}

// Decoder turns the frames of one connection, or of one recording, into events. It is called from one
// goroutine at a time, and does not allocate once its buffers have grown.
type Decoder interface {
	// Decode calls yield with each event of a frame, with all fields set but Time and
	// Synthetic. The event is valid until yield returns, its levels until the next Decode.
	// The frame stays as it was. What was yielded before an error does not count.
	//
	// order rises from event to event of one kind and instrument, and is the same on every
	// connection: what a second connection repeats is told by it. It does not count for
	// books, whose ids tell. A KindGap says that updates of the book are missing: before a
	// delta that proves nothing. The error is ErrIgnored for what is well-formed and of no use.
	Decode(frame []byte, yield func(ev *exchange.Event, order int64)) error
}

// Defaulter is a Decoder of a venue with frames that name no symbol, as snapshots that
// were fetched.
type Defaulter interface {
	// SetDefault says whose such a frame is.
	SetDefault(in *exchange.Instrument)
}

// ErrIgnored says that a frame is well-formed but holds nothing that is used.
var ErrIgnored = errors.New("the frame is not used")

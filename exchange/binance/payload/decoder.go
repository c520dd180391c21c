package payload

import (
	"bytes"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Decoder decodes the market payloads of one market. It is not safe for
// concurrent use, and the Bids and Asks that it sets belong to it and are valid
// until its next call.
//
// A frame that is written as the venue does is read in one pass; other JSON of the
// same meaning is collected key by key, which costs up to twice as much. Neither allocates once the level buffers have grown.
type Decoder struct {
	market  api.Market
	resolve func(symbol []byte) *exchange.Instrument
	unnamed *exchange.Instrument

	frame
	in *exchange.Instrument // whose message it is, once that is known

	bids, asks []exchange.Level
	upper      []byte
	rounded    int
	shapes     shapes
}

// frame is what is being read and what was found in it so far.
type frame struct {
	scan jsonscan.Scanner
	message
	start     int   // of the object that message was collected from
	enveloped bool  // the frame begins `{"stream":"…","data":` exactly
	stream    field // name of the stream, when the frame says
	array     int   // where the array is that Decode ignored; -1: there was none
	twice     bool  // a key was there before
}

// NewDecoder returns a decoder for one market. resolve returns the instrument
// of a symbol as the venue spells it, or nil when its messages are not wanted;
// it must not keep symbol.
func NewDecoder(m api.Market, resolve func(symbol []byte) *exchange.Instrument) *Decoder {
	return &Decoder{market: m, resolve: resolve, shapes: newShapes()}
}

// SetDefault says whose a snapshot is that names neither a symbol nor a stream,
// as the REST snapshots of spot and USD-M.
func (d *Decoder) SetDefault(in *exchange.Instrument) { d.unnamed = in }

// Rounded returns how many level quantities were not a whole number of lots and
// were rounded down. A few are orders older than the lot; many mean that the
// instrument's rules are wrong.
func (d *Decoder) Rounded() int { return d.rounded }

// Decode understands one frame: a raw payload, a payload in the envelope of a
// combined stream, or a REST depth snapshot. It sets Kind, Instrument,
// VenueTime and the fields of that Kind, and nothing else:
//
//   - depthUpdate is KindDiff, and KindSnapshot when its stream is a partial one
//     (@depth5, @depth10, @depth20). Its PrevID is -1 on spot.
//   - a REST depth snapshot and a partial depth of spot are KindSnapshot.
//   - bookTicker is KindTicker. A side without orders has price and quantity 0.
//   - trade and aggTrade are KindTrade; ID is the trade's, or the aggregate's.
//     A trade that is not of type MARKET (insurance fund, auto-deleveraging,
//     NA) did not happen in the book and is ErrIgnored.
//   - forceOrder is KindLiquidation: Side is the order's, Price the average that it was filled
//     at, rounded down to the tick, and Qty what was filled; its limit, and its quantity,
//     where nothing was yet. Of each symbol the venue tells of the last one in a second alone.
//   - markPriceUpdate is KindMark. Rate is 0 for a delivery contract. The
//     message does not say the interval, so Hours is the instrument's.
//
// VenueTime is the transaction time where the venue gives it, else the event
// time, else 0; both milliseconds and microseconds are understood.
//
// The error is ErrIgnored or a *jsonscan.DecodeError, after which ev is not to be used.
// A frame that is not valid JSON is always a *jsonscan.DecodeError, and so is one that
// gives a key twice. An array of messages is ErrIgnored: see DecodeEach.
func (d *Decoder) Decode(frame []byte, ev *exchange.Event) error {
	d.scan = jsonscan.Scanner{B: frame}
	d.stream, d.start, d.array = field{}, 0, -1
	d.enveloped = d.envelope()
	if d.strict(ev) {
		return nil
	}
	if err := d.tolerant(); err != nil {
		return err
	}
	return d.finish(ev)
}

// DecodeEach is Decode for frames that may hold an array of messages, such as
// the mark prices of all symbols: it calls yield for every message that is
// used, and stops at its first error or at the first malformed message. A frame
// with no message that is used is ErrIgnored.
func (d *Decoder) DecodeEach(frame []byte, ev *exchange.Event, yield func(*exchange.Event) error) error {
	err := d.Decode(frame, ev)
	if err == nil {
		return yield(ev)
	}
	if d.array < 0 {
		return err
	}
	d.scan.I = d.array
	for more := d.scan.Open('[', ']'); more; more, _ = d.scan.Next(']') {
		switch e := d.oneOf(ev); e {
		case nil:
			if err = yield(ev); err != nil {
				return err
			}
		case ErrIgnored:
		default:
			return e
		}
	}
	return err
}

// oneOf decodes one element of an array that is known to be well-formed.
func (d *Decoder) oneOf(ev *exchange.Event) error {
	if d.scan.Peek() != '{' {
		d.scan.Skip(1)
		return ErrIgnored
	}
	if err := d.collect(); err != nil {
		return err
	}
	next := d.scan.I
	err := d.finish(ev)
	d.scan.I = next
	return err
}

// begin forgets the message before.
func (d *Decoder) begin() {
	d.seen, d.in, d.twice = 0, nil, false
}

// take stores a value, and looks up the instrument as soon as its name is
// known. It reports false when the key was there before.
func (d *Decoder) take(k key, f field) bool {
	if d.has(k) {
		d.twice = true
		return false
	}
	d.put(k, f)
	if f.shape == textShape && (k == keySymbol || k == keyLongSymbol && !d.has(keySymbol)) {
		d.in = d.resolve(d.scan.B[f.lo:f.hi])
	}
	return true
}

// whose returns the instrument of a message that has no symbol in it: its
// stream's, or the default. It is nil when that is not wanted or not known.
func (d *Decoder) whose() *exchange.Instrument {
	if d.stream.shape != textShape {
		return d.unnamed
	}
	name, _, _ := bytes.Cut(d.scan.B[d.stream.lo:d.stream.hi], []byte("@"))
	d.upper = d.upper[:0]
	for _, c := range name { // symbols may be other than ASCII, which has no case here
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		d.upper = append(d.upper, c)
	}
	return d.resolve(d.upper)
}

// side returns the buffer for the levels of a key.
func (d *Decoder) side(k key) *[]exchange.Level {
	if k == keyBid || k == keyBids {
		return &d.bids
	}
	return &d.asks
}

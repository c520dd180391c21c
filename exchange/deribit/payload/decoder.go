// Package payload decodes the messages of Deribit's channels into events, in place.
//
// # Assumptions
//
//   - Prices, amounts and rates are JSON numbers. They are read as the digits that they are
//     written in and never pass through binary floating point.
//   - The keys of an object may be in any order; the envelope of a notification nearly always
//     has the one order that is tried first.
//   - Amounts are in units of the instrument: the base coin, or USD of inverse contracts.
//     What is no whole number of lots is rounded down: orders outlive a change of the lot.
//   - A candle of chart.trades is finished when a later one begins.
//   - A message that can't be read yields nothing of what it holds, a list of trades up to
//     the one at fault.
//
// # Sources
//
// The manual, "Subscriptions": book.{instrument_name}.{interval}, trades, ticker, quote and
// chart.trades; tried on a capture of 2021, and on examples of 2025 and 2026.
package payload

import (
	"bytes"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/funding"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// fundingHours is the interval that funding is told for: its history is by the hour.
const fundingHours = 1

// Decoder turns messages into events. It is not safe for concurrent use.
type Decoder struct {
	resolve  func(symbol []byte) *exchange.Instrument
	ev       exchange.Event
	bids     []exchange.Level
	asks     []exchange.Level
	accruals map[exchange.InstrumentID]*funding.Accrual
	candles  map[exchange.InstrumentID]Candle // that are not finished
	deals    []trade
	shapes   shapes
	of       events
}

// events are the latest of kinds of which there are many: what is not of a kind stays 0, because
// to empty an event takes longer than to read a trade.
type events struct{ deal, touch, mark, interest exchange.Event }

// New returns a decoder. resolve returns the instrument of a name, or nil when its messages
// are not wanted; it must not keep the name.
func New(resolve func(symbol []byte) *exchange.Instrument) *Decoder {
	return &Decoder{resolve: resolve, accruals: map[exchange.InstrumentID]*funding.Accrual{}, candles: map[exchange.InstrumentID]Candle{}, shapes: newShapes()}
}

// Envelope is a notification taken apart.
type Envelope struct {
	Channel    []byte // book.BTC-PERPETUAL.100ms
	Kind       []byte // book, trades, ticker, quote, chart, or the first part of another
	Instrument []byte // the second part; of a chart, the third
	Interval   []byte // the rest
	Data       []byte
}

var usual = []byte(`{"jsonrpc":"2.0","method":"subscription","params":{"channel":"`)

// Open takes a notification apart; false: it is none.
func Open(frame []byte) (e Envelope, ok bool) {
	if rest, found := bytes.CutPrefix(frame, usual); found {
		if end := bytes.IndexByte(rest, '"'); end > 0 && bytes.HasPrefix(rest[end:], dataKey) && bytes.HasSuffix(rest, usualEnd) {
			e.name(rest[:end])
			e.Data = rest[end+len(dataKey) : len(rest)-len(usualEnd)]
			return e, true
		}
	}
	return open(frame)
}

var (
	dataKey  = []byte(`","data":`)
	usualEnd = []byte("}}")
)

// open is Open for any order of keys, with whatever stands beside them.
func open(frame []byte) (e Envelope, ok bool) {
	f := jsonscan.Object(frame)
	for f.Next() {
		if string(f.Key()) != "params" {
			continue
		}
		if raw := f.Raw(); raw[0] != '{' {
			return e, false
		}
		p := jsonscan.Object(f.Raw())
		for p.Next() {
			switch string(p.Key()) {
			case "channel":
				e.name(p.Word())
			case "data":
				e.Data = p.Raw()
			}
		}
		if p.Err() != nil {
			return e, false
		}
	}
	return e, f.Err() == nil && len(e.Channel) > 0 && len(e.Data) > 0
}

func (e *Envelope) name(channel []byte) {
	e.Channel = channel
	var rest []byte
	e.Kind, rest, _ = bytes.Cut(channel, dot)
	if string(e.Kind) == "chart" {
		_, rest, _ = bytes.Cut(rest, dot) // chart.trades
	}
	e.Instrument, e.Interval, _ = bytes.Cut(rest, dot)
}

var dot = []byte(".")

// Decode implements connect.Decoder: it calls yield with each event of a message, all of it but
// Time, valid until yield returns. It does not allocate once its buffers have grown.
func (d *Decoder) Decode(frame []byte, yield func(ev *exchange.Event, order int64)) error {
	e, ok := Open(frame)
	if !ok {
		return d.ignored(frame)
	}
	in := d.resolve(e.Instrument)
	if in == nil {
		return connect.ErrIgnored
	}
	r := reader{Scanner: jsonscan.Scanner{B: e.Data}, in: in}
	switch string(e.Kind) {
	case "book":
		if bytes.IndexByte(e.Interval, '.') >= 0 {
			return connect.ErrIgnored // images of grouped levels
		}
		ok = d.book(&r, yield)
	case "trades":
		ok = d.trades(&r, yield)
	case "ticker", "quote":
		ok = d.ticker(&r, yield)
	case "chart":
		ok = d.chart(&r, e.Interval, yield)
	default:
		return connect.ErrIgnored
	}
	if !ok {
		return r.fault()
	}
	return nil
}

// ignored tells what is no notification from what is no JSON.
func (d *Decoder) ignored(frame []byte) error {
	s := jsonscan.Scanner{B: frame}
	if s.Skip(0) && s.End() {
		return connect.ErrIgnored
	}
	return jsonscan.NewDecodeError(frame, s.I, "", s.Reason)
}

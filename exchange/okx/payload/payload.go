// Package payload turns the public messages of OKX v5 into events, in place.
//
// Sources: the manual (docs-v5, 2026-08), and messages of October 2026 for the order of keys
// and what is absent: books have no checksum any more, or 0, which is not looked at; seqId
// and prevSeqId prove them. The manual puts asks before bids, the venue sends bids first.
//
// Sizes of contracts are counted in contracts on the wire. A lot is the same there and here,
// lotSz; what it stands for in units of quantity is lotSz×ContractSize of a linear one.
package payload

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Decoder turns messages into events. It is not safe for concurrent use, and does not
// allocate once its buffers have grown.
type Decoder struct {
	resolve    func(symbol []byte) *exchange.Instrument
	ev         exchange.Event
	bids, asks []exchange.Level
	deals      []deal
	known      map[*exchange.Instrument]*state
	indices    map[string]*exchange.E8
	shapes     shapes

	// Listed takes the rows of the channel of instruments; nil: they are of no use.
	Listed func(row []byte)
}

// state is what the decoder knows of an instrument.
type state struct {
	lot   exchange.Step // on the wire
	unit  float64       // what a contract is of the unit of quantity
	index *exchange.E8

	mark, rate exchange.E8
	next       exchange.Time // settlement of the rate
	hours      int
}

// NewDecoder returns a Decoder that has seen nothing. resolve returns the instrument of a
// symbol, or nil when its messages are not wanted; it does not keep symbol.
func NewDecoder(resolve func(symbol []byte) *exchange.Instrument) *Decoder {
	return &Decoder{resolve: resolve, known: map[*exchange.Instrument]*state{}, indices: map[string]*exchange.E8{}, shapes: newShapes()}
}

// of is what is known of an instrument.
func (d *Decoder) of(in *exchange.Instrument) *state {
	s := d.known[in]
	if s == nil {
		s = &state{lot: WireLot(in), unit: 1, hours: in.FundingHours, index: d.index(IndexOf(in))}
		if in.Contract == exchange.Linear {
			s.unit = in.ContractSize.InexactFloat64()
		}
		d.known[in] = s
	}
	return s
}

// WireLot is the lot of an instrument as sizes are counted on the wire.
func WireLot(in *exchange.Instrument) exchange.Step {
	if in.Contract != exchange.Linear || !in.ContractSize.IsPositive() {
		return in.Lot
	}
	return jsonscan.Amount{Decimal: in.Lot.Decimal(1).DivRound(in.ContractSize, 18)}.Step()
}

// IndexOf is the name of a contract's index: BTC-USD of BTC-USD-SWAP and BTC-USD-261225. What
// settles in another margin (BTC-USD_UM-SWAP) has the index of its pair all the same.
func IndexOf(in *exchange.Instrument) string {
	base, rest, _ := strings.Cut(in.Symbol, "-")
	quote, _, _ := strings.Cut(rest, "-")
	quote, _, _ = strings.Cut(quote, "_")
	return base + "-" + quote
}

// mostIndices bounds what is remembered of a channel that tells of others too.
const mostIndices = 4096

func (d *Decoder) index(name string) *exchange.E8 {
	x := d.indices[name]
	if x == nil {
		x = new(exchange.E8)
		if len(d.indices) < mostIndices {
			d.indices[name] = x
		}
	}
	return x
}

// message is a push of a channel.
type message struct {
	channel, symbol []byte
	snapshot        bool
	data            []byte
}

// Arg takes the argument of a channel apart: {"channel":"books","instId":"BTC-USDT"}.
func Arg(raw []byte) (channel, symbol []byte, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "channel":
			channel = f.Word()
		case "instId":
			symbol = f.Word()
		}
	}
	return channel, symbol, f.Err()
}

func parse(frame []byte) (m message, err error) {
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "arg":
			if m.channel, m.symbol, err = Arg(f.Raw()); err != nil {
				return m, err
			}
		case "action":
			m.snapshot = string(f.Word()) == "snapshot"
		case "data":
			m.data = f.Raw()
		}
	}
	if err = f.Err(); err == nil && (len(m.channel) == 0 || len(m.data) == 0) {
		err = connect.ErrIgnored
	}
	return m, err
}

// Decode calls yield with each event of a message; order is that of events of one kind and
// instrument, and the same on every connection. The error is connect.ErrIgnored for what is
// well-formed and of no use.
func (d *Decoder) Decode(frame []byte, yield func(ev *exchange.Event, order int64)) error {
	if used, err := d.strict(frame, yield); used {
		return err
	}
	if string(frame) == "pong" { // the one message that is no JSON
		return connect.ErrIgnored
	}
	m, err := parse(frame)
	if err != nil {
		return err
	}
	switch string(m.channel) {
	case "index-tickers":
		return d.indexTickers(m.data)
	case "instruments":
		return d.instruments(m.data)
	case "liquidation-orders":
		return d.liquidations(m.data, yield)
	}
	in := d.resolve(m.symbol)
	if in == nil {
		return connect.ErrIgnored
	}
	s := d.of(in)
	switch string(m.channel) {
	case "books", "books-l2-tbt", "books50-l2-tbt", "books5", "bbo-tbt":
		return d.books(in, s, &m, yield)
	}
	row := rows[string(m.channel)]
	if interval := lengths[string(m.channel)]; interval != 0 {
		return d.candles(in, s, interval, m.data, yield)
	}
	if row == nil {
		return connect.ErrIgnored
	}
	used := false
	list := jsonscan.Array(m.data)
	for list.Next() {
		d.ev = exchange.Event{Instrument: in.ID}
		order, err := row(d, in, s, list.Raw())
		if err != nil {
			return fmt.Errorf("%s of %s: %w", m.channel, in.Key(), err)
		}
		if order != 0 {
			used = true
			yield(&d.ev, order)
		}
	}
	if list.Err() == nil && !used {
		return connect.ErrIgnored
	}
	return list.Err()
}

// rows read one row of a channel into the decoder's event; the order 0 says that it is none.
var rows = map[string]func(d *Decoder, in *exchange.Instrument, s *state, raw []byte) (order int64, err error){
	"trades": (*Decoder).trade, "trades-all": (*Decoder).trade, "tickers": (*Decoder).ticker, "mark-price": (*Decoder).markPrice,
	"funding-rate": (*Decoder).fundingRate, "open-interest": (*Decoder).openInterest,
}

func (d *Decoder) indexTickers(data []byte) error {
	list := jsonscan.Array(data)
	for list.Next() {
		var name, price []byte
		f := jsonscan.Object(list.Raw())
		for f.Next() {
			switch string(f.Key()) {
			case "instId":
				name = f.Word()
			case "idxPx":
				price = f.Word()
			}
		}
		if f.Err() != nil {
			return f.Err()
		}
		if x := d.indices[string(name)]; x != nil {
			v, err := fixed.E8(price)
			if err != nil {
				return fmt.Errorf("index %.40q: %w", name, err)
			}
			*x = v
		}
	}
	if list.Err() != nil {
		return list.Err()
	}
	return connect.ErrIgnored // it is told with the next mark
}

func (d *Decoder) instruments(data []byte) error {
	list := jsonscan.Array(data)
	for list.Next() {
		if d.Listed != nil {
			d.Listed(list.Raw())
		}
	}
	if list.Err() != nil {
		return list.Err()
	}
	return connect.ErrIgnored
}

// fault keeps the first thing wrong of a row.
type fault struct{ err error }

func (e *fault) keep(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *fault) ticks(word []byte, tick exchange.Step) exchange.Ticks {
	n, err := fixed.Ticks(word, tick)
	e.keep(err)
	return n
}

// lots rounds down: orders outlive a change of the lot.
func (e *fault) lots(word []byte, lot exchange.Step) exchange.Lots {
	if n, used := fixed.Prefix(word, lot); used == len(word) && used > 0 {
		return exchange.Lots(n)
	}
	n, _, err := fixed.FloorText(word, lot)
	e.keep(err)
	return exchange.Lots(n)
}

func (e *fault) e8(word []byte) exchange.E8 {
	n, err := fixed.E8(word)
	e.keep(err)
	return n
}

// Package payload turns the public messages of Bybit v5 into events, in place.
//
// Sources: bybit-exchange/docs, docs/v5/websocket/public; the order of keys and what is absent
// are from messages of October 2026. Where a message says less than the manual promises
// (deltas without cts, tickers without cs) it is taken without.
package payload

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Decoder turns messages of one category into events. It is not safe for concurrent use.
// It does not allocate once its buffers have grown.
type Decoder struct {
	resolve    func(symbol []byte) *exchange.Instrument
	ev         exchange.Event
	of         events
	bids, asks []exchange.Level
	rows       []row
	tickers    map[exchange.InstrumentID]*ticker
	said       ticker // of a message that is being read
	shapes     shapes
}

// events are the latest of kinds of which there are many: what is not of a kind stays 0, because
// to empty an event takes longer than to read a trade.
type events struct{ trade, mark, interest exchange.Event }

// NewDecoder returns a Decoder that has seen nothing. resolve returns the instrument of a
// symbol, or nil when its messages are not wanted; it does not keep symbol.
func NewDecoder(resolve func(symbol []byte) *exchange.Instrument) *Decoder {
	return &Decoder{resolve: resolve, tickers: map[exchange.InstrumentID]*ticker{}, shapes: newShapes()}
}

// message is one of a topic.
type message struct {
	kind     []byte // of the topic: orderbook
	depth    []byte // or the interval: 200
	symbol   []byte
	snapshot bool
	at       exchange.Time // ts, or the engine's cts
	cs       int64
	data     []byte
}

// parse takes a message apart; the order of its keys differs by category.
func parse(frame []byte) (m message, err error) {
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "topic":
			m.kind, m.depth, m.symbol = Topic(f.Word())
		case "type":
			m.snapshot = string(f.Word()) == "snapshot"
		case "ts":
			if m.at == 0 {
				m.at = exchange.UnixMilli(f.Int())
			}
		case "cts":
			if at := f.Int(); at > 0 {
				m.at = exchange.UnixMilli(at)
			}
		case "cs":
			m.cs = f.Int()
		case "data":
			m.data = f.Raw()
		}
	}
	if err = f.Err(); err == nil && (len(m.kind) == 0 || len(m.data) == 0) {
		err = connect.ErrIgnored
	}
	return m, err
}

// Topic takes the name of a topic apart: orderbook.200.BTCUSDT, tickers.BTCUSDT. of is the
// depth of a book, or the interval of candles.
func Topic(name []byte) (kind, of, symbol []byte) {
	kind, symbol, _ = bytes.Cut(name, dot)
	if string(kind) == "orderbook" || string(kind) == "kline" {
		of, symbol, _ = bytes.Cut(symbol, dot)
	}
	return kind, of, symbol
}

var dot = []byte(".")

// Decode calls yield with each event of a message: see connect.Decoder. order is u of the
// touch, seq of trades, cs of tickers, the time of liquidations.
func (d *Decoder) Decode(frame []byte, yield func(ev *exchange.Event, order int64)) error {
	if used, err := d.strict(frame, yield); used {
		return err
	}
	m, err := parse(frame)
	if err != nil {
		return err
	}
	in := d.resolve(m.symbol)
	if in == nil {
		return connect.ErrIgnored
	}
	switch string(m.kind) {
	case "orderbook":
		return d.book(in, &m, yield)
	case "publicTrade":
		return d.trades(in, &m, yield)
	case "allLiquidation":
		return d.liquidations(in, &m, yield)
	case "tickers":
		return d.ticker(in, &m, yield)
	case "kline":
		return d.bar(in, &m, yield)
	}
	return connect.ErrIgnored
}

// restarted is the u that the venue's service begins at after it was restarted: a snapshot
// replaces whatever was before, and a delta proves nothing. Source: the manual, "Orderbook".
const restarted = 1

func (d *Decoder) book(in *exchange.Instrument, m *message, yield func(*exchange.Event, int64)) (err error) {
	d.bids, d.asks = d.bids[:0], d.asks[:0]
	var u int64
	f := jsonscan.Object(m.data)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "u":
			u = f.Int()
		case "b":
			d.bids, err = levels(in, f.Raw(), d.bids)
		case "a":
			d.asks, err = levels(in, f.Raw(), d.asks)
		}
	}
	if err == nil {
		err = f.Err()
	}
	if err == nil && u <= 0 {
		err = errors.New("want its u above 0")
	}
	if err != nil {
		return fmt.Errorf("book of %s: %w", in.Key(), err)
	}
	return d.tell(in, m, u, yield)
}

// tell yields the events of a book whose levels are read.
func (d *Decoder) tell(in *exchange.Instrument, m *message, u int64, yield func(*exchange.Event, int64)) error {
	if string(m.depth) == "1" {
		return d.touch(in, m, u, yield)
	}
	if u == restarted && !m.snapshot {
		d.ev = exchange.Event{Kind: exchange.KindGap, Instrument: in.ID, Reason: "the venue has begun its numbers anew, and no snapshot came"}
		yield(&d.ev, u)
	}
	d.ev = exchange.Event{Kind: exchange.KindDiff, Instrument: in.ID, VenueTime: m.at, FirstID: u, LastID: u, PrevID: -1, Bids: d.bids, Asks: d.asks}
	if m.snapshot {
		d.ev.Kind = exchange.KindSnapshot
	}
	yield(&d.ev, u)
	return nil
}

// touch turns a book of one level into a ticker. It is sent again after 3 s of silence, with
// the same u.
func (d *Decoder) touch(in *exchange.Instrument, m *message, u int64, yield func(*exchange.Event, int64)) error {
	if len(d.bids) == 0 || len(d.asks) == 0 || d.bids[0].Qty == 0 || d.asks[0].Qty == 0 {
		return connect.ErrIgnored
	}
	bid, ask := d.bids[0], d.asks[0]
	if bid.Price <= 0 || bid.Price >= ask.Price {
		return fmt.Errorf("touch of %s: bid %d, ask %d in ticks", in.Key(), bid.Price, ask.Price)
	}
	d.ev = exchange.Event{Kind: exchange.KindTicker, Instrument: in.ID, VenueTime: m.at, LastID: u, Price: bid.Price, Qty: bid.Qty, Price2: ask.Price, Qty2: ask.Qty}
	yield(&d.ev, u)
	return nil
}

// levels appends [["price","quantity"],…]. Quantities are rounded down: orders outlive a
// change of the lot.
func levels(in *exchange.Instrument, raw []byte, out []exchange.Level) ([]exchange.Level, error) {
	list := jsonscan.Array(raw)
	for list.Next() {
		var l exchange.Level
		n := 0
		pair := jsonscan.Array(list.Raw())
		for ; pair.Next(); n++ {
			var err error
			switch n {
			case 0:
				l.Price, err = fixed.Ticks(pair.Word(), in.Tick)
			case 1:
				l.Qty, err = lots(pair.Word(), in)
			}
			if err != nil {
				return out, err
			}
		}
		if pair.Err() != nil || n < 2 {
			return out, fmt.Errorf("%.60q: want a price and a quantity", list.Raw())
		}
		out = append(out, l)
	}
	return out, list.Err()
}

// lots reads a quantity, rounded down.
func lots(word []byte, in *exchange.Instrument) (exchange.Lots, error) {
	if n, used := fixed.Prefix(word, in.Lot); used == len(word) && used > 0 {
		return exchange.Lots(n), nil
	}
	n, _, err := fixed.FloorText(word, in.Lot)
	return exchange.Lots(n), err
}

func (d *Decoder) trades(in *exchange.Instrument, m *message, yield func(*exchange.Event, int64)) error {
	list := jsonscan.Array(m.data)
	for list.Next() {
		d.ev = exchange.Event{Kind: exchange.KindTrade, Instrument: in.ID}
		order, block, err := d.trade(in, list.Raw())
		if err != nil {
			return fmt.Errorf("trade of %s: %w", in.Key(), err)
		}
		if !block && d.ev.Qty > 0 { // a block trade did not happen in the book
			yield(&d.ev, order)
		}
	}
	return list.Err()
}

// trade reads one row. Its seq orders it, or its time where there is none.
func (d *Decoder) trade(in *exchange.Instrument, raw []byte) (order int64, block bool, err error) {
	ev := &d.ev
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "T":
			ev.VenueTime = exchange.UnixMilli(f.Int())
		case "S":
			ev.Side = sideOf(f.Word())
		case "p":
			ev.Price, err = fixed.Ticks(f.Word(), in.Tick)
		case "v":
			ev.Qty, err = lots(f.Word(), in)
		case "i":
			ev.ID = exchange.TextID(f.Word())
		case "seq":
			order = f.Int()
		case "BT":
			block = f.Bool()
		}
	}
	if err == nil {
		err = f.Err()
	}
	if err == nil && (ev.Price <= 0 || ev.Side == 0 || ev.ID == 0) {
		err = errors.New("want a price, a side and an id")
	}
	if order == 0 {
		order = int64(ev.VenueTime)
	}
	return order, block, err
}

func sideOf(word []byte) exchange.Side {
	switch string(word) {
	case "Buy":
		return exchange.Buy
	case "Sell":
		return exchange.Sell
	}
	return 0
}

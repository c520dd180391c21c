package feed

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// errUnused says that a message is well-formed and holds nothing that is used.
var errUnused = errors.New("the message is not used")

// decoder turns messages of one category into events, in place. It is not safe for
// concurrent use; levels are valid until its next call.
type decoder struct {
	resolve    func(symbol []byte) *exchange.Instrument
	bids, asks []exchange.Level
	tickers    map[exchange.InstrumentID]*ticker
}

// ticker is what was said of a contract: a delta has what changed alone.
type ticker struct {
	mark, index, rate exchange.E8
	next              exchange.Time
	hours             int
	interest          exchange.Lots
	has               bool
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
			m.name(f.Word())
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
		err = errUnused
	}
	return m, err
}

// name takes a topic apart: orderbook.200.BTCUSDT, tickers.BTCUSDT.
func (m *message) name(topic []byte) {
	kind, rest, _ := bytes.Cut(topic, []byte("."))
	m.kind, m.symbol = kind, rest
	if string(kind) == "orderbook" || string(kind) == "kline" {
		m.depth, m.symbol, _ = bytes.Cut(rest, []byte("."))
	}
}

// decode calls yield with each event of a message; id orders what a second connection
// repeats. The error is errUnused for what holds nothing.
func (d *decoder) decode(frame []byte, yield func(ev *exchange.Event, id int64)) error {
	m, err := parse(frame)
	if err != nil {
		return err
	}
	in := d.resolve(m.symbol)
	if in == nil {
		return errUnused
	}
	switch string(m.kind) {
	case "orderbook":
		return d.book(in, &m, yield)
	case "publicTrade":
		return d.trades(in, &m, yield)
	case "tickers":
		return d.ticker(in, &m, yield)
	case "kline":
		return d.bar(in, &m, yield)
	}
	return errUnused
}

func (d *decoder) book(in *exchange.Instrument, m *message, yield func(*exchange.Event, int64)) (err error) {
	ev := exchange.Event{Kind: exchange.KindDiff, Instrument: in.ID, VenueTime: m.at, PrevID: -1}
	if m.snapshot {
		ev.Kind = exchange.KindSnapshot
	}
	d.bids, d.asks = d.bids[:0], d.asks[:0]
	f := jsonscan.Object(m.data)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "u":
			ev.LastID = f.Int()
		case "b":
			d.bids, err = levels(in, f.Raw(), d.bids)
		case "a":
			d.asks, err = levels(in, f.Raw(), d.asks)
		}
	}
	if err = errors.Join(err, f.Err()); err == nil && ev.LastID <= 0 {
		err = errors.New("a book without its u")
	}
	if err != nil {
		return fmt.Errorf("book of %s: %w", in.Key(), err)
	}
	ev.FirstID = ev.LastID
	if string(m.depth) == "1" {
		return d.touch(in, &ev, yield)
	}
	ev.Bids, ev.Asks = d.bids, d.asks
	yield(&ev, ev.LastID)
	return nil
}

// touch turns a book of one level into a ticker. It is sent again after 3 s of silence.
func (d *decoder) touch(in *exchange.Instrument, book *exchange.Event, yield func(*exchange.Event, int64)) error {
	if len(d.bids) == 0 || len(d.asks) == 0 || d.bids[0].Qty == 0 || d.asks[0].Qty == 0 {
		return errUnused
	}
	yield(&exchange.Event{Kind: exchange.KindTicker, Instrument: in.ID, VenueTime: book.VenueTime, LastID: book.LastID,
		Price: d.bids[0].Price, Qty: d.bids[0].Qty, Price2: d.asks[0].Price, Qty2: d.asks[0].Qty}, book.LastID)
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
				var lots int64
				lots, _, err = fixed.FloorText(pair.Word(), in.Lot)
				l.Qty = exchange.Lots(lots)
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

func (d *decoder) trades(in *exchange.Instrument, m *message, yield func(*exchange.Event, int64)) error {
	list := jsonscan.Array(m.data)
	for list.Next() {
		ev := exchange.Event{Kind: exchange.KindTrade, Instrument: in.ID}
		var seq int64
		var bad error
		block := false
		f := jsonscan.Object(list.Raw())
		for f.Next() {
			var err error
			switch string(f.Key()) {
			case "T":
				ev.VenueTime = exchange.UnixMilli(f.Int())
			case "S":
				ev.Side = sideOf(f.Word())
			case "p":
				ev.Price, err = fixed.Ticks(f.Word(), in.Tick)
			case "v":
				var lots int64
				lots, _, err = fixed.FloorText(f.Word(), in.Lot)
				ev.Qty = exchange.Lots(lots)
			case "i":
				ev.ID = exchange.TextID(f.Word())
			case "seq":
				seq = f.Int()
			case "BT":
				block = f.Bool()
			}
			bad = errors.Join(bad, err)
		}
		if bad = errors.Join(bad, f.Err()); bad == nil && (ev.Price <= 0 || ev.Side == 0 || ev.ID == 0) {
			bad = errors.New("want a price, a side and an id")
		}
		if bad != nil {
			return fmt.Errorf("trade of %s: %w", in.Key(), bad)
		}
		if !block && ev.Qty > 0 { // a block trade did not happen in the book
			yield(&ev, seq)
		}
	}
	return list.Err()
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

// ticker merges what a message says into what was said before.
func (d *decoder) ticker(in *exchange.Instrument, m *message, yield func(*exchange.Event, int64)) error {
	if !in.Perp() {
		return errUnused
	}
	t := d.tickers[in.ID]
	if t == nil || m.snapshot {
		if !m.snapshot {
			return errUnused // of a topic that was subscribed to anew: its snapshot comes
		}
		t = &ticker{hours: in.FundingHours}
		d.tickers[in.ID] = t
	}
	interest, marked := t.interest, false
	f := jsonscan.Object(m.data)
	var bad error
	for f.Next() {
		var err error
		word := f.Word()
		if len(word) == 0 {
			continue // "": of a dated future
		}
		switch string(f.Key()) {
		case "markPrice":
			t.mark, err = fixed.E8(word)
			marked = true
		case "indexPrice":
			t.index, err = fixed.E8(word)
			marked = true
		case "fundingRate":
			t.rate, err = fixed.E8(word)
			marked = true
		case "nextFundingTime":
			t.next = exchange.UnixMilli(f.Int())
			marked = true
		case "fundingIntervalHour":
			if h := int(f.Int()); h >= 1 && h <= 24 {
				t.hours = h
			}
		case "openInterest":
			var lots int64
			lots, _, err = fixed.FloorText(word, in.Lot)
			t.interest = exchange.Lots(lots)
		}
		bad = errors.Join(bad, err)
	}
	if bad = errors.Join(bad, f.Err()); bad != nil {
		return fmt.Errorf("ticker of %s: %w", in.Key(), bad)
	}
	if marked && t.mark > 0 && (in.Dated() || t.next > 0) {
		yield(&exchange.Event{Kind: exchange.KindMark, Instrument: in.ID, VenueTime: m.at, Mark: t.mark, Index: t.index, Rate: t.rate, NextFunding: t.next, Hours: t.hours}, m.cs)
	}
	if t.interest != interest {
		yield(&exchange.Event{Kind: exchange.KindOpenInterest, Instrument: in.ID, VenueTime: m.at, Qty: t.interest}, m.cs)
	}
	return nil
}

// bar yields candles that are finished.
func (d *decoder) bar(in *exchange.Instrument, m *message, yield func(*exchange.Event, int64)) error {
	list := jsonscan.Array(m.data)
	for list.Next() {
		var k candle
		done := false
		f := jsonscan.Object(list.Raw())
		for f.Next() {
			switch string(f.Key()) {
			case "start":
				k.start = exchange.UnixMilli(f.Int())
			case "open":
				k.open = f.Text()
			case "high":
				k.high = f.Text()
			case "low":
				k.low = f.Text()
			case "close":
				k.close = f.Text()
			case "volume":
				k.volume = f.Text()
			case "confirm":
				done = f.Bool()
			}
		}
		if f.Err() != nil {
			return f.Err()
		}
		if !done {
			continue
		}
		ev, err := k.event(in, intervalOf(string(m.depth)))
		if err != nil {
			return err
		}
		yield(&ev, int64(k.start))
	}
	return list.Err()
}

package feed

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Decoder turns messages into events, in place. It is not safe for concurrent use; levels
// are valid until its next call.
type Decoder struct {
	Resolve func(symbol []byte) *exchange.Instrument
	// Now is the time of a mark until a block's is known, because a mark has none; nil: it is
	// passed over.
	Now func() exchange.Time
	// Trades tells those that were told before; nil: all are new.
	Trades *Trades

	bids, asks []exchange.Level
	deals      []deal
	candles    map[exchange.InstrumentID]*candle
	block      exchange.Time // of the latest message that has a time
	marks      int64
	ev         exchange.Event
	trade      exchange.Event // the latest: to empty an event takes longer than to read a trade
	shapes     *shapes
}

// Decode calls yield with each event of a message. order rises from event to event of a
// kind. The error is connect.ErrIgnored for what is of no use.
func (d *Decoder) Decode(frame []byte, yield func(ev *exchange.Event, order int64)) error {
	channel, data, ok := split(frame)
	if !ok {
		return errors.New("want an object with a channel")
	}
	switch string(channel) {
	case "l2Book":
		return d.book(data, yield)
	case "bbo":
		return d.touch(data, yield)
	case "trades":
		return d.trades(data, yield)
	case "activeAssetCtx":
		return d.context(data, yield)
	case "candle":
		return d.candle(data, yield)
	}
	return connect.ErrIgnored
}

// find is the instrument of data that names a coin.
func (d *Decoder) find(coin []byte) *exchange.Instrument {
	if len(coin) == 0 {
		return nil
	}
	return d.Resolve(coin)
}

// book reads a whole book: {"coin":"BTC","time":1,"levels":[[{"px":"1","sz":"1","n":1}],[]]}.
// Its id is its time. Levels are at most 20 a side.
func (d *Decoder) book(data []byte, yield func(*exchange.Event, int64)) error {
	in := d.find(wordAt(data, "coin"))
	if in == nil {
		return connect.ErrIgnored
	}
	at, ok := d.plain(in, data)
	if !ok {
		var err error
		if at, err = d.tolerant(in, data, "levels"); err != nil {
			return fmt.Errorf("book of %s: %w", in.Key(), err)
		}
	}
	if at <= 0 {
		return fmt.Errorf("book of %s: time %d", in.Key(), at)
	}
	d.block = max(d.block, exchange.UnixMilli(at))
	d.ev = exchange.Event{Kind: exchange.KindSnapshot, Instrument: in.ID, VenueTime: exchange.UnixMilli(at), FirstID: at, LastID: at, PrevID: -1, Bids: d.bids, Asks: d.asks}
	yield(&d.ev, at)
	return nil
}

// plain reads a book that is written just as the venue does today. What is not is left to
// tolerant, which understands it the same way.
func (d *Decoder) plain(in *exchange.Instrument, data []byte) (at int64, ok bool) {
	const coin, time, levels, middle = `{"coin":"`, `","time":`, `,"levels":[[`, `,[`
	rest, ok := bytes.CutPrefix(data, []byte(coin))
	if !ok {
		return 0, false
	}
	end := bytes.IndexByte(rest, '"')
	if end < 0 || !bytes.HasPrefix(rest[end:], []byte(time)) {
		return 0, false
	}
	rest = rest[end+len(time):]
	i := 0
	for ; i < len(rest) && i < 18 && rest[i]-'0' <= 9; i++ {
		at = at*10 + int64(rest[i]-'0')
	}
	if rest, ok = bytes.CutPrefix(rest[i:], []byte(levels)); !ok || i == 0 {
		return 0, false
	}
	if d.bids, rest, ok = plainLevels(in, rest, d.bids[:0]); !ok {
		return 0, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(middle)); !ok {
		return 0, false
	}
	if d.asks, rest, ok = plainLevels(in, rest, d.asks[:0]); !ok {
		return 0, false
	}
	return at, string(rest) == `]}`
}

// plainLevels reads {"px":"1","sz":"2","n":3} up to the bracket that closes the list.
func plainLevels(in *exchange.Instrument, b []byte, out []exchange.Level) ([]exchange.Level, []byte, bool) {
	const px, sz, n = `{"px":"`, `","sz":"`, `","n":`
	tick, lot := in.Tick, in.Lot
	if len(b) > 0 && b[0] == ']' {
		return out, b[1:], true
	}
	for len(b) > len(px) && string(b[:len(px)]) == px {
		price, used := fixed.Prefix(b[len(px):], tick)
		b = b[len(px)+used:]
		if price <= 0 || len(b) < len(sz) || string(b[:len(sz)]) != sz {
			return out, nil, false
		}
		qty, used := fixed.Prefix(b[len(sz):], lot)
		b = b[len(sz)+used:]
		if used == 0 || len(b) < len(n) || string(b[:len(n)]) != n {
			return out, nil, false
		}
		b = b[len(n):]
		i := 0
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == 0 || len(b) < i+2 || b[i] != '}' {
			return out, nil, false
		}
		out = append(out, exchange.Level{Price: exchange.Ticks(price), Qty: exchange.Lots(qty)})
		last := b[i+1]
		b = b[i+2:]
		if last == ']' {
			return out, b, true
		}
		if last != ',' {
			break
		}
	}
	return out, nil, false
}

// tolerant reads a book or a touch, whatever the order of its fields.
func (d *Decoder) tolerant(in *exchange.Instrument, data []byte, key string) (at int64, err error) {
	d.bids, d.asks = d.bids[:0], d.asks[:0]
	sides := 0
	f := jsonscan.Object(data)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "time":
			at = f.Int()
		case key:
			both := jsonscan.Array(f.Raw())
			for ; both.Next() && err == nil; sides++ {
				list := &d.bids
				if sides > 0 {
					list = &d.asks
				}
				*list, err = levels(in, both.Raw(), *list)
			}
			err = errors.Join(err, both.Err())
		}
	}
	if err = errors.Join(err, f.Err()); err == nil && sides != 2 {
		err = fmt.Errorf("%d sides, want 2", sides)
	}
	return at, err
}

// levels reads a list of levels, or a single one. Quantities are rounded down: orders
// outlive a change of the lot.
func levels(in *exchange.Instrument, raw []byte, out []exchange.Level) (_ []exchange.Level, err error) {
	if string(raw) == "null" {
		return out, nil
	}
	if raw[0] == '{' {
		return level(in, raw, out)
	}
	list := jsonscan.Array(raw)
	for list.Next() && err == nil {
		out, err = level(in, list.Raw(), out)
	}
	return out, errors.Join(err, list.Err())
}

func level(in *exchange.Instrument, raw []byte, out []exchange.Level) (_ []exchange.Level, err error) {
	var l exchange.Level
	has := 0
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "px":
			l.Price, err = fixed.Ticks(f.Word(), in.Tick)
			has |= 1
		case "sz":
			var lots int64
			lots, _, err = fixed.FloorText(f.Word(), in.Lot)
			l.Qty = exchange.Lots(lots)
			has |= 2
		}
	}
	if err = errors.Join(err, f.Err()); err == nil && (has != 3 || l.Price <= 0) {
		err = fmt.Errorf("level %.60q: want a price and a size", raw)
	}
	return append(out, l), err
}

// touch reads the best of both sides: {"coin":"BTC","time":1,"bbo":[{…},{…}]}; either may
// be null.
func (d *Decoder) touch(data []byte, yield func(*exchange.Event, int64)) error {
	in, at, ok := d.strictTouch(data)
	if !ok {
		if in = d.find(wordAt(data, "coin")); in == nil {
			return connect.ErrIgnored
		}
		var err error
		if at, err = d.tolerant(in, data, "bbo"); err != nil || at <= 0 {
			return fmt.Errorf("touch of %s at %d: %w", in.Key(), at, err)
		}
	}
	if len(d.bids) == 0 || len(d.asks) == 0 {
		return connect.ErrIgnored
	}
	bid, ask := d.bids[0], d.asks[0]
	d.ev = exchange.Event{Kind: exchange.KindTicker, Instrument: in.ID, VenueTime: exchange.UnixMilli(at), LastID: at, Price: bid.Price, Qty: bid.Qty, Price2: ask.Price, Qty2: ask.Qty}
	yield(&d.ev, at)
	return nil
}

// trades reads [{"coin":"BTC","side":"B","px":"1","sz":"1","time":1,"tid":1}]: side is the
// aggressor's, B or A.
func (d *Decoder) trades(data []byte, yield func(*exchange.Event, int64)) error {
	if d.strictTrades(data) {
		if d.tellTrades(yield) {
			return nil
		}
		return connect.ErrIgnored
	}
	return d.looseTrades(data, yield)
}

// looseTrades reads trades however they are written.
func (d *Decoder) looseTrades(data []byte, yield func(*exchange.Event, int64)) error {
	list := jsonscan.Array(data)
	used := false
	for list.Next() {
		in := d.find(wordAt(list.Raw(), "coin"))
		if in == nil {
			continue
		}
		ev, err := trade(in, list.Raw())
		if err != nil {
			return fmt.Errorf("trade of %s: %w", in.Key(), err)
		}
		if ev.Qty > 0 && d.Trades.fresh(&ev) {
			used = true
			d.ev = ev
			yield(&d.ev, int64(ev.VenueTime/exchange.Millisecond))
		}
	}
	if err := list.Err(); err != nil || used {
		return err
	}
	return connect.ErrIgnored
}

func trade(in *exchange.Instrument, raw []byte) (ev exchange.Event, err error) {
	ev = exchange.Event{Kind: exchange.KindTrade, Instrument: in.ID}
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "side":
			ev.Side = SideOf(f.Word())
		case "px":
			ev.Price, err = fixed.Ticks(f.Word(), in.Tick)
		case "sz":
			var lots int64
			lots, _, err = fixed.FloorText(f.Word(), in.Lot)
			ev.Qty = exchange.Lots(lots)
		case "time":
			ev.VenueTime = exchange.UnixMilli(f.Int())
		case "tid":
			ev.ID = f.Int()
		}
	}
	if err = errors.Join(err, f.Err()); err == nil && (ev.Price <= 0 || ev.Side == 0 || ev.ID <= 0 || ev.VenueTime <= 0) {
		err = fmt.Errorf("%.100q: want a price, a side, a time and a tid", raw)
	}
	return ev, err
}

// SideOf reads B and A.
func SideOf(word []byte) exchange.Side {
	switch string(word) {
	case "B":
		return exchange.Buy
	case "A":
		return exchange.Sell
	}
	return 0
}

// Trades tells which trades were told before. A subscription begins with some of late, which
// were told already, or happened before anybody looked. It is safe for concurrent use.
type Trades struct {
	mu  sync.Mutex
	all map[exchange.InstrumentID]*told
}

// told are the trades of the last moment of which there was one.
type told struct {
	at  exchange.Time
	ids []int64
}

// fresh takes note of a trade. A trade's id is unique at its moment. Source: the manual,
// subscriptions, WsTrade: "(block_time, coin, tid)".
func (t *Trades) fresh(ev *exchange.Event) bool {
	if t == nil {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[exchange.InstrumentID]*told{}
	}
	last := t.all[ev.Instrument]
	switch {
	case last == nil:
		last = &told{}
		t.all[ev.Instrument] = last
	case ev.VenueTime < last.at:
		return false
	}
	if ev.VenueTime > last.at {
		last.at, last.ids = ev.VenueTime, last.ids[:0]
	}
	for _, id := range last.ids {
		if id == ev.ID {
			return false
		}
	}
	last.ids = append(last.ids, ev.ID)
	return true
}

// asset is what activeAssetCtx says: the mark, the oracle's price, the running rate and the
// open interest.
type asset struct {
	mark, index, rate  exchange.E8
	interest           exchange.Lots
	marked, interested bool
}

// context yields a mark and the open interest. The message has no time: the next settlement is
// at the full hour.
func (d *Decoder) context(data []byte, yield func(*exchange.Event, int64)) error {
	in, c, ok := d.strictContext(data)
	if !ok {
		if in = d.find(wordAt(data, "coin")); in == nil || !in.Perp() {
			return connect.ErrIgnored
		}
		var err error
		if c, err = looseContext(in, data); err != nil {
			return fmt.Errorf("context of %s: %w", in.Key(), err)
		}
	}
	now := d.block
	switch {
	case now == 0 && d.Now == nil:
		return connect.ErrIgnored
	case now == 0:
		now = d.Now()
	}
	d.marks++
	if c.marked && c.mark > 0 {
		d.ev = exchange.Event{Kind: exchange.KindMark, Instrument: in.ID, Hours: 1, NextFunding: (now/exchange.Hour + 1) * exchange.Hour, Mark: c.mark, Index: c.index, Rate: c.rate}
		yield(&d.ev, d.order(now))
	}
	if c.interested {
		d.ev = exchange.Event{Kind: exchange.KindOpenInterest, Instrument: in.ID, Qty: c.interest}
		yield(&d.ev, d.order(now))
	}
	return nil
}

// looseContext reads it however it is written.
func looseContext(in *exchange.Instrument, data []byte) (c asset, err error) {
	marked, rated := false, false
	f := jsonscan.Object(data)
	for f.Next() && err == nil {
		if string(f.Key()) != "ctx" {
			continue
		}
		x := jsonscan.Object(f.Raw())
		for x.Next() && err == nil {
			switch string(x.Key()) {
			case "markPx":
				c.mark, err = fixed.E8(x.Word())
				marked = true
			case "oraclePx":
				c.index, err = fixed.E8(x.Word())
			case "funding":
				c.rate, err = fixed.E8(x.Word())
				rated = true
			case "openInterest":
				var lots int64
				lots, _, err = fixed.FloorText(x.Word(), in.Lot)
				c.interest, c.interested = exchange.Lots(lots), true
			}
		}
		err = errors.Join(err, x.Err())
	}
	c.marked = marked && rated
	return c, errors.Join(err, f.Err())
}

// order puts marks behind each other, whose time is that of another message.
func (d *Decoder) order(at exchange.Time) int64 {
	if d.Now != nil {
		return int64(d.Now())
	}
	return int64(at) + d.marks
}

package payload

import (
	"bytes"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
)

// row is a trade that was read.
type row struct {
	at    exchange.Time
	price exchange.Ticks
	qty   exchange.Lots
	side  exchange.Side
	id    int64
	seq   int64
	block bool
}

// strictTrades reads trades as the venue writes them, after the beginning of their topic:
// all of them before the first is yielded. The order of a row's keys differs by category; each
// comes once.
func (d *Decoder) strictTrades(b []byte, yield func(*exchange.Event, int64)) bool {
	var m message
	var ok bool
	if m.symbol, b, ok = word(b); !ok {
		return false
	}
	in := d.resolve(m.symbol)
	if in == nil {
		return false
	}
	if b, ok = head(&m, b, rowsKey); !ok {
		return false
	}
	d.rows = d.rows[:0]
	for more := true; more; {
		var r row
		rest, usual := r.usual(in, m.symbol, b)
		if !usual {
			r = row{}
			if rest, ok = r.read(in, b); !ok {
				return false
			}
		}
		if b = rest; len(b) == 0 {
			return false
		}
		d.rows = append(d.rows, r)
		more = b[0] == ','
		if !more && b[0] != ']' {
			return false
		}
		b = b[1:]
	}
	if !bytes.Equal(b, wholeEnd) {
		return false
	}
	for i := range d.rows {
		if r := &d.rows[i]; !r.block && r.qty > 0 {
			d.ev = exchange.Event{Kind: exchange.KindTrade, Instrument: in.ID, VenueTime: r.at, Price: r.price, Qty: r.qty, Side: r.side, ID: r.id}
			yield(&d.ev, r.order())
		}
	}
	return true
}

func (r *row) order() int64 {
	if r.seq == 0 {
		return int64(r.at)
	}
	return r.seq
}

// The keys of a row, as bits.
const (
	keyTime = 1 << iota
	keySide
	keyPrice
	keyQty
	keyID
	keySeq
	keyBlock
	keySymbol
	keyTick
	keyRPI
	needed = keyTime | keySide | keyPrice | keyQty | keyID
)

// usual takes one row in the order that linear contracts have; false: it is in another.
func (r *row) usual(in *exchange.Instrument, symbol, b []byte) (rest []byte, ok bool) {
	const buy, sell = `","S":"Buy","v":"`, `","S":"Sell","v":"`
	if b, ok = bytes.CutPrefix(b, []byte(`{"T":`)); !ok {
		return nil, false
	}
	ms, b, ok := whole(b)
	if !ok || ms <= 0 || len(b) < 6+len(symbol) || string(b[:6]) != `,"s":"` || string(b[6:6+len(symbol)]) != string(symbol) {
		return nil, false
	}
	switch b = b[6+len(symbol):]; {
	case len(b) > len(buy) && string(b[:len(buy)]) == buy:
		r.side, b = exchange.Buy, b[len(buy):]
	case len(b) > len(sell) && string(b[:len(sell)]) == sell:
		r.side, b = exchange.Sell, b[len(sell):]
	default:
		return nil, false
	}
	qty, used := fixed.Prefix(b, in.Lot)
	if b, ok = bytes.CutPrefix(b[used:], []byte(`","p":"`)); !ok || used == 0 {
		return nil, false
	}
	price, used := fixed.Prefix(b, in.Tick)
	if b, ok = bytes.CutPrefix(b[used:], []byte(`","L":"`)); !ok || price <= 0 {
		return nil, false
	}
	if _, b, ok = word(b); !ok {
		return nil, false
	}
	if b, ok = bytes.CutPrefix(b, []byte(`,"i":"`)); !ok {
		return nil, false
	}
	id, b, ok := word(b)
	if !ok {
		return nil, false
	}
	r.at, r.price, r.qty, r.id = exchange.UnixMilli(ms), exchange.Ticks(price), exchange.Lots(qty), exchange.TextID(id)
	if b, ok = bytes.CutPrefix(b, []byte(`,"BT":false,"RPI":false,"seq":`)); !ok || r.id == 0 {
		return nil, false
	}
	if r.seq, b, ok = whole(b); !ok || len(b) == 0 || b[0] != '}' {
		return nil, false
	}
	return b[1:], true
}

// read takes one row, with its braces.
func (r *row) read(in *exchange.Instrument, b []byte) ([]byte, bool) {
	if len(b) == 0 || b[0] != '{' {
		return nil, false
	}
	seen := 0
	for {
		var bit int
		var ok bool
		if rest := b[1:]; len(rest) > 4 && rest[0] == '"' && rest[2] == '"' && rest[3] == ':' {
			bit, b, ok = r.letter(in, rest[1], rest[4:])
		} else {
			var name []byte
			if name, rest, ok = key(rest); ok {
				bit, b, ok = r.value(in, name, rest)
			}
		}
		if !ok || seen&bit != 0 || len(b) == 0 {
			return nil, false
		}
		seen |= bit
		switch b[0] {
		case '}':
			return b[1:], seen&needed == needed
		case ',':
		default:
			return nil, false
		}
	}
}

// letter takes the value of a key of one letter. Numbers are read as they are found.
func (r *row) letter(in *exchange.Instrument, name byte, b []byte) (bit int, rest []byte, ok bool) {
	if name == 'T' {
		var ms int64
		ms, b, ok = whole(b)
		r.at = exchange.UnixMilli(ms)
		return keyTime, b, ok && ms > 0
	}
	if b[0] != '"' {
		return 0, nil, false
	}
	b = b[1:]
	switch name {
	case 'p':
		n, used := fixed.Prefix(b, in.Tick)
		r.price, bit, ok = exchange.Ticks(n), keyPrice, n > 0
		b = b[used:]
	case 'v':
		n, used := fixed.Prefix(b, in.Lot)
		r.qty, bit, ok = exchange.Lots(n), keyQty, used > 0
		b = b[used:]
	default:
		var text []byte
		if text, b, ok = word(b); !ok {
			return 0, nil, false
		}
		switch name {
		case 'S':
			r.side = sideOf(text)
			return keySide, b, r.side != 0
		case 'i':
			r.id = exchange.TextID(text)
			return keyID, b, r.id != 0
		case 's':
			return keySymbol, b, true
		case 'L':
			return keyTick, b, true
		}
		return 0, nil, false
	}
	if !ok || len(b) == 0 || b[0] != '"' {
		return 0, nil, false
	}
	return bit, b[1:], true
}

// key takes "name":.
func key(b []byte) (name, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	name, b, ok = word(b[1:])
	if !ok || len(b) == 0 || b[0] != ':' {
		return nil, nil, false
	}
	return name, b[1:], true
}

// value takes the value of a longer key.
func (r *row) value(in *exchange.Instrument, name, b []byte) (bit int, rest []byte, ok bool) {
	switch string(name) {
	case "seq":
		r.seq, b, ok = whole(b)
		return keySeq, b, ok
	case "BT":
		r.block, b, ok = truth(b)
		return keyBlock, b, ok
	case "RPI":
		_, b, ok = truth(b)
		return keyRPI, b, ok
	}
	return 0, nil, false
}

// truth takes true or false.
func truth(b []byte) (yes bool, rest []byte, ok bool) {
	if rest, ok = bytes.CutPrefix(b, []byte("true")); ok {
		return true, rest, true
	}
	rest, ok = bytes.CutPrefix(b, []byte("false"))
	return false, rest, ok
}

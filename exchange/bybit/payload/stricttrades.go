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
		if b, ok = r.read(in, b); !ok || len(b) == 0 {
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

// read takes one row, with its braces.
func (r *row) read(in *exchange.Instrument, b []byte) ([]byte, bool) {
	if len(b) == 0 || b[0] != '{' {
		return nil, false
	}
	seen := 0
	for {
		name, rest, ok := key(b[1:])
		if !ok {
			return nil, false
		}
		var bit int
		if bit, b, ok = r.value(in, name, rest); !ok || seen&bit != 0 || len(b) == 0 {
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

// value takes the value of a key.
func (r *row) value(in *exchange.Instrument, name, b []byte) (bit int, rest []byte, ok bool) {
	switch string(name) {
	case "T":
		var ms int64
		ms, b, ok = whole(b)
		r.at = exchange.UnixMilli(ms)
		return keyTime, b, ok && ms > 0
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
	if len(b) == 0 || b[0] != '"' {
		return 0, nil, false
	}
	var text []byte
	if text, rest, ok = word(b[1:]); !ok {
		return 0, nil, false
	}
	switch string(name) {
	case "S":
		r.side = sideOf(text)
		return keySide, rest, r.side != 0
	case "p":
		n, used := fixed.Prefix(text, in.Tick)
		r.price = exchange.Ticks(n)
		return keyPrice, rest, n > 0 && used == len(text)
	case "v":
		n, used := fixed.Prefix(text, in.Lot)
		r.qty = exchange.Lots(n)
		return keyQty, rest, used > 0 && used == len(text)
	case "i":
		r.id = exchange.TextID(text)
		return keyID, rest, r.id != 0
	case "s":
		return keySymbol, rest, true
	case "L":
		return keyTick, rest, true
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

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

// update is what a push of a book says.
type update struct {
	at        exchange.Time
	seq, prev int64
	hasSeq    bool
}

// books reads a push of any channel of books, whatever the order of its keys.
func (d *Decoder) books(in *exchange.Instrument, s *state, m *message, yield func(*exchange.Event, int64)) error {
	list := jsonscan.Array(m.data)
	for list.Next() {
		u := update{prev: -1}
		d.bids, d.asks = d.bids[:0], d.asks[:0]
		var bad fault
		f := jsonscan.Object(list.Raw())
		for f.Next() {
			var err error
			switch string(f.Key()) {
			case "bids":
				d.bids, err = levels(in, s, f.Raw(), d.bids)
			case "asks":
				d.asks, err = levels(in, s, f.Raw(), d.asks)
			case "ts":
				u.at = exchange.UnixMilli(f.Int())
			case "seqId":
				u.seq, u.hasSeq = f.Int(), true
			case "prevSeqId":
				u.prev = f.Int()
			}
			bad.keep(err)
		}
		bad.keep(f.Err())
		if bad.err == nil {
			bad.err = d.tell(in, m, &u, yield)
		}
		if bad.err != nil && !errors.Is(bad.err, connect.ErrIgnored) {
			return fmt.Errorf("%s of %s: %w", m.channel, in.Key(), bad.err)
		}
		if bad.err != nil {
			return bad.err
		}
	}
	return list.Err()
}

// levels appends [["price","size","0","orders"]]. Their third is of the past.
func levels(in *exchange.Instrument, s *state, raw []byte, out []exchange.Level) ([]exchange.Level, error) {
	list := jsonscan.Array(raw)
	for list.Next() {
		var l exchange.Level
		var bad fault
		n := 0
		level := jsonscan.Array(list.Raw())
		for ; level.Next(); n++ {
			switch n {
			case 0:
				l.Price = bad.ticks(level.Word(), in.Tick)
			case 1:
				l.Qty = bad.lots(level.Word(), s.lot)
			}
		}
		bad.keep(level.Err())
		if bad.err == nil && n < 2 {
			bad.err = fmt.Errorf("level %.60q: want a price and a size", list.Raw())
		}
		if bad.err != nil {
			return out, bad.err
		}
		out = append(out, l)
	}
	return out, list.Err()
}

// tell yields the event of a push whose levels are read. Source: the manual, "Order book
// channel": prevSeqId of a snapshot is -1; seqId = prevSeqId with nothing changed is a
// sign of life every 60 s; a lower seqId that links begins a new count after maintenance.
func (d *Decoder) tell(in *exchange.Instrument, m *message, u *update, yield func(*exchange.Event, int64)) error {
	switch string(m.channel) {
	case "bbo-tbt":
		if len(d.bids) == 0 || len(d.asks) == 0 || d.bids[0].Qty == 0 || d.asks[0].Qty == 0 {
			return connect.ErrIgnored
		}
		d.ev = exchange.Event{Kind: exchange.KindTicker, Instrument: in.ID, VenueTime: u.at, LastID: u.seq,
			Price: d.bids[0].Price, Qty: d.bids[0].Qty, Price2: d.asks[0].Price, Qty2: d.asks[0].Qty}
		yield(&d.ev, max(u.seq, 1))
		return nil
	case "books5":
		m.snapshot = true
	}
	if !u.hasSeq || u.seq < 0 {
		return fmt.Errorf("seqId %d: want the number of the update; there is none in recordings from before 2023", u.seq)
	}
	d.ev = exchange.Event{Kind: exchange.KindDiff, Instrument: in.ID, VenueTime: u.at, FirstID: u.prev + 1, LastID: u.seq, PrevID: u.prev, Bids: d.bids, Asks: d.asks}
	if m.snapshot {
		d.ev.Kind, d.ev.FirstID, d.ev.PrevID = exchange.KindSnapshot, u.seq, -1
	} else if u.prev < 0 {
		return errors.New("an update without its prevSeqId")
	}
	yield(&d.ev, u.seq)
	return nil
}

// What a push begins with, and what follows its symbol.
var (
	argKey     = []byte(`{"arg":{"channel":"`)
	symbolKey  = []byte(`","instId":"`)
	updateMark = []byte(`},"action":"update","data":[{`)
	wholeMark  = []byte(`},"action":"snapshot","data":[{`)
	dataMark   = []byte(`},"data":[{`)
	rowsMark   = []byte(`},"data":`)
)

// strict reads the books as the venue writes them today, in one pass. What is written
// otherwise is left to books, which understands it alike; used is false then, and nothing
// was yielded.
func (d *Decoder) strict(frame []byte, yield func(*exchange.Event, int64)) (used bool, err error) {
	rest, ok := bytes.CutPrefix(frame, argKey)
	if !ok {
		return false, nil
	}
	var m message
	m.channel, rest, ok = word(rest)
	trades := string(m.channel) == "trades" || string(m.channel) == "trades-all"
	if !ok || !trades && string(m.channel) != "books" && string(m.channel) != "bbo-tbt" {
		return false, nil
	}
	if rest, ok = bytes.CutPrefix(rest, symbolKey[1:]); !ok {
		return false, nil
	}
	if m.symbol, rest, ok = word(rest); !ok {
		return false, nil
	}
	if trades {
		in := d.resolve(m.symbol)
		rest, ok = bytes.CutPrefix(rest, rowsMark)
		return ok && in != nil && d.strictTrades(in, d.of(in), rest, yield), nil
	}
	switch {
	case bytes.HasPrefix(rest, updateMark):
		rest = rest[len(updateMark):]
	case bytes.HasPrefix(rest, wholeMark):
		rest, m.snapshot = rest[len(wholeMark):], true
	case bytes.HasPrefix(rest, dataMark):
		rest = rest[len(dataMark):]
	default:
		return false, nil
	}
	in := d.resolve(m.symbol)
	if in == nil {
		return false, nil // what it is must be seen whole
	}
	u := update{prev: -1}
	if !d.body(in, d.of(in), rest, &u) {
		return false, nil
	}
	err = d.tell(in, &m, &u, yield)
	if err != nil && !errors.Is(err, connect.ErrIgnored) {
		err = fmt.Errorf("%s of %s: %w", m.channel, in.Key(), err)
	}
	return true, err
}

// word takes the text up to a quote.
func word(b []byte) (text, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '"')
	if i < 0 || bytes.IndexByte(b[:i], '\\') >= 0 {
		return nil, nil, false
	}
	return b[:i], b[i+1:], true
}

// body reads the members of the one row of a push, each at most once, and the end.
func (d *Decoder) body(in *exchange.Instrument, s *state, b []byte, u *update) bool {
	d.bids, d.asks = d.bids[:0], d.asks[:0]
	const bids, asks, ts, seq, prev, sum = 1, 2, 4, 8, 16, 32
	seen := 0
	for {
		var n, which int
		var v int64
		switch {
		case bytes.HasPrefix(b, []byte(`"bids":[`)):
			which = bids
			d.bids, n = plainLevels(b[len(`"bids":[`):], in.Tick, s.lot, d.bids)
			b = b[len(`"bids":[`):]
		case bytes.HasPrefix(b, []byte(`"asks":[`)):
			which = asks
			d.asks, n = plainLevels(b[len(`"asks":[`):], in.Tick, s.lot, d.asks)
			b = b[len(`"asks":[`):]
		case bytes.HasPrefix(b, []byte(`"ts":"`)):
			which, b = ts, b[len(`"ts":"`):]
			if v, n = whole(b); n > 0 && n < len(b) && b[n] == '"' {
				n++
			} else {
				return false
			}
			u.at = exchange.UnixMilli(v)
		case bytes.HasPrefix(b, []byte(`"seqId":`)):
			which, b = seq, b[len(`"seqId":`):]
			u.seq, n = whole(b)
			u.hasSeq = true
		case bytes.HasPrefix(b, []byte(`"prevSeqId":`)):
			which, b = prev, b[len(`"prevSeqId":`):]
			if bytes.HasPrefix(b, []byte("-1")) {
				n = 2
			} else {
				u.prev, n = whole(b)
			}
		case bytes.HasPrefix(b, []byte(`"checksum":0`)):
			which, b, n = sum, b[len(`"checksum":`):], 1
		}
		if which == 0 || n == 0 || n >= len(b) || seen&which != 0 {
			return false
		}
		seen |= which
		switch end := b[n]; {
		case end == ',':
			b = b[n+1:]
		default:
			return seen&(bids|asks|ts|seq) == bids|asks|ts|seq && string(b[n:]) == "}]}"
		}
	}
}

// whole takes a whole number of at most 18 digits, and says how many bytes it has; 0: it is
// none.
func whole(b []byte) (v int64, n int) {
	for n < len(b) && b[n]-'0' <= 9 {
		v = v*10 + int64(b[n]-'0')
		n++
	}
	if n > 18 || n > 1 && b[0] == '0' {
		return 0, 0
	}
	return v, n
}

// plainLevels takes ["price","size","0","orders"],… whose opening bracket is taken, and the
// closing one, and says how many bytes that is; 0: it is written otherwise.
func plainLevels(b []byte, tick, lot exchange.Step, out []exchange.Level) ([]exchange.Level, int) {
	all := len(b)
	if all > 0 && b[0] == ']' {
		return out, 1
	}
	for len(b) > 2 && b[0] == '[' && b[1] == '"' {
		price, used := fixed.Prefix(b[2:], tick)
		b = b[2+used:]
		if price <= 0 || len(b) < 3 || b[0] != '"' || b[1] != ',' || b[2] != '"' {
			return out, 0
		}
		size, used := fixed.Prefix(b[3:], lot)
		b = b[3+used:]
		if used == 0 || !bytes.HasPrefix(b, []byte(`","0","`)) {
			return out, 0
		}
		b = b[len(`","0","`):]
		n := 0
		for n < len(b) && b[n]-'0' <= 9 {
			n++
		}
		b = b[n:]
		if n == 0 || len(b) < 3 || b[0] != '"' || b[1] != ']' {
			return out, 0
		}
		out = append(out, exchange.Level{Price: exchange.Ticks(price), Qty: exchange.Lots(size)})
		end := b[2]
		b = b[3:]
		if end == ']' {
			return out, all - len(b)
		}
		if end != ',' {
			return out, 0
		}
	}
	return out, 0
}

package payload

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
)

// book reads the change of a book, or the whole of it that a subscription begins with. Its
// ids link by the one before: prev_change_id.
func (d *Decoder) book(r *reader, yield func(*exchange.Event, int64)) bool {
	ev := &d.ev
	*ev = exchange.Event{Kind: exchange.KindDiff, Instrument: r.in.ID, PrevID: -1}
	d.bids, d.asks = d.bids[:0], d.asks[:0]
	for more, ok := r.object(); more || !ok; more, ok = r.next() {
		if !ok {
			return false
		}
		switch string(r.key()) {
		case "type":
			var word []byte
			if word, ok = r.word(); string(word) == "snapshot" {
				ev.Kind = exchange.KindSnapshot
			} else if ok && string(word) != "change" {
				return r.wrong(`want "snapshot" or "change"`)
			}
		case "timestamp":
			ev.VenueTime, ok = r.time()
		case "change_id":
			ev.LastID, ok = r.whole()
		case "prev_change_id":
			ev.PrevID, ok = r.whole()
		case "bids":
			d.bids, ok = r.levels(d.bids)
		case "asks":
			d.asks, ok = r.levels(d.asks)
		default:
			ok = r.Skip(0)
		}
		if !ok {
			return false
		}
	}
	switch {
	case !r.End():
		return false
	case ev.LastID <= 0:
		return r.wrong("a book without its change_id")
	case ev.Kind == exchange.KindDiff && ev.PrevID <= 0:
		return r.wrong("a change without its prev_change_id")
	}
	ev.FirstID, ev.Bids, ev.Asks = ev.PrevID+1, d.bids, d.asks
	if ev.Kind == exchange.KindSnapshot {
		ev.FirstID, ev.PrevID = ev.LastID, -1
	}
	yield(ev, ev.LastID)
	return true
}

// levels appends [["new",price,amount],…]. An amount is that of the level from now on, and
// none after "delete".
func (r *reader) levels(out []exchange.Level) ([]exchange.Level, bool) {
	if r.Peek() != '[' {
		return out, r.wrong("want a list of levels")
	}
	more, ok := r.Open('[', ']'), true
	for more && ok {
		l, used := r.usual()
		if r.I += used; used == 0 {
			if l, ok = r.level(); !ok {
				break
			}
		}
		if l.Price <= 0 || l.Qty < 0 {
			return out, r.wrong("want a price above zero and an amount of zero or more")
		}
		out = append(out, l)
		if r.I < len(r.B) && r.B[r.I] == ',' {
			r.I++
			continue
		}
		more, ok = r.Next(']')
	}
	return out, ok
}

// usual reads a level that is written as the venue does, without a space, and returns how
// long it is; 0: it is not plainly one.
func (r *reader) usual() (l exchange.Level, used int) {
	b := r.B[r.I:]
	const word = len(`["change",`) // and of "delete"
	if len(b) < word+2 || b[0] != '[' || b[1] != '"' {
		return l, 0
	}
	gone, i := b[2] == 'd', word
	switch {
	case string(b[2:word]) == `change",`, string(b[2:word]) == `delete",`:
	case string(b[2:7]) == `new",`:
		i = 7
	default:
		return l, 0
	}
	if leadingZero(b[i:]) {
		return l, 0
	}
	price, n := fixed.Prefix(b[i:], r.in.Tick)
	if i += n; n == 0 || i+1 >= len(b) || b[i] != ',' || leadingZero(b[i+1:]) {
		return l, 0
	}
	i++
	qty, n := fixed.Prefix(b[i:], r.in.Lot)
	if i += n; n == 0 || i == len(b) || b[i] != ']' {
		return l, 0
	}
	if gone {
		qty = 0
	}
	return exchange.Level{Price: exchange.Ticks(price), Qty: exchange.Lots(qty)}, i + 1
}

// leadingZero reports whether a number begins as none may in JSON.
func leadingZero(b []byte) bool {
	return len(b) > 1 && b[0] == '0' && b[1]-'0' <= 9
}

// level reads one in any spelling.
func (r *reader) level() (l exchange.Level, ok bool) {
	if r.Peek() != '[' || !r.Open('[', ']') {
		return l, r.wrong("want a level")
	}
	word, ok := r.word()
	if !ok || !r.Token(',', "want a price") {
		return l, false
	}
	if l.Price, ok = r.price(); !ok || !r.Token(',', "want an amount") {
		return l, false
	}
	if l.Qty, ok = r.qty(); !ok || !r.Token(']', "want the end of the level") {
		return l, false
	}
	switch string(word) {
	case "new", "change":
	case "delete":
		l.Qty = 0
	default:
		return l, r.wrong(`want "new", "change" or "delete"`)
	}
	return l, true
}

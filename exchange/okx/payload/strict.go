package payload

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/okx/api"
)

// shapes are what pushes are made of. The rows of a channel have an order of their own.
type shapes struct {
	frame, arg, book *jsonscan.Shape
	channels         []channel
}

// channel is one that is read in one pass.
type channel struct {
	name string
	kind exchange.Kind // of its events; that of books is a snapshot
	rows *jsonscan.Shape
	ev   exchange.Event // the latest: to empty one takes longer than to read a row
}

// channel finds one by its name; nil: it is not read so.
func (s *shapes) channel(name []byte) *channel {
	for i := range s.channels {
		if c := &s.channels[i]; c.name == string(name) {
			return c
		}
	}
	return nil
}

const (
	frameArg = iota
	frameAction
	frameData
)

const (
	argChannel = iota
	argSymbol
)

const (
	bookBids = iota
	bookAsks
	bookTime
	bookSeq
	bookPrev
)

const (
	rowTime = iota
	rowPrice
	rowSize
	rowSide
	rowID
	rowBid
	rowBidSize
	rowAsk
	rowAskSize
	rowMark
	rowInterest
)

func newShapes() shapes {
	s := shapes{
		frame: jsonscan.NewShape("arg value", "action text", "data value"),
		arg:   jsonscan.NewShape("channel text", "instId text"),
		book:  jsonscan.NewShape("bids value", "asks value", "ts whole", "seqId whole", "prevSeqId whole"),
	}
	s.channels = []channel{{name: "books", kind: exchange.KindSnapshot}, {name: "bbo-tbt", kind: exchange.KindSnapshot}, {name: "trades", kind: exchange.KindTrade}, {name: "trades-all", kind: exchange.KindTrade},
		{name: "mark-price", kind: exchange.KindMark}, {name: "tickers", kind: exchange.KindTicker}, {name: "open-interest", kind: exchange.KindOpenInterest}}
	for i := range s.channels {
		s.channels[i].rows = jsonscan.NewShape("ts whole", "px ticks", "sz lots", "side text", "tradeId text", "bidPx ticks", "bidSz lots", "askPx ticks", "askSz lots", "markPx e8", "oi lots")
	}
	return s
}

// strict reads what comes all the time as the venue writes it, in one pass: one row of a
// channel, or several trades. What is written otherwise is left to the tolerant way, which
// understands it alike; used is false then, and nothing was yielded.
func (d *Decoder) strict(frame []byte, yield func(*exchange.Event, int64)) (used bool, err error) {
	var m message
	var in *exchange.Instrument
	var of *state
	var c *channel
	var u update
	s := jsonscan.Strict{B: frame}
	d.deals = d.deals[:0]
	w := d.shapes.frame.Walk(&s)
	for w.Next() {
		if w.Key == frameArg {
			a := d.shapes.arg.Walk(&s)
			a.Next()
			m.channel, m.symbol = s.Text(a.N[argChannel]), s.Text(a.N[argSymbol])
			continue
		}
		if c, in = d.shapes.channel(m.channel), d.resolve(m.symbol); c == nil || in == nil || !s.List() {
			return false, nil // what it is must be seen whole
		}
		if of = d.of(in); c.kind == exchange.KindSnapshot {
			u = d.strictBook(in, of, &s)
		} else if !d.strictRows(in, of, c, &s) {
			return false, nil
		}
		s.Bad = s.Bad || s.More()
	}
	if !s.Whole() || of == nil {
		return false, nil
	}
	if c.kind != exchange.KindSnapshot {
		return true, d.tellDeals(in, of, c, yield)
	}
	m.snapshot = string(s.Text(w.N[frameAction])) == "snapshot"
	if err = d.tell(in, &m, &u, yield); err != nil && !errors.Is(err, connect.ErrIgnored) {
		err = fmt.Errorf("%s of %s: %w", m.channel, in.Key(), err)
	}
	return true, err
}

func (d *Decoder) strictBook(in *exchange.Instrument, of *state, s *jsonscan.Strict) update {
	d.bids, d.asks = d.bids[:0], d.asks[:0]
	w := d.shapes.book.Walk(s)
	for w.Next() {
		side := &d.bids
		if w.Key == bookAsks {
			side = &d.asks
		}
		var rest []byte
		var ok bool
		*side, rest, ok = plainLevels(*side, s.B, in.Tick, of.lot)
		if s.B = rest; !ok {
			s.Bad = true
		}
	}
	s.Bad = s.Bad || !w.Has(1<<bookBids|1<<bookAsks)
	u := update{at: exchange.UnixMilli(w.N[bookTime]), seq: w.N[bookSeq], prev: -1, hasSeq: w.Has(1 << bookSeq)}
	if w.Has(1 << bookPrev) {
		u.prev = w.N[bookPrev]
	}
	return u
}

// plainLevels takes [["price","size","0","orders"],…] and appends them; false: it is written
// otherwise.
func plainLevels(out []exchange.Level, b []byte, tick, lot exchange.Step) ([]exchange.Level, []byte, bool) {
	if len(b) > 1 && b[0] == '[' && b[1] == ']' {
		return out, b[2:], true
	}
	for lead := byte('['); len(b) > 3 && b[0] == lead && b[1] == '[' && b[2] == '"'; lead = ',' {
		price, used := fixed.Prefix(b[3:], tick)
		b = b[3+used:]
		if price <= 0 || len(b) < 3 || b[0] != '"' || b[1] != ',' || b[2] != '"' {
			return out, nil, false
		}
		size, used := fixed.Prefix(b[3:], lot)
		b = b[3+used:]
		if used == 0 || !bytes.HasPrefix(b, []byte(`","0","`)) {
			return out, nil, false
		}
		b = b[len(`","0","`):]
		n := 0
		for n < len(b) && b[n]-'0' <= 9 {
			n++
		}
		if b = b[n:]; n == 0 || len(b) < 3 || b[0] != '"' || b[1] != ']' {
			return out, nil, false
		}
		out = append(out, exchange.Level{Price: exchange.Ticks(price), Qty: exchange.Lots(size)})
		if b = b[2:]; b[0] == ']' {
			return out, b[1:], true
		}
	}
	return out, nil, false
}

// deal is a row that was read.
type deal struct {
	at     exchange.Time
	id     int64
	price  exchange.Ticks
	qty    exchange.Lots
	side   exchange.Side
	price2 exchange.Ticks
	qty2   exchange.Lots
	mark   exchange.E8
}

// strictRows reads trades, or the one row of another channel, whose end it leaves. What is no
// event is for the other way, which knows what it is.
func (d *Decoder) strictRows(in *exchange.Instrument, of *state, c *channel, s *jsonscan.Strict) bool {
	for {
		w := c.rows.Walk(s)
		w.Tick, w.Lot = in.Tick, of.lot
		w.Next()
		t := deal{at: exchange.UnixMilli(w.N[rowTime])}
		ok := t.at > 0
		switch c.kind {
		case exchange.KindTicker:
			t.price, t.qty, t.price2, t.qty2 = exchange.Ticks(w.N[rowBid]), exchange.Lots(w.N[rowBidSize]), exchange.Ticks(w.N[rowAsk]), exchange.Lots(w.N[rowAskSize])
			ok = ok && t.price > 0 && t.price2 > 0
		case exchange.KindMark:
			t.mark = exchange.E8(w.N[rowMark])
			ok = ok && w.Has(1<<rowMark)
		case exchange.KindOpenInterest:
			t.qty = exchange.Lots(w.N[rowInterest])
		default:
			t.id, t.price, t.qty, t.side = exchange.TextID(s.Text(w.N[rowID])), exchange.Ticks(w.N[rowPrice]), exchange.Lots(w.N[rowSize]), api.SideOf(s.Text(w.N[rowSide]))
			ok = w.Has(1<<rowID) && t.id > 0 && t.price > 0 && t.qty > 0 && t.side != 0
		}
		if !ok || s.Bad {
			return false
		}
		d.deals = append(d.deals, t)
		if t.side == 0 || !bytes.HasPrefix(s.B, []byte(",")) {
			return true
		}
		s.B = s.B[1:]
	}
}

// tellDeals yields the rows that were read.
func (d *Decoder) tellDeals(in *exchange.Instrument, of *state, c *channel, yield func(*exchange.Event, int64)) error {
	for i := range d.deals {
		t := &d.deals[i]
		if c.kind == exchange.KindMark {
			d.ev = exchange.Event{Instrument: in.ID, VenueTime: t.at}
			of.mark = t.mark
			if order := d.marked(in, of); order != 0 {
				yield(&d.ev, order)
				return nil
			}
			return connect.ErrIgnored
		}
		ev, order := &c.ev, int64(t.at)
		ev.Kind, ev.Instrument, ev.VenueTime, ev.ID, ev.Side = c.kind, in.ID, t.at, t.id, t.side
		ev.Price, ev.Qty, ev.Price2, ev.Qty2 = t.price, t.qty, t.price2, t.qty2
		if c.kind == exchange.KindTrade {
			order = t.id
		}
		yield(ev, order)
	}
	return nil
}

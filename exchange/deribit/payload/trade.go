package payload

import (
	"bytes"

	"github.com/perilune/perilune/exchange"
)

// trades reads a list of trades; the id is trade_seq, which is contiguous for each
// instrument, where trade_id is one of the whole currency.
func (d *Decoder) trades(r *reader, yield func(*exchange.Event, int64)) bool {
	if r.Peek() != '[' {
		return r.wrong("want a list of trades")
	}
	more, ok := r.Open('[', ']'), true
	for ; more && ok; more, ok = r.Next(']') {
		t, good := r.trade()
		if !good {
			return false
		}
		if t.qty == 0 {
			continue
		}
		if t.forced[0] {
			d.forced(r.in, &t, t.side, yield)
		}
		if t.forced[1] {
			d.forced(r.in, &t, t.side.Opposite(), yield)
		}
		if t.block {
			continue // agreed on outside of the book
		}
		d.ev = exchange.Event{Kind: exchange.KindTrade, Instrument: r.in.ID, VenueTime: t.at, ID: t.seq, Price: t.price, Qty: t.qty, Side: t.side}
		yield(&d.ev, t.seq)
	}
	return ok && r.End()
}

// forced tells of a side of a trade that was liquidated.
func (d *Decoder) forced(in *exchange.Instrument, t *trade, side exchange.Side, yield func(*exchange.Event, int64)) {
	d.ev = exchange.Event{Kind: exchange.KindLiquidation, Instrument: in.ID, VenueTime: t.at, Price: t.price, Qty: t.qty, Side: side}
	yield(&d.ev, t.seq)
}

type trade struct {
	at     exchange.Time
	seq    int64
	price  exchange.Ticks
	qty    exchange.Lots
	side   exchange.Side
	block  bool
	forced [2]bool // taker and maker were liquidated
}

func (r *reader) trade() (t trade, ok bool) {
	more, ok := r.object()
	for ; more && ok; more, ok = r.next() {
		switch string(r.key()) {
		case "timestamp":
			t.at, ok = r.time()
		case "trade_seq":
			t.seq, ok = r.whole()
		case "price":
			t.price, ok = r.price()
		case "amount":
			t.qty, ok = r.qty()
		case "direction":
			var word []byte
			word, ok = r.word()
			t.side = Side(word)
		case "liquidation": // T: the taker, M: the maker, MT: both. Source: the manual, "trades.{instrument_name}.{interval}"
			var word []byte
			word, ok = r.word()
			t.forced = [2]bool{bytes.IndexByte(word, 'T') >= 0, bytes.IndexByte(word, 'M') >= 0}
		case "block_trade_id":
			t.block = r.Peek() != 'n'
			ok = r.Skip(0)
		default:
			ok = r.Skip(0)
		}
		if !ok {
			return t, false
		}
	}
	if ok && (t.seq <= 0 || t.price <= 0 || t.side == 0 || t.at <= 0) {
		return t, r.wrong("a trade without its trade_seq, price, direction or timestamp")
	}
	return t, ok
}

// Side is that of a direction: the taker's, or an order's; 0: neither.
func Side[T string | []byte](direction T) exchange.Side {
	switch string(direction) {
	case "buy":
		return exchange.Buy
	case "sell":
		return exchange.Sell
	}
	return 0
}

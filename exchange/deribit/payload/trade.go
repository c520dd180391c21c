package payload

import (
	"github.com/perilune/perilune/exchange"
)

// trades reads a list of trades; the id is trade_seq, which is contiguous for each
// instrument, where trade_id is one of the whole currency.
func (d *Decoder) trades(r *reader, yield func(*exchange.Event, int64)) bool {
	if d.strictTrades(r.in, r.B) {
		for i := range d.deals {
			d.deal(r.in, &d.deals[i], yield)
		}
		return true
	}
	return d.looseTrades(r, yield)
}

// looseTrades reads trades however they are written.
func (d *Decoder) looseTrades(r *reader, yield func(*exchange.Event, int64)) bool {
	if r.Peek() != '[' {
		return r.wrong("want a list of trades")
	}
	more, ok := r.Open('[', ']'), true
	for ; more && ok; more, ok = r.Next(']') {
		t, good := r.trade()
		if !good {
			return false
		}
		d.deal(r.in, &t, yield)
	}
	return ok && r.End()
}

// deal yields what a trade is: one of the book, and perhaps of somebody's liquidation.
func (d *Decoder) deal(in *exchange.Instrument, t *trade, yield func(*exchange.Event, int64)) {
	if t.qty == 0 {
		return
	}
	if t.forced[0] {
		d.forced(in, t, t.side, yield)
	}
	if t.forced[1] {
		d.forced(in, t, t.side.Opposite(), yield)
	}
	if t.block {
		return // agreed on outside of the book
	}
	ev := &d.of.deal
	ev.Kind, ev.Instrument, ev.VenueTime = exchange.KindTrade, in.ID, t.at
	ev.ID, ev.Price, ev.Qty, ev.Side = t.seq, t.price, t.qty, t.side
	yield(ev, t.seq)
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
		case "liquidation":
			var word []byte
			word, ok = r.word()
			t.force(word)
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

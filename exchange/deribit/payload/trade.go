package payload

import "github.com/perilune/perilune/exchange"

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
		if t.block || t.qty == 0 {
			continue // agreed on outside of the book
		}
		d.ev = exchange.Event{Kind: exchange.KindTrade, Instrument: r.in.ID, VenueTime: t.at, ID: t.seq, Price: t.price, Qty: t.qty, Side: t.side}
		yield(&d.ev, t.seq)
	}
	return ok && r.End()
}

type trade struct {
	at    exchange.Time
	seq   int64
	price exchange.Ticks
	qty   exchange.Lots
	side  exchange.Side
	block bool
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

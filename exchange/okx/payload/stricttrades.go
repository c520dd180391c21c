package payload

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// deal is a trade that was read.
type deal struct {
	at    exchange.Time
	id    int64
	price exchange.Ticks
	qty   exchange.Lots
	side  exchange.Side
}

// strictTrades reads the rows of a push of trades as the venue writes them, in one pass, and
// all of them before the first is yielded; false: it is written otherwise, and nothing was.
func (d *Decoder) strictTrades(in *exchange.Instrument, state *state, b []byte, yield func(*exchange.Event, int64)) bool {
	s := jsonscan.Strict{B: b}
	d.deals = d.deals[:0]
	for more := s.List(); more; more = s.More() {
		var t deal
		if !t.read(in, state, &s) {
			return false
		}
		d.deals = append(d.deals, t)
	}
	if !s.Take("}") || !s.Whole() || len(d.deals) == 0 {
		return false
	}
	for i := range d.deals {
		t := &d.deals[i]
		d.ev = exchange.Event{Kind: exchange.KindTrade, Instrument: in.ID, VenueTime: t.at, ID: t.id, Price: t.price, Qty: t.qty, Side: t.side}
		yield(&d.ev, t.id)
	}
	return true
}

// read takes a row whose numbers are what they should be. One of no quantity is for the other
// way, which knows what it is.
func (t *deal) read(in *exchange.Instrument, state *state, s *jsonscan.Strict) bool {
	for key, word, more := s.Member(true); more; key, word, more = s.Member(false) {
		switch string(key) {
		case "tradeId":
			t.id = exchange.TextID(word)
		case "px":
			n, used := fixed.Prefix(word, in.Tick)
			if t.price = exchange.Ticks(n); used != len(word) {
				return false
			}
		case "sz":
			n, used := fixed.Prefix(word, state.lot)
			if t.qty = exchange.Lots(n); used != len(word) {
				return false
			}
		case "side":
			switch string(word) {
			case "buy":
				t.side = exchange.Buy
			case "sell":
				t.side = exchange.Sell
			default:
				t.side = 0
			}
		case "ts":
			n, used := fixed.Prefix(word, exchange.Step{M: 1})
			if t.at = exchange.UnixMilli(n); used != len(word) || len(word) > 13 {
				return false
			}
		}
	}
	return !s.Bad && t.id > 0 && t.price > 0 && t.qty > 0 && t.side != 0
}

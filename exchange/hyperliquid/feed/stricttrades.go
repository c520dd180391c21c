package feed

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// deal is a trade that was read.
type deal struct {
	in    *exchange.Instrument // nil: it is not wanted
	price exchange.Ticks
	qty   exchange.Lots
	side  exchange.Side
	at    exchange.Time
	id    int64
}

// strictTrades reads a list of trades as the venue writes it, the coin of each first, in one
// pass and all of them before the first is told; false: it is written otherwise.
func (d *Decoder) strictTrades(data []byte) bool {
	s := jsonscan.Strict{B: data}
	d.deals = d.deals[:0]
	for more := s.List(); more; more = s.More() {
		t, ok := d.deal(&s)
		if !ok {
			return false
		}
		d.deals = append(d.deals, t)
	}
	return s.Whole()
}

func (d *Decoder) deal(s *jsonscan.Strict) (t deal, ok bool) {
	if key := s.Open(); string(key) != "coin" {
		return t, false
	}
	if t.in = d.find(s.Word()); t.in == nil {
		return t, false // what is not wanted is not judged
	}
	for key := s.Next(); key != nil; key = s.Next() {
		switch string(key) {
		case "side":
			t.side = SideOf(s.Word())
		case "px":
			word := s.Word()
			n, used := fixed.Prefix(word, t.in.Tick)
			if t.price = exchange.Ticks(n); used != len(word) {
				return t, false
			}
		case "sz":
			word := s.Word()
			n, used := fixed.Prefix(word, t.in.Lot)
			if t.qty = exchange.Lots(n); used != len(word) || used == 0 {
				return t, false
			}
		case "time":
			t.at = exchange.UnixMilli(s.Int())
		case "tid":
			t.id = s.Int()
		case "coin":
			return t, false
		case "users":
			for more := s.List(); more; more = s.More() {
				s.Word()
			}
		default:
			s.Word()
		}
	}
	return t, !s.Bad && t.price > 0 && t.side != 0 && t.id > 0 && t.at > 0 && t.at < exchange.UnixMilli(1<<43)
}

// tellTrades yields those that were read and not told before.
func (d *Decoder) tellTrades(yield func(*exchange.Event, int64)) (used bool) {
	for i := range d.deals {
		t := &d.deals[i]
		d.ev = exchange.Event{Kind: exchange.KindTrade, Instrument: t.in.ID, VenueTime: t.at, ID: t.id, Price: t.price, Qty: t.qty, Side: t.side}
		if t.qty > 0 && d.Trades.fresh(&d.ev) {
			used = true
			yield(&d.ev, int64(t.at/exchange.Millisecond))
		}
	}
	return used
}

package payload

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/funding"
)

// quote is what a ticker says.
type quote struct {
	at                 exchange.Time
	bid, ask           exchange.Ticks
	bidQty, askQty     exchange.Lots
	mark, index, rate  exchange.E8
	interest           exchange.Lots
	marked, interested bool
}

// ticker yields the touch, and of contracts mark and open interest. The rate of funding is
// current_funding, that of 8 hours: it accrues, and is told for the hour under way.
func (d *Decoder) ticker(r *reader, yield func(*exchange.Event, int64)) bool {
	q, ok := d.strictTicker(r.in, r.B)
	if !ok {
		if q, ok = r.ticker(); !ok {
			return false
		}
	}
	in, order := r.in, int64(q.at)
	if q.bid > 0 && q.ask > q.bid && q.bidQty > 0 && q.askQty > 0 {
		ev := &d.of.touch
		ev.Kind, ev.Instrument, ev.VenueTime, ev.LastID = exchange.KindTicker, in.ID, q.at, int64(q.at/exchange.Millisecond)
		ev.Price, ev.Qty, ev.Price2, ev.Qty2 = q.bid, q.bidQty, q.ask, q.askQty
		yield(ev, order)
	}
	if !in.Perp() {
		return true
	}
	if q.marked && q.mark > 0 {
		ev := &d.of.mark
		ev.Kind, ev.Instrument, ev.VenueTime, ev.Mark, ev.Index = exchange.KindMark, in.ID, q.at, q.mark, q.index
		ev.Hours, ev.Rate, ev.NextFunding = 0, 0, 0
		if !in.Dated() {
			ev.Hours = fundingHours
			ev.Rate, ev.NextFunding = d.accrual(in.ID).Rate(q.at, q.rate)
		}
		yield(ev, order)
	}
	if q.interested {
		ev := &d.of.interest
		ev.Kind, ev.Instrument, ev.VenueTime, ev.Qty = exchange.KindOpenInterest, in.ID, q.at, q.interest
		yield(ev, order)
	}
	return true
}

func (d *Decoder) accrual(id exchange.InstrumentID) *funding.Accrual {
	a := d.accruals[id]
	if a == nil {
		a = &funding.Accrual{Hours: fundingHours}
		d.accruals[id] = a
	}
	return a
}

func (r *reader) ticker() (q quote, ok bool) {
	more, ok := r.object()
	for ; more && ok; more, ok = r.next() {
		switch string(r.key()) {
		case "timestamp":
			q.at, ok = r.time()
		case "best_bid_price":
			q.bid, ok = r.price()
		case "best_ask_price":
			q.ask, ok = r.price()
		case "best_bid_amount":
			q.bidQty, ok = r.qty()
		case "best_ask_amount":
			q.askQty, ok = r.qty()
		case "mark_price":
			q.mark, ok = r.rate()
			q.marked = true
		case "index_price":
			q.index, ok = r.rate()
		case "current_funding":
			q.rate, ok = r.rate()
		case "open_interest":
			q.interest, ok = r.qty()
			q.interested = true
		default:
			ok = r.Skip(0)
		}
		if !ok {
			return q, false
		}
	}
	if ok && q.at <= 0 {
		return q, r.wrong("a ticker without its timestamp")
	}
	return q, ok && r.End()
}

package core

import (
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// rest puts an order in the book, unless the venue does not keep it.
func (w *spreadWorld) rest(x *truth) bool {
	bid, ask := w.touch(w.u.Get(x.Instrument))
	if far := map[exchange.Side]exchange.Ticks{exchange.Buy: ask, exchange.Sell: bid}[x.Side]; exchange.Ticks(x.Side)*(x.Price-far) >= 0 || w.rnd.IntN(25) == 0 {
		return false
	}
	x.rests, x.Status = true, exchange.StatusAccepted
	return true
}

// resting lets others trade with what rests, whether its house is dark or not: all of it
// when the price goes through, a part when it is at the touch.
func (w *spreadWorld) resting() {
	w.alive = slices.DeleteFunc(w.alive, func(x *truth) bool { return x.answered && x.told == x.Filled })
	for _, x := range w.alive {
		if !x.rests || x.answered {
			continue
		}
		bid, ask := w.touch(w.u.Get(x.Instrument))
		near, far := bid, ask
		if x.Side == exchange.Sell {
			near, far = ask, bid
		}
		switch left := x.Qty - x.Filled; {
		case exchange.Ticks(x.Side)*(x.Price-far) >= 0:
			w.hit(x, left)
		case exchange.Ticks(x.Side)*(x.Price-near) >= 0 && w.rnd.IntN(8) == 0:
			w.hit(x, 1+exchange.Lots(w.rnd.Int64N(int64(left))))
		}
		switch {
		case x.Filled == x.Qty:
			x.Status = exchange.StatusFilled
		case x.back != 0 && w.now >= x.back:
			x.Status = exchange.StatusCanceled
		default:
			continue
		}
		x.answered = true
		w.queue = append(w.queue, exchange.Event{Kind: exchange.KindOrder, Instrument: x.Instrument, Time: w.now + w.between(20*exchange.Millisecond, 2*exchange.Second),
			Update: exchange.OrderUpdate{ID: x.ID, VenueID: "v", Status: x.Status, Filled: x.Filled}})
	}
}

// hit fills a part of what rests, and has it told some time later.
func (w *spreadWorld) hit(x *truth, qty exchange.Lots) {
	if x.ReduceOnly {
		if qty = min(qty, max(0, -exchange.Lots(x.Side)*w.held[x.Instrument])); qty == 0 {
			x.back = w.now // the venue takes it out of the book
			return
		}
	}
	w.count["what rested filled"]++
	if qty < x.Qty {
		w.count["what rested filled in parts"]++
	}
	if o := w.dark[w.house(x)]; o != nil && o.orders {
		w.count["what rested filled at a dark venue"]++
	}
	x.Filled += qty
	w.held[x.Instrument] += exchange.Lots(x.Side) * qty
	w.queue = append(w.queue, w.filled(x, qty, w.now+w.between(20*exchange.Millisecond, 1500*exchange.Millisecond)))
}

// cancel reaches a venue that is there; an IOC order has had its last word already.
func (w *spreadWorld) cancel(id exchange.OrderID) {
	x := w.orders[id]
	if x == nil || !x.rests || x.answered || x.back != 0 {
		return
	}
	w.trace("%s cancel %d", w.now, id)
	if o := w.dark[w.house(x)]; o != nil && o.orders && w.rnd.IntN(2) == 0 { // an order manager tries again when it is back
		x.back = o.until
	}
	w.count["what rested was taken back"]++
	x.back = max(x.back, w.now) + w.between(20*exchange.Millisecond, 2*exchange.Second)
}

// noticeMaker is notice of a pair that makes. It reports whether the order rests.
func (w *spreadWorld) noticeMaker(o *exchange.Order, state intent.PairState) bool {
	m := w.core.pairs.machine(o.Pair)
	if o.TIF == exchange.PostOnly {
		in := w.u.Get(o.Instrument)
		for what, is := range map[string]bool{"rested to open": state == intent.PairOpening, "rested to close": state == intent.PairClosing,
			"an inverse leg rested": in.Inverse(), "spot rested": !in.Perp()} {
			if is {
				w.count[what]++
			}
		}
		return true
	}
	for _, x := range w.orders {
		if x.Pair == o.Pair && x.Leg != o.Leg && x.rests && (!x.answered || x.told < x.Filled) && m.Pair.Spread.Since != 0 {
			w.count["what rested was hedged at once"]++
		}
	}
	if state == intent.PairOpening && m.Request.Style == intent.Maker && w.now >= m.Pair.Opened+m.Request.MakerTime && m.Pair.Spread.Since == 0 {
		w.count["taken after others had their time"]++
	}
	return false
}

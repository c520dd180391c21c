package execution

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// The constants of a resting order.
const (
	requoteEvery = exchange.Second // a resting order that fell behind the touch is moved no oftener
	peekEvery    = 10 * exchange.Second
)

// makes reports whether slices rest now, rather than take.
func (td *trade) makes(now exchange.Time) bool { return now < td.makesUntil() }

// makesUntil is when the machine stops waiting for others; 0: it takes.
func (td *trade) makesUntil() exchange.Time {
	switch {
	case td.Pair.State == intent.PairOpening && td.Request.Style == intent.Maker:
		return td.Pair.Opened + td.Request.MakerTime
	case td.Pair.State == intent.PairClosing && td.Close.Style == intent.Maker:
		return td.closeAt + td.Close.Patience
	}
	return 0
}

// resting returns the leg whose order waits in the book.
func (wo *workingOrders) resting() (which int, ok bool) {
	for i := range wo.legs {
		if wo.legs[i].live && wo.legs[i].rests {
			return i, true
		}
	}
	return 0, false
}

// quote is one order to rest and what it would be hedged with.
type quote struct {
	which      int // the leg that rests
	side       exchange.Side
	rest, take exchange.Ticks // its price at the touch, and the level-n price of the other leg
}

// plan prices a resting order on the books as they are; false when a level is
// missing. It joins its own side's touch: that is never a worse price than the
// market shows, and it can't take.
func (mk *maker) plan(p Port) (q quote, ok bool) {
	q.which = mk.makerLeg(p)
	q.side = exchange.Buy
	if (q.which == legPerp) == (mk.Pair.State == intent.PairOpening) {
		q.side = exchange.Sell
	}
	near, ok1 := p.Book(mk.instrument(q.which)).Level(q.side, 1)
	far, ok2 := p.Book(mk.instrument(1-q.which)).Level(q.side, mk.Request.Level)
	q.rest, q.take = near.Price, far.Price
	return q, ok1 && ok2
}

// prices returns a quote's prices by leg.
func (q quote) prices() (spot, perp exchange.Ticks) {
	if q.which == legSpot {
		return q.rest, q.take
	}
	return q.take, q.rest
}

// agrees reports whether the basis of a quote is what was asked for.
func (mk *maker) agrees(p Port, q quote) bool {
	spot, perp := q.prices()
	if mk.Pair.State == intent.PairOpening {
		return mk.Request.MinBasis == nil || mk.basis(p, perp, spot) >= *mk.Request.MinBasis
	}
	return mk.Close.MaxBasis == nil || mk.basis(p, perp, spot) <= *mk.Close.MaxBasis
}

func (td *trade) instrument(which int) exchange.InstrumentID {
	if which == legPerp {
		return td.Pair.Perp
	}
	return td.Pair.Spot
}

// makerLeg is the leg that rests. The better one is chosen once: a choice that
// followed the books would jump to and fro.
func (mk *maker) makerLeg(p Port) int {
	if mk.restLeg == intent.AutoLeg {
		mk.restLeg = intent.SpotLeg
		if mk.saving(p, legPerp) > mk.saving(p, legSpot) {
			mk.restLeg = intent.PerpLeg
		}
		if mk.Pair.Spread.Is() {
			rest, take := p.Instrument(mk.instrument(int(mk.restLeg)-1)), p.Instrument(mk.instrument(2-int(mk.restLeg)))
			mk.choice = "orders rest on " + rest.Key() + ", where that saves more, and " + take.Key() + " is taken with each fill"
		}
	}
	return int(mk.restLeg) - 1
}

// saving is what resting on a leg saves over taking it, as a fraction of its value:
// the difference of the fees and the spread. Spreads are wide where a market is
// less liquid.
func (mk *maker) saving(p Port, which int) float64 {
	in, b := p.Instrument(mk.instrument(which)), p.Book(mk.instrument(which))
	bid, _ := b.Level(exchange.Buy, 1)
	ask, _ := b.Level(exchange.Sell, 1)
	spread := float64(ask.Price-bid.Price) / float64(max(1, bid.Price))
	return exchange.Float(in.TakerFee.Sub(in.MakerFee)) + spread
}

// quote rests the next slice, if the books and the basis allow it. It reports
// whether that settles the matter: an order that may not rest because it is too
// small is left to be taken.
func (mk *maker) quote(p Port, now exchange.Time) bool {
	if !p.Book(mk.Pair.Spot).Ready() || !p.Book(mk.Pair.Perp).Ready() {
		mk.pause(now, now+peekEvery, "a book is not live")
		return true
	}
	if now < mk.taker.notBefore {
		mk.pause(now, mk.taker.notBefore, "")
		return true
	}
	q, ok := mk.plan(p)
	if !ok {
		mk.pause(now, now+peekEvery, "the books are too thin to rest an order")
		return true
	}
	if !mk.agrees(p, q) {
		mk.pause(now, now+peekEvery, "the basis is not what was asked for")
		return true
	}
	rest, hedge := mk.quoteOrders(p, q)
	if rest == nil {
		return false
	}
	for _, o := range []*exchange.Order{rest, hedge} {
		if err := p.Check(o); err != nil {
			mk.taker.putOff(now)
			mk.pause(now, mk.taker.notBefore, err.Error())
			return true
		}
	}
	mk.had, mk.balancer.attempts, mk.Pair.Reason = mk.stake(), 0, mk.Pair.Cause
	mk.working.send(p, q.which, rest)
	mk.working.legs[q.which].rests = true
	mk.working.quoted = true
	mk.pause(now, now+peekEvery, "")
	return true
}

// pause is later, but no later than the end of waiting for others.
func (mk *maker) pause(now, at exchange.Time, why string) {
	if mk.off { // what is carried may not be carried for long
		at = before(now, at, mk.unhedgedAt+mk.Request.MaxUnhedgedTime)
	}
	mk.later(now, before(now, at, mk.makesUntil()), why)
}

// quoteOrders makes the order that rests and the one that would hedge it whole;
// nil when the venue would not take either.
func (mk *maker) quoteOrders(p Port, q quote) (rest, hedge *exchange.Order) {
	if mk.Pair.Spread.Is() {
		return mk.self.spread.rests.quoteOrders(p, q)
	}
	spotPrice, perpPrice := q.prices()
	size := mk.taker.sizeClose
	if mk.Pair.State == intent.PairOpening {
		size = mk.taker.sizeOpen
	}
	spotLots, perpLots := size(p, spotPrice, perpPrice)
	lots, others := spotLots, perpLots
	if q.which == legPerp {
		lots, others = perpLots, spotLots
	}
	in, other := p.Instrument(mk.instrument(q.which)), p.Instrument(mk.instrument(1-q.which))
	if !tradable(in, q.rest, lots) || !tradable(other, q.take, others) {
		return nil, nil
	}
	rest = mk.working.order(p, q.which, q.side, lots, q.rest)
	rest.TIF = exchange.PostOnly
	return rest, mk.working.order(p, 1-q.which, q.side.Opposite(), others, q.take)
}

// spotFee is the fee on the coins that the next slice buys.
func (td *trade) spotFee(p Port) decimal.Decimal {
	if td.restLeg == intent.SpotLeg && td.makes(p.Now()) {
		return p.Instrument(td.Pair.Spot).MakerFee
	}
	return p.TakerFee(td.Pair.Spot)
}

// tend looks after a resting order: what filled is hedged on the other leg, and
// the order is taken back once it should no longer fill. A fill that comes after
// that is hedged like any other, and what is left to do is worked out only when
// the order has had its last word.
func (mk *maker) tend(p Port, now exchange.Time, which int) {
	if mk.working.legs[1-which].live {
		mk.working.hurry(p, now)
		return
	}
	if mk.balancer.unbalanced(p) && !mk.carries(p, now) {
		mk.balancer.balance(p, now)
		return
	}
	mk.balancer.attempts = 0
	mk.pause(now, now+peekEvery, "")
	l := &mk.working.legs[which]
	if l.gone {
		mk.wake = now + cancelAfter
	} else if why := mk.unwanted(p, now, which); why == behind && now < l.sent+requoteEvery {
		mk.wake = min(mk.wake, l.sent+requoteEvery)
	} else if why != "" {
		mk.working.pull(p, which)
	}
}

const behind = "it is behind the touch"

// unwanted says why a resting order should be taken back, or "".
func (mk *maker) unwanted(p Port, now exchange.Time, which int) string {
	switch {
	case mk.stopping, mk.Pair.State == intent.PairOpening && mk.enough(now) != "":
		return "nothing more is to be done"
	case !mk.makes(now):
		return "others had their time"
	case !p.Book(mk.Pair.Spot).Ready() || !p.Book(mk.Pair.Perp).Ready():
		return "a book is not live"
	}
	q, ok := mk.plan(p)
	l := &mk.working.legs[which]
	if !ok || q.side != l.side {
		return "another order is due"
	}
	touch := q.rest
	if q.rest = l.price; !mk.agrees(p, q) {
		return "the basis is gone"
	}
	if exchange.Ticks(l.side)*(touch-l.price) > 0 {
		return behind
	}
	return ""
}

// pull asks for a resting order back.
func (wo *workingOrders) pull(p Port, which int) {
	if l := &wo.legs[which]; !l.gone {
		l.gone = true
		p.Cancel(l.order)
	}
	wo.wake = p.Now() + cancelAfter
}

// carries reports whether a residual that is too small for the other leg may wait
// for the next fill.
func (mk *maker) carries(p Port, now exchange.Time) bool {
	if !mk.makes(now) || mk.stopping || now >= mk.unhedgedAt+mk.Request.MaxUnhedgedTime {
		return false
	}
	if mk.Pair.State != intent.PairOpening || mk.enough(now) != "" || mk.taker.reached(p) {
		return false
	}
	_, past := mk.balancer.past(p)
	return !past.IsPositive() && mk.balancer.chase(p, mk.Residual(p), false) == nil
}

// quoteOver is called when a resting order has had its last word and the legs
// are level. One that the venue did not keep, because it would have taken or for
// another reason, is tried again soon, then less and less often.
func (mk *maker) quoteOver(p Port, now exchange.Time, gone bool) {
	mk.working.quoted, mk.taker.notBefore = false, 0
	switch {
	case mk.stake() != mk.had:
		mk.bounced = 0
		mk.taker.batchDone(p, now)
	case gone:
		mk.bounced = 0
	default:
		mk.taker.notBefore = now + retryEvery<<min(mk.bounced, 8)
		mk.bounced++
	}
}

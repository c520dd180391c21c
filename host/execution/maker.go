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
func (m *Machine) makes(now exchange.Time) bool { return now < m.makesUntil() }

// makesUntil is when the machine stops waiting for others; 0: it takes.
func (m *Machine) makesUntil() exchange.Time {
	switch {
	case m.Pair.State == intent.PairOpening && m.Request.Style == intent.Maker:
		return m.Pair.Opened + m.Request.MakerTime
	case m.Pair.State == intent.PairClosing && m.Close.Style == intent.Maker:
		return m.closeAt + m.Close.Patience
	}
	return 0
}

// resting returns the leg whose order waits in the book.
func (m *Machine) resting() (which int, ok bool) {
	for i := range m.legs {
		if m.legs[i].live && m.legs[i].rests {
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
func (m *Machine) plan(p Port) (q quote, ok bool) {
	q.which = m.makerLeg(p)
	q.side = exchange.Buy
	if (q.which == legPerp) == (m.Pair.State == intent.PairOpening) {
		q.side = exchange.Sell
	}
	near, ok1 := p.Book(m.instrument(q.which)).Level(q.side, 1)
	far, ok2 := p.Book(m.instrument(1-q.which)).Level(q.side, m.Request.Level)
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
func (m *Machine) agrees(p Port, q quote) bool {
	spot, perp := q.prices()
	if m.Pair.State == intent.PairOpening {
		return m.Request.MinBasis == nil || m.basis(p, perp, spot) >= *m.Request.MinBasis
	}
	return m.Close.MaxBasis == nil || m.basis(p, perp, spot) <= *m.Close.MaxBasis
}

func (m *Machine) instrument(which int) exchange.InstrumentID {
	if which == legPerp {
		return m.Pair.Perp
	}
	return m.Pair.Spot
}

// makerLeg is the leg that rests. The better one is chosen once: a choice that
// followed the books would jump to and fro.
func (m *Machine) makerLeg(p Port) int {
	if m.maker == intent.AutoLeg {
		m.maker = intent.SpotLeg
		if m.saving(p, legPerp) > m.saving(p, legSpot) {
			m.maker = intent.PerpLeg
		}
	}
	return int(m.maker) - 1
}

// saving is what resting on a leg saves over taking it, as a fraction of its value:
// the difference of the fees and the spread. Spreads are wide where a market is
// less liquid.
func (m *Machine) saving(p Port, which int) float64 {
	in, b := p.Instrument(m.instrument(which)), p.Book(m.instrument(which))
	bid, _ := b.Level(exchange.Buy, 1)
	ask, _ := b.Level(exchange.Sell, 1)
	spread := float64(ask.Price-bid.Price) / float64(max(1, bid.Price))
	return exchange.Float(in.TakerFee.Sub(in.MakerFee)) + spread
}

// quote rests the next slice, if the books and the basis allow it. It reports
// whether that settles the matter: an order that may not rest because it is too
// small is left to be taken.
func (m *Machine) quote(p Port, now exchange.Time) bool {
	if !p.Book(m.Pair.Spot).Ready() || !p.Book(m.Pair.Perp).Ready() {
		m.pause(now+peekEvery, "a book is not live")
		return true
	}
	if now < m.notBefore {
		m.pause(m.notBefore, "")
		return true
	}
	q, ok := m.plan(p)
	if !ok {
		m.pause(now+peekEvery, "the books are too thin to rest an order")
		return true
	}
	if !m.agrees(p, q) {
		m.pause(now+peekEvery, "the basis is not what was asked for")
		return true
	}
	rest, hedge := m.quoteOrders(p, q)
	if rest == nil {
		return false
	}
	for _, o := range []*exchange.Order{rest, hedge} {
		if err := p.Check(o); err != nil {
			m.putOff(now)
			m.pause(m.notBefore, err.Error())
			return true
		}
	}
	m.had, m.attempts, m.Pair.Reason = m.stake(), 0, m.Pair.Cause
	m.send(p, q.which, rest)
	l := &m.legs[q.which]
	l.rests, l.price, l.side = true, rest.Price, rest.Side
	m.quoted = true
	m.pause(now+peekEvery, "")
	return true
}

// pause is later, but no later than the end of waiting for others.
func (m *Machine) pause(at exchange.Time, why string) {
	if m.off { // what is carried may not be carried for long
		at = min(at, m.unhedgedAt+m.Request.MaxUnhedgedTime)
	}
	m.later(min(at, m.makesUntil()), why)
}

// quoteOrders makes the order that rests and the one that would hedge it whole;
// nil when the venue would not take either.
func (m *Machine) quoteOrders(p Port, q quote) (rest, hedge *exchange.Order) {
	spotPrice, perpPrice := q.prices()
	size := m.sizeClose
	if m.Pair.State == intent.PairOpening {
		size = m.sizeOpen
	}
	spotLots, perpLots := size(p, spotPrice, perpPrice)
	lots, others := spotLots, perpLots
	if q.which == legPerp {
		lots, others = perpLots, spotLots
	}
	in, other := p.Instrument(m.instrument(q.which)), p.Instrument(m.instrument(1-q.which))
	if !tradable(in, q.rest, lots) || !tradable(other, q.take, others) {
		return nil, nil
	}
	rest = m.order(p, q.which, q.side, lots, q.rest)
	rest.TIF = exchange.PostOnly
	return rest, m.order(p, 1-q.which, q.side.Opposite(), others, q.take)
}

// spotFee is the fee on the coins that the next slice buys.
func (m *Machine) spotFee(p Port) decimal.Decimal {
	if m.maker == intent.SpotLeg && m.makes(p.Now()) {
		return p.Instrument(m.Pair.Spot).MakerFee
	}
	return p.TakerFee(m.Pair.Spot)
}

// tend looks after a resting order: what filled is hedged on the other leg, and
// the order is taken back once it should no longer fill. A fill that comes after
// that is hedged like any other, and what is left to do is worked out only when
// the order has had its last word.
func (m *Machine) tend(p Port, now exchange.Time, which int) {
	if m.legs[1-which].live {
		m.hurry(p, now)
		return
	}
	if m.unbalanced(p) && !m.carries(p, now) {
		m.balance(p, now)
		return
	}
	m.attempts = 0
	m.pause(now+peekEvery, "")
	l := &m.legs[which]
	if l.gone {
		m.wake = now + cancelAfter
	} else if why := m.unwanted(p, now, which); why == behind && now < l.sent+requoteEvery {
		m.wake = min(m.wake, l.sent+requoteEvery)
	} else if why != "" {
		m.pull(p, which)
	}
}

const behind = "it is behind the touch"

// unwanted says why a resting order should be taken back, or "".
func (m *Machine) unwanted(p Port, now exchange.Time, which int) string {
	switch {
	case m.stopping, m.Pair.State == intent.PairOpening && m.enough(now) != "":
		return "nothing more is to be done"
	case !m.makes(now):
		return "others had their time"
	case !p.Book(m.Pair.Spot).Ready() || !p.Book(m.Pair.Perp).Ready():
		return "a book is not live"
	}
	q, ok := m.plan(p)
	l := &m.legs[which]
	if !ok || q.side != l.side {
		return "another order is due"
	}
	touch := q.rest
	if q.rest = l.price; !m.agrees(p, q) {
		return "the basis is gone"
	}
	if exchange.Ticks(l.side)*(touch-l.price) > 0 {
		return behind
	}
	return ""
}

// pull asks for a resting order back.
func (m *Machine) pull(p Port, which int) {
	if l := &m.legs[which]; !l.gone {
		l.gone = true
		p.Cancel(l.order)
	}
	m.wake = p.Now() + cancelAfter
}

// carries reports whether a residual that is too small for the other leg may wait
// for the next fill.
func (m *Machine) carries(p Port, now exchange.Time) bool {
	if !m.makes(now) || m.stopping || now >= m.unhedgedAt+m.Request.MaxUnhedgedTime {
		return false
	}
	if m.Pair.State != intent.PairOpening || m.enough(now) != "" || m.reached(p) {
		return false
	}
	_, past := m.past(p)
	return !past.IsPositive() && m.chase(p, m.Residual(p), false) == nil
}

// quoteOver is called when a resting order has had its last word and the legs
// are level. One that the venue did not keep, because it would have taken or for
// another reason, is tried again soon, then less and less often.
func (m *Machine) quoteOver(p Port, now exchange.Time, gone bool) {
	m.quoted, m.notBefore = false, 0
	switch {
	case m.stake() != m.had:
		m.bounced = 0
		m.batchDone(p, now)
	case gone:
		m.bounced = 0
	default:
		m.notBefore = now + retryEvery<<min(m.bounced, 8)
		m.bounced++
	}
}

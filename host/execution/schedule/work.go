package schedule

import (
	"fmt"
	"math"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
)

// work sends the next order if one is due.
func (m *Machine) work(p Port, now exchange.Time) {
	s := &m.Schedule
	s.Slice = max(1, min(m.slice(now)+1, s.Slices))
	if s.Rest() == 0 {
		m.close(p, intent.ScheduleCompleted, "")
		return
	}
	if why := m.ended(p, now); why != "" {
		m.close(p, intent.ScheduleExpired, why)
		return
	}
	m.warn(p, now)
	m.wake = m.next(now)
	in, b := p.Instrument(s.Instrument), p.Book(s.Instrument)
	if !b.Ready() {
		m.idle(p, now, "the book of "+in.Key()+" is not live")
		return
	}
	if now < m.off {
		m.wake = m.off
		return
	}
	lots, why := m.sizer.size(p, in, b, now)
	if lots == 0 {
		if why != "" {
			m.idle(p, now, why)
		}
		return
	}
	m.send(p, in, b, now, lots)
}

// ended says why nothing more will be sent; "" when something may.
func (m *Machine) ended(p Port, now exchange.Time) string {
	s := &m.Schedule
	in := p.Instrument(s.Instrument)
	left := in.QtyDecimal(s.Rest()).String() + " of " + in.QtyDecimal(s.Total).String() + " are left"
	switch {
	case m.Request.ReduceOnly && available(&m.Request, p) == 0:
		return "the position is gone: " + left
	case now < s.End:
	case m.Request.AtEnd == intent.StopAtEnd:
		return "the window is over: " + left + m.refusal()
	case now >= s.End+m.overtime():
		return "not even across the book could all be done: " + left + m.refusal()
	}
	if b := p.Book(s.Instrument); b.Ready() && s.Filled > 0 && s.Rest() < m.sizer.least(p, in) {
		return fmt.Sprintf("%s, and the smallest order that is sent is one of %s (the venue's minimum is worth %s, and 5 %% are kept in hand)",
			left, in.QtyDecimal(m.sizer.least(p, in)), in.MinNotional)
	}
	return ""
}

// refusal is why the last order was not taken or not even sent, if it was not.
func (m *Machine) refusal() string {
	switch {
	case m.sizer.lack != "":
		return "; it " + m.sizer.lack
	case m.pause != 0:
		return "; the last order was refused: " + m.no
	}
	return ""
}

// overtime is how long Cross tries after the window.
func (po *parent) overtime() exchange.Time { return max(leastOvertime, 2*po.Request.Interval) }

// warn says at nine tenths that what is left is more than the market will take.
func (m *Machine) warn(p Port, now exchange.Time) {
	s := &m.Schedule
	if m.warned || now < m.at(finishFrom) || now >= s.End {
		return
	}
	m.warned = true
	in := p.Instrument(s.Instrument)
	rate := s.Market.Qty / float64(now-s.Start)
	share := in.QtyFloat(s.Rest()) / (rate * float64(s.End-now))
	if most := max(m.Request.Participation, m.finishing()); share > most {
		s.Reason = fmt.Sprintf("%s are left for %s: %.0f %% of the volume to be expected", in.QtyDecimal(s.Rest()), span(s.End-now), 100*share)
		p.Scheduled(m)
	}
}

func (po *parent) finishing() float64 {
	if po.Request.AtEnd == intent.CrossAtEnd {
		return finishShare
	}
	return 0
}

// at is the time when a part of the window has passed.
func (po *parent) at(part float64) exchange.Time {
	return po.Schedule.Start + exchange.Time(part*float64(po.Request.Duration))
}

// next is when the clock asks for something new: the time to take what rested too
// long, the next slice, or the end.
func (po *parent) next(now exchange.Time) exchange.Time {
	s := &po.Schedule
	if now >= s.End {
		return now + po.tick()
	}
	at := min(po.crossAt(now), s.End)
	if now >= at {
		at = min(s.Start+exchange.Time(po.slice(now)+1)*po.Request.Interval, s.End)
	}
	if s.Algo == intent.POV {
		at = min(at, now+po.tick())
	}
	return at
}

// crossAt is when the current slice stops resting.
func (po *parent) crossAt(now exchange.Time) exchange.Time {
	begun := po.Schedule.Start + exchange.Time(po.slice(now))*po.Request.Interval
	return begun + exchange.Time(restUntil*float64(po.Request.Interval))
}

// target is how many lots the plan wants done by the end of this slice. It never
// falls.
func (sz *sizer) target(p Port, in *exchange.Instrument, now exchange.Time) exchange.Lots {
	s := &sz.Schedule
	i := sz.slice(now)
	switch {
	case i >= s.Slices:
		s.Due = s.Total
	case s.Algo == intent.POV:
		share := sz.Request.Participation * s.Market.Qty
		s.Due = max(s.Due, min(s.Total, lotsOf(in, share)))
	case sz.planned != i+1:
		sz.planned = i + 1
		dynamic := s.Algo == intent.VWAP && !sz.Request.Static
		if sz.Pace.X != 0 {
			s.Due = max(s.Due, sz.Pace.pacedDue(i, s.Total, sz.Request.Interval, dynamic))
			break
		}
		s.Due = max(s.Due, sz.Pace.Due(i, s.Total, sz.least(p, in), sz.Request.Interval, dynamic))
	}
	return s.Due
}

func lotsOf(in *exchange.Instrument, qty float64) exchange.Lots {
	lots := math.Floor(qty/in.Lot.Float(1) + 1e-9)
	if !(lots > 0) {
		return 0
	}
	return exchange.Lots(min(lots, math.MaxInt64/4))
}

// size is how many lots to send now, and when that is none, why, if it is not
// simply that nothing is due.
func (sz *sizer) size(p Port, in *exchange.Instrument, b *book.Book, now exchange.Time) (exchange.Lots, string) {
	s := &sz.Schedule
	due, least := sz.target(p, in, now)-s.Filled, sz.least(p, in)
	if due < least {
		return 0, "" // until more is due
	}
	there := available(&sz.Request, p)
	if sz.lack = ""; there < least {
		sz.lack = sz.lacking(in, there)
		return 0, sz.lack
	}
	rest := min(s.Rest(), there)
	want := min(due, rest)
	most := max(least, sz.clipped(in, rest))
	if rest < 2*least { // it can't be cut, whatever a refusal taught
		most = rest
	}
	room := sz.room(p, in, now)
	lots := fit(want, min(most, room), rest, least)
	if lots == 0 && room < most {
		return 0, fmt.Sprintf("held by the participation cap of %.3g %%", 100*sz.share(now))
	}
	return lots, ""
}

// fit is the largest order of at most want and most that leaves nothing, or enough
// for another order; 0 when there is none. A rest that could not be sent alone goes
// along.
func fit(want, most, rest, least exchange.Lots) exchange.Lots {
	if rest-want < least {
		want = rest
	}
	lots := min(want, most)
	if left := rest - lots; left > 0 && left < least {
		lots = rest - least
	}
	if lots < least {
		return 0
	}
	return lots
}

// clipped keeps one order within what the last refusal taught and the venue's
// largest order.
func (sz *sizer) clipped(in *exchange.Instrument, lots exchange.Lots) exchange.Lots {
	if sz.clip > 0 {
		lots = min(lots, sz.clip)
	}
	if in.MaxQty > 0 {
		lots = min(lots, in.MaxQty)
	}
	return lots
}

// least is the smallest order at the current touch.
func (sz *sizer) least(p Port, in *exchange.Instrument) exchange.Lots {
	touch, _ := p.Book(in.ID).Best(exchange.Buy) // the lower price asks for more lots
	least := smallest(in, touch.Price, sz.Request.ReduceOnly)
	if wanted := sz.Request.MinSlice; wanted > least && p.Now() < sz.Schedule.End {
		least = min(wanted, max(least, sz.Schedule.Rest())) // a rest may be smaller, so that it is not left
	}
	return least
}

// share is the participation allowed at a time. With Cross it rises over the last
// tenth of the window.
func (po *parent) share(now exchange.Time) float64 {
	base := po.Request.Participation
	if from := po.at(finishFrom); now > from && po.finishing() > base {
		part := float64(now-from) / float64(po.Schedule.End-from)
		return base + (finishShare-base)*min(1, part)
	}
	return base
}

// room is how many lots the participation cap leaves. A market that has never
// shown its volume can't be capped by it, and after the window only Cross goes on,
// which has to finish.
func (sz *sizer) room(p Port, in *exchange.Instrument, now exchange.Time) exchange.Lots {
	s := &sz.Schedule
	if now >= s.End || p.Volume(s.Instrument).Tape.Qty == 0 && s.Market.Qty == 0 {
		return s.Total
	}
	return max(0, lotsOf(in, sz.share(now)*(s.Market.Qty+sz.Credit))-s.Filled)
}

// guard is the worst price that may be paid; ok is false when any may.
func (pr *pricer) guard(in *exchange.Instrument, now exchange.Time) (price float64, ok bool) {
	s := &pr.Schedule
	if pr.Request.SlippageBP == 0 || (now >= s.End && pr.Request.AtEnd == intent.CrossAtEnd) {
		return 0, false
	}
	tol := pr.Request.SlippageBP * 1e-4
	if from := pr.at(loosenFrom); now > from && pr.Request.AtEnd == intent.CrossAtEnd {
		part := float64(now-from) / float64(s.End-from)
		tol += max(0, collar-tol) * min(1, part)
	}
	side := float64(s.Side)
	ref := s.Arrival
	if v := s.Market.VWAP(in); side*v > side*ref { // a price that moved for good is no slippage
		ref = v
	}
	return ref * (1 + side*tol), true
}

// limit cuts a price, in ticks, to the guard.
func (pr *pricer) limit(in *exchange.Instrument, now exchange.Time, ticks float64) (price exchange.Ticks, cut bool) {
	side := pr.Schedule.Side
	if g, ok := pr.guard(in, now); ok {
		bound := g / in.Tick.Float(1)
		if float64(side)*ticks > float64(side)*bound {
			ticks, cut = bound, true
		}
	}
	if side == exchange.Buy {
		return exchange.Ticks(math.Floor(ticks + 1e-6)), cut
	}
	return exchange.Ticks(math.Ceil(ticks - 1e-6)), cut
}

// send chooses between resting and taking, and sends the order.
func (m *Machine) send(p Port, in *exchange.Instrument, b *book.Book, now exchange.Time, lots exchange.Lots) {
	s := &m.Schedule
	near, _ := b.Best(s.Side)
	far, _ := b.Best(s.Side.Opposite())
	price, cut := m.pricer.takingPrice(in, b, now, far.Price)
	within := s.Side == exchange.Buy && price >= far.Price || s.Side == exchange.Sell && price <= far.Price
	if m.resting(now) || !within {
		rest, _ := m.pricer.limit(in, now, float64(near.Price))
		why := ""
		if !within && cut {
			why = "deferred by the slippage guard: the other side is beyond " + in.PriceDecimal(price).String()
		}
		m.submit(p, now, lots, rest, true, why)
		return
	}
	m.submit(p, now, m.sizer.sizeWithinDepth(p, in, b, lots, price), price, false, "")
}

// sizeWithinDepth cuts an order that takes to half of what is displayed within its limit, if
// what it leaves could still be sent.
func (sz *sizer) sizeWithinDepth(p Port, in *exchange.Instrument, b *book.Book, lots exchange.Lots, price exchange.Ticks) exchange.Lots {
	side, depth := sz.Schedule.Side, exchange.Lots(0)
	b.Visit(side.Opposite(), func(l exchange.Level) bool {
		if exchange.Ticks(side)*(l.Price-price) > 0 {
			return false
		}
		depth += l.Qty
		return true
	})
	least := sz.least(p, in)
	most := max(exchange.Lots(depthShare*float64(depth)), least)
	if part := fit(lots, most, sz.Schedule.Rest(), least); part > 0 {
		return part
	}
	return lots
}

// resting reports whether the slice is in its patient part.
func (po *parent) resting(now exchange.Time) bool {
	return now < po.Schedule.End && now < po.crossAt(now)
}

// takingPrice is the limit of an order that takes: a little beyond the touch, and at the
// end anything within the collar.
func (pr *pricer) takingPrice(in *exchange.Instrument, b *book.Book, now exchange.Time, touch exchange.Ticks) (exchange.Ticks, bool) {
	side := float64(pr.Schedule.Side)
	mid := b.Mid() / in.Tick.Float(1)
	ticks := float64(touch) + side*reach*mid
	if now >= pr.Schedule.End {
		ticks = mid * (1 + side*collar)
	}
	return pr.limit(in, now, ticks)
}

func (m *Machine) submit(p Port, now exchange.Time, lots exchange.Lots, price exchange.Ticks, resting bool, why string) {
	s := &m.Schedule
	o := &exchange.Order{Strategy: s.Strategy, Schedule: s.ID, Instrument: s.Instrument, Side: s.Side,
		Type: exchange.Limit, TIF: exchange.IOC, Price: price, Qty: lots, ReduceOnly: m.Request.ReduceOnly}
	if resting {
		o.TIF = exchange.PostOnly
	}
	if price <= 0 {
		m.idle(p, now, "no price")
		return
	}
	if err := p.Check(o); err != nil {
		m.refused(now, lots, err.Error())
		m.wake = m.off
		p.Scheduled(m)
		return
	}
	s.Orders++
	m.child = child{id: p.Submit(o), qty: lots, price: price, sent: now, resting: resting}
	m.wake = m.look(now)
	if s.Reason != why {
		s.Reason = why
		p.Scheduled(m)
	}
}

// look is when the live order is looked at again.
func (m *Machine) look(now exchange.Time) exchange.Time {
	if !m.child.resting || m.child.pulled {
		return now + cancelAfter
	}
	return min(m.next(now), now+max(repegEvery, m.tick()))
}

// tend follows the live order: one that rests is taken back when its time is over
// or the market has left it, one that takes when it is not answered.
func (m *Machine) tend(p Port, now exchange.Time) {
	c := &m.child
	switch {
	case m.stop != 0, !c.resting && now >= c.sent+cancelAfter, c.resting && m.leave(p, now) && !m.last(p, now):
		m.pull(p)
	}
	m.wake = m.look(now)
}

// last reports whether the resting order is the last that the venue will take: it
// filled in part, and what is left of the schedule is below the smallest order. It
// stays where it is for as long as there is time.
func (m *Machine) last(p Port, now exchange.Time) bool {
	s := &m.Schedule
	rest := s.Rest()
	if rest == 0 || rest == m.child.qty || rest >= m.sizer.least(p, p.Instrument(s.Instrument)) {
		return false
	}
	return now < s.End+m.overtime() && (now < s.End || m.Request.AtEnd == intent.CrossAtEnd)
}

func (m *Machine) pull(p Port) {
	p.Cancel(m.child.id)
	m.child.pulled = true
}

// leave reports whether a resting order is to be taken back: it is time to take, a
// new slice began, or it rests where a new one would not.
func (m *Machine) leave(p Port, now exchange.Time) bool {
	if !m.resting(now) || m.slice(now) != m.slice(m.child.sent) {
		return m.mayTake(p, now)
	}
	b := p.Book(m.Schedule.Instrument)
	if !b.Ready() || now < m.child.sent+repegEvery {
		return false
	}
	near, _ := b.Best(m.Schedule.Side)
	price, _ := m.pricer.limit(p.Instrument(m.Schedule.Instrument), now, float64(near.Price))
	return price != m.child.price
}

// mayTake keeps a resting order where it is while the guard would only send it
// there again.
func (m *Machine) mayTake(p Port, now exchange.Time) bool {
	s := &m.Schedule
	b := p.Book(s.Instrument)
	if now >= s.End || !b.Ready() || m.slice(now) != m.slice(m.child.sent) {
		return true
	}
	far, _ := b.Best(s.Side.Opposite())
	price, _ := m.pricer.takingPrice(p.Instrument(s.Instrument), b, now, far.Price)
	return exchange.Ticks(s.Side)*(price-far.Price) >= 0
}

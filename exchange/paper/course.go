package paper

import (
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// A bar tells how high and how low prices were and not when. What the venue makes
// of it: all instruments of a wallet are at their opens together, then at their
// lows and at their highs, in the order that hurts the wallet more, and at last at
// their closes. At each of these points what rests is filled as far as the bar
// traded through it, and then the wallet is liquidated if the marks of the point
// demand it. This is one course of many, and not the kindest.

// course is what ended on an instrument at an instant; nil: nothing.
type course struct {
	mark, bar *exchange.Event
	point     point         // where the account is on it
	room      exchange.Lots // what resting orders may still get of the bar's volume
	made      exchange.Lots // what they got
}

type point uint8

const (
	atClose point = iota // not within a bar
	atOpen
	atLow
	atHigh
)

// markAt is the mark at a point of the course.
func (c *course) markAt(p point) exchange.E8 {
	path := &c.mark.Path
	switch {
	case path.Interval == 0 || p == atClose:
		return c.mark.Mark
	case p == atOpen:
		return path.Open
	case p == atLow:
		return path.Low
	}
	return path.High
}

// tradedAt is the price of the bar at a point of the course.
func tradedAt(b *exchange.Bar, p point) exchange.Ticks {
	switch p {
	case atOpen:
		return b.Open
	case atLow:
		return b.Low
	case atHigh:
		return b.High
	}
	return b.Close
}

// runBars takes the account through the bars that end at an instant, and then notes
// what the instant leaves.
func (bs *bars) runBars(events []exchange.Event, instant int, at exchange.Time) {
	for i := range events {
		for s := bs.markets.slots[events[i].Instrument]; s != nil; s = s.short {
			s.ended.take(&events[i])
		}
	}
	bs.eachSide(events, func(s *slot, _ *exchange.Event) { s.openBar(bs.opt.Participation) })
	bs.eachSide(events, func(s *slot, ev *exchange.Event) {
		switch {
		case s.collateral == nil && ev.Kind == exchange.KindBar:
			bs.passSpot(s, at)
		case s.collateral != nil && s.collateral.pool.walked != instant:
			s.collateral.pool.walked = instant
			bs.walkWallet(s.collateral.pool, at)
		}
	})
	bs.eachSide(events, func(s *slot, ev *exchange.Event) { s.note(ev) })
	bs.eachSide(events, func(s *slot, _ *exchange.Event) { bs.displace(s, at) })
}

// take keeps what ends: the mark, and the shortest bar.
func (c *course) take(ev *exchange.Event) {
	switch {
	case ev.Kind == exchange.KindMark:
		c.mark = ev
	case ev.Kind == exchange.KindBar && (c.bar == nil || ev.Bar.Interval < c.bar.Bar.Interval):
		c.bar = ev
	}
}

// eachSide calls do for the instrument of every event, in hedge mode for both positions.
func (bs *bars) eachSide(events []exchange.Event, do func(*slot, *exchange.Event)) {
	for i := range events {
		for s := bs.markets.slots[events[i].Instrument]; s != nil; s = s.short {
			do(s, &events[i])
		}
	}
}

// openBar says how much of a bar's volume resting orders may get: a share of it,
// less what we took since the bar before.
func (s *slot) openBar(share float64) {
	c := &s.ended
	if c.bar == nil || s.traded {
		c.bar = nil
		return
	}
	lots := math.Min(math.Floor(c.bar.Bar.Volume*share/s.in.Lot.Float(1)+1e-9), 1<<52)
	c.room = max(0, exchange.Lots(lots)-s.took)
}

func (bs *bars) passSpot(s *slot, at exchange.Time) {
	for _, p := range [...]point{atOpen, atLow, atHigh} {
		bs.pass(s, p, at)
	}
}

// walkWallet takes what one pool backs along the bars that end.
func (bs *bars) walkWallet(p *pool, at exchange.Time) {
	if !p.concerned() {
		return
	}
	points := [...]point{atOpen, atLow, atHigh}
	if p.excess(atHigh) < p.excess(atLow) {
		points = [...]point{atOpen, atHigh, atLow}
	}
	for _, pt := range points {
		for _, s := range p.slots {
			s.ended.point = pt
		}
		for _, s := range p.slots {
			bs.pass(s, pt, at)
		}
		for _, s := range p.slots {
			if m := s.ended.mark; m != nil {
				s.mark = s.ended.markAt(pt)
				s.risk.at(s.mark.Float())
			}
		}
		if p.held > 0 && !p.safe() {
			bs.liquidator.guard(p, at)
		}
	}
	for _, s := range p.slots {
		s.ended.point = atClose
	}
}

// concerned reports whether a bar's course could change anything of the wallet.
func (p *pool) concerned() bool {
	for _, s := range p.slots {
		c := &s.ended
		if c.bar != nil && len(s.orders) > 0 || c.mark != nil && c.mark.Path.Interval != 0 && p.held > 0 {
			return true
		}
	}
	return false
}

// excess is by how much the positions whose bars end would leave the wallet better
// off at a point, up to a constant.
func (p *pool) excess(pt point) float64 {
	sum := 0.0
	for _, s := range p.slots {
		if s.pos.qty != 0 && s.ended.mark != nil {
			s.risk.at(s.ended.markAt(pt).Float())
			sum += s.risk.profit - s.risk.mmr
		}
	}
	return sum
}

// pass fills the resting orders of an instrument that its bar traded through on the
// way to a point, in the order in which the price comes by. A bar that opened
// before an order was sent says nothing about it.
func (bs *bars) pass(s *slot, p point, at exchange.Time) {
	c := &s.ended
	if c.bar == nil || len(s.orders) == 0 {
		return
	}
	price, opened := tradedAt(&c.bar.Bar, p), at-c.bar.Bar.Interval
	passed, touch := bs.passed[:0], atTouch(bs.opt.Models.Queue)
	for _, o := range s.orders {
		if o.sent <= opened && (through(o, price) || touch && reaches(o.Side, o.Price, price)) {
			passed = append(passed, o)
		}
	}
	bs.passed = passed
	slices.SortStableFunc(passed, nearer)
	filled := false
	for _, o := range passed {
		if !o.live || !bs.solvent(s, o.Price) {
			continue // it ends with the account
		}
		q := bs.resting.fillResting(s, o, min(o.left(), c.room), at)
		c.room, c.made, filled = c.room-q, c.made+q, filled || q > 0
	}
	if filled {
		bs.liquidator.after(s, at)
	}
}

// nearer orders what the price comes by first before what it comes by later, and
// orders of one price by age.
func nearer(a, b *order) int {
	if a.Price == b.Price || a.Side != b.Side {
		return 0
	}
	if reaches(a.Side.Opposite(), b.Price, a.Price) {
		return -1
	}
	return 1
}

// solvent reports whether the wallet is not yet liquidated when the instrument is at
// a price on its way.
func (bs *bars) solvent(s *slot, price exchange.Ticks) bool {
	if s.collateral == nil || s.pos.qty == 0 || s.ended.point == atClose {
		return true
	}
	was := s.mark
	s.mark = exchange.E8FromDecimal(s.in.PriceDecimal(price))
	st := bs.margins.standing(s.collateral.pool)
	s.mark = was
	return st.balance.GreaterThan(st.maintenance)
}

// displace takes from the book that a bar is shown as what resting orders got of
// the bar's volume: takers find that much less.
func (bs *bars) displace(s *slot, at exchange.Time) {
	q := s.ended.made
	if s.ended.made = 0; q == 0 || !s.synthetic {
		return
	}
	for _, side := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
		takes, _ := bs.markets.walk(s, side, worst(side), q, at, bs.opt.Impact)
		for _, t := range takes {
			bs.markets.recordTaken(s, side, t, at)
		}
	}
}

// worst is the price that an order of a side without a limit accepts.
func worst(side exchange.Side) exchange.Ticks {
	if side == exchange.Buy {
		return math.MaxInt64
	}
	return 1
}

// closePrice is what a close-out of a side starts from within a bar: the mark or the
// trades of the point where the account fails, whichever is worse for it.
func (lq *liquidator) closePrice(s *slot, side exchange.Side) exchange.Ticks {
	price := toTicks(s, side, lq.margins.priceOf(s))
	if s.ended.bar != nil {
		price = worse(side, price, tradedAt(&s.ended.bar.Bar, s.ended.point))
	}
	return price
}

// toTicks rounds a price against an order of a side.
func toTicks(s *slot, side exchange.Side, price decimal.Decimal) exchange.Ticks {
	if side == exchange.Buy {
		return exchange.Ticks(s.in.Tick.Ceil(price))
	}
	return exchange.Ticks(max(1, s.in.Tick.Floor(price)))
}

// worse returns the price that is worse for an order of a side.
func worse(side exchange.Side, a, b exchange.Ticks) exchange.Ticks {
	if reaches(side, a, b) {
		return a
	}
	return b
}

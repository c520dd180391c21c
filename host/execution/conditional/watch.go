package conditional

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Price is a price of a moment.
type Price struct {
	Source intent.PriceSource // LastPrice, MarkPrice or MidPrice
	Usual  bool               // it is what UsualPrice means on the instrument
	At     exchange.E8
	Side   exchange.Side // of the orders that it is shown to; 0: of all
	// InBar says that it is a point of the course of a bar that has closed since, and Opens
	// that it is where the bar opened; Within is the tick nearest to it.
	InBar, Opens bool
	Within       exchange.Ticks
	Offset       exchange.Ticks // from this price to that of trades, where the bar closed
}

// See compares a price with what the group watches for. One that triggers is sent, or
// waits until the other leg's order has ended; the others fall back to being held.
func (g *Group) See(p Port, at Price) {
	if g.paused {
		return
	}
	in := p.Instrument(g.Instrument())
	for _, m := range g.members {
		if !m.compares(&at) || !m.Request.Reduces(in) && p.Idle(m.Strategy) || m.Role == intent.LegRole && m.Rest() == 0 {
			continue
		}
		if m.Request.Kind == intent.TrailingStop && !m.trail(p, at.At) {
			continue
		}
		if !m.reached(at.At) {
			continue
		}
		g.fire(p, m, &at)
	}
}

// compares reports whether an order is held until a price of this kind.
func (m *member) compares(at *Price) bool {
	r := &m.Request
	switch {
	case !r.Triggers() || m.Ending != 0 || m.State != intent.ConditionalHeld:
		return false
	case at.Side != 0 && at.Side != r.Side:
		return false
	case r.Source == intent.UsualPrice:
		return at.Usual
	}
	return r.Source == at.Source
}

// reached reports whether the price is where the order goes.
func (m *member) reached(at exchange.E8) bool {
	if m.Request.Falls() {
		return at <= m.Stop
	}
	return at >= m.Stop
}

// trail moves a trailing stop. It reports whether it trails.
func (m *member) trail(p Port, at exchange.E8) bool {
	r, side := &m.Request, exchange.E8(m.Request.Side)
	if m.Reference == 0 && r.Activation != 0 && (at-r.Activation)*side > 0 {
		return false // a sale trails from above its activation on, a purchase from below
	}
	if m.Reference != 0 && (at-m.Reference)*side >= 0 {
		return true
	}
	m.Reference = at
	distance := r.Trail
	if r.TrailPart != 0 {
		distance = exchange.E8FromDecimal(at.Decimal().Mul(r.TrailPart.Decimal()))
	}
	m.Stop = at + side*distance
	if moved := (m.Stop - m.recorded) * side; m.recorded == 0 || max(moved, -moved) >= max(1, distance/recordPart) {
		m.recorded = m.Stop
		p.ConditionalChanged(&m.Conditional)
	}
	return true
}

// recordPart is the part of its distance that a trailing stop moves before it is written
// down again: a session that is killed finds it again within that.
const recordPart = 20

// fire lets an order go.
func (g *Group) fire(p Port, m *member, at *Price) {
	m.State, m.Triggered, m.Seen, m.Within = intent.ConditionalTriggered, p.Now(), at.At, m.within(p.Instrument(m.Request.Instrument), at)
	m.Reason = "the " + at.Source.String() + " was " + at.At.Decimal().String()
	p.ConditionalChanged(&m.Conditional)
	if e := g.entry(); e != nil && m.Role == intent.LegRole {
		e.end(p, intent.ConditionalCanceled, m.Request.Type()+" of its bracket was triggered")
	}
	for _, x := range g.members {
		if x == m || x.Role != intent.LegRole || m.Role != intent.LegRole || x.State.Done() {
			continue
		}
		x.Triggered, x.Within = 0, 0
		if x.Child != 0 {
			x.replace(p, "taken back: "+m.Request.Type()+" was triggered")
		} else if x.State == intent.ConditionalTriggered {
			x.State = intent.ConditionalHeld
			p.ConditionalChanged(&x.Conditional)
		}
	}
	g.Step(p)
}

// within is the price inside the bar at which an order went: where the bar opened, when it
// opened beyond the trigger, and the trigger itself when the price came by it.
func (m *member) within(in *exchange.Instrument, at *Price) exchange.Ticks {
	switch {
	case !at.InBar:
		return 0
	case at.Opens:
		return max(1, at.Within+at.Offset)
	case m.Request.Side == exchange.Sell:
		return max(1, exchange.Ticks(in.Tick.Floor(m.Stop.Decimal()))+at.Offset)
	}
	return max(1, exchange.Ticks(in.Tick.Ceil(m.Stop.Decimal()))+at.Offset)
}

package simserver

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Conditional is an order of an account with contracts that waits for a price, in an
// id space of its own. When its price is reached it sends an ordinary order, its
// child, and is over when that is.
type Conditional struct {
	ID           int64
	Market       *Market
	Client       string
	Side         exchange.Side
	PositionSide exchange.Side   // in hedge mode, the position that its child changes
	Type         string          // in the words of the front
	Qty          decimal.Decimal // as it was asked for

	ByMark        bool            // it looks at the mark, not at the last price
	Trigger       decimal.Decimal // of all but a trailing one
	Rising        bool            // it waits for the price to come up to its trigger
	Trailing      bool
	Activate      decimal.Decimal // of a trailing one; zero: at once
	Callback      decimal.Decimal // in per cent
	ClosePosition bool            // its child closes what is held then
	Protect       bool            // it does not trigger while last and mark are far apart
	Expires       int64           // in milliseconds of the wall clock; 0: never

	Status    string // one of those below
	Created   exchange.Time
	Updated   exchange.Time
	Triggered exchange.Time
	Child     *Order
	Reason    string // why it was rejected or expired

	// Note is the front's.
	Note any

	following bool            // past its activation
	extreme   decimal.Decimal // since then
}

// States of a conditional order. Finished says only that the child is over.
const (
	ConditionalNew        = "NEW"
	ConditionalTriggering = "TRIGGERING"
	ConditionalTriggered  = "TRIGGERED"
	ConditionalFinished   = "FINISHED"
	ConditionalCanceled   = "CANCELED"
	ConditionalRejected   = "REJECTED"
	ConditionalExpired    = "EXPIRED"
)

// TriggerProtect is how far apart last and mark price may be, as a part of the mark,
// for an order with Protect to trigger.
var TriggerProtect = decimal.New(5, -2)

var one = decimal.NewFromInt(1)

// Reached reports whether the order triggers at a price. A trailing one takes note of
// the price.
func (g *Conditional) Reached(price decimal.Decimal) bool {
	if g.Trailing {
		return g.trail(price)
	}
	return reached(g.Rising, g.Trigger, price)
}

func reached(rising bool, trigger, price decimal.Decimal) bool {
	if rising {
		return price.GreaterThanOrEqual(trigger)
	}
	return price.LessThanOrEqual(trigger)
}

// trail follows the price from the activation on: a buying one the lowest price,
// and it triggers Callback per cent above that. Selling is the mirror of it.
func (g *Conditional) trail(price decimal.Decimal) bool {
	buy := g.Side == exchange.Buy
	if !g.following {
		if g.Activate.IsPositive() && (buy && price.GreaterThan(g.Activate) || !buy && price.LessThan(g.Activate)) {
			return false
		}
		g.following, g.extreme = true, price
	}
	turn := g.Callback.Shift(-2)
	if buy {
		g.extreme = decimal.Min(g.extreme, price)
		return price.GreaterThanOrEqual(g.extreme.Mul(one.Add(turn)))
	}
	g.extreme = decimal.Max(g.extreme, price)
	return price.LessThanOrEqual(g.extreme.Mul(one.Sub(turn)))
}

// TriggerPrice is the price that triggers look at: the mark, or the last.
func (m *Market) TriggerPrice(byMark bool) decimal.Decimal {
	if byMark {
		return m.MarkPrice()
	}
	return m.In.PriceDecimal(m.LastPrice())
}

// apart reports that last and mark price differ by too much.
func (m *Market) apart() bool {
	mark := m.MarkPrice()
	return mark.IsPositive() && m.In.PriceDecimal(m.LastPrice()).Sub(mark).Abs().GreaterThan(mark.Mul(TriggerProtect))
}

// All returns all conditional orders by id. The slice must not be changed.
func (c *Conditionals) All() []*Conditional { return c.all }

// Waiting returns the conditional orders that may trigger, by id. The slice must not
// be changed.
func (c *Conditionals) Waiting() []*Conditional { return c.waiting }

// Place takes a conditional order in. Margin and position are looked at
// only when it triggers.
func (c *Conditionals) Place(g *Conditional) {
	g.ID = int64(len(c.all)) + 1
	g.Created = c.clock.now
	c.all = append(c.all, g)
	c.waiting = append(c.waiting, g)
	c.dates.expectDate(g.Expires)
	c.setStatus(g, ConditionalNew)
	c.outbox.Flush()
}

// Cancel ends conditional orders that may still trigger.
func (c *Conditionals) Cancel(list ...*Conditional) {
	for _, g := range list {
		c.setStatus(g, ConditionalCanceled)
	}
	c.outbox.Flush()
}

// sendReached triggers what a market event has brought to its price.
func (t *triggers) sendReached(m *Market) {
	if len(t.conditionals.waiting) == 0 {
		return
	}
	for _, g := range slices.Clone(t.conditionals.waiting) {
		if g.Market == m && g.Status == ConditionalNew && g.Reached(m.TriggerPrice(g.ByMark)) && !(g.Protect && m.apart()) {
			t.sendOrder(g)
		}
	}
}

// sendOrder sends the child. Only now margin and position are looked at.
func (t *triggers) sendOrder(g *Conditional) {
	g.Triggered = t.clock.now
	t.conditionals.setStatus(g, ConditionalTriggering)
	var held exchange.Lots
	if g.ClosePosition {
		if held = t.matching.venue.Leg(g.Market.In.ID, g.PositionSide).Position().Qty; held*exchange.Lots(g.Side) >= 0 {
			g.Reason = "There is no position to close."
			t.conditionals.setStatus(g, ConditionalExpired)
			t.outbox.Flush()
			return
		}
	}
	r := t.placeChild(g, held.Abs())
	if r != nil {
		g.Reason, g.Child = r.Reason, nil
		t.conditionals.setStatus(g, ConditionalRejected)
		t.outbox.Flush()
	}
}

// placeChild places the order of a conditional order; closing is the position that it
// closes, if it does.
func (t *triggers) placeChild(g *Conditional, closing exchange.Lots) *Refusal {
	b, ok := g.Market.front().(Brancher)
	if !ok {
		return &Refusal{Reason: "There are no conditional orders."}
	}
	child, r := b.Branch(g)
	if r != nil {
		return r
	}
	child.conditional, child.GoodTill = g, g.Expires
	if g.ClosePosition {
		child.Qty, child.ReduceOnly = closing, true
	}
	t.outbox.Flush()
	_, r = t.entry.Place(child)
	return r
}

// setStatus changes the state of a conditional order and tells of it.
func (c *Conditionals) setStatus(g *Conditional, status string) {
	g.Status, g.Updated = status, c.clock.now
	if status != ConditionalNew && status != ConditionalTriggering {
		c.waiting = slices.DeleteFunc(c.waiting, func(other *Conditional) bool { return other == g })
	}
	c.outbox.queueEvent(Event{Kind: ConditionalChanged, Time: g.Updated, Segment: g.Market.Segment, Conditional: g})
}

// adoptChild makes o the child of its conditional order.
func (c *Conditionals) adoptChild(g *Conditional, o *Order) {
	g.Child, o.Conditional = o, g
	o.Stop = g.Trigger
	c.setStatus(g, ConditionalTriggered)
}

// expireAll ends what waits in a market that is delisted.
func (c *Conditionals) expireAll(m *Market, reason string) {
	for _, g := range slices.Clone(c.waiting) {
		if g.Market == m {
			g.Reason = reason
			c.setStatus(g, ConditionalExpired)
		}
	}
	c.outbox.Flush()
}

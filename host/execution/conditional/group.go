package conditional

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// The constants of trying again.
const (
	quickTries   = 5                    // refusals in a row after which it is said aloud
	firstPause   = exchange.Second / 4  // after a refusal; doubles with each in a row
	longestPause = 30 * exchange.Second // from then on, of what reduces
	moreAfter    = exchange.Second / 2  // to the next order, when the book held less than the whole
	recallAfter  = 5 * exchange.Second  // an order that must not rest and has no end yet is canceled
	resizeEvery  = exchange.Second      // a resting leg grows with its entry at most so often
	loudEvery    = 20                   // refusals, from one word aloud to the next
	feePart      = 100                  // of its size, that fees may have taken of the coins that it sells
	pullEvery    = exchange.Second      // a cancel that was refused is asked for again after
)

// Port is what a group needs from the core.
type Port interface {
	Now() exchange.Time
	Instrument(exchange.InstrumentID) *exchange.Instrument
	// Own is what a strategy holds of an instrument outside of pairs, signed.
	Own(strategy int32, id exchange.InstrumentID) exchange.Lots
	// Sellable is how many lots of a spot market's coins can be sold now.
	Sellable(exchange.InstrumentID) exchange.Lots
	// Idle reports whether a strategy is paused or does not run: what would open
	// something for it waits.
	Idle(strategy int32) bool
	// Others reports whether a strategy has orders of an instrument at a venue that are older
	// than one.
	Others(strategy int32, id exchange.InstrumentID, than exchange.OrderID) bool
	// Leaving is what a strategy's orders of an instrument and a side may still fill, of those
	// that do not rest.
	Leaving(strategy int32, id exchange.InstrumentID, side exchange.Side) exchange.Lots
	// Check says whether an order would be let through. It has no effect.
	Check(*exchange.Order) error
	// Submit sends an order that was checked and returns its id.
	Submit(*exchange.Order) exchange.OrderID
	Cancel(exchange.OrderID)
	// ConditionalChanged tells strategy and ledger of a change.
	ConditionalChanged(*intent.Conditional)
	// CannotSend says aloud that what reduces could not be sent.
	CannotSend(*intent.Conditional)
}

// member is a conditional order at work.
type member struct {
	intent.Conditional
	childQty   exchange.Lots
	childStart exchange.Lots // of Filled, when it was sent
	back       bool          // the order at the venue is to be taken back
	pulled     bool          // ... and that was asked for
	sent       exchange.Time // when it was sent
	off        exchange.Time // nothing is sent before
	calm       exchange.Time // nothing is taken back before
	grown      exchange.Time // when it was last made larger
	recorded   exchange.E8   // Stop, as it was last told
	redo       bool          // its order was being taken back when a run was interrupted
}

// Group is one conditional order, or those that belong together.
type Group struct {
	members   []*member
	unclaimed exchange.Lots // what no leg has filled, of what they may trade in all
	paused    bool          // the session is ending
}

// New returns the group of a request that passed Check; ids are its orders' numbers: the
// entry's first.
func New(ids []exchange.OrderID, strategy int32, r *intent.ConditionalGroup, now exchange.Time) *Group {
	g := &Group{}
	add := func(role intent.Role, r intent.ConditionalRequest, state intent.ConditionalState) {
		c := intent.Conditional{ID: ids[len(g.members)], Group: ids[0], Role: role, Strategy: strategy, Request: r, State: state, Stop: r.Trigger, Size: r.Qty, Created: now}
		g.members = append(g.members, &member{Conditional: c})
	}
	role, state := intent.Alone, intent.ConditionalHeld
	if r.Entry != nil {
		add(intent.EntryRole, *r.Entry, state)
		state = intent.ConditionalWaiting
	}
	if len(r.Legs) > 1 || r.Entry != nil {
		role = intent.LegRole
	}
	for _, leg := range r.Legs {
		if leg.Closes {
			state = intent.ConditionalWaiting
		}
		add(role, leg, state)
	}
	return g
}

// Resume returns the group of orders that an earlier run left. Orders at the venue are
// given back to it by Adopt.
func Resume(saved []intent.Conditional, now exchange.Time) *Group {
	g := &Group{}
	for _, c := range saved {
		if c.State.Done() {
			g.members = append(g.members, &member{Conditional: c})
			continue
		}
		redo := c.State == intent.ConditionalReplacing
		c.Child, c.Reason = 0, "taken up again after an interruption"
		if c.State == intent.ConditionalWorking || c.State == intent.ConditionalReplacing {
			c.State = unsent(&c)
		}
		g.members = append(g.members, &member{Conditional: c, recorded: c.Stop, off: now + exchange.Second, redo: redo})
	}
	return g
}

// Replace returns the order that takes the place of a plain one at the venue, once that
// has ended; cost is that of what has filled of it.
func Replace(id exchange.OrderID, o *exchange.Order, cost decimal.Decimal, ch intent.ConditionalChange, now exchange.Time) *Group {
	r := intent.ConditionalRequest{Kind: intent.PlainOrder, Instrument: o.Instrument, Side: o.Side, Qty: o.Qty, Price: o.Price, TIF: o.TIF,
		ReduceOnly: o.ReduceOnly, Borrow: o.Borrow}
	amend(&r, ch)
	c := intent.Conditional{ID: id, Group: id, Strategy: o.Strategy, Request: r, State: intent.ConditionalReplacing,
		Reason: fmt.Sprintf("order %d is taken back for it", o.ID), Size: r.Qty, Filled: o.Filled, Cost: cost, Created: now}
	o.Parent = id
	c.Child = o.ID
	return &Group{members: []*member{{Conditional: c, childQty: o.Qty, sent: now, back: true}}}
}

// Adopt takes over an order at the venue. It reports whether the order is the group's.
func (g *Group) Adopt(o *exchange.Order, by exchange.OrderID) bool {
	m := g.member(by)
	if m == nil || m.State.Done() {
		return false
	}
	o.Parent = m.ID
	m.Child, m.childQty, m.sent, m.childStart = o.ID, o.Qty, o.Created, m.Filled-o.Filled
	m.back, m.calm, o.Canceled = m.redo, m.off, false // a cancel may never have left
	if m.State == intent.ConditionalHeld || m.State == intent.ConditionalTriggered {
		m.State = intent.ConditionalWorking
	}
	return true
}

// ID is the number of the group: that of its first order.
func (g *Group) ID() exchange.OrderID { return g.members[0].Group }

// Instrument is what the group trades.
func (g *Group) Instrument() exchange.InstrumentID { return g.members[0].Request.Instrument }

// Orders returns copies of its orders.
func (g *Group) Orders() []intent.Conditional {
	out := make([]intent.Conditional, len(g.members))
	for i, m := range g.members {
		out[i] = m.Conditional
	}
	return out
}

// Order returns a copy of the order of a number.
func (g *Group) Order(id exchange.OrderID) (intent.Conditional, bool) {
	if m := g.member(id); m != nil {
		return m.Conditional, true
	}
	return intent.Conditional{}, false
}

// Done reports whether nothing more is sent of the group.
func (g *Group) Done() bool {
	return !slices.ContainsFunc(g.members, func(m *member) bool { return !m.State.Done() || m.Child != 0 })
}

// Watches reports whether a price may let an order of the group go.
func (g *Group) Watches() bool {
	return slices.ContainsFunc(g.members, func(m *member) bool { return m.Request.Triggers() && !m.State.Done() })
}

// Deadline is when the group wants to be stepped even if nothing happens.
func (g *Group) Deadline() (at exchange.Time, armed bool) {
	if g.paused {
		return 0, false
	}
	for _, m := range g.members {
		if d := m.deadline(); d != 0 && (!armed || d < at) {
			at, armed = d, true
		}
	}
	return at, armed
}

func (m *member) deadline() exchange.Time {
	if m.State.Done() {
		return 0
	}
	d := m.off
	if m.back && !m.pulled {
		return m.calm
	}
	if m.Child != 0 && !m.rests() && !m.pulled {
		d = m.sent + recallAfter
	}
	if x := m.Request.Expires; x != 0 && m.Ending == 0 && (d == 0 || x < d) {
		d = x
	}
	return d
}

func (g *Group) member(id exchange.OrderID) *member {
	for _, m := range g.members {
		if m.ID == id {
			return m
		}
	}
	return nil
}

func (g *Group) entry() *member {
	if m := g.members[0]; m.Role == intent.EntryRole {
		return m
	}
	return nil
}

// rests reports whether what it sends may stay in the book.
func (m *member) rests() bool { return m.Request.Rests() }

// unsent is the state of an order of which nothing is at the venue.
func unsent(c *intent.Conditional) intent.ConditionalState {
	if c.Triggered != 0 {
		return intent.ConditionalTriggered
	}
	return intent.ConditionalHeld
}

// entered is what the legs may trade in all.
func (g *Group) entered(in *exchange.Instrument) exchange.Lots {
	e := g.entry()
	switch {
	case e == nil:
		return g.members[0].Request.Qty
	case !in.Perp() && e.Request.Side == exchange.Buy:
		return LotsOf(in, e.Brought)
	}
	return e.Filled
}

// left is what no leg has filled, of what they may trade in all.
func (g *Group) left(in *exchange.Instrument) exchange.Lots {
	sum := g.entered(in)
	for _, m := range g.members {
		if m.Role == intent.LegRole {
			sum -= m.Filled
		}
	}
	return max(0, sum)
}

// resize says how large each order is now.
func (g *Group) resize(in *exchange.Instrument) {
	g.unclaimed = g.left(in)
	for _, m := range g.members {
		if m.Role == intent.LegRole && !m.State.Done() {
			m.Size = m.Filled + g.unclaimed
			if q := m.Request.Qty; q != 0 {
				m.Size = min(m.Size, max(q, m.Filled))
			}
		}
	}
}

package core

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution/conditional"
)

// The kinds of staged intents about orders that the host holds.
type (
	stagedHold struct {
		ids   []exchange.OrderID
		group intent.ConditionalGroup
	}
	stagedAmend struct {
		id, by exchange.OrderID // by: the order that takes the place of id; id itself: it is amended in its place
		change intent.ConditionalChange
	}
	stagedCloseOwn struct {
		id         exchange.OrderID
		instrument exchange.InstrumentID
	}
)

func (st *stagedHold) commit(c *Core, s *instance) {
	c.conditionals.begin(conditional.New(st.ids, s.index, &st.group, c.now))
}

func (st *stagedAmend) commit(c *Core, _ *instance) {
	if g := c.conditionals.group(st.id); g != nil {
		g.Amend(c.conditionals.port, st.id, st.change)
		return
	}
	o, ok := c.orders.get(st.id)
	switch {
	case !ok || o.Status.Terminal() || o.Canceled || o.Parent != 0:
	case st.by == st.id:
		c.emit(o.Strategy, Shrink{copied(o), st.change.Qty})
	default:
		c.conditionals.begin(conditional.Replace(st.by, o, c.conditionals.cost(o, o.Filled), st.change, c.now))
	}
}

// commit takes back what the strategy has in the instrument, and closes what it holds of it
// once all of that has ended. Asked for again, it takes back what was sent since.
func (st *stagedCloseOwn) commit(c *Core, s *instance) {
	instrument := st.instrument
	in := c.u.Get(instrument)
	c.conditionals.withdraw(s.index, in.Key(), st.id, "its position is closed")
	for o := range c.orders.plainOf(s.index) {
		if o.Instrument == instrument {
			c.entry.Cancel(o.ID)
		}
	}
	if _, ok := c.conditionals.find(st.id); ok {
		return
	}
	side := exchange.Sell
	if c.conditionals.Own(s.index, instrument) < 0 {
		side = exchange.Buy
	}
	c.conditionals.begin(conditional.New([]exchange.OrderID{st.id}, s.index, &intent.ConditionalGroup{Legs: []intent.ConditionalRequest{{
		Kind: intent.PlainOrder, Instrument: instrument, Side: side, TIF: exchange.IOC, Closes: true}}}, c.now))
}

// nextOrder takes the number that the next staged order will have.
func (p *Port) nextOrder() exchange.OrderID {
	p.orders++
	return p.c.orders.last + p.orders
}

// Hold stages orders that the host holds, and returns the numbers that they will have: the
// entry's first. What makes no sense is refused now, with what would.
func (p *Port) Hold(r intent.ConditionalGroup) ([]exchange.OrderID, error) {
	n := len(r.Legs)
	for i := range r.Legs {
		if !p.c.markets.knows(r.Legs[i].Instrument) {
			return nil, p.c.markets.unknown("Hold", r.Legs[i].Instrument)
		}
	}
	if r.Entry != nil {
		if n++; !p.c.markets.knows(r.Entry.Instrument) {
			return nil, p.c.markets.unknown("Hold", r.Entry.Instrument)
		}
	}
	if err := conditional.Check(&r, p.c.conditionals); err != nil {
		return nil, err
	}
	if p.c.phase.stopping {
		return nil, errEnding
	}
	if held := p.heldWith(n); held > conditional.Most {
		return nil, fmt.Errorf("a strategy may have at most %d orders held at once, and these would make %d", conditional.Most, held)
	}
	ids := make([]exchange.OrderID, n)
	for i := range ids {
		ids[i] = p.nextOrder()
	}
	p.stage(&stagedHold{ids, r})
	return ids, nil
}

// heldWith is how many orders would be held with n more.
func (p *Port) heldWith(n int) int {
	for _, c := range p.c.conditionals.live() {
		if c.Strategy == p.instance.index {
			n++
		}
	}
	for _, st := range p.staged {
		if h, ok := st.(*stagedHold); ok {
			n += len(h.ids)
		}
	}
	return n
}

// Amend stages another size, price or trigger of an order, and returns the number under which
// it goes on. What the host holds keeps its own. An order at the venue is taken back first:
// another one, with a number of its own, takes its place once it has ended, and is as large
// as what is left then, so that there never are two. Where the venue makes an order smaller in
// its place, one of which the size alone shrinks keeps number and place in the queue.
func (p *Port) Amend(id exchange.OrderID, ch intent.ConditionalChange) (exchange.OrderID, error) {
	earlier := p.amended(id)
	if earlier != nil {
		id = earlier.id
	}
	if c, ok := p.Conditional(id); ok {
		if err := conditional.CheckChange(c, ch, p.c.conditionals); err != nil {
			return 0, err
		}
		p.stage(&stagedAmend{id, id, ch})
		return id, nil
	}
	o, ok := p.c.orders.get(id)
	switch {
	case !ok || o.Strategy != p.instance.index:
		return 0, fmt.Errorf("there is no order %d of this strategy that is sent", id)
	case o.Status.Terminal():
		return 0, fmt.Errorf("order %d is over: %s", id, o.Status)
	case o.Canceled || p.takesBack(o):
		return 0, fmt.Errorf("order %d is being canceled", id)
	case o.Parent != 0:
		return 0, fmt.Errorf("order %d was sent by %d: amend that one", id, o.Parent)
	case o.Pair != 0 || o.Schedule != 0:
		return 0, fmt.Errorf("order %d is of a pair or a schedule, which sizes and prices it", id)
	case o.Type != exchange.Limit:
		return 0, fmt.Errorf("order %d is a market order, which does not rest", id)
	case ch.Trigger != 0:
		return 0, fmt.Errorf("order %d has no trigger: it is at the venue", id)
	case ch.Qty != 0 && ch.Qty <= o.Filled:
		in := p.c.u.Get(o.Instrument)
		return 0, fmt.Errorf("qty: %s of order %d are filled: want more, or cancel it", in.QtyDecimal(o.Filled), id)
	case ch.Zero():
		return 0, fmt.Errorf("nothing is to be changed: want price or qty")
	case p.c.phase.stopping:
		return 0, errEnding
	}
	by := id
	if earlier != nil {
		ch, by = earlier.change.With(ch), earlier.by
	}
	if by == id && (!p.c.cfg.Shrinks || ch.Price != 0 && ch.Price != o.Price || ch.Qty > o.Qty || !o.Rests()) {
		by = p.nextOrder()
	}
	if earlier != nil {
		earlier.change, earlier.by = ch, by
		return by, nil
	}
	p.stage(&stagedAmend{id, by, ch})
	return by, nil
}

// amended is the change of an order that this callback asked for already: another one joins
// it, so that no number is promised of an order that never is. Either number may be named.
func (p *Port) amended(id exchange.OrderID) *stagedAmend {
	for _, st := range p.staged {
		if a, ok := st.(*stagedAmend); ok && (a.id == id || a.by == id) {
			return a
		}
	}
	return nil
}

// takesBack reports whether this callback asked already for the end of an order.
func (p *Port) takesBack(o *exchange.Order) bool {
	for _, st := range p.staged {
		switch x := st.(type) {
		case *stagedCancel:
			if x.id == o.ID {
				return true
			}
			if a := p.amended(o.ID); a != nil && x.id == a.by {
				return true
			}
		case *stagedCloseOwn:
			if x.instrument == o.Instrument {
				return true
			}
		}
	}
	return false
}

// CloseOwn stages the closing of what the strategy holds of an instrument outside of pairs,
// and the end of its other orders of it. It returns the number of the order that closes; 0:
// there is nothing to close. One that is under way is not begun again, and only takes back
// what was sent since.
func (p *Port) CloseOwn(id exchange.InstrumentID) (exchange.OrderID, error) {
	if !p.c.markets.knows(id) {
		return 0, p.c.markets.unknown("CloseOwn", id)
	}
	own := p.c.conditionals.Own(p.instance.index, id)
	switch in := p.c.u.Get(id); {
	case p.c.phase.stopping:
		return 0, errEnding
	case own < 0 && !in.Perp():
		return 0, fmt.Errorf("%s coins of %s were sold that it did not buy: which are to be bought back is not known", in.QtyDecimal(-own), in.Key())
	}
	for _, c := range p.c.conditionals.live() {
		if c.Strategy == p.instance.index && c.Request.Instrument == id && c.Request.Closes && c.Ending == 0 {
			p.stage(&stagedCloseOwn{c.ID, id})
			return c.ID, nil
		}
	}
	for _, st := range p.staged {
		if x, ok := st.(*stagedCloseOwn); ok && x.instrument == id {
			p.stage(&stagedCloseOwn{x.id, id})
			return x.id, nil
		}
	}
	if own == 0 {
		return 0, nil
	}
	order := p.nextOrder()
	p.stage(&stagedCloseOwn{order, id})
	return order, nil
}

// Heading is where a strategy's position in an instrument goes when what is under way fills:
// what it holds outside of pairs, its orders that may open something, and those that do not
// rest. Orders that rest and only reduce (a take-profit) do not count, nor what is held.
func (p *Port) Heading(id exchange.InstrumentID) exchange.Lots {
	if !p.c.markets.knows(id) {
		p.refuse(p.c.markets.unknown("Heading", id))
		return 0
	}
	at := p.c.conditionals.Own(p.instance.index, id)
	counts := func(o *exchange.Order) bool {
		return o.Instrument == id && plain(o) && (!o.Rests() || !o.ReduceOnly)
	}
	for _, o := range p.c.orders.open {
		if o.Strategy == p.instance.index && counts(o) {
			at += exchange.Lots(o.Side) * o.Leaves()
		}
	}
	for _, c := range p.c.conditionals.live() {
		if c.Strategy == p.instance.index && c.Request.Instrument == id && (c.Triggered != 0 || c.Role != intent.LegRole && heads(&c.Request)) {
			at += exchange.Lots(c.Request.Side) * c.Rest()
		}
	}
	for _, st := range p.staged {
		switch x := st.(type) {
		case *stagedOrder:
			if counts(&x.order) {
				at += exchange.Lots(x.order.Side) * x.order.Qty
			}
		case *stagedHold:
			if r := x.group.Begins(); r != nil && r.Instrument == id && heads(r) {
				at += exchange.Lots(r.Side) * r.Qty
			}
		}
	}
	return at
}

// heads reports whether an order that no price let go counts for where a position goes.
func heads(r *intent.ConditionalRequest) bool {
	return !r.Triggers() && (!r.ReduceOnly || !r.Rests())
}

// Conditional returns an order of this strategy that the host holds, also after it ended.
func (p *accountView) Conditional(id exchange.OrderID) (*intent.Conditional, bool) {
	c, ok := p.c.conditionals.find(id)
	if !ok || c.Strategy != p.instance.index {
		return nil, false
	}
	return &c, true
}

// Conditionals returns this strategy's orders that the host holds, oldest first.
func (p *accountView) Conditionals() []*intent.Conditional {
	var out []*intent.Conditional
	for _, c := range p.c.conditionals.live() {
		if c.Strategy == p.instance.index {
			out = append(out, &c)
		}
	}
	return out
}

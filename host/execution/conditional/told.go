package conditional

import (
	"cmp"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Fill books an execution of an order of the group.
func (g *Group) Fill(p Port, parent exchange.OrderID, f *exchange.Fill) {
	m := g.member(parent)
	if m == nil {
		return
	}
	in := p.Instrument(f.Instrument)
	m.bookFill(in, f)
	m.Refused = 0
	if m.State.Done() && m.Filled >= m.Size { // what was given up filled after all
		m.State, m.Reason = intent.ConditionalFilled, ""
	}
	g.resize(in)
	p.ConditionalChanged(&m.Conditional)
	g.Step(p)
}

// OrderDone tells the group that an order of it can fill no more.
func (g *Group) OrderDone(p Port, o *exchange.Order) {
	m := g.member(o.Parent)
	if m == nil || m.Child != o.ID {
		return
	}
	in := p.Instrument(o.Instrument)
	pulled := m.pulled
	m.Child, m.back, m.pulled, m.calm = 0, false, false, 0
	g.resize(in)
	switch {
	case m.State.Done():
	case g.paused:
		if m.Role == intent.LegRole && m.Ending == 0 {
			g.settleLeg(p, in, m)
		}
		m.park(p)
	case m.Role != intent.LegRole && m.Rest() == 0:
		m.close(p, intent.ConditionalFilled, "")
	case m.Ending != 0 || pulled:
		m.unsend(p)
	case o.Status == exchange.StatusFilled:
		m.State = unsent(&m.Conditional)
	case o.Status == exchange.StatusCanceled && o.Canceled:
		m.close(p, intent.ConditionalCanceled, "its order was canceled")
	default:
		m.lost(p, in, o)
	}
	g.Step(p)
}

// CancelRefused tells the group that an order of it could not be taken back: it works on.
func (g *Group) CancelRefused(p Port, o *exchange.Order) {
	if m := g.member(o.Parent); m != nil && m.Child == o.ID && m.pulled {
		m.pulled, m.calm = false, p.Now()+pullEvery
	}
}

// Begin does what a new group begins with.
func (g *Group) Begin(p Port) {
	for _, m := range g.members {
		p.ConditionalChanged(&m.Conditional)
	}
	g.Step(p)
}

// unsend is after an order was taken back: another one is sent when there is to be one.
func (m *member) unsend(p Port) {
	m.State, m.Reason = unsent(&m.Conditional), ""
	if m.Ending == 0 {
		p.ConditionalChanged(&m.Conditional)
	}
}

// lost is what follows an order that ended by itself, with something left.
func (m *member) lost(p Port, in *exchange.Instrument, o *exchange.Order) {
	refused := o.Status == exchange.StatusRejected || o.Status == exchange.StatusDenied
	switch {
	case !refused && m.Request.Price != 0 && !m.rests():
		m.close(p, intent.ConditionalExpired, "the book held too little within its limit")
	case !refused && o.Filled > 0 && m.Request.Price == 0:
		m.State, m.off = unsent(&m.Conditional), p.Now()+moreAfter
	case !refused && m.rests() && !m.Request.Reduces(in):
		m.close(p, intent.ConditionalExpired, o.Reason)
	default:
		m.refused(p, in, cmp.Or(o.Reason, "its order is "+o.Status.String()))
	}
}

// Cancel ends one order of the group, as soon as what it has at the venue has ended.
func (g *Group) Cancel(p Port, id exchange.OrderID, why string) {
	if m := g.member(id); m != nil {
		m.end(p, intent.ConditionalCanceled, why)
		g.Step(p)
	}
}

// CancelAll ends every order of the group.
func (g *Group) CancelAll(p Port, why string) {
	for _, m := range g.members {
		m.end(p, intent.ConditionalCanceled, why)
	}
	g.Step(p)
}

// Disarm ends what would open something: its strategy was paused. What reduces goes on.
func (g *Group) Disarm(p Port, why string) {
	in := p.Instrument(g.Instrument())
	for _, m := range g.members {
		if !m.Request.Reduces(in) {
			m.end(p, intent.ConditionalCanceled, why)
		}
	}
	g.Step(p)
}

// Recall takes every order back from the venue. What reduces is sent again when it can
// be, anything else ends.
func (g *Group) Recall(p Port, why string) {
	in := p.Instrument(g.Instrument())
	for _, m := range g.members {
		switch {
		case m.Child == 0:
		case m.Request.Reduces(in):
			m.pull(p)
		default:
			m.end(p, intent.ConditionalCanceled, why)
		}
	}
	g.Step(p)
}

// Pause takes the orders back from the venue and keeps the group for a next session.
// After a final one there is none, and everything ends.
func (g *Group) Pause(p Port, final bool) {
	for _, m := range g.members {
		if m.State.Done() {
			continue
		}
		if final {
			m.end(p, intent.ConditionalExpired, "the session ended, and nothing goes on with it")
		}
		m.pull(p)
		if m.Child == 0 {
			m.park(p)
		}
	}
	g.paused = true
}

// park leaves an order as it is for a next session, or ends it.
func (m *member) park(p Port) {
	switch {
	case m.Ending != 0:
		m.close(p, m.Ending, m.EndWhy)
	case m.Rest() == 0 && m.Filled > 0 && m.Role != intent.LegRole:
		m.close(p, intent.ConditionalFilled, "")
	default:
		if m.State != intent.ConditionalWaiting {
			m.State = unsent(&m.Conditional)
		}
		m.Reason = "the session ended"
		p.ConditionalChanged(&m.Conditional)
	}
}

// Amend changes an order in its place. An order at the venue is taken back first, and
// what is left of it then is sent with what was changed.
func (g *Group) Amend(p Port, id exchange.OrderID, ch intent.ConditionalChange) {
	m := g.member(id)
	if m == nil || m.State.Done() || m.Ending != 0 {
		return
	}
	amend(&m.Request, ch)
	if ch.Trigger != 0 {
		m.Stop, m.recorded = ch.Trigger, ch.Trigger
	}
	if m.Role != intent.LegRole {
		m.Size = m.Request.Qty
	}
	if m.Child != 0 {
		m.replace(p, "amended")
	} else {
		m.Reason = "amended"
		p.ConditionalChanged(&m.Conditional)
	}
	g.Step(p)
}

func amend(r *intent.ConditionalRequest, ch intent.ConditionalChange) {
	if ch.Qty != 0 {
		r.Qty = ch.Qty
	}
	if ch.Price != 0 {
		r.Price = ch.Price
	}
	if ch.Trigger != 0 {
		r.Trigger = ch.Trigger
	}
}

package oms

import "github.com/perilune/perilune/exchange"

// placeWithin is how long the placing of an order makes sense: it was decided on
// a book that has moved on since.
const placeWithin = 10 * exchange.Second

func (s *orders) place(n *order) {
	n.stage, n.due, s.placed = placing, 0, true
	s.guard.protect(n)
	r := n.request(PlaceOrder)
	r.Reduces, r.NotAfter = n.hedges(), n.Created+placeWithin
	r.Order = Order{Venue: n.in.Venue, Symbol: n.in.Symbol, ClientID: n.ClientID, Side: n.Side, Type: n.Type, TIF: n.TIF,
		ReduceOnly: n.ReduceOnly, Borrow: n.Borrow, PositionSide: n.PositionSide, Qty: n.in.QtyDecimal(n.asked)}
	if n.Created == 0 {
		r.NotAfter = s.now + placeWithin
	}
	if n.Type == exchange.Limit {
		r.Order.Price = n.in.PriceDecimal(n.Price)
	}
	s.request(r)
}

// onPlace takes the answer to a placing. The stream may have told more already.
func (s *orders) onPlace(a *Answer, e *exchange.VenueError) {
	n := s.byClient[a.Request.Order.ClientID]
	if n == nil {
		return
	}
	n.sentBefore = s.now
	switch {
	case e == nil:
		s.report(&a.Report)
	case n.stage != placing:
		// The stream knows better than an answer that was lost.
	case e.Class.Again() && n.hedges() && s.later(e, n.tries) < a.Request.NotAfter && n.cancel == unwanted:
		n.stage, n.due = waiting, s.later(e, n.tries)
		n.tries++
	case e.Class.MayHaveActed() || e.Class == exchange.ErrDuplicate:
		s.outcomeUnknown(n, e)
	default:
		s.finish(n, venueState{status: exchange.StatusRejected, code: code(e), reason: reasonOf(e)})
	}
	s.sendCancel(n)
	s.execs.release(n.in.ID)
}

package oms

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

type cancelStage uint8

const (
	unwanted cancelStage = iota
	wanted               // to be sent as soon as there is something to cancel
	sending
)

// requestCancel asks for an order to be canceled, as soon as there is something to
// cancel: no cancel overtakes its order.
func (s *orders) requestCancel(id exchange.OrderID) {
	n := s.byID[id]
	if n == nil || n.stage == done {
		s.tooLate(id, n)
		return
	}
	s.wantCancel(n)
}

func (s *orders) wantCancel(n *order) {
	if n.cancel == unwanted {
		n.cancel, n.cancels = wanted, 0
	}
	s.sendCancel(n)
}

// cancelAll cancels every order that may rest at the venue.
func (s *orders) cancelAll() {
	for _, n := range slices.Clone(s.open) {
		if n.stage != done {
			s.wantCancel(n)
		}
	}
}

// leave cancels everything that rests at the venue, or is on its way there, and
// takes no order that could rest from now on.
func (s *orders) leave() {
	s.leaving = true
	s.cancelAll()
}

// tooLate answers a cancel that finds nothing to cancel.
func (s *orders) tooLate(id exchange.OrderID, n *order) {
	u := exchange.OrderUpdate{ID: id, Reason: "too late: it is not open", CancelRejected: true}
	ev := exchange.Event{Kind: exchange.KindOrder, Instrument: exchange.NoInstrument}
	if n != nil {
		u.Status, u.Filled, u.VenueID, ev.Instrument = n.Status, n.Filled, n.VenueID, n.Instrument
	}
	ev.Update = u
	s.post(ev)
}

// sendCancel sends a cancel that is wanted, if it makes sense now.
func (s *orders) sendCancel(n *order) {
	if n.cancel != wanted || n.again > s.now {
		return
	}
	switch n.stage {
	case waiting:
		s.finish(n, venueState{status: exchange.StatusCanceled, reason: "canceled before it was sent"})
	case live, unknown:
		n.cancel, n.again = sending, 0
		s.request(n.request(CancelOrder))
	}
}

// cancelsAllowed is how often a cancel is refused before the core is told.
const cancelsAllowed = 10

// onCancel takes the answer to a cancel. Anything but a yes is looked into: the
// order may be filled, canceled, or still there.
func (s *orders) onCancel(a *Answer, e *exchange.VenueError) {
	s.rivals.cancelAnswered(a.Request.ClientID)
	n := s.byClient[a.Request.ClientID]
	if n == nil {
		return
	}
	if n.cancel == sending {
		n.cancel = wanted
	}
	if e == nil {
		s.report(&a.Report)
	}
	if n.cancel != wanted {
		return // it is over
	}
	n.again = s.later(e, n.cancels)
	n.cancels++
	if e == nil || e.Class.Again() {
		return
	}
	n.raced = n.raced || !e.Class.MayHaveActed()
	n.due = soonest(n.due, s.now)
	if n.cancels >= cancelsAllowed && n.stage == live {
		n.cancel = unwanted
		s.postStatus(n, exchange.OrderUpdate{Status: n.Status, Code: code(e), Reason: reasonOf(e), CancelRejected: true})
	}
}

package oms

import (
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// report takes the venue's word on an order, from wherever it comes.
func (s *orders) report(r *Report) {
	in, ok := s.market.find(r.Venue, r.Symbol)
	if !ok {
		s.rivals.lookOut(r)
		for i := range r.Executions {
			s.others.tradedOutside(&r.Executions[i])
		}
		return
	}
	n := s.owner(in.ID, r.ClientID, r.OrderID)
	if n == nil {
		s.reportOfOthers(in, r)
		return
	}
	s.acknowledge(n, r.OrderID, r.Status)
	for i := range r.Executions {
		s.execs.book(in, &r.Executions[i])
	}
	n.keepReport(in, r)
	s.conclude(n)
	s.execs.release(in.ID)
}

func (s *orders) reportOfOthers(in *exchange.Instrument, r *Report) {
	s.rivals.lookOut(r)
	for i := range r.Executions {
		s.execs.book(in, &r.Executions[i])
	}
	if len(r.Executions) == 0 && !r.Status.Terminal() {
		s.others.foreign(r)
	}
	if r.Status.Terminal() {
		s.others.foreignOver(r)
	}
}

// execution takes a trade that came by itself. It says that the order is there, and nothing
// of what it has filled beside.
func (s *orders) execution(e *Execution) {
	in, ok := s.market.find(e.Venue, e.Symbol)
	if !ok {
		s.rivals.lookOut(&Report{Venue: e.Venue, Symbol: e.Symbol, ClientID: e.ClientID, Status: exchange.StatusPartial})
		s.others.tradedOutside(e)
		return
	}
	if s.owner(in.ID, e.ClientID, e.OrderID) == nil {
		s.rivals.lookOut(&Report{Venue: e.Venue, Symbol: e.Symbol, ClientID: e.ClientID, Status: exchange.StatusPartial})
	}
	s.execs.book(in, e)
	s.execs.release(in.ID)
}

// heard takes a trade that is told of before its execution: the order is there, and so much
// of it is filled at least.
func (s *orders) heard(e *Execution) {
	in, ok := s.market.find(e.Venue, e.Symbol)
	if !ok {
		return
	}
	n := s.owner(in.ID, e.ClientID, e.OrderID)
	if n == nil || s.execs.booked(in.ID, e.TradeID) {
		return
	}
	s.acknowledge(n, e.OrderID, exchange.StatusPartial)
	n.reported.filled = max(n.reported.filled, min(n.Filled+lots(in, e.Qty), n.asked))
	s.conclude(n)
}

// acknowledge takes note that the venue has the order.
func (s *orders) acknowledge(n *order, orderID string, status exchange.OrderStatus) {
	if orderID != "" && n.VenueID == "" {
		s.named(n, orderID)
	}
	if n.stage == done {
		s.revive(n, status)
		return
	}
	if n.stage != live {
		n.stage, n.due, n.missed, n.tries = live, 0, 0, 0
	}
	s.resolved(n)
	if status != exchange.StatusRejected && (n.Status == exchange.StatusNew || n.Status == exchange.StatusUnknown) {
		back := exchange.StatusAccepted
		if n.Filled > 0 {
			back = exchange.StatusPartial
		}
		s.changeStatus(n, back, venueState{})
	}
}

// revive handles an order that turns up after it was taken for lost. The core has
// let go of it, so it must not rest: what it has filled is booked, the rest is
// canceled.
func (s *orders) revive(n *order, status exchange.OrderStatus) {
	if !n.lost || status.Terminal() {
		return
	}
	s.note("order %s was taken for lost and is at the venue after all: it is canceled", n.ClientID)
	n.stage, n.cancel, n.again, n.cancels = live, wanted, 0, 0
	if !slices.Contains(s.open, n) {
		s.open = append(s.open, n)
	}
	s.sendCancel(n)
}

// keepReport keeps the report that knows most: the last word, or the most filled.
func (n *order) keepReport(in *exchange.Instrument, r *Report) {
	v := venueState{status: r.Status, filled: lots(in, r.Filled), reason: r.Reason, at: r.Time}
	switch {
	case n.reported.status.Terminal() && (!v.status.Terminal() || v.filled <= n.reported.filled):
	case v.status.Terminal() || v.filled > n.reported.filled || n.reported.status == 0:
		v.filled = max(v.filled, n.reported.filled)
		n.reported = v
	}
	if n.reported.status.Terminal() {
		n.cancel, n.again = unwanted, 0
	}
}

// streamGrace is how long the stream has to bring an execution that a report
// speaks of, before the executions are asked for.
const streamGrace = 500 * exchange.Millisecond

// conclude ends an order once every execution of it is here.
func (s *orders) conclude(n *order) {
	switch {
	case n.stage == done:
	case n.reported.status.Terminal() && n.Filled >= n.reported.filled:
		v := n.reported
		if n.Filled >= n.asked || v.status == exchange.StatusFilled {
			v = n.through()
		}
		s.finish(n, v)
	case n.Filled >= n.asked:
		s.finish(n, n.through())
	case n.reported.filled > n.Filled:
		s.execs.want(n.Instrument, s.now+streamGrace)
	}
}

// through is what an order has come to of which all was filled that the venue was asked for.
func (n *order) through() venueState {
	v := venueState{status: exchange.StatusFilled, at: n.reported.at}
	if n.Filled < n.Qty {
		v.status = exchange.StatusExpired
		v.reason = fmt.Sprintf("the venue is through with it after %s of %s", n.in.QtyDecimal(n.Filled), n.in.QtyDecimal(n.Qty))
	}
	if n.asked < n.Qty {
		v.reason = fmt.Sprintf("hedge mode: the venue was asked for %s of it, which our position had: the rest is for an order of its own", n.in.QtyDecimal(n.asked))
	}
	return v
}

// addFill counts an execution to its order.
func (s *orders) addFill(n *order, qty exchange.Lots) {
	n.Filled += qty
	if !n.Status.Terminal() {
		n.Status = exchange.StatusPartial
	}
}

// askForUnlisted asks for the orders of a segment that a listing of what is open does
// not have: absence proves nothing.
func (s *orders) askForUnlisted(v exchange.Venue, asked exchange.Time, listed []Report) {
	for _, n := range s.open {
		if n.in.Venue != v || n.stage != live || n.reported.status.Terminal() || n.sentBefore >= asked {
			continue
		}
		if !slices.ContainsFunc(listed, func(r Report) bool { return r.Symbol == n.in.Symbol && r.OrderID == n.VenueID }) {
			n.due = soonest(n.due, s.now)
		}
	}
}

package oms

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// book books a trade of the account, once. One that may belong to an order whose number
// we do not know yet waits for it.
func (s *executions) book(in *exchange.Instrument, e *Execution) {
	t := s.list[in.ID]
	if _, booked := t.seen[e.TradeID]; booked {
		return
	}
	at := s.cursorOf(e.TradeID, e.Time)
	if at < t.from {
		return
	}
	n := s.orders.owner(in.ID, e.ClientID, e.OrderID)
	if n == nil && e.ClientID == "" && e.Reason == "" && s.orders.unnamed(in.ID) {
		t.hold(e)
		return
	}
	if n == nil && e.Time < s.began { // what is ours was sent later, whatever the venue's clock says
		t.unhold(e.TradeID)
		t.seen[e.TradeID] = at // part of the opening balances
		return
	}
	t.seen[e.TradeID], t.used = at, true
	if len(t.seen) > seenMost {
		t.forgetSeen()
	}
	t.unhold(e.TradeID)
	if n == nil {
		switch {
		case s.rounds.opens(in.Venue):
		case s.sides.foreign(in, e, at):
			s.rounds.lookAgain(in.Venue)
		default:
			s.bookExecution(in, nil, e)
		}
		return
	}
	s.orders.acknowledge(n, e.OrderID, exchange.StatusPartial)
	s.bookExecution(in, n, e)
	s.orders.conclude(n)
}

// booked reports whether a trade is.
func (s *executions) booked(id exchange.InstrumentID, tradeID string) bool {
	_, ok := s.list[id].seen[tradeID]
	return ok
}

func (t *executionCursor) hold(e *Execution) {
	if len(t.orphans) < orphansMost && !slices.ContainsFunc(t.orphans, func(h *Execution) bool { return h.TradeID == e.TradeID }) {
		kept := *e
		t.orphans = append(t.orphans, &kept)
	}
}

func (t *executionCursor) unhold(id string) {
	t.orphans = slices.DeleteFunc(t.orphans, func(h *Execution) bool { return h.TradeID == id })
}

// release looks again at executions that waited for an order's number.
func (s *executions) release(id exchange.InstrumentID) {
	t := s.list[id]
	if len(t.orphans) == 0 || s.orders.unnamed(id) {
		return
	}
	list := t.orphans
	t.orphans = nil
	for _, e := range list {
		s.book(t.in, e)
	}
}

// claims reports an execution without an owner that may be an order's own. It
// does so for a minute, because a stranger may have traded too.
func (s *executions) claims(n *order) bool {
	return s.now < n.sentBefore+exchange.Minute &&
		slices.ContainsFunc(s.list[n.Instrument].orphans, func(e *Execution) bool { return e.Side == n.Side })
}

// foreign is the reason of a fill that somebody else made on the account.
const foreign = "foreign"

// bookExecution tells the core of an execution and books it on our own account.
func (s *executions) bookExecution(in *exchange.Instrument, n *order, e *Execution) {
	f := &exchange.Fill{VenueID: e.OrderID, TradeID: e.TradeID, Instrument: in.ID,
		Side: e.Side, Price: s.ticks(in, e.Price), Qty: lots(in, e.Qty), Maker: e.Maker, Fee: e.Fee, FeeAsset: e.FeeAsset,
		Realised: e.Realised.Decimal, Reason: e.Reason}
	if f.FeeAsset == "" {
		f.FeeAsset = in.Settle()
	}
	switch {
	case n != nil:
		f.Order = n.ID
		s.orders.addFill(n, f.Qty)
	case f.Reason == "":
		f.Reason = foreign
	}
	if !e.Realised.Valid {
		f.Realised = s.reckon(in, f)
	}
	s.bookFill(in, f, e.Time)
	s.list[in.ID].price = f.Price
}

// reckon is the profit of an execution of which the venue tells none.
func (s *executions) reckon(in *exchange.Instrument, f *exchange.Fill) decimal.Decimal {
	if !in.Perp() {
		return decimal.Zero
	}
	profit, known := s.balances.closing(in, f)
	if !known {
		s.note("%s: trade %s closes what was bought at a price that nobody tells: its profit is found in the balance", in.Key(), f.TradeID)
	}
	return profit
}

// flowsKept is how many executions are remembered for settlements told of late.
const flowsKept = 256

// bookFill books a change of a position or of coins.
func (s *executions) bookFill(in *exchange.Instrument, f *exchange.Fill, at exchange.Time) {
	t := s.list[in.ID]
	t.flows = append(t.flows, flow{at, exchange.Lots(f.Side) * f.Qty})
	if len(t.flows) > 2*flowsKept {
		t.flows = append(t.flows[:0], t.flows[flowsKept:]...)
	}
	s.balances.addFill(in, f)
	s.rounds.touch(in.Venue)
	s.post(exchange.Event{Kind: exchange.KindFill, Instrument: in.ID, VenueTime: at, Fill: f})
}

// positionAt is the position at a time, from what was booked since.
func (s *executions) positionAt(id exchange.InstrumentID, at exchange.Time) exchange.Lots {
	qty := s.balances.positions[id]
	for _, f := range s.list[id].flows {
		if f.at >= at {
			qty -= f.qty
		}
	}
	return qty
}

// ticks converts a price of the venue. One between two ticks is said and cut.
func (s *executions) ticks(in *exchange.Instrument, price decimal.Decimal) exchange.Ticks {
	n, exact := in.Tick.Exact(price)
	if !exact {
		s.note("%s traded at %s, which is no multiple of the tick %s", in.Key(), price, in.Tick)
	}
	return exchange.Ticks(n)
}

// holdTrading tells the core that nothing may trade in an instrument, or may again.
func (s *executions) holdTrading(t *executionCursor, why string) {
	if t.held == why {
		return
	}
	t.held = why
	name := exchange.CommandHold
	if why == "" {
		name = exchange.CommandRelease
	}
	s.post(exchange.Event{Kind: exchange.KindCommand, Instrument: t.in.ID, Name: name, Reason: why})
}

package oms

import (
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// stage is what the manager has to do for an order or a transfer.
type stage uint8

const (
	waiting stage = iota + 1 // not sent, or certainly not taken: to be sent at due
	placing                  // sent; the answer is out
	live                     // the venue has it
	unknown                  // it may have it: to be asked at due
	done
)

// order is an order and what we know of it. Order.Status is what the core was
// told, and Order.Filled is the sum of the executions it was told of.
type order struct {
	exchange.Order // its VenueID is "" until the venue said that it has the order
	in             *exchange.Instrument
	asked          exchange.Lots // how much of it the venue was asked for
	stage          stage
	reported       venueState    // the venue's latest
	sentBefore     exchange.Time // nothing of the placing can have left us later

	due      exchange.Time // of the next sending or query; 0: none
	tries    int
	querying bool // a query is out
	missed   int  // queries in a row that did not find it
	first    exchange.Time

	cancel  cancelStage
	again   exchange.Time // when to cancel again
	cancels int
	raced   bool // a cancel came too late
	lost    bool // taken for never arrived
	resumed bool // left open by an earlier run
}

// venueState is what the venue says an order has come to.
type venueState struct {
	status exchange.OrderStatus
	filled exchange.Lots
	code   int
	reason string
	at     exchange.Time
}

// next is when something is due for the order.
func (n *order) next() exchange.Time {
	next := never
	if n.due != 0 && !n.querying && n.stage != placing {
		next = n.due
	}
	if n.again != 0 && n.cancel == wanted {
		next = min(next, n.again)
	}
	return next
}

// hedges reports an order whose failure leaves the account more exposed.
func (n *order) hedges() bool { return n.ReduceOnly || n.Pair != 0 }

// request is one that names the order to the venue.
func (n *order) request(kind RequestKind) Request {
	return Request{Kind: kind, Venue: n.in.Venue, Symbol: n.in.Symbol, ClientID: n.ClientID, OrderID: n.VenueID}
}

// orders lead the orders of the session from their placing to their end.
type orders struct {
	*outbox
	*orderIndex
	market   *market
	window   exchange.Time
	clientID func(string) string
	lacks    []exchange.TimeInForce
	execs    orderExecutions
	guard    orderGuard
	others   orderOthers
	rivals   orderRivals
	sides    *sides

	resumed int // of an earlier run, not resolved
	leaving bool
	placed  bool // something was sent for placing
}

// orderExecutions is what orders need of executions.
type orderExecutions interface {
	book(in *exchange.Instrument, e *Execution)
	want(id exchange.InstrumentID, at exchange.Time) // those that a report speaks of
	booked(id exchange.InstrumentID, tradeID string) bool
	claims(n *order) bool
	release(id exchange.InstrumentID) // what waited for an order's number
}

// orderGuard is what orders need of dead-man switches.
type orderGuard interface{ protect(n *order) }

// orderOthers is what orders need of who looks after orders that are not ours.
type orderOthers interface {
	tradedOutside(e *Execution) // in an instrument that the session does not know
	foreign(r *Report)
	foreignOver(r *Report)
}

// orderRivals is what orders need of the fence.
type orderRivals interface {
	lookOut(r *Report)
	refuse() string // why nothing is sent any more; "": it is
	cancelAnswered(clientID string)
}

// submit begins the life of an order. One that cannot be asked for is rejected without
// a word to the venue.
func (s *orders) submit(o *exchange.Order) {
	if first := s.byID[o.ID]; first != nil {
		s.postStatus(first, exchange.OrderUpdate{Status: first.Status, Reason: "this order was submitted before"})
		return
	}
	why := s.refuse(o)
	side, most := exchange.Side(0), o.Qty
	if why == "" {
		side, most, why = s.sides.of(o)
	}
	if why == "" && len(s.open) >= openMost {
		why = fmt.Sprintf("%d orders are open: want at most %d", len(s.open), openMost)
	}
	if why != "" {
		ev := exchange.Event{Kind: exchange.KindOrder, Instrument: exchange.NoInstrument,
			Update: exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusRejected, Reason: why}}
		if s.market.known(o.Instrument) {
			ev.Instrument = o.Instrument
		}
		s.post(ev)
		return
	}
	n := s.register(o)
	n.PositionSide, n.asked = side, most
	n.Status, n.Filled, n.VenueID = exchange.StatusNew, 0, ""
	s.place(n)
}

func (s *orders) refuse(o *exchange.Order) string {
	if why := s.rivals.refuse(); why != "" {
		return why
	}
	switch {
	case s.leaving && o.Rests():
		return "the session is ending: nothing that rests is sent any more"
	case !s.market.known(o.Instrument):
		return s.market.unknown(o.Instrument)
	case s.clientID(o.ClientID) != "":
		return fmt.Sprintf("client id %q: %s", o.ClientID, s.clientID(o.ClientID))
	case s.byClient[o.ClientID] != nil:
		return fmt.Sprintf("client id %q belongs to order %d", o.ClientID, s.byClient[o.ClientID].ID)
	case o.Type == exchange.Limit && slices.Contains(s.lacks, o.TIF):
		return fmt.Sprintf("the venue has no %s orders", o.TIF)
	case o.Qty <= 0:
		return fmt.Sprintf("quantity of %d lots: want more than 0", o.Qty)
	case o.Side != exchange.Buy && o.Side != exchange.Sell:
		return "side: want buy or sell"
	}
	return ""
}

// register makes an order known before anything of it can come back.
func (s *orders) register(o *exchange.Order) *order {
	n := &order{Order: *o, asked: o.Qty, in: s.market.u.Get(o.Instrument)}
	s.add(n)
	return n
}

// resume takes over an order that the ledger left open. Whether it ever left is
// not known, and it is not sent again.
func (s *orders) resume(o *exchange.Order) error {
	if why := s.refuse(o); why != "" {
		return fmt.Errorf("oms: open order %d of the ledger: %s", o.ID, why)
	}
	n := s.register(o)
	n.PositionSide, _, _ = s.sides.of(o)
	n.resumed = true
	s.resumed++
	if n.VenueID != "" {
		s.named(n, n.VenueID)
	}
	n.sentBefore, n.stage, n.due = s.now, unknown, s.now
	n.cancel = unwanted
	if o.Canceled {
		n.cancel = wanted
		s.sendCancel(n)
	}
	s.changeStatus(n, exchange.StatusUnknown, venueState{reason: "the last run ended before it knew"})
	return nil
}

// tick does what is due for the orders.
func (s *orders) tick() {
	for _, n := range s.open {
		if n.again != 0 && n.again <= s.now && n.cancel == wanted {
			s.sendCancel(n)
		}
		if n.due == 0 || n.due > s.now || n.querying {
			continue
		}
		switch n.stage {
		case waiting:
			s.place(n)
		case unknown, live:
			s.query(n)
		}
	}
}

// postStatus tells the core a status. Filled is what the core has been told in fills.
func (s *orders) postStatus(n *order, u exchange.OrderUpdate) {
	u.ID, u.VenueID, u.Filled = n.ID, n.VenueID, n.Filled
	s.post(exchange.Event{Kind: exchange.KindOrder, Instrument: n.Instrument, VenueTime: n.reported.at, Update: u})
}

// changeStatus tells the core a status that is new to it.
func (s *orders) changeStatus(n *order, status exchange.OrderStatus, v venueState) {
	n.Status = status
	s.postStatus(n, exchange.OrderUpdate{Status: status, Code: v.code, Reason: v.reason})
}

// finish tells an order's last status. A filled order has none: its fills say so.
func (s *orders) finish(n *order, v venueState) {
	n.stage, n.due, n.again, n.cancel = done, 0, 0, unwanted
	raced := n.raced && v.status != exchange.StatusCanceled
	if n.lost && n.Status == exchange.StatusRejected {
		return // the core has been told that it is over
	}
	if v.status == exchange.StatusFilled {
		n.Status = v.status
	} else {
		s.changeStatus(n, v.status, v)
	}
	if raced {
		s.tooLate(n.ID, n)
	}
	s.resolved(n)
	s.execs.release(n.in.ID)
}

// resolved notes that what became of an order of an earlier run is known.
func (s *orders) resolved(n *order) {
	if n.resumed {
		n.resumed = false
		s.resumed--
	}
}

package paper

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// order is an order as the venue has it. Order.Filled and Order.VenueID are the
// venue's.
type order struct {
	exchange.Order
	wallet exchange.Wallet
	sent   exchange.Time // by us
	due    exchange.Time // at the venue
	answer exchange.Time // latency of everything the venue says about it
	live   bool
	locked decimal.Decimal // on spot, while live

	queue place
}

// left is what may still fill.
func (o *order) left() exchange.Lots { return o.Qty - o.Filled }

// outcome is what the venue remembers of an order that is finished.
type outcome struct {
	wallet  exchange.Wallet
	status  exchange.OrderStatus
	filled  exchange.Lots
	venueID string
	id      exchange.InstrumentID
}

// arrive is an order's moment at the venue.
func (v *Venue) arrive(o *order, at exchange.Time) {
	if v.sent[o.ID] == o {
		delete(v.sent, o.ID)
	}
	if v.duplicate(o, at) {
		return
	}
	if r := invalid(v, o); r != nil {
		v.reject(o, r, at)
		return
	}
	s := v.slots[o.Instrument]
	v.normalise(o)
	if r := v.filter(s, o); r != nil {
		v.reject(o, r, at)
		return
	}
	p := v.plan(s, o, at)
	if r := v.refuse(s, o, p); r != nil {
		v.reject(o, r, at)
		return
	}
	v.accept(s, o, at)
	v.execute(s, o, p, at)
	v.after(s, at)
}

// normalise gives an order the time in force that it means.
func (v *Venue) normalise(o *order) {
	if o.Type == exchange.MarketOrder && o.TIF != exchange.FOK {
		o.TIF, o.Price = exchange.IOC, 0
	}
	if o.TIF == 0 {
		o.TIF = exchange.GTC
	}
}

// duplicate answers an order whose number is taken with the state of the order
// that has it.
func (v *Venue) duplicate(o *order, at exchange.Time) bool {
	first, known := v.outcome(o.ID)
	if !known {
		return false
	}
	code, words := -4116, "ClientOrderId is duplicated."
	if !v.known(first.id) || !v.slots[first.id].in.Perp() {
		code, words = -2010, "Duplicate order sent."
	}
	v.emit(o.wallet, answer{at: at + o.answer, happened: at, kind: exchange.KindOrder, instrument: first.id,
		update: exchange.OrderUpdate{ID: o.ID, VenueID: first.venueID, Status: first.status, Filled: first.filled, Code: code, Reason: words}})
	return true
}

// outcome returns what an order has become, or false when it never arrived.
func (v *Venue) outcome(id exchange.OrderID) (outcome, bool) {
	if o := v.open[id]; o != nil {
		status := exchange.StatusAccepted
		if o.Filled > 0 {
			status = exchange.StatusPartial
		}
		return outcome{o.wallet, status, o.Filled, o.VenueID, o.Instrument}, true
	}
	done, ok := v.finished[id]
	return done, ok
}

func (v *Venue) accept(s *slot, o *order, at exchange.Time) {
	o.live = true
	o.VenueID = v.number(&v.nextOrder)
	v.open[o.ID] = o
	if o.Type == exchange.Limit {
		v.relock(s, o)
	}
	v.say(o, exchange.StatusAccepted, 0, "", at)
}

// execute fills what the plan takes, and then rests, or ends, the order.
func (v *Venue) execute(s *slot, o *order, p plan, at exchange.Time) {
	for _, t := range p.takes {
		v.post(s, o, exchange.Fill{Side: o.Side, Price: t.Price, Qty: t.Qty}, at)
		v.take(s, o.Side, t, at)
		s.took += t.Qty
	}
	switch {
	case o.left() == 0:
		v.finish(s, o, exchange.StatusFilled, 0, "", at)
	case p.end != "":
		v.finish(s, o, exchange.StatusExpired, p.code, p.end, at)
	default:
		s.orders = append(s.orders, o)
		v.join(s, o)
	}
}

// finish ends an order. A filled order has no update of its own: its fills say
// so.
func (v *Venue) finish(s *slot, o *order, status exchange.OrderStatus, code int, reason string, at exchange.Time) {
	o.live = false
	v.relock(s, o)
	delete(v.open, o.ID)
	v.remember(o, status)
	for i, other := range s.orders {
		if other == o {
			s.orders = append(s.orders[:i], s.orders[i+1:]...)
			break
		}
	}
	if status != exchange.StatusFilled {
		v.say(o, status, code, reason, at)
	}
}

func (v *Venue) remember(o *order, status exchange.OrderStatus) {
	v.finished[o.ID] = outcome{o.wallet, status, o.Filled, o.VenueID, o.Instrument}
}

func (v *Venue) reject(o *order, r *refusal, at exchange.Time) {
	v.remember(o, exchange.StatusRejected)
	v.say(o, exchange.StatusRejected, r.code, r.words, at)
}

func (v *Venue) say(o *order, status exchange.OrderStatus, code int, reason string, at exchange.Time) {
	v.emit(o.wallet, answer{at: at + o.answer, happened: at, kind: exchange.KindOrder, instrument: o.Instrument,
		update: exchange.OrderUpdate{ID: o.ID, VenueID: o.VenueID, Status: status, Filled: o.Filled, Code: code, Reason: reason}})
}

// cancel is a cancel's moment at the venue. A fill that came before it stands.
func (v *Venue) cancel(w exchange.Wallet, id exchange.OrderID, heard, at exchange.Time) {
	if o := v.open[id]; o != nil {
		v.finish(v.slots[o.Instrument], o, exchange.StatusCanceled, 0, "", at)
		return
	}
	done, known := v.finished[id]
	if !known {
		done.id = exchange.NoInstrument
	}
	v.emit(w, answer{at: heard, happened: at, kind: exchange.KindOrder, instrument: done.id,
		update: exchange.OrderUpdate{ID: id, VenueID: done.venueID, Status: done.status, Filled: done.filled,
			Code: -2011, Reason: "Unknown order sent.", CancelRejected: true}})
}

// after follows up on a change of position: reduce-only orders that have
// nothing left to reduce end, and margin is checked.
func (v *Venue) after(s *slot, at exchange.Time) {
	if !s.in.Perp() {
		return
	}
	for i := 0; i < len(s.orders); {
		o := s.orders[i]
		if o.ReduceOnly && s.reducible(o.Side) == 0 {
			v.finish(s, o, exchange.StatusExpired, 0, "reduce-only: no position is left to reduce", at)
			continue
		}
		i++
	}
	v.guard(s.purse, at)
}

// reducible is how much an order of a side could reduce the position by.
func (s *slot) reducible(side exchange.Side) exchange.Lots {
	return max(0, -s.pos.qty*exchange.Lots(side))
}

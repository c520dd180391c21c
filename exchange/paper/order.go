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
func (mt *matcher) arrive(o *order, at exchange.Time) {
	if mt.registry.sent[o.ID] == o {
		delete(mt.registry.sent, o.ID)
	}
	if mt.registry.duplicate(o, at) {
		return
	}
	if r := mt.rules.invalid(o); r != nil {
		mt.registry.reject(o, r, at)
		return
	}
	s := mt.markets.of(o)
	mt.normalise(s, o)
	if r := mt.rules.filter(s, o); r != nil {
		mt.registry.reject(o, r, at)
		return
	}
	p := mt.plan(s, o, at)
	if r := mt.rules.refuse(s, o, p); r != nil {
		mt.registry.reject(o, r, at)
		return
	}
	mt.registry.accept(s, o, at)
	shown, more := mt.markets.wantsMore(s, o, &p)
	s.reach.order(o, at, shown, more)
	mt.execute(s, o, p, at)
	mt.liquidator.after(s, at)
}

// normalise gives an order the time in force that it means. What goes against one of two
// positions can only reduce it.
func (mt *matcher) normalise(s *slot, o *order) {
	o.ReduceOnly = o.ReduceOnly || s.holds != 0 && o.Side != s.holds
	if o.Type == exchange.MarketOrder && o.TIF != exchange.FOK {
		o.TIF, o.Price = exchange.IOC, 0
	}
	if o.TIF == 0 {
		o.TIF = exchange.GTC
	}
}

// duplicate answers an order whose number is taken with the state of the order
// that has it.
func (rg *registry) duplicate(o *order, at exchange.Time) bool {
	first, known := rg.outcome(o.ID)
	if !known {
		return false
	}
	words := "ClientOrderId is duplicated."
	if !rg.markets.known(first.id) || !rg.markets.slots[first.id].in.Perp() {
		words = "Duplicate order sent."
	}
	rg.mail.emit(o.wallet, answer{at: at + o.answer, happened: at, kind: exchange.KindOrder, instrument: first.id,
		update: exchange.OrderUpdate{ID: o.ID, VenueID: first.venueID, Status: first.status, Filled: first.filled, Code: int(RuleDuplicate), Reason: words}})
	return true
}

// outcome returns what an order has become, or false when it never arrived.
func (rg *registry) outcome(id exchange.OrderID) (outcome, bool) {
	if o := rg.open[id]; o != nil {
		status := exchange.StatusAccepted
		if o.Filled > 0 {
			status = exchange.StatusPartial
		}
		return outcome{o.wallet, status, o.Filled, o.VenueID, o.Instrument}, true
	}
	done, ok := rg.finished[id]
	return done, ok
}

func (rg *registry) accept(s *slot, o *order, at exchange.Time) {
	o.live = true
	o.VenueID = number(&rg.nextOrder)
	rg.open[o.ID] = o
	if o.Type == exchange.Limit {
		rg.wallets.relock(s, o)
	}
	rg.announce(o, exchange.StatusAccepted, 0, "", at)
}

// execute fills what the plan takes, and then rests, or ends, the order.
func (mt *matcher) execute(s *slot, o *order, p plan, at exchange.Time) {
	for _, t := range p.takes {
		mt.executions.post(s, o, exchange.Fill{Side: o.Side, Price: max(1, t.Price+p.shift), Qty: t.Qty}, at)
		mt.markets.recordTaken(s, o.Side, t, at)
		s.took += t.Qty
	}
	switch {
	case o.left() == 0:
		mt.registry.finish(s, o, exchange.StatusFilled, 0, "", at)
	case p.end != "":
		mt.registry.finish(s, o, exchange.StatusExpired, p.rule, p.end, at)
	default:
		s.orders = append(s.orders, o)
		mt.resting.join(s, o)
	}
}

// finish ends an order. A filled order has no update of its own: its fills say
// so.
func (rg *registry) finish(s *slot, o *order, status exchange.OrderStatus, by Rule, reason string, at exchange.Time) {
	o.live = false
	rg.wallets.relock(s, o)
	delete(rg.open, o.ID)
	rg.remember(o, status)
	for i, other := range s.orders {
		if other == o {
			s.orders = append(s.orders[:i], s.orders[i+1:]...)
			break
		}
	}
	if status != exchange.StatusFilled {
		rg.announce(o, status, by, reason, at)
	}
}

func (rg *registry) remember(o *order, status exchange.OrderStatus) {
	rg.finished[o.ID] = outcome{o.wallet, status, o.Filled, o.VenueID, o.Instrument}
}

func (rg *registry) reject(o *order, r *refusal, at exchange.Time) {
	rg.remember(o, exchange.StatusRejected)
	rg.announce(o, exchange.StatusRejected, r.rule, r.words, at)
}

func (rg *registry) announce(o *order, status exchange.OrderStatus, by Rule, reason string, at exchange.Time) {
	rg.mail.emit(o.wallet, answer{at: at + o.answer, happened: at, kind: exchange.KindOrder, instrument: o.Instrument,
		update: exchange.OrderUpdate{ID: o.ID, VenueID: o.VenueID, Status: status, Filled: o.Filled, Code: int(by), Reason: reason}})
}

// cancel is a cancel's moment at the venue. A fill that came before it stands.
func (mt *matcher) cancel(w exchange.Wallet, id exchange.OrderID, heard, at exchange.Time) {
	if o := mt.registry.open[id]; o != nil {
		mt.registry.finish(mt.markets.of(o), o, exchange.StatusCanceled, 0, "", at)
		return
	}
	done, known := mt.registry.finished[id]
	if !known {
		done.id = exchange.NoInstrument
	}
	mt.mail.emit(w, answer{at: heard, happened: at, kind: exchange.KindOrder, instrument: done.id,
		update: exchange.OrderUpdate{ID: id, VenueID: done.venueID, Status: done.status, Filled: done.filled,
			Code: int(RuleUnknown), Reason: "Unknown order sent.", CancelRejected: true}})
}

// after follows up on a change of position: reduce-only orders that have
// nothing left to reduce end, and margin is checked.
func (lq *liquidator) after(s *slot, at exchange.Time) {
	if !s.in.Perp() {
		return
	}
	for i := 0; i < len(s.orders); {
		o := s.orders[i]
		if o.ReduceOnly && s.reducible(o.Side) == 0 {
			lq.registry.finish(s, o, exchange.StatusExpired, 0, "reduce-only: no position is left to reduce", at)
			continue
		}
		i++
	}
	lq.guard(s.collateral.pool, at)
}

// reducible is how much an order of a side could reduce the position by.
func (s *slot) reducible(side exchange.Side) exchange.Lots {
	return max(0, -s.pos.qty*exchange.Lots(side))
}

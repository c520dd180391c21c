package simserver

import (
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// nextID is the number of an order that is new to the venue.
func (v *matching) nextID() exchange.OrderID {
	v.last++
	return v.last
}

// drainEvents takes what the venue has to say until now, and tells the subscribers.
func (v *matching) drainEvents() {
	v.collectEvents()
	v.outbox.Flush()
}

func (v *matching) collectEvents() {
	var ev exchange.Event
	v.venue.Settle(v.clock.now)
	for t, ok := v.venue.NextTime(); ok && t <= v.clock.now; t, ok = v.venue.NextTime() {
		v.venue.Pop(&ev)
		v.takeEvent(&ev)
	}
}

// takeEvent books what the venue says.
func (v *matching) takeEvent(ev *exchange.Event) {
	switch ev.Kind {
	case exchange.KindOrder:
		v.onUpdate(&ev.Update, ev.VenueTime)
	case exchange.KindFill:
		v.onFill(ev.Fill, ev.VenueTime)
	case exchange.KindFundingPaid:
		v.ledger.bookFunding(v.markets[ev.Payment.Instrument], ev.Payment)
	case exchange.KindTransfer:
		v.ledger.endTransfer(ev.Transfer, ev.VenueTime)
	case exchange.KindBalance:
		v.ledger.correct(ev)
	}
}

func (v *matching) onUpdate(u *exchange.OrderUpdate, at exchange.Time) {
	o := v.orders.byPaper[u.ID]
	if o == nil || u.CancelRejected {
		return
	}
	o.Updated = at
	switch u.Status {
	case exchange.StatusAccepted:
		if !o.resubmitted {
			o.Status = StatusNew
			v.orders.reportChange(o, Opened, nil)
		}
	case exchange.StatusCanceled:
		if !o.modifying {
			v.onCanceled(o)
		}
	case exchange.StatusRejected:
		o.refused = o.Market.refuse(paper.Rule(u.Code), u.Reason)
	case exchange.StatusExpired:
		v.onExpired(o, u)
	}
}

// onCanceled ends an order that its owner or its date has ended.
func (v *matching) onCanceled(o *Order) {
	if o.lapsing {
		o.Status = StatusExpired
		v.orders.reportChange(o, Expired, nil)
		return
	}
	o.Status = StatusCanceled
	v.orders.reportChange(o, Canceled, nil)
}

// onExpired ends an order that the exchange gave up. One by a rule is refused: a
// contract's FOK order that cannot be filled was never there.
func (v *matching) onExpired(o *Order, u *exchange.OrderUpdate) {
	if u.Code != 0 {
		o.refused = o.Market.refuse(paper.Rule(u.Code), u.Reason)
		return
	}
	o.Status, o.Ended, o.Reason = StatusExpired, EndedByVenue, u.Reason
	change := Expired
	if strings.HasPrefix(u.Reason, "self-trade") {
		o.Status, change = StatusMatched, Prevented
	}
	v.orders.reportChange(o, change, nil)
}

func (v *matching) onFill(f *exchange.Fill, at exchange.Time) {
	o := v.orders.byPaper[f.Order]
	if f.Order == 0 || o == nil {
		o = v.forcedOrder(f, at)
	}
	id, _ := strconv.ParseInt(f.TradeID, 10, 64) // the venue counts from 1
	t := &Trade{ID: id, Order: o, Price: f.Price, Qty: f.Qty, Worth: o.Market.Worth(f.Price, f.Qty), Fee: f.Fee, FeeAsset: f.FeeAsset,
		Realised: f.Realised, Maker: f.Maker, Time: at}
	v.ledger.trades = append(v.ledger.trades, t)
	o.Fills = append(o.Fills, t)
	o.Filled += f.Qty
	o.Worth = o.Worth.Add(t.Worth)
	o.Updated = at
	o.Status = StatusPartial
	if o.Filled >= o.Qty {
		o.Status = StatusFilled
	}
	v.ledger.bookTrade(t)
	v.orders.reportChange(o, Filled, t)
}

// forcedOrder makes the order that the exchange sends for a liquidation or an
// auto-deleveraging: one the customer never sent, which closes a position.
func (v *matching) forcedOrder(f *exchange.Fill, at exchange.Time) *Order {
	m := v.markets[f.Instrument]
	o := &Order{Market: m, Side: f.Side, Kind: exchange.Limit, Price: f.Price, Qty: f.Qty, Created: at, Updated: at, Status: StatusNew, Forced: true, PositionSide: v.venue.Leg(m.In.ID, f.Side.Opposite()).Side()}
	why := Liquidation
	switch {
	case f.Reason == "adl" && v.settling:
		why = Settlement
	case f.Reason == "adl":
		why = Deleveraging
	}
	if n, ok := m.front().(Namer); ok { // without a front there is nobody to name it for
		n.Name(o, why)
	}
	v.orders.register(o)
	return o
}

// withdrawOrder takes the order from the venue without telling anyone.
func (v *matching) withdrawOrder(o *Order) {
	o.modifying = true
	v.venue.Cancel(o.paper, v.clock.now)
	v.collectEvents()
	o.modifying = false
}

// resubmitOrder sends what is left of the order under a new number.
func (v *matching) resubmitOrder(o *Order, policy exchange.TimeInForce, tell bool) *Refusal {
	o.paper, o.refused, o.resubmitted = v.nextID(), nil, true
	v.orders.byPaper[o.paper] = o
	if tell {
		o.Updated = v.clock.now
		v.orders.reportChange(o, Replaced, nil)
	}
	t := &Ticket{Market: o.Market, Side: o.Side, Kind: o.Kind, Policy: policy, ReduceOnly: o.ReduceOnly, Borrow: o.Borrow, PositionSide: o.PositionSide, Client: o.Client, Price: o.Price, Qty: o.Qty - o.Filled}
	v.venue.Submit(t.order(o.paper, v.clock.now), v.clock.now)
	v.collectEvents()
	return o.refused
}

// closeAtMark closes the whole position with an order that nobody sent, in hedge mode both.
func (v *matching) closeAtMark(m *Market) {
	for _, side := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
		leg := v.venue.Leg(m.In.ID, side)
		if q := leg.Position().Qty.Abs(); m.In.Perp() && q > 0 {
			leg.Deleverage(q, v.clock.now)
			v.drainEvents()
		}
	}
}

package simserver

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Order is an order as the exchange knows it. A changed order has had several numbers
// at the venue behind, and keeps its own id.
type Order struct {
	ID     int64
	Market *Market
	Client string // its name, the customer's or a made one
	Side   exchange.Side
	Kind   exchange.OrderType
	// Type and TIF are what the customer asked for, in the words of the front.
	Type, TIF   string
	ReduceOnly  bool
	Price       exchange.Ticks
	Qty         exchange.Lots
	GoodTill    int64           // when it lapses, in milliseconds of the wall clock; 0: never
	Stop        decimal.Decimal // the price that triggered it, or is to; zero: none
	Waits       bool            // a stop order that has not triggered
	Worked      exchange.Time   // when it triggered; 0: it has not
	Conditional *Conditional    // whose child it is; nil: none
	Forced      bool            // nobody sent it

	Status     Status
	Filled     exchange.Lots
	Worth      decimal.Decimal // of what is filled, as Market.Worth
	Fills      []*Trade
	Created    exchange.Time
	Updated    exchange.Time
	CancelName string // the name of the request that ended or reduced it
	Ended      Ending
	Reason     string // of EndedByVenue, in the words of package paper

	// Note is the front's.
	Note any

	policy      exchange.TimeInForce // of a stop order, when it is sent
	rising      bool                 // it waits for the price to come up to it
	paper       exchange.OrderID
	modifying   bool
	lapsing     bool // its date has come
	resubmitted bool
	refused     *Refusal
}

// Status is the state of an order, as the control door writes it.
type Status string

// States of an order. StatusMatched is an order that expired because it met one of
// the account's own.
const (
	StatusNew       Status = "NEW"
	StatusPartial   Status = "PARTIALLY_FILLED"
	StatusFilled    Status = "FILLED"
	StatusCancelled Status = "CANCELED"
	StatusExpired   Status = "EXPIRED"
	StatusMatched   Status = "EXPIRED_IN_MATCH"
)

// Ending says why an order was ended by the exchange.
type Ending uint8

const (
	NotEnded       Ending = iota
	EndedByVenue          // see Order.Reason
	EndedByDelist         // its symbol has ended
	EndedByRefusal        // it triggered and was refused
)

// Open reports whether the order may still be filled.
func (o *Order) Open() bool { return o.Status == StatusNew || o.Status == StatusPartial }

// Average is the mean price of what is filled, zero before the first fill.
func (o *Order) Average() decimal.Decimal {
	if o.Filled == 0 || o.Worth.IsZero() {
		return decimal.Zero
	}
	q := o.Market.In.QtyDecimal(o.Filled)
	if o.Market.In.Inverse() {
		return q.Mul(o.Market.In.ContractSize).DivRound(o.Worth, 8)
	}
	return o.Worth.DivRound(q, 8)
}

// Ticket is a new order. A front has checked it in itself.
type Ticket struct {
	Market     *Market
	Client     string
	Side       exchange.Side
	Kind       exchange.OrderType
	Type, TIF  string // in the words of the front
	Policy     exchange.TimeInForce
	Price      exchange.Ticks
	Qty        exchange.Lots
	Stop       decimal.Decimal // positive: it waits for this price, and rises there or falls as Rising says
	Rising     bool
	ReduceOnly bool
	GoodTill   int64 // in milliseconds of the wall clock; 0: for ever
	Note       any   // becomes the order's

	conditional *Conditional // whose child it is
}

// order makes the venue's order of a ticket.
func (t *Ticket) order(id exchange.OrderID, now exchange.Time) *exchange.Order {
	return &exchange.Order{ID: id, ClientID: t.Client, Strategy: -1, Instrument: t.Market.In.ID, Side: t.Side, Type: t.Kind, TIF: t.Policy,
		ReduceOnly: t.ReduceOnly, Created: now, Price: t.Price, Qty: t.Qty}
}

// Place sends an order to the venue. With no latency there, it is accepted, refused
// or filled when this returns. A ticket with a stop waits for its price.
func (a *Account) Place(t *Ticket) (*Order, *Refusal) {
	if f, ok := t.Market.front().(Admitter); ok {
		if r := f.Admit(a, t); r != nil {
			return nil, r
		}
	}
	if t.Stop.IsPositive() {
		return a.park(t)
	}
	previous := a.byClient[clientKey{t.Market, t.Client}]
	a.nextPaper++
	send := t.order(a.nextPaper, a.s.now)
	o := &Order{Market: t.Market, Client: t.Client, Side: t.Side, Kind: t.Kind, Type: t.Type, TIF: t.TIF, ReduceOnly: t.ReduceOnly,
		Price: send.Price, Qty: send.Qty, Created: a.s.now, Updated: a.s.now, paper: send.ID, Status: StatusNew, GoodTill: t.GoodTill, Note: t.Note}
	a.register(o)
	if t.conditional != nil {
		a.adopt(t.conditional, o)
	}
	a.expectGoodTill(o.GoodTill)
	a.paper.Submit(send, a.s.now)
	a.collect()
	if o.refused != nil {
		a.unregister(o, previous)
		a.discard()
		return nil, o.refused
	}
	a.Flush()
	return o, nil
}

// Cancel ends an open order under the name of its cancel. It is false for one that is
// not open.
func (a *Account) Cancel(o *Order, name string) bool {
	if !o.Open() {
		return false
	}
	o.CancelName = name
	if o.Waits {
		a.cancelParked(o)
		return true
	}
	a.paper.Cancel(o.paper, a.s.now)
	a.drain()
	return true
}

// Reduce lowers the whole quantity of an open order, which keeps its place in the
// queue and takes a new name, or its own.
func (a *Account) Reduce(o *Order, qty exchange.Lots, name string) error {
	if err := a.paper.Reduce(o.paper, qty); err != nil {
		return err
	}
	o.Qty, o.Updated, o.CancelName = qty, a.s.now, o.Client
	o.Client = name
	a.byClient[clientKey{o.Market, name}] = o
	a.report(o, Reduced, nil)
	a.Flush()
	return nil
}

// Change gives a resting order another price and whole quantity, at the end of the
// queue. One that would now be filled already, or a post-only one that would cross, is
// cancelled; one that the venue refuses stays as it was. It reports whether the order
// has the new terms.
func (a *Account) Change(o *Order, price exchange.Ticks, total exchange.Lots, policy exchange.TimeInForce) (bool, *Refusal) {
	if total <= o.Filled {
		a.Cancel(o, "")
		return false, nil
	}
	was, wasQty := o.Price, o.Qty
	a.withdraw(o)
	o.Price, o.Qty = price, total
	r := a.resubmit(o, policy, true)
	if r == nil {
		a.Flush()
		return true, nil
	}
	a.discard()
	o.Price, o.Qty = was, wasQty
	if r.PostOnly || a.resubmit(o, exchange.GTC, false) != nil {
		o.Status = StatusCancelled
		a.report(o, Cancelled, nil)
		a.Flush()
	}
	if r.PostOnly {
		return false, nil
	}
	return false, r
}

// withdraw takes the order from the venue without telling anyone.
func (a *Account) withdraw(o *Order) {
	o.modifying = true
	a.paper.Cancel(o.paper, a.s.now)
	a.collect()
	o.modifying = false
}

// resubmit sends what is left of the order under a new number.
func (a *Account) resubmit(o *Order, policy exchange.TimeInForce, tell bool) *Refusal {
	a.nextPaper++
	o.paper, o.refused, o.resubmitted = a.nextPaper, nil, true
	a.byPaper[o.paper] = o
	if tell {
		o.Updated = a.s.now
		a.report(o, Replaced, nil)
	}
	t := &Ticket{Market: o.Market, Side: o.Side, Kind: o.Kind, Policy: policy, ReduceOnly: o.ReduceOnly, Client: o.Client, Price: o.Price, Qty: o.Qty - o.Filled}
	a.paper.Submit(t.order(o.paper, a.s.now), a.s.now)
	a.collect()
	return o.refused
}

// register gives an order its id and makes it known.
func (a *Account) register(o *Order) {
	o.ID = int64(len(a.orders)) + 1
	a.orders = append(a.orders, o)
	a.live = append(a.live, o)
	a.byClient[clientKey{o.Market, o.Client}] = o
	if o.paper != 0 {
		a.byPaper[o.paper] = o
	}
}

// unregister removes the last registered order: it was refused and never existed.
func (a *Account) unregister(o *Order, previous *Order) {
	a.orders = a.orders[:len(a.orders)-1]
	a.live = slices.DeleteFunc(a.live, func(other *Order) bool { return other == o })
	delete(a.byPaper, o.paper)
	delete(a.byClient, clientKey{o.Market, o.Client})
	if previous != nil {
		a.byClient[clientKey{o.Market, o.Client}] = previous
	}
}

// OpenOrders returns the open orders of a segment, of one market or all (nil), by id.
func (a *Account) OpenOrders(seg *Segment, m *Market) []*Order {
	a.live = slices.DeleteFunc(a.live, func(o *Order) bool { return !o.Open() })
	var out []*Order
	for _, o := range a.live {
		if o.Market.Segment == seg && (m == nil || o.Market == m) {
			out = append(out, o)
		}
	}
	return out
}

// Order returns the order with an id, nil when there is none.
func (a *Account) Order(id int64) *Order {
	if i := id - 1; i >= 0 && i < int64(len(a.orders)) {
		return a.orders[i]
	}
	return nil
}

// Named returns the latest order of a market that had a name, nil when there is none.
func (a *Account) Named(m *Market, client string) *Order { return a.byClient[clientKey{m, client}] }

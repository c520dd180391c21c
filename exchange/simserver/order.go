package simserver

import (
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
	Type, TIF  string
	ReduceOnly bool
	Borrow     bool // it may sell coins that are not there
	// PositionSide is, in hedge mode, the position that it changes: Buy the long one.
	PositionSide exchange.Side
	Price        exchange.Ticks
	Qty          exchange.Lots
	GoodTill     int64           // when it lapses, in milliseconds of the wall clock; 0: never
	Stop         decimal.Decimal // the price that triggered it, or is to; zero: none
	Waits        bool            // a stop order that has not triggered
	Worked       exchange.Time   // when it triggered; 0: it has not
	Conditional  *Conditional    // whose child it is; nil: none
	Forced       bool            // nobody sent it
	List         *List           // that it is of; nil: none

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
	reserved    decimal.Decimal // what it locks while it waits for its price
}

// Status is the state of an order, as the control door writes it.
type Status string

// States of an order. StatusMatched is an order that expired because it met one of
// the account's own.
const (
	StatusNew      Status = "NEW"
	StatusPartial  Status = "PARTIALLY_FILLED"
	StatusFilled   Status = "FILLED"
	StatusCanceled Status = "CANCELED"
	StatusExpired  Status = "EXPIRED"
	StatusMatched  Status = "EXPIRED_IN_MATCH"
	StatusPending  Status = "PENDING_NEW" // it waits for another order of its list
)

// Ending says why an order was ended by the exchange.
type Ending uint8

const (
	NotEnded       Ending = iota
	EndedByVenue          // see Order.Reason
	EndedByDelist         // its symbol has ended
	EndedByRefusal        // it triggered and was refused
	EndedByList           // another order of its list was filled or has triggered, or never was
)

// Open reports whether the order may still be filled.
func (o *Order) Open() bool {
	return o.Status == StatusNew || o.Status == StatusPartial || o.Status == StatusPending
}

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
	Market       *Market
	Client       string
	Side         exchange.Side
	Kind         exchange.OrderType
	Type, TIF    string // in the words of the front
	Policy       exchange.TimeInForce
	Price        exchange.Ticks
	Qty          exchange.Lots
	Stop         decimal.Decimal // positive: it waits for this price, and rises there or falls as Rising says
	Rising       bool
	ReduceOnly   bool
	Borrow       bool          // it may sell coins that are not there
	PositionSide exchange.Side // in hedge mode, the position that it changes; 0: the only one
	GoodTill     int64         // in milliseconds of the wall clock; 0: for ever
	Note         any           // becomes the order's

	conditional *Conditional // whose child it is
	list        *List        // that it is of
}

// order makes the venue's order of a ticket.
func (t *Ticket) order(id exchange.OrderID, now exchange.Time) *exchange.Order {
	return &exchange.Order{ID: id, ClientID: t.Client, Strategy: -1, Instrument: t.Market.In.ID, Side: t.Side, Type: t.Kind, TIF: t.Policy,
		ReduceOnly: t.ReduceOnly, Borrow: t.Borrow, PositionSide: t.PositionSide, Created: now, Price: t.Price, Qty: t.Qty}
}

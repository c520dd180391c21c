package exchange

import "github.com/shopspring/decimal"

// OrderID is the host's number of an order, dense within a session. Zero is no
// order of ours (a liquidation, a foreign order).
type OrderID uint64

// PairID is the host's number of a pair trade, dense within a session; 0: none.
type PairID uint64

// ScheduleID is the host's number of a parent order, dense within a session; 0:
// none.
type ScheduleID uint64

// OrderType says how the price of an order is meant.
type OrderType uint8

const (
	Limit OrderType = iota + 1
	MarketOrder
)

func (t OrderType) String() string {
	switch t {
	case Limit:
		return "limit"
	case MarketOrder:
		return "market"
	}
	return "none"
}

// TimeInForce says what happens to what is not filled at once.
type TimeInForce uint8

const (
	GTC      TimeInForce = iota + 1 // rests until canceled
	IOC                             // the rest expires
	FOK                             // all or nothing
	PostOnly                        // rejected if it would take (spot LIMIT_MAKER, futures GTX)
)

func (t TimeInForce) String() string {
	switch t {
	case GTC:
		return "gtc"
	case IOC:
		return "ioc"
	case FOK:
		return "fok"
	case PostOnly:
		return "post_only"
	}
	return "none"
}

// OrderStatus is where an order is in its life. Statuses only move forward.
type OrderStatus uint8

const (
	StatusNew      OrderStatus = iota + 1 // decided and on its way; the venue has not answered
	StatusAccepted                        // the venue has it
	StatusPartial                         // the venue has it and filled some
	StatusUnknown                         // the outcome of a send is not known; exposure stays reserved
	StatusFilled
	StatusCanceled
	StatusExpired  // IOC rest, FOK, end of session, liquidation of the account
	StatusRejected // refused by the venue
	StatusDenied   // refused by our own risk gate; never sent
)

var statusNames = [...]string{"none", "new", "accepted", "partial", "unknown", "filled", "canceled", "expired", "rejected", "denied"}

func (s OrderStatus) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "none"
}

// Terminal reports whether the order can no longer fill.
func (s OrderStatus) Terminal() bool { return s >= StatusFilled }

// Order is an instruction to trade and what became of it.
type Order struct {
	ID         OrderID
	ClientID   string     // deterministic, unique in an account: see core
	Strategy   int32      // index of the strategy that asked; -1: the host itself
	Pair       PairID     // the pair trade it belongs to; 0: none
	Leg        uint8      // 1 spot or what is long, 2 perp or what is short, 3 a substitute, when Pair is set
	Schedule   ScheduleID // the parent order it is a slice of; 0: none
	Parent     OrderID    `json:",omitempty"` // the conditional order that sent it; 0: none
	Instrument InstrumentID
	Side       Side
	Type       OrderType
	TIF        TimeInForce
	ReduceOnly bool
	// Borrow lets a sale on spot take coins that the wallet does not have: see Lending.
	Borrow bool `json:",omitempty"`
	// PositionSide is, where an account can hold a long and a short position in one
	// instrument (hedge mode), the one that the order changes: Buy is the long one. 0: there
	// is one position.
	PositionSide Side
	// Within is the price inside a bar that has closed since at which the order was decided;
	// 0: now. Only a venue that is fed with bars alone, on paper, makes use of it.
	Within Ticks `json:",omitempty"`
	Price  Ticks // limit; 0 for a market order
	Qty    Lots

	Created  Time
	Updated  Time
	Status   OrderStatus
	Filled   Lots
	VenueID  string
	Reason   string // why it was rejected, denied or expired
	Canceled bool   // a cancel was sent
}

// Rests reports an order that may stay in the book.
func (o *Order) Rests() bool { return o.Type == Limit && o.TIF != IOC && o.TIF != FOK }

// Leaves is what may still fill.
func (o *Order) Leaves() Lots {
	if o.Status.Terminal() {
		return 0
	}
	return o.Qty - o.Filled
}

// OrderUpdate is the venue's word on an order. Filled is cumulative.
type OrderUpdate struct {
	ID      OrderID
	VenueID string
	Status  OrderStatus
	Filled  Lots
	Code    int    // the venue's own code; 0 when there is none
	Reason  string // the venue's words
	// CancelRejected: the update answers a cancel that came too late; Status is
	// the order's status as the venue knows it.
	CancelRejected bool
	// Qty is the whole size of the order, when the venue made it smaller; 0: it did not.
	Qty Lots
}

// Fill is one execution. It is unique by (venue, account, instrument, TradeID).
type Fill struct {
	Order      OrderID // 0: not an order of ours
	VenueID    string
	TradeID    string
	Instrument InstrumentID
	Side       Side
	Price      Ticks
	Qty        Lots
	Maker      bool
	Fee        decimal.Decimal // what was charged, >= 0; a rebate is negative
	FeeAsset   string
	// Realised is the profit of the part that reduced a position, in the
	// settlement asset and without fees, as the venue computed it. Zero on spot.
	Realised decimal.Decimal
	// Reason is empty for a fill of our own order, or "liquidation", "adl",
	// "delivery"; "foreign" for a trade that somebody else made on the account.
	Reason string
	// Traded is when it happened, by the venue's clock, and never after it was told of; when
	// it was booked if the venue does not say. 0: it is not booked, or no trade of a venue.
	Traded Time
}

// FundingPayment is one settlement of funding on an open position.
type FundingPayment struct {
	Instrument InstrumentID
	Settled    Time            // the settlement time
	Rate       E8              // of the interval that ended at Settled
	Mark       E8              // mark price the payment was computed on
	Position   Lots            // signed, at Settled
	Amount     decimal.Decimal // received (positive) or paid (negative)
	Asset      string
	TranID     string // unique within the account
}

// Transfer moves an asset between two wallets of the account.
type Transfer struct {
	ID       uint64
	Strategy int32
	Asset    string
	From, To Wallet
	Amount   decimal.Decimal
	Done     bool
	Failed   bool
	Reason   string
}

package oms

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Quantities and prices are decimals here, in the units of exchange.Instrument: this is
// the wire's side. The manager turns them into ticks and lots. Venues and wallets have
// their full names ("binance.usdm"), and all ids are the venue's own text.

// Order is an instruction as a venue takes it.
type Order struct {
	Venue      exchange.Venue
	Symbol     string
	ClientID   string
	Side       exchange.Side
	Type       exchange.OrderType
	TIF        exchange.TimeInForce
	ReduceOnly bool
	// Borrow lets a sale on spot take coins that the wallet does not have: exchange.Lending.
	Borrow bool
	// PositionSide is, where Segment.Hedged, the position that the order changes: Buy is the
	// long one.
	PositionSide exchange.Side
	Price        decimal.Decimal // limit orders
	Qty          decimal.Decimal // units, or contracts where they are inverse
}

// OrderRef names an order of ours: by its client id, and by the venue's where that is
// known.
type OrderRef struct {
	Venue    exchange.Venue
	Symbol   string
	ClientID string
	OrderID  string // ""; not known
}

// Report is the venue's word on an order: an answer, a stream event or a row of a
// query. All of them are cumulative, so the one with more filled is the newer one.
type Report struct {
	Venue    exchange.Venue
	Symbol   string
	ClientID string // the id the order was placed with, also on its cancel
	OrderID  string
	Side     exchange.Side
	Status   exchange.OrderStatus
	Price    decimal.Decimal
	Qty      decimal.Decimal
	Filled   decimal.Decimal
	Reason   string // why it was rejected or expired, in words
	Time     exchange.Time
	// Executions are trades of the order that the answer or the event tells of, where it
	// does. Each counts once, wherever else it is told.
	Executions []Execution
}

// Execution is one trade of the account. It is unique by venue, symbol and TradeID.
type Execution struct {
	Venue    exchange.Venue
	Symbol   string
	TradeID  string
	OrderID  string
	ClientID string // "" where the venue does not tell it
	Side     exchange.Side
	Price    decimal.Decimal
	Qty      decimal.Decimal
	Fee      decimal.Decimal // charged; a rebate is negative
	FeeAsset string
	Maker    bool
	// Realised is the profit of what it closed, without fees, in the settlement asset. Not
	// valid: the venue does not tell it, and it is reckoned from the average price of the
	// position. On spot there is none.
	Realised decimal.NullDecimal
	Reason   string // "", "liquidation", "adl", "settlement"
	// PositionSide is, where Segment.Hedged, the position that it changed; 0: the venue does
	// not say.
	PositionSide exchange.Side
	Time         exchange.Time
}

// Balance is one asset of one wallet. Total is what postings sum to: where contracts
// are margined it is without unrealised profit.
type Balance struct {
	Wallet exchange.Wallet
	Asset  string
	Total  decimal.Decimal
	Free   decimal.Decimal // that an order or a transfer may use; 0: the venue did not say
	// Grain is what the venue's rounding may come to: a difference up to it from our books,
	// which are exact, is none. 0: the venue is exact too.
	Grain decimal.Decimal
}

// Position is an open position. Qty is signed, in units or contracts.
type Position struct {
	Venue  exchange.Venue
	Symbol string
	Side   exchange.Side // where Segment.Hedged, which of the two it is: Buy is the long one
	Qty    decimal.Decimal
	Entry  decimal.Decimal
	Mark   decimal.Decimal // 0: the venue did not say
	// Own is the margin that it has of its own, without its profit; not valid: it shares that
	// of its wallet, or the venue did not say.
	Own decimal.NullDecimal
}

// IncomeKind is what a row of income is for.
type IncomeKind uint8

const (
	IncomeOther     IncomeKind = iota // booked under its name: a rebate, a correction
	IncomeFunding                     // of an instrument
	IncomeInsurance                   // the insurance fund made good a wallet, or charged it
	IncomeExecution                   // realised profit or a fee, which executions tell too
	IncomeTransfer                    // which the history of transfers tells too
	IncomeInterest                    // on coins that are owed
)

// Income is one row of what was booked in a wallet. It is unique by Kind, Name, ID,
// Symbol and Asset.
type Income struct {
	Venue  exchange.Venue
	Wallet exchange.Wallet
	Kind   IncomeKind
	Name   string // the venue's, which the ledger keeps of IncomeOther
	Symbol string // "" when it is of no instrument
	Asset  string
	Amount decimal.Decimal // negative: paid
	ID     string
	Time   exchange.Time
}

// TransferOrder is money to be moved between two wallets.
type TransferOrder struct {
	Asset    string
	From, To exchange.Wallet
	Amount   decimal.Decimal // as Profile.MarkTransfer has it
	// Tag names the transfer for ever: the same one has the same tag after a restart.
	// At most 23 of a-z, 0-9, which fit what is free in a UUID.
	Tag string
}

// TransferRow is a row of the history of transfers between wallets. One that is neither
// Done nor Failed is under way.
type TransferRow struct {
	ID       string
	Tag      string // of the TransferOrder, where the venue keeps it
	Asset    string
	From, To exchange.Wallet
	Amount   decimal.Decimal
	Done     bool
	Failed   bool
	Time     exchange.Time
}

// AccountEvent is one event of an account's own streams. Exactly one of the pointers is
// set, or one of the texts is.
type AccountEvent struct {
	Venue  exchange.Venue // the segment whose stream it is; "": that of the whole account
	Report *Report
	// Execution is a trade that comes by itself, without a word on what its order has
	// filled. One that comes with a report is in Report.Executions.
	Execution *Execution
	// Heard is a trade that is told of early, without its fee: the execution follows, and is
	// asked for if it does not. It books nothing.
	Heard *Execution
	// Funding says that a payment is coming; its ID is "" and its Symbol may be.
	Funding *Income
	// Balance is the absolute balance of a wallet after the event.
	Balance *Balance
	// Position is the absolute position after the event.
	Position *Position
	// Setting names a setting that was changed from elsewhere: "leverage BTCUSDT 20".
	Setting string
	// Told is for people: what somebody else does on the account that is no order or trade.
	Told string
	// Gap: events may have been missed until now; reconcile. It is also the first
	// event, once the stream is up: then it Begins, and nothing can have been missed
	// that whoever listens counted on.
	Gap    string
	Begins bool
	// Down: the stream is lost and events are being missed; Gap follows when it is
	// up again.
	Down string
	Time exchange.Time
}

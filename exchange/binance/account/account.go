// Package account is one account of the venue: the requests that change it, the
// questions about it, and its own stream of events, for spot, USD-M and COIN-M.
//
// Assumptions: quantities and prices are decimals here, because this is the wire;
// the venue package above turns them into ticks and lots. The account is in
// one-way mode. A request is signed when it is sent and is never sent twice, with
// one exception: after a refused timestamp, which shows that it was thrown away,
// it is signed and sent once more. Nothing here keeps the state of an order:
// package desk does.
//
// [Client] asks, over REST or, for orders, over the WebSocket APIs; every error
// of it is a [*Fault], whose [Class] says whether the venue may have acted.
// [Listen] tells what happens in the account as a [Notice] each, with a Gap
// wherever something may have been missed.
package account

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Order is an instruction as the venue takes it. Type and TIF are the host's;
// Client spells them for each market.
type Order struct {
	Market     api.Market
	Symbol     string
	ClientID   string
	Side       exchange.Side
	Type       exchange.OrderType
	TIF        exchange.TimeInForce
	ReduceOnly bool
	Price      decimal.Decimal // limit orders
	Qty        decimal.Decimal // units, or contracts on COIN-M
}

// Report is the venue's word on an order: an answer, a stream event or a row of a
// query. All of them are cumulative, so the one with more filled is the newer one.
type Report struct {
	Market   api.Market
	Symbol   string
	ClientID string // the id the order was placed with, also on its cancel
	VenueID  int64
	Side     exchange.Side
	Status   exchange.OrderStatus
	Price    decimal.Decimal
	Qty      decimal.Decimal
	Filled   decimal.Decimal
	Reason   string // why it was rejected or expired, in words
	Time     exchange.Time
	// Execution is the trade that a stream event tells of; nil elsewhere.
	Execution *Execution
}

// Execution is one trade of the account. It is unique by market, symbol and
// TradeID.
type Execution struct {
	Market   api.Market
	Symbol   string
	TradeID  int64
	VenueID  int64  // of the order
	ClientID string // "" in rows of trade queries, which do not tell it
	Side     exchange.Side
	Price    decimal.Decimal
	Qty      decimal.Decimal
	Fee      decimal.Decimal // charged; a rebate is negative
	FeeAsset string
	Maker    bool
	Realised decimal.Decimal
	Reason   string // "", "liquidation", "adl", "settlement"
	Time     exchange.Time
}

// Balance is one asset of one wallet. Wallet is what postings sum to: for
// derivatives the wallet balance, without unrealised profit.
type Balance struct {
	Market api.Market
	Asset  string
	Wallet decimal.Decimal
	Free   decimal.Decimal // that an order or a transfer may use
}

// Position is an open position. Qty is signed, in units or contracts.
type Position struct {
	Market api.Market
	Symbol string
	Qty    decimal.Decimal
	Entry  decimal.Decimal
	Mark   decimal.Decimal // 0: the venue did not say
}

// Income is one row of a derivatives wallet's history. It is unique by Type,
// TranID, Symbol and Asset.
type Income struct {
	Market api.Market
	Type   string // FUNDING_FEE, COMMISSION, REALIZED_PNL, TRANSFER, INSURANCE_CLEAR, …
	Symbol string
	Asset  string
	Amount decimal.Decimal // negative: paid
	TranID string
	Time   exchange.Time
}

// Move is a row of the history of transfers between wallets.
type Move struct {
	TranID   int64
	Asset    string
	From, To api.Market
	Amount   decimal.Decimal
	Done     bool // CONFIRMED
	Failed   bool
	Time     exchange.Time
}

// Class is what an error says about whether the venue acted.
type Class uint8

const (
	// Refused: the venue did not act, and will not.
	Refused Class = iota + 1
	// Unknown: it may have acted. Ask; never send again.
	Unknown
	// Later: it did not act because of a limit, an overload or a clock; the same
	// request may be sent after Fault.Until.
	Later
	// Already: what was asked for is so already.
	Already
)

// Fault is an answer that says no, or no answer.
type Fault struct {
	Class  Class
	Market api.Market
	What   string // what was being tried: "place", "cancel", …
	HTTP   int    // status; 0: there was no answer
	Code   int    // the venue's, negative; 0 when it gave none
	Msg    string
	Until  exchange.Time // with Later: not before; 0: no word on it
	Err    error         // what went wrong below; nil when the venue answered

	body []byte // of the answer: a refusal can have halves
}

func (f *Fault) Error() string {
	s := fmt.Sprintf("%s %s", f.Market, f.What)
	if f.HTTP != 0 {
		s += fmt.Sprintf(": HTTP status %d", f.HTTP)
	}
	if f.Code != 0 {
		s += fmt.Sprintf(", code %d", f.Code)
	}
	if f.Msg != "" {
		s += ": " + f.Msg
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

func (f *Fault) Unwrap() error { return f.Err }

// API is what package desk needs of the venue. Every call blocks until the answer
// or ctx; a *Fault says what an error means. Implementations are safe for
// concurrent use.
type API interface {
	Place(ctx context.Context, o Order) (Report, error)
	Cancel(ctx context.Context, m api.Market, symbol, clientID string) (Report, error)
	// Query asks for one order by client id. A Fault with class Refused and code
	// -2013 means that the venue does not know it.
	Query(ctx context.Context, m api.Market, symbol, clientID string) (Report, error)
	OpenOrders(ctx context.Context, m api.Market) ([]Report, error)
	// Trades returns the trades of a symbol with TradeID >= from, oldest first; all
	// pages.
	Trades(ctx context.Context, m api.Market, symbol string, from int64) ([]Execution, error)
	Balances(ctx context.Context, m api.Market) ([]Balance, error)
	Positions(ctx context.Context, m api.Market) ([]Position, error)
	// Income returns the rows since a time, oldest first; all pages. Spot has none.
	Income(ctx context.Context, m api.Market, since exchange.Time) ([]Income, error)
	// Move transfers between wallets and returns the venue's number of it. It is
	// not idempotent: after Unknown look into Moves.
	Move(ctx context.Context, asset string, from, to api.Market, amount decimal.Decimal) (int64, error)
	Moves(ctx context.Context, from, to api.Market, since exchange.Time) ([]Move, error)
	// Arm starts (or with 0 stops) the countdown after which the venue cancels all
	// orders of a symbol. Futures only.
	Arm(ctx context.Context, m api.Market, symbol string, countdown exchange.Time) error
	// Now is the venue's time as well as it is known.
	Now() exchange.Time
}

// Notice is one event of the user streams. Exactly one of the pointers is set, or
// Gap is.
type Notice struct {
	Market api.Market
	Report *Report
	// Funding is a FUNDING_FEE of ACCOUNT_UPDATE; its TranID is "" and its Symbol
	// may be.
	Funding *Income
	// Balance is the absolute wallet balance after the event. Futures do not tell
	// what is free of it: Free is 0 there.
	Balance *Balance
	// Position is the absolute position after the event.
	Position *Position
	// Conditional is an order that waits for a trigger, or waited.
	Conditional *Conditional
	// Config names a setting that was changed from elsewhere: "leverage BTCUSDT 20".
	Config string
	// Gap: events may have been missed until now; reconcile. It is also the first
	// notice, once the stream is up: then it Begins, and nothing can have been missed
	// that whoever listens counted on.
	Gap    string
	Begins bool
	// Down: the stream is lost and events are being missed; Gap follows when it is
	// up again.
	Down string
	Time exchange.Time
}

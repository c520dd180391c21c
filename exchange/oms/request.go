package oms

import (
	"errors"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// RequestKind is a call of Account, or of what only some accounts have.
type RequestKind uint8

// The calls, most urgent first within a queue.
const (
	CancelOrder RequestKind = iota + 1
	PlaceOrder
	ArmSwitch
	MoveMoney
	QueryOrder
	ListTransfers
	ListExecutions
	ListOpenOrders
	ListIncome
	ListBalances
	ListPositions
)

var requestNames = [...]string{"none", "cancel", "place", "arm", "transfer", "query", "transfers", "executions", "open orders", "income", "balances", "positions"}

func (k RequestKind) String() string { return requestNames[k] }

// Acts reports whether a request changes the account.
func (k RequestKind) Acts() bool { return k <= MoveMoney }

// Request is something to ask of the venue. Kind says which fields count.
type Request struct {
	Number uint64
	Kind   RequestKind
	Venue  exchange.Venue
	Symbol string
	At     exchange.Time // when the manager decided on it
	// NotAfter is when a placing is no longer wanted, if it was held up until
	// then; 0: no limit.
	NotAfter exchange.Time
	// Reduces marks a placing that makes the account safer; it goes first.
	Reduces bool

	Order     Order           // PlaceOrder
	ClientID  string          // CancelOrder, QueryOrder
	OrderID   string          // the same, where the venue has told it
	From      Cursor          // ListExecutions
	Since     exchange.Time   // ListIncome, ListTransfers
	Wallet    exchange.Wallet // ListBalances, ListIncome
	Transfer  TransferOrder   // MoveMoney; its wallets also of ListTransfers
	ID        uint64          // MoveMoney, ListTransfers: of the transfer
	Countdown exchange.Time   // ArmSwitch
}

func (r *Request) ref() OrderRef {
	return OrderRef{Venue: r.Venue, Symbol: r.Symbol, ClientID: r.ClientID, OrderID: r.OrderID}
}

// urgency orders the requests that wait for their turn; lower goes first.
func (r *Request) urgency() int {
	if r.Kind == PlaceOrder && !r.Reduces {
		return 2 * int(ArmSwitch)
	}
	return 2*int(r.Kind) - 1
}

// Answer is what came of a request. Err is nil or says why not; one of the
// results is set otherwise.
type Answer struct {
	Request    *Request
	Err        error
	Report     Report
	Reports    []Report
	Executions []Execution
	Incomes    []Income
	Balances   []Balance
	Positions  []Position
	TransferID string
	Transfers  []TransferRow
}

// venueError returns what an error means; what nobody classified may have happened.
func (a *Answer) venueError() *exchange.VenueError {
	if a.Err == nil {
		return nil
	}
	var e *exchange.VenueError
	if errors.As(a.Err, &e) {
		return e
	}
	return &exchange.VenueError{Class: exchange.ErrUnknown, Venue: a.Request.Venue, What: a.Request.Kind.String(), Err: a.Err}
}

// code is a venue's code as an update carries it: a number, or 0.
func code(e *exchange.VenueError) int {
	n, err := strconv.Atoi(e.Code)
	if err != nil {
		return 0
	}
	return n
}

// reasonOf is the venue's words, or else what went wrong.
func reasonOf(e *exchange.VenueError) string {
	if e.Message != "" {
		return e.Message
	}
	return e.Error()
}

// lots converts a quantity of the venue. One that is not a whole number of lots
// is cut: the balance will tell.
func lots(in *exchange.Instrument, q decimal.Decimal) exchange.Lots {
	return exchange.Lots(in.Lot.Floor(q))
}

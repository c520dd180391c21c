package desk

import (
	"errors"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// RequestKind is a call of account.API.
type RequestKind uint8

// The calls, most urgent first within a lane.
const (
	Cancel RequestKind = iota + 1
	Place
	Arm
	Move
	Query
	Moves
	Trades
	OpenOrders
	Income
	Balances
	Positions
)

var requestNames = [...]string{"none", "cancel", "place", "arm", "move", "query", "moves", "trades", "open orders", "income", "balances", "positions"}

func (k RequestKind) String() string { return requestNames[k] }

// Acts reports whether a request changes the account.
func (k RequestKind) Acts() bool { return k <= Move }

// Request is something to ask of the venue. Kind says which fields count.
type Request struct {
	Number uint64
	Kind   RequestKind
	Market api.Market
	Symbol string
	At     exchange.Time // when the desk decided on it
	// NotAfter is when a placing is no longer wanted, if it was held up until
	// then; 0: no limit.
	NotAfter exchange.Time
	// Reduces marks a placing that makes the account safer; it goes first.
	Reduces bool

	Order    account.Order // Place
	ClientID string        // Cancel, Query
	From     int64         // Trades
	Since    exchange.Time // Income, Moves
	Asset    string        // Move
	To       api.Market
	Amount   decimal.Decimal
	ID       uint64        // Move, Moves: of the transfer
	Arm      exchange.Time // countdown
}

// urgency orders the requests that wait for their turn; lower goes first.
func (r *Request) urgency() int {
	if r.Kind == Place && !r.Reduces {
		return 2 * int(Arm)
	}
	return 2*int(r.Kind) - 1
}

// Answer is what came of a request. Err is nil or says why not; one of the
// results is set otherwise.
type Answer struct {
	Request    *Request
	Err        error
	Report     account.Report
	Reports    []account.Report
	Executions []account.Execution
	Incomes    []account.Income
	Balances   []account.Balance
	Positions  []account.Position
	TranID     int64
	Moves      []account.Move
}

func (d *Desk) request(r Request) uint64 {
	d.number++
	r.Number, r.At = d.number, d.now
	d.requests = append(d.requests, r)
	return d.number
}

// Answer takes what came of a request.
func (d *Desk) Answer(a *Answer, now exchange.Time) {
	d.at(now)
	f := faultOf(a)
	switch a.Request.Kind {
	case Place:
		d.onPlace(a, f)
	case Cancel:
		d.onCancel(a, f)
	case Query:
		d.onQuery(a, f)
	case Move:
		d.onMove(a, f)
	case Moves:
		d.onMoves(a, f)
	case Trades:
		d.onTrades(a, f)
	case Arm:
		d.onArm(a, f)
	default:
		d.onAudit(a, f)
	}
}

// faultOf returns what an error means; what nobody classified may have happened.
func faultOf(a *Answer) *account.Fault {
	if a.Err == nil {
		return nil
	}
	var f *account.Fault
	if errors.As(a.Err, &f) {
		return f
	}
	return &account.Fault{Class: account.Unknown, Market: a.Request.Market, What: a.Request.Kind.String(), Err: a.Err}
}

// backoff is how long to wait before asking again what is not known yet.
func backoff(tries int) exchange.Time {
	steps := [...]exchange.Time{250 * exchange.Millisecond, 500 * exchange.Millisecond, exchange.Second, 2 * exchange.Second, 5 * exchange.Second}
	if tries < len(steps) {
		return steps[tries]
	}
	return 15 * exchange.Second
}

// later is when to try again after a fault.
func (d *Desk) later(f *account.Fault, tries int) exchange.Time {
	at := d.now + backoff(tries)
	if f != nil && f.Class == account.Later {
		at = max(at, f.Until)
	}
	return at
}

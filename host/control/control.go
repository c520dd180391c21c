// Package control says what can be asked of a running session and what it can be told,
// in one table (Ops), whatever door a request comes through: the command line over a
// unix socket, the page and programs over HTTP, MCP, a chat.
//
// A door finds who asks (Who), decodes the arguments strictly, and calls the operation
// on a Desk. A Desk is a running session, or a ledger whose session has ended, which can
// be asked and not told. What is told is an event of the session: it is journalled with
// who and why, and a replay does it again.
//
// Values are JSON: money, prices and quantities are strings of decimal digits, and exact;
// times are RFC 3339 in UTC; a value that is not known is left out. Lists are never null.
package control

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Who asks, and through which door. It is journalled with what was told.
type Who struct {
	Door string `json:"door"`           // "socket", "http", "mcp", "webhook", "chat"
	Name string `json:"name,omitempty"` // as far as the door knows: "uid 1000", the name of a token, a chat
	Why  string `json:"why,omitempty"`  // in the words of who asks
}

// String is "door name: why".
func (w Who) String() string {
	s := w.Door
	if w.Name != "" {
		s += " " + w.Name
	}
	if w.Why != "" {
		s += ": " + w.Why
	}
	return s
}

// Reader is what can be asked. Every method may be called from any goroutine, is bounded
// by its context, and changes nothing. Of a running session the answer is how things
// stand between two events.
type Reader interface {
	Identity() Identity
	Status(ctx context.Context) (*Status, error)
	Strategies(ctx context.Context) ([]Strategy, error)
	Accounts(ctx context.Context) ([]Account, error)
	Positions(ctx context.Context, a StrategyArgs) ([]Position, error)
	Orders(ctx context.Context, a OrdersArgs) ([]Order, error)
	Pairs(ctx context.Context, a PairsArgs) ([]Pair, error)
	Books(ctx context.Context, a BooksArgs) ([]Book, error)
	Rates(ctx context.Context) ([]Rate, error)
	Limits(ctx context.Context) ([]Limit, error)
	Fills(ctx context.Context, a RangeArgs) ([]Fill, error)
	Funding(ctx context.Context, a RangeArgs) ([]Funding, error)
	Equity(ctx context.Context, a SeriesArgs) ([]Point, error)
	Series(ctx context.Context, a SeriesArgs) ([]Series, error)
	Log(ctx context.Context, a LogArgs) ([]LogLine, error)
	Versions(ctx context.Context, a VersionsArgs) ([]Version, error)
	Commands(ctx context.Context, a RangeArgs) ([]Command, error)
	Explain(ctx context.Context, a ExplainArgs) (*Trace, error)
	// Follow is what happens from here on, until ctx ends, the session does, or the range
	// is left. Who is too slow gets an Event of kind "dropped" in place of what he missed.
	Follow(ctx context.Context, a FollowArgs) iter.Seq[Event]
}

// Steerer is what a running session can be told. A method returns once the loop has done
// it; the orders that it leads to are on their way then.
type Steerer interface {
	Halt(ctx context.Context, by Who, a StrategyArgs) error           // a strategy is paused; none named: the kill latch
	Resume(ctx context.Context, by Who, a StrategyArgs) error         // the reverse of Halt
	CancelAll(ctx context.Context, by Who, a OrdersArgs) error        // working orders of strategies
	Flatten(ctx context.Context, by Who, a FlattenArgs) error         // close what is held, bounded by the session's own limits
	Reload(ctx context.Context, by Who, a ReloadArgs) error           // the file again, or a version of before
	Set(ctx context.Context, by Who, a SetArgs) error                 // parameters of a strategy
	Signal(ctx context.Context, by Who, a SignalArgs) error           // on_signal of strategies
	Eval(ctx context.Context, by Who, a EvalArgs) (*Evaluated, error) // Lua in a strategy, at an event boundary
	Stop(ctx context.Context, by Who) error                           // end the session in good order
}

// Desk is a session that can be asked, and told.
type Desk interface {
	Reader
	Steerer
}

// Code is what kind of failure an Error is.
type Code string

// The codes, and the status that HTTP doors answer with.
const (
	BadRequest Code = "bad_request" // 400: the arguments make no sense; the text names the field
	NotFound   Code = "not_found"   // 404: no such strategy, order, pair, version, operation
	Refused    Code = "refused"     // 409: it can't be done as things stand, and the text says why
	Forbidden  Code = "forbidden"   // 403: who asks may not
	TooMany    Code = "too_many"    // 429: a limit of the door
	Ended      Code = "ended"       // 410: the session has ended
	Late       Code = "late"        // 504: the loop has not done it in time, and will
	Internal   Code = "internal"    // 500
)

// Error is why an operation failed, for whoever asked.
type Error struct {
	Code Code   `json:"code"`
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"` // what would be right
}

func (e *Error) Error() string {
	if e.Hint != "" {
		return e.Text + " (" + e.Hint + ")"
	}
	return e.Text
}

// Errorf makes an Error.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// AsError is an error as doors tell it. One of no kind of its own is Internal.
func AsError(err error) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: Late, Text: err.Error()}
	}
	return &Error{Code: Internal, Text: err.Error()}
}

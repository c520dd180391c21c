package oms

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Account is what every venue's account must answer. A call blocks until the answer or
// ctx; its errors are [*exchange.VenueError], whose class says whether the venue may
// have acted. A call is sent once: whether it is sent again is the manager's to decide.
// Implementations are safe for concurrent use.
//
// What only some venues have is asked for by type assertion: see [CapabilitiesOf].
type Account interface {
	// Profile tells what the account is like. It does not change.
	Profile() Profile
	// Place sends an order. The report is the venue's word on it, which may be no more
	// than that it was accepted. ErrDuplicate: an order of this client id is there.
	Place(ctx context.Context, o Order) (Report, error)
	// Cancel asks for an order to be canceled. ErrAlreadyFinal or ErrNotFound: it is
	// not open (any more).
	Cancel(ctx context.Context, o OrderRef) (Report, error)
	// Query asks for one order, open or over. ErrNotFound: the venue does not know it.
	Query(ctx context.Context, o OrderRef) (Report, error)
	// OpenOrders lists the open orders of a segment, whoever placed them; all pages.
	OpenOrders(ctx context.Context, v exchange.Venue) ([]Report, error)
	// Executions lists the trades of the account in an instrument from a cursor on,
	// oldest first, what is at the cursor included; all pages. The cursor "" is the
	// beginning of what the venue keeps.
	Executions(ctx context.Context, v exchange.Venue, symbol string, from Cursor) ([]Execution, error)
	// Balances lists the assets of a wallet that are not zero.
	Balances(ctx context.Context, w exchange.Wallet) ([]Balance, error)
	// Positions lists the open positions of a segment; of spot there are none.
	Positions(ctx context.Context, v exchange.Venue) ([]Position, error)
	// Now is the venue's time as well as it is known.
	Now() exchange.Time
}

// Ahead is how far beyond Account.Now and the cursor a listing by time is asked for where a
// venue wants both ends of a window: its books may carry times that are ahead of the clock
// that requests are stamped by, and those of a simulated venue, whose market runs sixty times
// as fast, are ahead by days.
const Ahead = 30 * exchange.Day

// Incomes is an account that lists what was booked in a wallet beside trades: funding
// above all. Without it such rows are found by the comparison of balances, unnamed.
type Incomes interface {
	// Income lists the rows of a wallet's log since a time, oldest first; all pages.
	Income(ctx context.Context, w exchange.Wallet, since exchange.Time) ([]Income, error)
}

// Transfers is an account whose wallets money can be moved between.
type Transfers interface {
	// Transfer moves money and returns the venue's id of it. It is not idempotent:
	// after ErrUnknown look into TransferHistory.
	Transfer(ctx context.Context, t TransferOrder) (id string, err error)
	// TransferHistory lists the transfers between two wallets since a time, oldest
	// first; all pages.
	TransferHistory(ctx context.Context, from, to exchange.Wallet, since exchange.Time) ([]TransferRow, error)
}

// DeadMan is an account with a switch that cancels orders when we are silent.
type DeadMan interface {
	// ArmDeadMan starts (or with 0 stops) the countdown after which the venue cancels
	// orders. Symbol is "" where a switch covers a whole segment, and the venue too
	// where one covers the account: see [Segment.Switch].
	ArmDeadMan(ctx context.Context, v exchange.Venue, symbol string, countdown exchange.Time) error
}

// Amender is an account that changes the price and quantity of a resting order.
type Amender interface {
	// Amend gives an order another price and total quantity, what is filled included.
	// orderID is the venue's id of it; "": not known. An answer that says no more than
	// that it was accepted reports what was asked for.
	Amend(ctx context.Context, orderID string, o Order) (Report, error)
}

// Batcher is an account that takes several orders of a segment in one request. They
// succeed and fail one by one; results are in the order of what was asked. More than the
// venue takes at once is sent in several requests.
type Batcher interface {
	PlaceBatch(ctx context.Context, v exchange.Venue, orders []Order) ([]Result, error)
	CancelBatch(ctx context.Context, v exchange.Venue, orders []OrderRef) ([]Result, error)
}

// HedgeMode is an account that can hold a long and a short position in one instrument
// at a time. Where it does, its Profile says so of the segment ([Segment.Hedged]); where it
// can't be traded in, Admission refuses it.
type HedgeMode interface {
	HedgeMode(ctx context.Context, v exchange.Venue) (bool, error)
}

// Result is what came of one part of a batch.
type Result struct {
	Report Report
	Err    error // nil: it was done
}

// Profile is what an account is like, as far as the manager decides by it: facts of the
// venue that no answer of it tells.
type Profile struct {
	Segments []Segment         // that the account has, in the order in which they are told of
	Wallets  []exchange.Wallet // that back no segment: a funding wallet
	Income   []exchange.Wallet // that have a log, which Incomes lists; a unified account has one
	// Window is how long after it was decided on a request may still be carried out,
	// if it is not answered: the venue refuses what is stamped earlier. 0: 5 s.
	Window exchange.Time
	// ClientID says what is wrong with a client id of ours; "": nothing. nil: any id
	// is taken.
	ClientID func(id string) string
	// Reuses: an order of a client id that was used already is another order, and not
	// ErrDuplicate. Query answers for the newest one.
	Reuses bool
	// Lacks are the times in force that the venue does not have: such an order is refused
	// before it is sent.
	Lacks []exchange.TimeInForce
	// Route says why money can't go from one wallet to another directly; "": it can.
	// nil: all wallets are connected.
	Route func(from, to exchange.Wallet) string
	// MarkTransfer lays the number of a transfer into its amount, which becomes smaller
	// by next to nothing, where the venue's history has no id of ours and the amount
	// has to tell whose a row is; 0 when it is too small for that. nil: the history has
	// TransferOrder.Tag.
	MarkTransfer func(amount decimal.Decimal, id uint64) decimal.Decimal
	// Cursor is where a listing begins that has an execution as its first: the venue
	// orders executions by it, as text. nil: CursorOfTime.
	Cursor func(tradeID string, at exchange.Time) Cursor
}

// Segment is a part of an account with instruments, positions and a stream of its own.
type Segment struct {
	Venue exchange.Venue
	// Wallets back its instruments: one of its own, one that other segments share, or
	// one for each asset.
	Wallets []exchange.Wallet
	Spot    bool // it has coins and no positions
	// Hedged: a long and a short position can be held in one instrument at a time. The
	// manager keeps to one of them: see doc.go.
	Hedged bool
	Switch SwitchScope
	// Countdown bounds that of the switch. Zeros: any is taken.
	Countdown Countdown
	// Disconnect: the venue cancels what rests when the connection that placed it is
	// lost, for which nobody arms anything.
	Disconnect bool
}

// Countdown is a span that a switch can be set to.
type Countdown struct{ Least, Most exchange.Time }

// Strength is who cancels what rests when we fall silent.
type Strength uint8

const (
	StrengthHost       Strength = iota // the manager, while its process runs: nobody after kill -9
	StrengthDisconnect                 // the venue, when the connection is lost; the manager, when only the loop hangs
	StrengthTimer                      // the venue, a countdown after it was last heard of us
)

var strengths = [...]string{"this process, while it runs", "the venue, when the connection is lost", "the venue, when it hears nothing of us"}

func (s Strength) String() string { return strengths[s] }

// Strength is that of the best dead man's switch that a segment has.
func (s *Segment) Strength() Strength {
	switch {
	case s.Switch != SwitchNone:
		return StrengthTimer
	case s.Disconnect:
		return StrengthDisconnect
	}
	return StrengthHost
}

// SwitchScope is what one dead-man switch of a segment covers.
type SwitchScope uint8

const (
	SwitchNone    SwitchScope = iota // nothing: the manager cancels by itself, while it can
	SwitchSymbol                     // the orders of one symbol
	SwitchSegment                    // the orders of the segment
	SwitchAccount                    // all orders of the account
)

// Cursor is a place in the executions of an instrument, in text that a venue defines.
// Texts order as the places do.
type Cursor string

// CursorOfTime is the cursor of executions that are listed by time.
func CursorOfTime(_ string, at exchange.Time) Cursor { return Cursor(fmt.Sprintf("%019d", int64(at))) }

package host

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Broker is an execution venue of the embedding program: with one in Options.Broker, a
// session's orders go there and not to the paper account. The market is whatever the
// options say: built in, recorded, live, or a Source.
//
// What Open returns takes orders, cancels and transfers. What becomes of them comes back
// by BrokerSession.Post, or from a broker that is an [exchange.Simulated] by its Pop:
//
//   - KindOrder: Update, with the order's number and StatusAccepted, StatusRejected,
//     StatusCanceled, StatusExpired or StatusUnknown; an order that is filled needs none.
//   - KindFill: Fill. Each execution has a TradeID that no other of its instrument has,
//     in this session and in those that it goes on from. An execution that no order of
//     the session led to has Order 0 and a Reason.
//   - KindTransfer, KindBalance, KindFundingPaid: see [exchange.Event].
//
// Every answer is checked against what was sent and told. One that can't be right (an
// unknown order, another instrument, more than was ordered, a last word that speaks of fewer
// fills than were told) is not booked: Post returns what is wrong with it, an error of the
// log says so, and the kill latch is tripped, for the books and the broker's differ. A
// TradeID or a payment's TranID told again is booked once, with a warning, if everything
// about it is the same, and can't be right if not: in this run, and after those before.
//
// The last word on an order may come before its fills. StatusFilled speaks of all of the
// order, Canceled and Expired of Update.Filled, or if that is 0 of what was told: the order
// ends when that much has been filled. Fills that any Update.Filled speaks of and that don't
// come within a minute are named by an error of the log, and the kill latch is tripped.
//
// An answer that is right is
// journalled, reaches strategies and ledger as any venue's does, and is there when the
// session is replayed, which asks no broker and needs none.
//
// Open is called while the session is opened; Submit, Cancel, Transfer and the optional
// methods below on the loop's goroutine, one at a time. They must only enqueue: a loop that
// stands in one of them for Options.StallAfter is given up. After a panic in one the broker is
// not called again but to leave, and the session ends with a *BrokerError.
//
// When the session ends, strategies are stopped and Cancel is called for every order that
// rests; answers are awaited for a minute, and in real time, when the context is done or the
// stream closed, for as long as Options.StopWithin allows. On virtual time no answer is
// awaited that is due more than a minute after the market's last event. An error of the log
// says how many were due later, and they are not booked. Then, if the broker has it, Close is called. What it still has
// then is the next run's: see BrokerOpening. Optional methods of what Open returns are
// BrokerMarket, BrokerLeaver and [io.Closer].
type Broker interface {
	// Describe names the broker. It is asked before Open.
	Describe() BrokerInfo
	// Open begins a session. ctx ends with the opening. It may be called for several
	// sessions at once.
	Open(ctx context.Context, s *BrokerSession) (exchange.Execution, error)
}

// BrokerInfo says which broker it is.
type BrokerInfo struct {
	// Name is 1 to 32 of a-z, 0-9, ., - and _. The session's ledger is stamped with it and
	// takes no sessions of another broker, of a paper account or of a real venue; it is
	// perilune-NAME.db when Options.DB names none.
	Name    string
	Version string   // is journalled with the name; "": none
	Notes   []string // what its fills rest on, for the summary's assumptions
}

func (i *BrokerInfo) versioned() string {
	switch {
	case i == nil:
		return ""
	case i.Version == "":
		return i.Name
	}
	return i.Name + "@" + i.Version
}

// BrokerMarket is a broker that sees the market: every event, after the books include it.
type BrokerMarket interface{ Market(ev *exchange.Event) }

// BrokerLeaver is a broker that can cancel all that rests when the loop can't ask it to:
// because the loop stands still, the session was given up, or its end takes too long. Leave
// is called on a goroutine of its own, at most once, and is waited for 2.5 seconds.
type BrokerLeaver interface{ Leave() }

// BrokerOpening is what a session goes on from. Wallets are named as in the session: without
// the house that is its default. Of a new one it is Options.Paper.Balances,
// unless the broker posts balances of its own while it is opened; positions that it has
// already it posts there as fills of no order, with the Reason "opening position". A session
// is resumed on the built-in market and on the venue's; on a Source each run is a new one.
type BrokerOpening struct {
	Resumed   bool // the session is not new: the rest is what its ledger has
	Balances  []Balance
	Positions []Position
	// Orders are those that the ledger knows no end of. The broker posts what became of
	// them while it is opened, and is asked to cancel those that it did not speak of.
	Orders []exchange.Order
	// Transfers were sent and have not arrived.
	Transfers []exchange.Transfer
}

// BrokerSession is what a broker has of one session.
type BrokerSession struct {
	Universe *exchange.Universe
	Opening  BrokerOpening
	// RealTime: the session is on the wall clock, and answers may be posted from any
	// goroutine and at any time. On virtual time they are posted within a call of the
	// broker, and are due at their Time, at once if that is 0.
	RealTime bool

	broker *hosted
	books  func(exchange.InstrumentID) *Book
}

// Book is an instrument's book; nil: there is no such instrument. It may be read within a
// call of the broker alone, and not in Open.
func (s *BrokerSession) Book(id exchange.InstrumentID) *Book {
	if s.books == nil || id < 0 || int(id) >= s.Universe.Len() {
		return nil
	}
	return s.books(id)
}

// Hold keeps new risk back, because the broker can't see the account or the market, until it
// is called with "". It may be called from any goroutine; the loop follows at its next beat.
func (s *BrokerSession) Hold(why string) {
	if s.broker != nil {
		s.broker.hold(why)
	}
}

// ErrBehind is the error of an answer for which there is no room, because the loop is
// behind: it was not taken, and may be posted again.
var ErrBehind = errors.New("the loop is behind, and has no room for more answers")

// Post tells the session something, and takes a copy. It never waits. Within Open it says
// what is so before the strategies are started. The error is ErrEnded or ErrBehind, or says
// what is wrong with the answer: see Broker.
func (s *BrokerSession) Post(ev exchange.Event) error {
	if s.broker == nil {
		return errNoBrokerSession
	}
	return s.broker.take(&ev)
}

var errNoBrokerSession = fmt.Errorf("want the *BrokerSession that Broker.Open was given: %w", ErrEnded)

// BrokerError is a broker that could not be opened, that ended its session, or whose answer
// was refused. Its class is FaultAccount.
type BrokerError struct {
	Broker string
	Err    error
}

func (e *BrokerError) Error() string { return "broker " + e.Broker + ": " + e.Err.Error() }
func (e *BrokerError) Unwrap() error { return e.Err }

var brokerNames = regexp.MustCompile(`^[a-z0-9._-]{1,32}$`)

// checkBroker says what is wrong with a broker, and names the ledger by it.
func (o *Options) checkBroker() error {
	o.broker = nil
	if o.Broker == nil {
		return nil
	}
	info := o.Broker.Describe()
	switch {
	case o.realOrders():
		return configError("Broker and Account are both set: want one place for orders")
	case !brokerNames.MatchString(info.Name):
		return configError("Broker: name %q: want 1 to 32 of a-z, 0-9, ., - and _", info.Name)
	case strings.ContainsAny(info.Version, "@\n"):
		return configError("Broker %s: version %q: want no @ and no line break", info.Name, info.Version)
	case info.Name == "paper" || isHouse(info.Name):
		return configError("Broker: name %q: a ledger of it could be taken for one of %s; choose another", info.Name, info.Name)
	}
	if o.DB == "" {
		o.DB = "perilune-" + info.Name + ".db"
	}
	o.broker = &info
	return nil
}

func isHouse(name string) bool { _, known := connectorOf(name); return known }

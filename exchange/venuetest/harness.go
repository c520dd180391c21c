package venuetest

import (
	"io"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
)

// Harness makes fresh accounts at a venue.
type Harness struct {
	// Open starts a venue with an account that has money and nothing else. What it
	// started ends with the test.
	Open func(t *testing.T) *Bench
	// BeforeFunding does so, and funding is settled so long after the venue's start: at
	// Bench.Settles. nil: it can't be waited for.
	BeforeFunding func(t *testing.T, lead exchange.Time) *Bench
}

// Bench is one account to be tried.
type Bench struct {
	Universe *exchange.Universe
	Trades   []Trade // at least one in each segment
	// Began is the venue's time now, by the clock that executions are stamped with.
	Began func() exchange.Time
	// Pass lets so much of the venue's time go by, at least.
	Pass func(exchange.Time)

	// Account is how orders reach the venue, and Listen tells what happens in it; nil
	// where orders are taken in the loop: see Start.
	Account oms.Account
	Listen  func(sink func(oms.AccountEvent)) (io.Closer, error)
	// Start begins what takes orders and posts what becomes of them, on whatever
	// goroutine. nil: an oms.Runner on the Account.
	Start func(from oms.Opening, post func(*exchange.Event)) (Session, error)
	// Wallets is what the venue says it holds of a wallet. nil: asked of the Account.
	Wallets func(exchange.Wallet) []oms.Balance

	// Inject makes a fault happen, a few times from now on, and reports whether the
	// venue can. nil: none.
	Inject func(Fault) bool
	// Transfer is one that can be made; nil: there are no transfers.
	Transfer *exchange.Transfer
	// NoRoute is one that the venue has no way for; nil: there is none such.
	NoRoute *exchange.Transfer
	// Settles is when funding is settled, by the clock of Began.
	Settles exchange.Time
	// TooMuch is a quantity of the first of Trades that the account has no money for.
	TooMuch decimal.Decimal
}

// Trade is an instrument to trade in.
type Trade struct {
	Key  string          // in the universe
	Qty  decimal.Decimal // that the market fills at once
	Rest decimal.Decimal // a buying price that rests
}

// Session is what takes orders. It ends with Close, as a process does.
type Session interface {
	exchange.Execution
	// Beat says that whoever trades is alive.
	Beat()
	// Ready reports whether nothing is unknown, and the account was compared.
	Ready() bool
	// String is how it stands, for whoever reads why a test failed.
	String() string
	Close() error
}

// Fault is something that goes wrong between us and a venue.
type Fault uint8

// The faults, and what becomes of what was asked.
const (
	AnswerLost    Fault = iota + 1 // of an order or a cancel that is carried out; there is none
	AnswerUnknown                  // the same; the answer says that nobody knows
	Unavailable                    // an order is not carried out, and the answer says so or leaves it open
	RateLimited                    // a request is not carried out, and the answer says when to come again
	ClockOff                       // our clock is some seconds off the venue's
	EventTwice                     // an execution is told of twice
	EventLate                      // an execution is told of late, behind later events
	StreamLost                     // the account's streams are cut
	TransferLost                   // the answer to a transfer that is carried out
	AmendRaced                     // an order is filled before it is amended
	LoginEnded                     // what was signed in is not any more, or a key is not known for a while
	NonceRefused                   // the venue takes the number or the time of one request for too old
	faultsEnd
)

var faultNames = [...]string{"none", "answer lost", "answer unknown", "unavailable", "rate limited", "clock off", "event twice", "event late", "stream lost", "transfer lost", "amend raced", "login ended", "nonce refused"}

func (f Fault) String() string { return faultNames[f] }

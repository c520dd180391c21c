package core

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host/execution/schedule"
)

// Effect is one output of a step. What it is about tells the type of its Body:
//
//	switch b := effect.Body.(type) {
//	case core.Submit:
//		venue.Submit(b.Order, now)
//	case *core.LogLine:
//		print(b.Text)
//	}
//
// Bodies and what they point to are made for the effect: they may be kept.
type Effect struct {
	Seq      uint64 // of the event that led to it
	Time     exchange.Time
	Strategy int32 // -1: the host
	Body     Body
}

// Body is what an effect asks for or reports: one of the types of this package that
// say so. Those that are one pointer are values, so that an effect is made without
// memory of its own; the others are pointers.
type Body interface {
	// kind is the first word of the effect's line in the journal.
	kind() string
	// appendTo writes the rest of it.
	appendTo(dst []byte, u *exchange.Universe) []byte
}

// Asked of the venue.
type (
	// Submit sends an order.
	Submit struct{ Order *exchange.Order }
	// Cancel takes one back.
	Cancel struct{ Order *exchange.Order }
	// Shrink makes one smaller in its place.
	Shrink struct {
		Order *exchange.Order
		Qty   exchange.Lots // the whole size that it is to have
	}
	// SendTransfer moves money from wallet to wallet.
	SendTransfer struct{ Transfer *exchange.Transfer }
	// WantVolume asks for what an instrument traded in the days before: a KindVolume.
	WantVolume struct{ Instrument exchange.InstrumentID }
	// WantPast asks for a KindPast of an instrument before those of others: a strategy looks for it.
	WantPast struct{ Instrument exchange.InstrumentID }
	// WantSnapshot asks for a snapshot of a book.
	WantSnapshot struct {
		Instrument exchange.InstrumentID
		Reason     string
	}
)

// ConsultAdvisor puts a question to the advisor.
type ConsultAdvisor struct{ Question *advice.Question }

// For the ledger, and for people.
type (
	// OrderChanged says that an order's state did.
	OrderChanged struct{ Order *exchange.Order }
	// Filled is an execution. Order is nil when it was not ours; Shares then say who
	// held what it took.
	Filled struct {
		Order  *exchange.Order
		Fill   *exchange.Fill
		Shares []FillShare
	}
	// FundingPaid is one holder's part of a settlement; Pair 0: of no pair.
	FundingPaid struct {
		Payment *exchange.FundingPayment
		Pair    exchange.PairID
	}
	// Booked says that money moved.
	Booked struct{ *Txn }
	// TransferEnded says that a transfer did, well or not.
	TransferEnded struct{ Transfer *exchange.Transfer }
	// PairChanged says that a pair's state did.
	PairChanged struct{ *SavedPair }
	// ScheduleChanged says that a schedule's state did.
	ScheduleChanged struct{ *schedule.Saved }
	// ConditionalChanged says that the state of an order did that the host holds.
	ConditionalChanged struct{ *intent.Conditional }
	// EquitySampled is the account's value in its currency.
	EquitySampled struct{ Amount decimal.Decimal }
	// StateSaved is what a strategy remembers, as JSON.
	StateSaved struct{ JSON string }
	// VersionChanged says that a script was loaded or refused.
	VersionChanged struct{ *Version }
	// ChartPoint is a point of a named series.
	ChartPoint struct {
		Series string
		Value  float64
	}
	// LogLine is a line of the log. Where is file:line of a script that wrote it. A
	// caution tells an author, once a version, that the market does not give what
	// the script counts on.
	LogLine struct {
		Level   intent.Level
		Where   string
		Text    string
		Caution bool
		About   About
	}
	// Notified is what a strategy wants people to be told.
	Notified struct {
		Severity intent.Severity
		Text     string
	}
	// HaltChanged says why the session's kill latch is tripped, "" that it is not, and which
	// strategies have tripped their own. It is the effect of the strategy whose latch changed,
	// or of nobody.
	HaltChanged struct {
		Reason     string
		Strategies []Latch
	}
	// Commanded says who told the session what, and what came of it.
	Commanded struct{ *Command }
	// Advised says what came of a question.
	Advised struct{ *advice.Advice }
	// CallbackEnded says that a clock ended a callback: the nth of its event.
	CallbackEnded struct {
		Nth  int
		Text string
	}
)

// SavedPair is what a ledger keeps of a pair to go on with.
type SavedPair struct {
	Pair    intent.Pair
	Request intent.PairRequest
}

// Version is one version of a strategy's script, loaded or refused.
type Version struct {
	Number   int // of the last loaded version when this one was refused
	Path     string
	Hash     string
	Sources  []exchange.Source
	Loaded   bool
	Problem  string // why it was refused
	Rollback bool
	// By, Why and Took are told beside it, as its reload has them, and are no part of the effect's text.
	By, Why string
	Took    exchange.Time
}

// Command is something that the session was told.
type Command struct {
	By      string // "socket uid 1000"
	Why     string // in the words of who told it
	Op      string // as package host/control names it
	Args    string // JSON; a long payload is cut
	Outcome string // Done, or why not
}

// Done is the outcome of a command that was carried out.
const Done = "done"

// Txn is one money movement: its postings sum to zero for each asset.
type Txn struct {
	Kind     string // deposit, fill, funding, insurance, interest, transfer_out, transfer_in, adjust
	Ref      string // unique within (account, Kind)
	Strategy int32
	Pair     exchange.PairID
	Postings []exchange.Posting
	Transfer *exchange.Transfer // that moves it; nil: none does
}

// About is what a line of the log is about, for whoever looks for it later: zero values
// are nothing. It is told beside the line and is no part of the effect's text, so that
// journals of before it replay.
type About struct {
	Order      exchange.OrderID
	Pair       exchange.PairID
	Instrument string // its key
}

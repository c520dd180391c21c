package oms

import (
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Opening is where the ledger stands. The zero value with a Began is an account
// that nothing is known of: what it holds is booked as its opening.
type Opening struct {
	// Began is when the ledger's first session began, by the venue's clock. What was traded or paid
	// before it is in the opening balances and is not booked again.
	Began      exchange.Time
	Orders     []exchange.Order // not finished; Filled is the sum of the ledger's fills
	Transfers  []Transit        // under way
	Executions []Booked
	Wallets    []Balance // Total is what the ledger's postings sum to
	Positions  []Holding
	Paid       []Paid // rows of income that the ledger has from Since on
	Since      exchange.Time
	// Accept books the positions that the first comparisons find otherwise, as if
	// they had been traded by hand: a person has looked, and knows why no record of
	// the venue explains them.
	Accept bool
}

// Paid names a row of income. Numbers of rows are one's own of a segment and a kind.
// Either the venue or the wallet says where it was paid.
type Paid struct {
	Venue  exchange.Venue
	Wallet exchange.Wallet
	Asset  string
	Row    string // the Reason of the event that booked it, or FundingRow
}

// FundingRow names the row of a payment of funding.
func FundingRow(symbol, id string) string { return rowName("funding", symbol, id) }

// rowName is how a row of income is known, in this run and in those after it.
func rowName(kind, symbol, id string) string {
	return strings.Join(strings.Fields(kind+" "+symbol+" "+id), " ")
}

// Booked tells which executions of an instrument the ledger has: those of the list and,
// unless the list has All of them, every one that is before its first.
type Booked struct {
	Instrument exchange.InstrumentID
	Executions []BookedExecution
	All        bool
}

// BookedExecution is an execution that the ledger has.
type BookedExecution struct {
	TradeID string
	Time    exchange.Time
}

// Transit is a transfer that the ledger does not know the end of.
type Transit struct {
	exchange.Transfer
	Sent exchange.Time // when it was decided on
}

// Holding is a position that the ledger's fills sum to.
type Holding struct {
	Instrument exchange.InstrumentID
	Qty        exchange.Lots
}

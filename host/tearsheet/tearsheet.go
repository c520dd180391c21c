// Package tearsheet computes what a record of trading came to: round trips, risk, exposure,
// costs, months. It reads no clock and decides nothing; the same ledger gives the same sheet.
//
// # Round trips
//
// A round trip is what one entry order opened and one exit order closed, first in, first out;
// the fills of an order count together, and an exit that closes two entries makes two. What a
// pair trade did with both its legs, from its first fill to its last, is one round trip. Fees
// and funding are shared out by quantity. What is held less of than a hundredth of the most
// since it was flat is dust, such as the rest of a lot that a fee in the coin leaves: it joins
// the next entry. (The ledger's own sums, perilune pnl, are at average cost: once flat, both
// methods agree.)
//
// # Money and ratios
//
// Money is an exact decimal in the account's currency, ratios are floats. Dollars count at
// par; a coin is valued at the price that the record knew last when the amount came. A figure
// that is not defined, such as the Sharpe ratio of one day, is told apart from zero
// everywhere. Definitions are in Definitions, with sources.
package tearsheet

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// Point is an amount at a time.
type Point struct {
	Time  exchange.Time
	Value decimal.Decimal
}

// Sample is a value of a signal at a time; NaN is a hole in the line.
type Sample struct {
	Time  exchange.Time
	Value float64
}

// Record is what happened, as a ledger has it: see Read. Every list is oldest first.
type Record struct {
	Currency  string
	Equity    []Point // the account's; where there are several sessions, one goes on where another ended
	Fills     []ledger.Fill
	Funding   []ledger.Funding
	Insurance []ledger.WalletIncome
	Interest  []ledger.WalletIncome
	Prices    []ledger.PricePoint
	Pairs     []ledger.Pair
	Orders    map[ledger.OrderKey]string // their types
	Arrivals  map[ledger.OrderKey]decimal.Decimal

	// Strategy is whose sheet it is; "": the account's.
	Strategy string
	// From <= time < To of what the sheet is of; 0: no bound. What is before From is followed
	// all the same, so that what was held then is known.
	From, To exchange.Time
}

// Sheet is what a record came to.
type Sheet struct {
	Currency string
	Strategy string // "": the account
	From, To exchange.Time
	// Curve is the account's value, or with a Strategy what the account began with plus what
	// the strategy made, at the prices that the record has.
	Curve []Point
	Daily []Sample // returns of whole UTC days, at their ends

	Trips []Trip // closed, by exit
	Open  []Trip // not closed yet, at the last price; Exited is 0

	Totals     Totals
	Exposure   Exposure
	Drawdowns  []Drawdown // the deepest, deepest first; at most ShownDrawdowns
	Months     []Month
	Rolling    *Rolling // nil: too few days
	Windows    []Window // of pairs, by settlement of funding
	Slippage   []Slippage
	ByStrategy []Group
	BySymbol   []Group
	BySide     []Group

	worth func(asset string, amount decimal.Decimal) decimal.Decimal

	// Notes say in sentences what could not be told, and why.
	Notes []string
}

// Totals are sums over the time of a sheet.
type Totals struct {
	Fills, MakerFills int
	Turnover          decimal.Decimal // value of all that was bought and sold
	Fees              decimal.Decimal // paid; a rebate is negative
	Funding           decimal.Decimal // received less paid
	Insurance         decimal.Decimal
	Interest          decimal.Decimal // negative: charged
}

// Worth is an amount of an asset in the sheet's currency, at the prices that the record knows
// last; zero where it has none.
func (s *Sheet) Worth(asset string, amount decimal.Decimal) decimal.Decimal {
	return s.worth(asset, amount)
}

// Compute makes the sheet of a record.
func Compute(r *Record) *Sheet {
	w := newWalk(r)
	w.all()
	s := w.sheet
	s.Daily = DailySeries(s.Curve)
	s.Drawdowns = Drawdowns(s.Curve, ShownDrawdowns)
	s.Months = Months(s.Curve)
	s.Rolling = NewRolling(s.Daily)
	s.Slippage = slippage(r, w)
	s.group()
	return s
}

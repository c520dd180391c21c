// Package tearsheet computes what a record of trading came to: round trips, risk, exposure,
// costs, months. It reads no clock and no file, and decides nothing.
//
// Money is an exact decimal, ratios are floats. A figure that is not defined, such as the
// Sharpe ratio of one day, is told apart from zero everywhere.
package tearsheet

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
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

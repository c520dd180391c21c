package connect

import (
	"context"
	"errors"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// ErrNoSurvey is Survey's where the venue has no such questions.
var ErrNoSurvey = errors.New("it does not tell without a subscription")

// Surveyor is a Catalogue that tells how all that it lists stands, in a few questions and
// without a subscription.
type Surveyor interface {
	// Survey returns what is trading, in the catalogue's order. What the venue does not
	// tell of an instrument is zero.
	Survey(ctx context.Context) ([]Standing, error)
}

// Standing is how an instrument stands.
type Standing struct {
	Instrument     *exchange.Instrument
	Bid, Ask       decimal.Decimal // best prices
	BidQty, AskQty decimal.Decimal // at them, in units of quantity
	Last           decimal.Decimal // price of the last trade
	Mark, Index    exchange.E8
	Turnover       float64 // of 24 hours, in dollars

	// Of 24 hours, where it is told: prices, what was traded in units of quantity and in quote,
	// and how many trades there were.
	Open, High, Low decimal.Decimal
	Volume, Quote   float64
	Count           int64

	// Of perpetuals: the estimate of the coming settlement at NextFunding, that of the
	// one after where the venue has one, and the interval.
	Rate        exchange.E8
	After       *exchange.E8
	NextFunding exchange.Time // 0: funding accrues all the time
	Hours       int
}

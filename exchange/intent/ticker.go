package intent

import "github.com/perilune/perilune/exchange"

// Ticker is what happened in the last 24 hours in a market.
type Ticker struct {
	exchange.DayStats
	Source string        // see below
	Age    exchange.Time // since it was told, or since the last trade or bar that was counted
	Span   exchange.Time // what was counted: less than a day at the beginning of a session
}

// The sources of a Ticker.
const (
	TickerOfVenue  = "venue"
	TickerOfTrades = "trades"
	TickerOfBars   = "bars"
)

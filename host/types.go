package host

import (
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/risk"
)

// What options and strategies are made of, so that a program imports host and exchange
// alone. Each is the type of the package that it names, which says more of it.
type (
	// Limits are what the risk gate lets pass: the largest order and position, the daily
	// loss that trips the kill latch, orders a second, and so on. The zero value of a field
	// is its default, a negative one switches it off.
	Limits = risk.Limits
	// Denied is the error of an order that the risk gate did not let pass: the rule, and
	// the figures.
	Denied = risk.Denied

	// Deposit is an opening balance of a paper account: see ParseDeposit.
	Deposit = paper.Deposit
	// Latency is how long orders and answers of a paper account are under way: see
	// ConstLatency.
	Latency = paper.Latency
	// Queue is how far ahead of a resting order of a paper account others are.
	Queue = paper.Queue

	// Callback is why a Strategy is called, and Handler for what. A value with handlers of
	// its own (GoStrategy) needs neither.
	Callback = core.Callback
	Handler  = core.Handler
	// Configurable is a strategy written in Go whose parameters can be set while it runs.
	Configurable = core.Configurable

	// Level is how loud a Line is.
	Level = intent.Level
	// Schedule is a parent order: vwap, twap or pov.
	Schedule = intent.Schedule
	// Advice is what came of a question to the advisor.
	Advice = advice.Advice
	// Book is an instrument's order book, as a Port and a Broker see it.
	Book = book.Book
)

// The levels of lines, from what is for who writes a strategy to what a person must look at.
const (
	LevelDebug = intent.Debug
	LevelInfo  = intent.Info
	LevelWarn  = intent.Warn
	LevelError = intent.Error
)

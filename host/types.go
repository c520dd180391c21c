package host

import (
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/advisor"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/risk"
)

// What options and strategies are made of, so that a program imports host and exchange
// alone; beside them decimal where it reckons with money, the packages of the sections that
// a Broker or an account names, and simserver for tests. Each is the type of the package
// that it names, which says more of it.
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
	// Impact is what of a level that a paper account took is there afterwards.
	Impact = paper.Impact

	// Callback is why a Strategy is called, and Handler for what. A value with handlers of
	// its own (GoStrategy) needs neither.
	Callback = core.Callback
	Handler  = core.Handler
	// Configurable is a strategy written in Go whose parameters can be set while it runs.
	Configurable = core.Configurable

	// Level is how loud a Line is.
	Level = intent.Level
	// Ticker is the last 24 hours of a market, as Port.Ticker tells them.
	Ticker = intent.Ticker
	// Book is an instrument's order book, as a Port and a Broker see it; BookSides are its
	// levels on both sides.
	Book      = book.Book
	BookSides = book.Sides
)

// Pairs: Port.OpenPair and Port.ClosePair ask, PairHandler is told.
type (
	// PairRequest asks for a hedged position, and CloseRequest for its end.
	PairRequest  = intent.PairRequest
	CloseRequest = intent.CloseRequest
	// Pair is one as strategies see it. PairCoin is what is kept of one that is margined
	// with coins, and PairMove its transfer.
	Pair          = intent.Pair
	PairState     = intent.PairState
	PairCoin      = intent.Coin
	PairMove      = intent.Move
	PairMoveState = intent.MoveState
	// PairStyle is how a pair trades, and PairLeg a side of it.
	PairStyle = intent.Style
	PairLeg   = intent.Leg
	// PairSpread is what a pair of any two instruments holds, and PairHolding what it has of
	// one of them.
	PairSpread  = intent.Spread
	PairHolding = intent.Holding
	// PairDark is what a pair does while a leg's venue can't be traded at, and PairThen what
	// it does after it has waited.
	PairDark = intent.Dark
	PairThen = intent.Then
)

// How a pair trades, which leg rests, what it does after a wait for a venue that is dark,
// and where it is in its life.
const (
	PairTaker = intent.Taker
	PairMaker = intent.Maker

	AutoLeg = intent.AutoLeg
	SpotLeg = intent.SpotLeg
	PerpLeg = intent.PerpLeg

	FlattenThen    = intent.FlattenThen
	HoldThen       = intent.HoldThen
	SubstituteThen = intent.SubstituteThen

	PairOpening = intent.PairOpening
	PairOpen    = intent.PairOpen
	PairClosing = intent.PairClosing
	PairClosed  = intent.PairClosed
	PairFailed  = intent.PairFailed
)

// Parent orders: Port.StartSchedule asks, ScheduleHandler is told. MaintainRequest is what
// Port.MaintainMargin is asked.
type (
	// ScheduleRequest asks for a Schedule, which is a parent order: vwap, twap or pov.
	ScheduleRequest = intent.ScheduleRequest
	Schedule        = intent.Schedule
	ScheduleState   = intent.ScheduleState
	// ScheduleAtOnce is what one market order in its place would have cost.
	ScheduleAtOnce = intent.AtOnce
	// ScheduleAlgo is what a schedule follows, and ScheduleEnd what becomes of what is left.
	ScheduleAlgo = intent.Algo
	ScheduleEnd  = intent.AtEnd
	// VolumeCurve is what Port.VolumeCurve knows of a window's volume, and MarketVolume what
	// a market traded.
	VolumeCurve  = intent.Curve
	MarketVolume = intent.MarketVolume
	// MaintainRequest asks for a wallet's shorts to be kept from liquidation.
	MaintainRequest = intent.MaintainRequest
)

// Orders that the host holds: Port.Hold asks, ConditionalHandler is told.
type (
	// ConditionalGroup asks for a stop, two orders that cancel one another, or a bracket.
	ConditionalGroup = intent.ConditionalGroup
	// ConditionalRequest is one order of it, and ConditionalChange what amends one.
	ConditionalRequest = intent.ConditionalRequest
	ConditionalChange  = intent.ConditionalChange
	Conditional        = intent.Conditional
	ConditionalState   = intent.ConditionalState
	ConditionalKind    = intent.ConditionalKind
	ConditionalRole    = intent.Role
	// PriceSource is the price that a trigger is compared with.
	PriceSource = intent.PriceSource
)

// What lets a conditional order go, and the price that its trigger is compared with.
const (
	PlainOrder   = intent.PlainOrder
	Stop         = intent.Stop
	TakeProfit   = intent.TakeProfit
	TrailingStop = intent.TrailingStop

	UsualPrice = intent.UsualPrice
	LastPrice  = intent.LastPrice
	MarkPrice  = intent.MarkPrice
	MidPrice   = intent.MidPrice
)

// What a schedule follows, what becomes of what is left, and where it is in its life.
const (
	VWAP = intent.VWAP
	TWAP = intent.TWAP
	POV  = intent.POV

	CrossAtEnd = intent.CrossAtEnd
	StopAtEnd  = intent.StopAtEnd

	ScheduleWaiting   = intent.ScheduleWaiting
	ScheduleWorking   = intent.ScheduleWorking
	SchedulePaused    = intent.SchedulePaused
	ScheduleCompleted = intent.ScheduleCompleted
	ScheduleExpired   = intent.ScheduleExpired
	ScheduleCanceled  = intent.ScheduleCanceled
	ScheduleFailed    = intent.ScheduleFailed
)

// Questions to the advisor: Port.Ask asks, AdviceHandler is told.
type (
	// Question is what a strategy asks, and Advice what came of it.
	Question = advice.Question
	Advice   = advice.Advice
	// AdviceSchema says which answers count: see NewAdviceSchema. AdviceField is a field of
	// it, AdviceKind what that may be; AdviceAnswer and AdviceValue are what was answered.
	AdviceSchema = advice.Schema
	AdviceField  = advice.Field
	AdviceKind   = advice.Kind
	AdviceAnswer = advice.Answer
	AdviceValue  = advice.Value
	// AdvisorConfig is whom AdvisorOptions ask; its key is a Secret.
	AdvisorConfig = advisor.Config
	Secret        = sign.Secret
)

// What a field of an answer may be.
const (
	AdviceNumber  = advice.Number
	AdviceInteger = advice.Integer
	AdviceChoice  = advice.Choice
	AdviceFlag    = advice.Flag
	AdviceText    = advice.Text
)

// NewAdviceSchema returns the schema of these fields, in any order.
func NewAdviceSchema(fields ...AdviceField) (*AdviceSchema, error) { return advice.NewSchema(fields) }

// NewSecret returns a secret of a value, which nothing prints.
func NewSecret(value string) Secret { return sign.NewSecret(value) }

// The levels of lines, from what is for who writes a strategy to what a person must look at.
const (
	LevelDebug = intent.Debug
	LevelInfo  = intent.Info
	LevelWarn  = intent.Warn
	LevelError = intent.Error
)

package bindings

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// Env is everything a strategy can see and ask for. The core implements it, and
// it is valid only during a callback.
//
// Reading methods return the state as of the event being handled. Asking
// methods only stage: what they ask for happens after the callback returned
// normally, and not at all if it failed.
type Env interface {
	Now() exchange.Time
	Universe() *exchange.Universe
	Book(exchange.InstrumentID) *book.Book
	Mark(exchange.InstrumentID) exchange.MarkState
	OpenInterest(exchange.InstrumentID) (exchange.OpenInterest, bool)
	LastTrade(exchange.InstrumentID) (exchange.Trade, bool)
	// Settled returns the settled funding rates of an instrument, newest last;
	// at most the last 100.
	Settled(exchange.InstrumentID) []exchange.Settled
	// Bars returns the finished bars of an instrument, newest last; at most the
	// last 1000. Length 0 is the strategy's first; BarLengths are those it can ask
	// for.
	Bars(id exchange.InstrumentID, length exchange.Time) []exchange.Bar
	BarLengths(exchange.InstrumentID) []exchange.Time
	// Fed is the spacing of the market's data when that is bars and nothing finer; 0
	// otherwise. Caution tells the author, once, of what a script counts on and does
	// not get.
	Fed() exchange.Time
	Caution(where, text string)
	// Quote is the best bid and ask by the ticker stream; false when there is
	// none.
	Quote(exchange.InstrumentID) (bid, ask exchange.Level, ok bool)

	Position(exchange.InstrumentID) exchange.Position // of this strategy
	Wallets() []exchange.Wallet                       // of the account
	Balance(wallet exchange.Wallet, asset string) exchange.Balance
	Margin(wallet exchange.Wallet, asset string) exchange.Margin // of a derivatives wallet
	Equity() decimal.Decimal                                     // of the account, in USDT
	Fees(exchange.InstrumentID) (maker, taker decimal.Decimal)
	Order(exchange.OrderID) (*exchange.Order, bool)
	Orders() []*exchange.Order // open orders of this strategy, oldest first
	Pair(exchange.PairID) (*intent.Pair, bool)
	Pairs() []*intent.Pair // pairs of this strategy that are not done, oldest first
	Schedule(exchange.ScheduleID) (*intent.Schedule, bool)
	Schedules() []*intent.Schedule // schedules of this strategy that are not done, oldest first
	// VolumeCurve is the best curve that is known of a window's volume.
	VolumeCurve(id exchange.InstrumentID, start, interval exchange.Time, slices int) intent.Curve

	Submit(exchange.Order) exchange.OrderID
	Cancel(exchange.OrderID)
	OpenPair(intent.PairRequest) (exchange.PairID, error)
	ClosePair(intent.CloseRequest) error
	Keep(intent.MaintainRequest) error
	// Room is the value of a leg that a kept wallet and spot have the money for, at
	// once and once it is shared out; false when the wallet is not kept. Of COIN-M it is
	// what spot alone pays for.
	Room(wallet exchange.Wallet) (now, soon decimal.Decimal, ok bool)
	HaltReason() string // why nothing may be opened, or ""
	StartSchedule(intent.ScheduleRequest) (exchange.ScheduleID, error)
	CancelSchedule(exchange.ScheduleID) error
	Transfer(asset string, from, to exchange.Wallet, amount decimal.Decimal)
	// SetTimer arms (or re-arms) the timer of this name. every > 0 repeats it. A
	// strategy that has very many already gets an error.
	SetTimer(name string, at, every exchange.Time) error
	ClearTimer(name string)
	Log(level LogLevel, where, message string)
	Chart(series string, value float64)
	Halt(reason string)
	// Adviser names the adviser, "" when there is none. Ask returns 0 while a
	// question of this strategy is under way; Advice is the latest answer of a
	// tag that still counts.
	Adviser() string
	Ask(advice.Question) (uint64, error)
	Advice(tag string) (*advice.Advice, bool)
}

// LogLevel is the severity of a line a script logs.
type LogLevel uint8

const (
	Debug LogLevel = iota
	Info
	Warn
	Error
)

func (l LogLevel) String() string { return [...]string{"debug", "info", "warn", "error"}[l] }

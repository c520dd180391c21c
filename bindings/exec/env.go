package exec

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Env is what the module needs: everything of this strategy that the host carries on
// with after the callback.
type Env interface {
	bindings.Env
	PairEnv
	ScheduleEnv
	MarginEnv
	Transfer(asset string, from, to exchange.Wallet, amount decimal.Decimal)
	Halt(reason string)    // this strategy
	HaltAll(reason string) // the session
	HaltReason() string    // why this strategy may open nothing, or ""
}

// PairEnv is what exec.pair needs.
type PairEnv interface {
	OpenPair(intent.PairRequest) (exchange.PairID, error)
	ClosePair(intent.CloseRequest) error
	Pair(exchange.PairID) (*intent.Pair, bool)
	Pairs() []*intent.Pair // that are not done, oldest first
}

// ScheduleEnv is what exec.vwap, exec.twap and exec.pov need.
type ScheduleEnv interface {
	StartSchedule(intent.ScheduleRequest) (exchange.ScheduleID, error)
	CancelSchedule(exchange.ScheduleID) error
	PaceSchedule(id exchange.ScheduleID, x float64) error
	Schedule(exchange.ScheduleID) (*intent.Schedule, bool)
	Schedules() []*intent.Schedule // that are not done, oldest first
}

// MarginEnv is what exec.keep and exec.room need.
type MarginEnv interface {
	MaintainMargin(intent.MaintainRequest) error
	// Headroom is the value of a leg that a maintained wallet and spot have the money
	// for, at once and once it is shared out; false when the wallet is not maintained.
	// Of COIN-M it is what spot alone pays for.
	Headroom(wallet exchange.Wallet) (now, soon decimal.Decimal, ok bool)
}

func env(rt *bindings.Runtime) Env { return rt.Env().(Env) }

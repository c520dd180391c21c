package core

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// Handler names a callback of a strategy.
type Handler uint8

const (
	OnStart Handler = iota
	OnBook
	OnTrade
	OnMark
	OnLiquidation
	OnFunding
	OnBar
	OnPast
	OnTimer
	OnOrder
	OnFill
	OnPair
	OnSchedule
	OnAdvice
	OnSignal
	OnGap
	OnHalt
	OnReload
	OnStop
	Handlers // their number
)

var handlerNames = [...]string{"on_start", "on_book", "on_trade", "on_mark", "on_liquidation", "on_funding", "on_bar",
	"on_past", "on_timer", "on_order", "on_fill", "on_pair", "on_schedule", "on_advice", "on_signal", "on_gap", "on_halt", "on_reload", "on_stop"}

func (h Handler) String() string {
	if int(h) < len(handlerNames) {
		return handlerNames[h]
	}
	return "none"
}

// Callback is one call of a handler. Only the fields of its handler are set, and
// all of them are valid only during the call.
type Callback struct {
	Handler    Handler
	Instrument exchange.InstrumentID
	Event      *exchange.Event // on_trade, on_mark, on_liquidation, on_bar
	Order      *exchange.Order // on_order, on_fill
	// Conditional is, in on_order and in the place of Order, an order that the host holds.
	Conditional *intent.Conditional
	Fill        *exchange.Fill           // on_fill
	Payment     *exchange.FundingPayment // on_funding
	Pair        *intent.Pair             // on_pair
	Schedule    *intent.Schedule         // on_schedule
	Advice      *advice.Advice           // on_advice
	Name        string                   // on_timer, on_signal
	Payload     string                   // on_signal
	Reason      string                   // on_gap, on_halt

	tries   int  // how often it was told before
	repeats bool // a timer that comes again by itself
}

// Strategy is what the core drives: a Lua script behind host/script, or a Go
// type in a program that embeds the host. The loop's goroutine owns it.
//
// Call is a transaction. Whatever it asked of the port happens after it returned
// nil, and nothing of it happens when it returned an error.
type Strategy interface {
	Name() string
	// Subscriptions lists instrument keys and globs over keys, with their house or
	// without: "usdm:*", "binance.usdm:BTCUSDT".
	Subscriptions() []string
	Wants(Handler) bool
	Call(*Port, *Callback) error
	// State returns what must survive as JSON, the same bytes for the same state.
	State() ([]byte, error)
	// Reload returns the strategy that takes this one's place. When it returns
	// an error this one goes on as if nothing happened.
	Reload(*Port, *exchange.Reload) (Strategy, error)
	// Restart returns a fresh instance of the same version, after an error that
	// left this one unusable, or nil when this one can go on.
	Restart(*Port) (Strategy, error)
	Close()
}

// Curable is a Strategy that can be mended while the session runs. Cure says in a
// few words how, for the message that it is paused.
type Curable interface{ Cure() string }

// cure says how a paused strategy goes on.
func (s *instance) cure() string {
	if c, ok := s.Strategy.(Curable); ok {
		return c.Cure()
	}
	return "it is not called again before the program is started anew"
}

// instance is a strategy's place in the core: it stays when the strategy in it is
// replaced.
type instance struct {
	Strategy
	index       int32
	port        *Port
	version     int
	watches     []bool // by instrument
	wants       [Handlers]bool
	paused      string
	strikes     int
	errors      int
	failed      []exchange.Time // when the last errors were
	faults      Faults
	saved       string        // state as last written
	dirty       bool          // state may have changed since
	due         bool          // ... together with its orders, so it is saved with them
	undelivered []undelivered // what it has not taken yet
	dropped     int           // of what it was owed
	told        allowance     // of notices to people
	calls       int           // of its handlers by the event being handled
	woken       int           // by timers, in the second wokenIn
	wokenIn     exchange.Time
	hasty       bool   // it was told that its timers are due too often
	asleep      string // why nothing can wake it any more; "": something can
	advice      adviceState
	*holder
	warmth

	lengths   []exchange.Time // of the bars it declared
	cautioned bool            // it was told that the market gives less than it counts on
	usesBars  bool            // ... or, with none declared, whether it needs any
}

// Faults are the errors of a strategy's callbacks in a run.
type Faults struct {
	Count int
	Last  string
	At    exchange.Time
}

// Faults returns the errors of a strategy's callbacks.
func (ss *strategies) Faults(strategy int) Faults { return ss.list[strategy].faults }

func (s *instance) install(st Strategy, u *exchange.Universe) {
	s.Strategy = st
	for h := range Handlers {
		s.wants[h] = st.Wants(h)
	}
	s.installBars()
	s.watches = make([]bool, u.Len())
	for _, pattern := range st.Subscriptions() {
		for _, in := range u.All() {
			if in.Matches(pattern) {
				s.watches[in.ID] = true
			}
		}
	}
	s.installWarmUp(u)
}

// CloseStrategies closes the strategies of a core: nothing of them is called any more.
func CloseStrategies(c *Core) {
	for _, s := range c.strategies.list {
		s.Strategy.Close()
	}
}

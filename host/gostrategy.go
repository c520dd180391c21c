package host

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host/core"
)

// Strategy is what the core drives: a script, or a strategy written in Go. GoStrategy
// makes one of a value that has the handlers it needs.
type Strategy = core.Strategy

// Port is a strategy's window on the session and its way to ask for things, during a
// callback. What it asks for happens after the callback returned nil, and not at all
// when it returned an error.
type Port = core.Port

// The handlers that a strategy written in Go may have. Each is called on the loop's
// goroutine; a panic is an error of the callback.
type (
	// StartHandler is called once, before anything else.
	StartHandler interface{ OnStart(p *Port) error }
	// BookHandler is called when a book changed.
	BookHandler interface {
		OnBook(p *Port, id exchange.InstrumentID) error
	}
	// TradeHandler is called with public trades; the event is a KindTrade.
	TradeHandler interface {
		OnTrade(p *Port, ev *exchange.Event) error
	}
	// MarkHandler is called when a mark price or the running funding rate changed.
	MarkHandler interface {
		OnMark(p *Port, id exchange.InstrumentID) error
	}
	// LiquidationHandler is called when somebody's position was closed by force; the event is
	// a KindLiquidation.
	LiquidationHandler interface {
		OnLiquidation(p *Port, ev *exchange.Event) error
	}
	// FundingHandler is called with funding that was paid or received.
	FundingHandler interface {
		OnFunding(p *Port, x *exchange.FundingPayment) error
	}
	// BarHandler is called with finished bars of the lengths of BarUser, or of the
	// market's; the event is a KindBar.
	BarHandler interface {
		OnBar(p *Port, ev *exchange.Event) error
	}
	// PastHandler is called when the past of an instrument is here; see Port.Ready.
	PastHandler interface {
		OnPast(p *Port, id exchange.InstrumentID) error
	}
	// TimerHandler is called when a timer of Port.SetTimer is due.
	TimerHandler interface {
		OnTimer(p *Port, name string) error
	}
	// OrderHandler is called when an order of the strategy changed.
	OrderHandler interface {
		OnOrder(p *Port, o *exchange.Order) error
	}
	// ConditionalHandler is called when an order of the strategy changed that the host holds:
	// see Port.Hold. What such an order sends are orders of their own, with it as Parent.
	ConditionalHandler interface {
		OnConditional(p *Port, x *intent.Conditional) error
	}
	// FillHandler is called with executions: of the strategy's orders, and what
	// liquidations and the like took of its positions.
	FillHandler interface {
		OnFill(p *Port, f *exchange.Fill) error
	}
	// PairHandler is called when a pair of the strategy changed.
	PairHandler interface {
		OnPair(p *Port, x *intent.Pair) error
	}
	// ScheduleHandler is called when a parent order of the strategy changed.
	ScheduleHandler interface {
		OnSchedule(p *Port, x *intent.Schedule) error
	}
	// AdviceHandler is called with what came of a question.
	AdviceHandler interface {
		OnAdvice(p *Port, a *advice.Advice) error
	}
	// SignalHandler is called when somebody outside sent a signal; payload is its text.
	SignalHandler interface {
		OnSignal(p *Port, name, payload string) error
	}
	// GapHandler is called when market data was missed.
	GapHandler interface {
		OnGap(p *Port, id exchange.InstrumentID, reason string) error
	}
	// HaltHandler is called when the kill latch trips.
	HaltHandler interface {
		OnHalt(p *Port, reason string) error
	}
	// StopHandler is called when the session ends.
	StopHandler interface{ OnStop(p *Port) error }
)

// What else a strategy written in Go may have.
type (
	// BarUser declares the lengths of bars that it needs.
	BarUser interface{ Bars() []exchange.Time }
	// StateKeeper has a state that is kept in the ledger, as JSON: the same bytes for
	// the same state.
	StateKeeper interface{ State() ([]byte, error) }
	// Closer is told once that nothing of it is called any more: at the end of the
	// session that Open began with it, run or not and however it ended, or when another
	// strategy has taken its place. After a loop that hung for good it is not told.
	Closer interface{ Close() }
)

// methodTypes are the methods that a strategy written in Go may have.
var methodTypes = []reflect.Type{
	reflect.TypeFor[StartHandler](), reflect.TypeFor[BookHandler](), reflect.TypeFor[TradeHandler](), reflect.TypeFor[MarkHandler](), reflect.TypeFor[LiquidationHandler](),
	reflect.TypeFor[FundingHandler](), reflect.TypeFor[BarHandler](), reflect.TypeFor[PastHandler](), reflect.TypeFor[TimerHandler](), reflect.TypeFor[OrderHandler](), reflect.TypeFor[ConditionalHandler](),
	reflect.TypeFor[FillHandler](), reflect.TypeFor[PairHandler](), reflect.TypeFor[ScheduleHandler](), reflect.TypeFor[AdviceHandler](), reflect.TypeFor[SignalHandler](),
	reflect.TypeFor[GapHandler](), reflect.TypeFor[HaltHandler](), reflect.TypeFor[StopHandler](),
	reflect.TypeFor[BarUser](), reflect.TypeFor[StateKeeper](), reflect.TypeFor[Closer](), reflect.TypeFor[Versioned](), reflect.TypeFor[Renewer](), reflect.TypeFor[StateRestorer](),
}

// misnamed says which method of a value has the name of one that would be called, and
// would never be: it has other parameters, or belongs to the pointer.
func misnamed(v any) error {
	t := reflect.TypeOf(v)
	for _, want := range methodTypes {
		if t == nil || t.Implements(want) {
			continue
		}
		m := want.Method(0)
		if has, ok := t.MethodByName(m.Name); ok {
			return fmt.Errorf("its method %s is a %s without its receiver: want %s", m.Name, has.Type, m.Type)
		}
		if t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(want) {
			return fmt.Errorf("its method %s belongs to the pointer: hand a *%s in", m.Name, t)
		}
	}
	return nil
}

// GoStrategy makes a strategy of a value that implements the handlers it needs, at least
// one. A method that has the name of a handler and other parameters is refused, for it
// would never be called. name is what its orders are filed under, 1 to 32 of a-z, 0-9, -
// and _;
// subscriptions are instrument keys and globs over keys. A value that is Versioned is
// asked for its version.
func GoStrategy(name string, subscriptions []string, v any) (Strategy, error) {
	if !strategyNames.MatchString(name) {
		return nil, configError("strategy %q: want a name of 1 to 32 of a-z, 0-9, - and _", name)
	}
	s := &goStrategy{name: name, subscriptions: slices.Clone(subscriptions), value: v}
	if err := misnamed(v); err != nil {
		return nil, configError("strategy %q: %v", name, err)
	}
	if x := reflect.ValueOf(v); x.Kind() == reflect.Pointer && x.IsNil() {
		return nil, configError("strategy %q: its %T is nil", name, v)
	}
	s.market(v)
	s.account(v)
	s.session(v)
	for _, call := range s.calls {
		if call != nil {
			return s, nil
		}
	}
	return nil, configError("strategy %q: a %T has none of the handlers OnStart(*Port) error, OnBook(*Port, exchange.InstrumentID) error, …: see go doc host StartHandler", name, v)
}

type goStrategy struct {
	name          string
	subscriptions []string
	value         any
	calls         [core.Handlers]func(*Port, *core.Callback) error
}

func (s *goStrategy) market(v any) {
	if h, ok := v.(BookHandler); ok {
		s.calls[core.OnBook] = func(p *Port, c *core.Callback) error { return h.OnBook(p, c.Instrument) }
	}
	if h, ok := v.(TradeHandler); ok {
		s.calls[core.OnTrade] = func(p *Port, c *core.Callback) error { return h.OnTrade(p, c.Event) }
	}
	if h, ok := v.(MarkHandler); ok {
		s.calls[core.OnMark] = func(p *Port, c *core.Callback) error { return h.OnMark(p, c.Instrument) }
	}
	if h, ok := v.(LiquidationHandler); ok {
		s.calls[core.OnLiquidation] = func(p *Port, c *core.Callback) error { return h.OnLiquidation(p, c.Event) }
	}
	if h, ok := v.(BarHandler); ok {
		s.calls[core.OnBar] = func(p *Port, c *core.Callback) error { return h.OnBar(p, c.Event) }
	}
	if h, ok := v.(PastHandler); ok {
		s.calls[core.OnPast] = func(p *Port, c *core.Callback) error { return h.OnPast(p, c.Instrument) }
	}
	if h, ok := v.(GapHandler); ok {
		s.calls[core.OnGap] = func(p *Port, c *core.Callback) error { return h.OnGap(p, c.Instrument, c.Reason) }
	}
}

func (s *goStrategy) account(v any) {
	if h, ok := v.(FundingHandler); ok {
		s.calls[core.OnFunding] = func(p *Port, c *core.Callback) error { return h.OnFunding(p, c.Payment) }
	}
	s.orders(v)
	if h, ok := v.(FillHandler); ok {
		s.calls[core.OnFill] = func(p *Port, c *core.Callback) error { return h.OnFill(p, c.Fill) }
	}
	if h, ok := v.(PairHandler); ok {
		s.calls[core.OnPair] = func(p *Port, c *core.Callback) error { return h.OnPair(p, c.Pair) }
	}
	if h, ok := v.(ScheduleHandler); ok {
		s.calls[core.OnSchedule] = func(p *Port, c *core.Callback) error { return h.OnSchedule(p, c.Schedule) }
	}
}

// orders are told by one handler of the core, those that the host holds among them.
func (s *goStrategy) orders(v any) {
	sent, ok1 := v.(OrderHandler)
	held, ok2 := v.(ConditionalHandler)
	if !ok1 && !ok2 {
		return
	}
	s.calls[core.OnOrder] = func(p *Port, c *core.Callback) error {
		switch {
		case c.Conditional != nil && ok2:
			return held.OnConditional(p, c.Conditional)
		case c.Conditional == nil && ok1:
			return sent.OnOrder(p, c.Order)
		}
		return nil
	}
}

func (s *goStrategy) session(v any) {
	if h, ok := v.(StartHandler); ok {
		s.calls[core.OnStart] = func(p *Port, _ *core.Callback) error { return h.OnStart(p) }
	}
	if h, ok := v.(TimerHandler); ok {
		s.calls[core.OnTimer] = func(p *Port, c *core.Callback) error { return h.OnTimer(p, c.Name) }
	}
	if h, ok := v.(AdviceHandler); ok {
		s.calls[core.OnAdvice] = func(p *Port, c *core.Callback) error { return h.OnAdvice(p, c.Advice) }
	}
	if h, ok := v.(SignalHandler); ok {
		s.calls[core.OnSignal] = func(p *Port, c *core.Callback) error { return h.OnSignal(p, c.Name, c.Payload) }
	}
	if h, ok := v.(HaltHandler); ok {
		s.calls[core.OnHalt] = func(p *Port, c *core.Callback) error { return h.OnHalt(p, c.Reason) }
	}
	if h, ok := v.(StopHandler); ok {
		s.calls[core.OnStop] = func(p *Port, _ *core.Callback) error { return h.OnStop(p) }
	}
}

// Name implements core.Strategy.
func (s *goStrategy) Name() string { return s.name }

// Subscriptions implements core.Strategy.
func (s *goStrategy) Subscriptions() []string { return s.subscriptions }

// Wants implements core.Strategy.
func (s *goStrategy) Wants(h core.Handler) bool { return s.calls[h] != nil }

// Call implements core.Strategy.
func (s *goStrategy) Call(p *Port, c *core.Callback) error {
	if call := s.calls[c.Handler]; call != nil {
		return call(p, c)
	}
	return nil
}

// State implements core.Strategy.
func (s *goStrategy) State() ([]byte, error) {
	if k, ok := s.value.(StateKeeper); ok {
		return k.State()
	}
	return nil, nil
}

// errGoReload is what a reload of a strategy in Go would need.
var errGoReload = errors.New("a strategy written in Go changes with its program")

// Reload implements core.Strategy.
func (s *goStrategy) Reload(*Port, *exchange.Reload) (Strategy, error) {
	return nil, fmt.Errorf("%s: %w", s.name, errGoReload)
}

// Restart implements core.Strategy: the same value goes on.
func (s *goStrategy) Restart(*Port) (Strategy, error) { return nil, nil }

// Configure implements core.Configurable, for a value that does.
func (s *goStrategy) Configure(p *Port, values map[string]string) (Strategy, error) {
	if c, ok := s.value.(core.Configurable); ok {
		return c.Configure(p, values)
	}
	return nil, fmt.Errorf("the parameters of %s can't be set while it runs: its value has no method Configure(*Port, map[string]string) (Strategy, error)", s.name)
}

// Close implements core.Strategy.
func (s *goStrategy) Close() {
	if c, ok := s.value.(Closer); ok {
		c.Close()
	}
}

// Bars implements core.BarUser.
func (s *goStrategy) Bars() []exchange.Time {
	if u, ok := s.value.(BarUser); ok {
		return u.Bars()
	}
	return nil
}

// WarmUp implements core.Warmer.
func (s *goStrategy) WarmUp() []core.BarNeed {
	if w, ok := s.value.(core.Warmer); ok {
		return w.WarmUp()
	}
	return nil
}

// UsesBars implements core.BarUser.
func (s *goStrategy) UsesBars() bool { return false }

// Version implements Versioned.
func (s *goStrategy) Version() string {
	if v, ok := s.value.(Versioned); ok {
		return v.Version()
	}
	return ""
}

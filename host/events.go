package host

import (
	"iter"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/attribution"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
)

// Kinds are kinds of events, added up.
type Kinds uint32

// The kinds of events, and the type that each has.
const (
	Fills        Kinds = 1 << iota // FillEvent
	OrderChanges                   // OrderEvent, ConditionalEvent
	Equities                       // EquityEvent
	Halts                          // HaltEvent
	Liquidations                   // LiquidationEvent
	Reloads                        // ReloadEvent
	PairChanges                    // PairEvent
	Fundings                       // FundingEvent
	Charts                         // ChartEvent
	Logs                           // LogEvent below intent.Error
	Errors                         // LogEvent of that level
	Told                           // CommandEvent
)

// neverDropped are the kinds that a subscriber gets all of.
const neverDropped = Fills | Halts | Liquidations | Fundings | Told

// Event is something that happened in a session: a FillEvent, an OrderEvent, and so
// on for every kind of Kinds, or a DroppedEvent. Events are values: what they point to
// is a copy, which may be kept and must not be changed.
type Event interface {
	Kind() Kinds
	At() Moment
}

// Moment is when an event happened: the session's time, and the number of the event of
// its journal that led to it, 0 for lines of the log.
type Moment struct {
	Seq  uint64
	Time exchange.Time
}

// At implements Event.
func (m Moment) At() Moment { return m }

// FillEvent is an execution. Price and Qty are those of Fill in the instrument's own
// units: quote for a coin, or contracts.
type FillEvent struct {
	Moment
	Strategy   string // "host": nobody's order
	Instrument exchange.Instrument
	Fill       exchange.Fill
	Price, Qty decimal.Decimal
	Pair       exchange.PairID     // 0: none
	Schedule   exchange.ScheduleID // 0: none
}

// OrderEvent is an order whose state changed: it was sent, accepted, filled in part,
// is over, or was denied by the gate.
type OrderEvent struct {
	Moment
	Strategy           string
	Instrument         exchange.Instrument
	Order              exchange.Order
	Price, Qty, Filled decimal.Decimal
}

// ConditionalEvent is an order that the host holds whose state changed.
type ConditionalEvent struct {
	Moment
	Strategy    string
	Instrument  exchange.Instrument
	Conditional intent.Conditional
}

// EquityEvent is a sample of the account's value in the account's currency.
type EquityEvent struct {
	Moment
	Equity decimal.Decimal
}

// HaltEvent says that a kill latch was tripped, or with an empty Reason that it was lifted:
// the session's, or that of a strategy.
type HaltEvent struct {
	Moment
	Strategy string // "": the session's
	Reason   string
}

// LiquidationEvent is a fill that the venue made, and no order of ours: a liquidation,
// an auto-deleveraging, a delivery. It comes after the FillEvent of the same fill.
type LiquidationEvent struct {
	Moment
	Strategies []string // whose position it took from
	Instrument exchange.Instrument
	Fill       exchange.Fill
	Price, Qty decimal.Decimal
}

// ReloadEvent is a version of a script that was loaded or refused. Every script's
// first version comes at the session's first event.
type ReloadEvent struct {
	Moment
	Strategy string
	Version  int    // that runs now
	Hash     string // of the one that was to be loaded
	Loaded   bool
	Problem  string // why it was refused
}

// PairEvent is a pair trade whose state changed.
type PairEvent struct {
	Moment
	Strategy string
	Pair     Pair
}

// FundingEvent is a payment of funding; Amount above 0 was received.
type FundingEvent struct {
	Moment
	Strategy   string // "host": of a position that is no strategy's
	Instrument exchange.Instrument
	Payment    exchange.FundingPayment
	Pair       exchange.PairID // 0: none
}

// ChartEvent is a point that a strategy plotted.
type ChartEvent struct {
	Moment
	Strategy string
	Series   string
	Value    float64
}

// LogEvent is a line of the log. Unlike the lines of Options.Log, repeated and flooding
// ones are all there.
type LogEvent struct {
	Moment
	Line Line
}

// CommandEvent is something that the session was told. Op and Args are as package control
// has them, and Outcome is "done" or why not.
type CommandEvent struct {
	Moment
	Strategy          string // "host": of no one in particular
	By, Why, Op, Args string
	Outcome           string
}

// DroppedEvent says that a subscriber was too slow: so many events were dropped
// between the one before and the one after it.
type DroppedEvent struct {
	Moment
	Count int
}

// Kind implements Event.
func (FillEvent) Kind() Kinds { return Fills }

// Kind implements Event.
func (OrderEvent) Kind() Kinds { return OrderChanges }

// Kind implements Event.
func (ConditionalEvent) Kind() Kinds { return OrderChanges }

// Kind implements Event.
func (EquityEvent) Kind() Kinds { return Equities }

// Kind implements Event.
func (HaltEvent) Kind() Kinds { return Halts }

// Kind implements Event.
func (LiquidationEvent) Kind() Kinds { return Liquidations }

// Kind implements Event.
func (ReloadEvent) Kind() Kinds { return Reloads }

// Kind implements Event.
func (PairEvent) Kind() Kinds { return PairChanges }

// Kind implements Event.
func (FundingEvent) Kind() Kinds { return Fundings }

// Kind implements Event.
func (ChartEvent) Kind() Kinds { return Charts }

// Kind implements Event.
func (e LogEvent) Kind() Kinds {
	if e.Line.Level >= intent.Error {
		return Errors
	}
	return Logs
}

// Kind implements Event.
func (CommandEvent) Kind() Kinds { return Told }

// Kind implements Event. A DroppedEvent comes whatever a subscriber asked for.
func (DroppedEvent) Kind() Kinds { return 0 }

// Filter says which events a subscriber wants.
type Filter struct {
	Kinds      Kinds    // 0: all
	Strategies []string // events of these, and those of no strategy; none: of all
	// Buffer is how many events may wait for the subscriber; 0: 8192.
	Buffer int
}

const eventBuffer = 8192

func (f *Filter) wants(e Event) bool {
	if f.Kinds != 0 && f.Kinds&e.Kind() == 0 {
		return false
	}
	name := strategyOf(e)
	return len(f.Strategies) == 0 || name == "" || slices.Contains(f.Strategies, name)
}

// strategyOf names whose an event is; "": nobody's in particular.
func strategyOf(e Event) string {
	switch e := e.(type) {
	case FillEvent:
		return e.Strategy
	case OrderEvent:
		return e.Strategy
	case ConditionalEvent:
		return e.Strategy
	case ReloadEvent:
		return e.Strategy
	case PairEvent:
		return e.Strategy
	case FundingEvent:
		return e.Strategy
	case ChartEvent:
		return e.Strategy
	case LogEvent:
		return e.Line.Strategy
	case CommandEvent:
		if e.Strategy != "host" {
			return e.Strategy
		}
	}
	return ""
}

// Events begins to follow the session and returns what is seen from here on, in order;
// it is called before Run to see all of it. The sequence may be ranged over once, by
// one goroutine, and ends with the session, or when the range is left. What is never
// ranged over is kept until the session ends.
//
// A slow subscriber holds nobody up. When Buffer events wait for it, further ones are
// dropped, and a DroppedEvent in their place says how many; fills, liquidations,
// funding and halts never are: they are kept beyond the bound.
//
// It is not ranged over on the loop's goroutine: nothing would come, because the loop
// would wait for it. There the sequence ends at once.
func (s *Session) Events(f Filter) iter.Seq[Event] {
	if s == nil || s.r == nil {
		return func(func(Event) bool) {}
	}
	if f.Buffer <= 0 {
		f.Buffer = eventBuffer
	}
	sub := s.events.Subscribe(f.Buffer, f.wants)
	return func(yield func(Event) bool) {
		defer sub.Stop()
		if s.onLoop() {
			return
		}
		for {
			list, lost := sub.Take()
			for _, it := range list {
				if it.Lost > 0 && !yield(DroppedEvent{it.Value.At(), it.Lost}) {
					return
				}
				if !yield(it.Value) {
					return
				}
			}
			if len(list) == 0 {
				if lost > 0 {
					yield(DroppedEvent{Moment{Time: exchange.Time(s.r.supervisor.clock.Load())}, lost})
				}
				return
			}
		}
	}
}

// eventsOf is what an effect tells subscribers. It runs on the loop.
func eventsOf(c *core.Core, e *core.Effect) []Event {
	at, name := Moment{e.Seq, e.Time}, c.StrategyName(e.Strategy)
	switch b := e.Body.(type) {
	case core.Submit:
		return orderEvent(c, at, name, b.Order)
	case core.Cancel:
		return orderEvent(c, at, name, b.Order)
	case core.OrderChanged:
		return orderEvent(c, at, name, b.Order)
	case core.ConditionalChanged:
		return []Event{ConditionalEvent{at, name, *c.Universe().Get(b.Request.Instrument), *b.Conditional}}
	case *core.Filled:
		return fillEvents(c, at, name, b)
	case *core.FundingPaid:
		return []Event{FundingEvent{at, name, *c.Universe().Get(b.Payment.Instrument), *b.Payment, b.Pair}}
	case core.PairChanged:
		return []Event{PairEvent{at, name, b.Pair}}
	case *core.EquitySampled:
		return []Event{EquityEvent{at, b.Amount}}
	case core.VersionChanged:
		return []Event{ReloadEvent{at, name, b.Number, b.Hash, b.Loaded, b.Problem}}
	case *core.ChartPoint:
		return []Event{ChartEvent{at, name, b.Series, b.Value}}
	case *core.HaltChanged:
		if e.Strategy < 0 {
			return []Event{HaltEvent{at, "", b.Reason}}
		}
		return []Event{HaltEvent{at, name, b.Of(name)}}
	case core.Commanded:
		return []Event{CommandEvent{at, name, b.By, b.Why, b.Op, b.Args, b.Outcome}}
	}
	return nil // lines of the log come by the reporter
}

func orderEvent(c *core.Core, at Moment, name string, o *exchange.Order) []Event {
	in := c.Universe().Get(o.Instrument)
	return []Event{OrderEvent{at, name, *in, *o, in.PriceDecimal(o.Price), in.QtyDecimal(o.Qty), in.QtyDecimal(o.Filled)}}
}

func fillEvents(c *core.Core, at Moment, name string, b *core.Filled) []Event {
	in, f := c.Universe().Get(b.Fill.Instrument), *b.Fill
	price, qty := in.PriceDecimal(f.Price), in.QtyDecimal(f.Qty)
	fill := FillEvent{Moment: at, Strategy: name, Instrument: *in, Fill: f, Price: price, Qty: qty}
	if b.Order != nil {
		fill.Pair, fill.Schedule = b.Order.Pair, b.Order.Schedule
	}
	if !attribution.ByVenue(f.Reason) {
		return []Event{fill}
	}
	var whose []string
	for i := range b.Shares {
		if s := b.Shares[i].Strategy; s >= 0 && !slices.Contains(whose, c.StrategyName(s)) {
			whose = append(whose, c.StrategyName(s))
		}
	}
	return []Event{fill, LiquidationEvent{at, whose, *in, f, price, qty}}
}

package intent

import (
	"fmt"
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// ScheduleState is where a schedule is in its life.
type ScheduleState uint8

const (
	ScheduleWaiting ScheduleState = iota + 1 // for its window, or for a book
	ScheduleWorking
	SchedulePaused    // the session ended; it goes on with the next one
	ScheduleCompleted // the whole total is filled
	ScheduleExpired   // the window ended with something left
	ScheduleCanceled
	ScheduleFailed // it never began
)

var scheduleStateNames = [...]string{"none", "waiting", "working", "paused", "completed", "expired", "canceled", "failed"}

func (s ScheduleState) String() string { return scheduleStateNames[s] }

// Done reports whether the schedule will send no more orders.
func (s ScheduleState) Done() bool { return s >= ScheduleCompleted }

// Schedule is a parent order as strategies and reports see it. What was done comes
// from fills only.
type Schedule struct {
	ID         exchange.ScheduleID
	Strategy   int32
	Algo       Algo
	Instrument exchange.InstrumentID
	Side       exchange.Side
	State      ScheduleState
	Reason     string // why it is where it is, or what it waits for
	Tag        string

	Total  exchange.Lots // 0 until the window begins, when it was asked for in quote
	Due    exchange.Lots // that the plan wants done by the end of this slice
	Filled exchange.Lots
	Maker  exchange.Lots // of Filled: rested
	Late   exchange.Lots // of Filled: taken after the window's end

	// Cost is Σ price×quantity of the fills in quote, or Σ contracts/price for an
	// inverse contract. It has no sign.
	Cost decimal.Decimal
	Fees decimal.Decimal // valued in quote at the fill; in coin for an inverse contract

	Arrival float64      // mid when the window began
	AtOnce  *AtOnce      `json:",omitempty"` // nil before the window, and in what an earlier version began
	Market  MarketVolume // what the market traded from the window's beginning to the end of the schedule
	Curve   string       // what the plan was made from

	Start, End, Closed exchange.Time
	Slices, Slice      int // Slice counts from 1; 0 before the window
	Orders, Refused    int // children sent, and refused by venue or gate

	Pace float64 `json:",omitempty"` // it was paced to; 0: its own
}

// AtOnce is what one market order for the whole would have done to the book that stood
// when the window began, before fees. It is never changed, and may be shared.
type AtOnce struct {
	Qty  exchange.Lots   // that the book held, at most the whole
	Cost decimal.Decimal // as Schedule.Cost
}

// Rest is what is not filled.
func (s *Schedule) Rest() exchange.Lots { return max(0, s.Total-s.Filled) }

// Completion is the part that is filled, from 0 to 1.
func (s *Schedule) Completion() float64 {
	if s.Total == 0 {
		return 0
	}
	return float64(s.Filled) / float64(s.Total)
}

// MakerShare is the part of what is filled that rested; NaN when nothing is.
func (s *Schedule) MakerShare() float64 { return float64(s.Maker) / float64(s.Filled) }

// Price is the average price of the fills; NaN when there are none.
func (s *Schedule) Price(in *exchange.Instrument) float64 {
	return average(in, s.Filled, s.Cost)
}

func average(in *exchange.Instrument, lots exchange.Lots, spent decimal.Decimal) float64 {
	if lots == 0 || !spent.IsPositive() {
		return math.NaN()
	}
	cost, qty := exchange.Float(spent), in.QtyFloat(lots)
	if in.Inverse() {
		return qty / cost
	}
	return cost / qty
}

// Price is the average price; NaN when the book held nothing.
func (o *AtOnce) Price(in *exchange.Instrument) float64 { return average(in, o.Qty, o.Cost) }

// Participation is what was filled against what the market traded in the window;
// NaN when it showed no volume.
func (s *Schedule) Participation(in *exchange.Instrument) float64 {
	if !(s.Market.Qty > 0) {
		return math.NaN()
	}
	return in.QtyFloat(s.Filled) / s.Market.Qty
}

// SlippageVWAP is how much worse than the market's VWAP over the window the fills
// were, in bp; negative when better, NaN when either is not known.
func (s *Schedule) SlippageVWAP(in *exchange.Instrument) float64 {
	return s.worse(s.Price(in), s.Market.VWAP(in))
}

// SlippageArrival is how much worse than the mid at the start the fills were, in
// bp: the implementation shortfall of what was filled, without fees.
func (s *Schedule) SlippageArrival(in *exchange.Instrument) float64 {
	return s.worse(s.Price(in), s.Arrival)
}

// SlippageAtOnce is what SlippageArrival would be of one market order for the whole at
// the start, or for as much of it as the book held; NaN when that is not known.
func (s *Schedule) SlippageAtOnce(in *exchange.Instrument) float64 {
	if s.AtOnce == nil {
		return math.NaN()
	}
	return s.worse(s.AtOnce.Price(in), s.Arrival)
}

func (s *Schedule) worse(price, than float64) float64 {
	if !(than > 0) {
		return math.NaN()
	}
	return float64(s.Side) * (price/than - 1) * 1e4
}

// Describe words what is known of a schedule, for people.
func (s *Schedule) Describe(in *exchange.Instrument) string {
	text := fmt.Sprintf("%s %d %s: %s %s", s.Algo, s.ID, s.State, s.Side, in.Key())
	switch {
	case s.State == ScheduleWaiting:
		return text + fmt.Sprintf(" from %s to %s%s", s.Start, s.End, because(s.Reason))
	case s.Filled == 0 && s.State == ScheduleWorking:
		return text + fmt.Sprintf(", %s in %d slices until %s (curve: %s)", in.QtyDecimal(s.Total), s.Slices, s.End, s.Curve)
	}
	text += fmt.Sprintf(", %s of %s filled", in.QtyDecimal(s.Filled), in.QtyDecimal(s.Total))
	if s.Filled > 0 {
		text += fmt.Sprintf(" at %.8g (%s against the market's VWAP, %s against arrival, maker %.0f %%)",
			s.Price(in), bp(s.SlippageVWAP(in)), bp(s.SlippageArrival(in)), 100*s.MakerShare())
	}
	return text + because(s.Reason)
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// bp words a slippage; a market that showed no volume has none to compare with.
func bp(v float64) string {
	if math.IsNaN(v) {
		return "unknown"
	}
	return fmt.Sprintf("%+.2f bp", v)
}

package intent

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Algo is what a schedule follows.
type Algo uint8

const (
	VWAP Algo = iota + 1 // the market's usual volume, corrected by today's
	TWAP                 // the clock
	POV                  // a fixed share of what trades
)

func (a Algo) String() string { return [...]string{"none", "vwap", "twap", "pov"}[a] }

// AtEnd is what happens to what is left when the window is over.
type AtEnd uint8

const (
	CrossAtEnd AtEnd = iota + 1 // take it from the book, within a collar and a minute or so
	StopAtEnd                   // leave it, and say how much
)

func (e AtEnd) String() string { return [...]string{"none", "cross", "stop"}[e] }

// ScheduleRequest asks for a schedule. Of Qty and Notional one is set.
type ScheduleRequest struct {
	Algo       Algo
	Instrument exchange.InstrumentID
	Side       exchange.Side
	Qty        exchange.Lots
	// Notional is in quote. It becomes lots once, at the mid when the window
	// begins, so that slices sum exactly.
	Notional decimal.Decimal
	Start    exchange.Time // 0: now
	Duration exchange.Time
	// Interval is the length of a slice. 0: 5 minutes, 1 minute in windows below
	// two hours, a tenth of the window in those below ten minutes.
	Interval exchange.Time
	// Participation is the largest share of the market's volume that we may be,
	// counted from one bucket before the start; for POV it is the share aimed at.
	// 0: a tenth. It binds once the market has shown any volume.
	Participation float64
	// Uniform gives VWAP equal weights; Static keeps it from following realised
	// volume.
	Uniform, Static bool
	// SlippageBP keeps prices that are worse by more than this than both the mid
	// at the start and the market's VWAP since from being paid. 0: no guard. What
	// it keeps back stays due. With CrossAtEnd it lets go in the last quarter.
	SlippageBP float64
	AtEnd      AtEnd // 0: CrossAtEnd, and StopAtEnd for POV
	// MinPace and MaxPace bound what the schedule may be paced to while it works; 0: it
	// may not. MinSlice is the smallest order, unless less is left.
	MinPace, MaxPace float64       `json:",omitempty"`
	MinSlice         exchange.Lots `json:",omitempty"`
	ReduceOnly       bool          // never beyond flat; of a perpetual
	Tag              string
}

// SliceCount is the number of slices; the last one may be short.
func (r *ScheduleRequest) SliceCount() int {
	return int((r.Duration + r.Interval - 1) / r.Interval)
}

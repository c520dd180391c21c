package exchange

import (
	"fmt"
	"math"
)

// Bar is a candle. Volumes are in units of quantity and are floats because no
// money is computed from them.
type Bar struct {
	Open, High, Low, Close Ticks
	Volume                 float64
	Interval               Time
	// Time is when it closed. An event does not carry it: there VenueTime tells,
	// or Time where the venue's is not known.
	Time Time
	Flow
}

// Flow is what else is told of a bar's trades. Sources differ in what they tell: of what
// Known has not, nothing is known, and its field is 0. Floats are as in Bar.
type Flow struct {
	Quote    float64 // what the trades were worth, in quote
	TakerBuy float64 // the volume that buyers took, in units of quantity
	// Trades counts them as the source does: streams that tell one taker's trades at a
	// price in one piece have fewer than the venue's own candles.
	Trades int64
	Known  FlowParts
}

// FlowParts are parts of a Flow.
type FlowParts uint8

// The parts of a Flow.
const (
	FlowQuote FlowParts = 1 << iota
	FlowTakerBuy
	FlowTrades
	FlowAll = FlowQuote | FlowTakerBuy | FlowTrades
)

// Add adds what is told of later trades. A part that one of both lacks is unknown of both.
func (f *Flow) Add(o *Flow) {
	f.Quote += o.Quote
	f.TakerBuy += o.TakerBuy
	f.Trades += o.Trades
	f.Keep(o.Known)
}

// Keep forgets all but some parts.
func (f *Flow) Keep(parts FlowParts) {
	f.Known &= parts
	if f.Known&FlowQuote == 0 {
		f.Quote = 0
	}
	if f.Known&FlowTakerBuy == 0 {
		f.TakerBuy = 0
	}
	if f.Known&FlowTrades == 0 {
		f.Trades = 0
	}
}

// TakerShare is the part of a volume that buyers took; false: it is not known, or there
// was none.
func (b *Bar) TakerShare() (share float64, ok bool) {
	if b.Known&FlowTakerBuy == 0 || b.Volume <= 0 {
		return 0, false
	}
	return b.TakerBuy / b.Volume, true
}

// check refuses what no trades can be. The volume taken may exceed the whole by what adding
// floats loses.
func (f *Flow) check(volume float64) error {
	known := *f
	known.Keep(FlowAll)
	switch {
	case known != *f:
		return fmt.Errorf("Bar: Quote %g, TakerBuy %g, Trades %d, Known %#x: want 0 of what is not known", f.Quote, f.TakerBuy, f.Trades, f.Known)
	case !(f.Quote >= 0) || math.IsInf(f.Quote, 0):
		return fmt.Errorf("Bar: Quote %g: want 0 or more", f.Quote)
	case !(f.TakerBuy >= 0 && f.TakerBuy <= volume*(1+1e-9)):
		return fmt.Errorf("Bar: TakerBuy %g: want 0 to the Volume %g", f.TakerBuy, volume)
	case f.Trades < 0:
		return fmt.Errorf("Bar: Trades %d: want 0 or more", f.Trades)
	}
	return nil
}

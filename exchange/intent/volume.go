package intent

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

// MarketVolume adds up what a market traded. Its figures only grow, so the difference of
// two is what was traded between. Qty is in units of quantity. Value is their
// price×quantity, or quantity/price for an inverse contract. They are floats
// because they are signals: no money is computed from them.
type MarketVolume struct{ Qty, Value float64 }

// VWAP is the volume-weighted average price, NaN when nothing was traded.
func (v MarketVolume) VWAP(in *exchange.Instrument) float64 {
	switch {
	case !(v.Qty > 0) || !(v.Value > 0):
		return math.NaN()
	case in.Inverse():
		return v.Qty / v.Value
	}
	return v.Value / v.Qty
}

// Curve is how a window's volume is expected to be spread over its slices.
type Curve struct {
	Weights []float64 // of each slice; they sum to 1
	Volume  float64   // expected in the whole window, in units of quantity; 0: not known
	Days    int       // that it was learned from
	// Until is the end of the newest of them.
	Until  exchange.Time
	Source string // what it is, for people
}

// UniformCurve is the curve of a window of which nothing is known.
func UniformCurve(n int, why string) Curve {
	c := Curve{Weights: make([]float64, n), Source: "uniform"}
	for i := range c.Weights {
		c.Weights[i] = 1 / float64(n)
	}
	if why != "" {
		c.Source += ": " + why
	}
	return c
}

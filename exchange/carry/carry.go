// Package carry is the arithmetic of holding coins on spot against a short of
// their perpetual: what funding should bring, what getting in and out costs, and
// when it pays to move from one coin to another.
//
// It assumes that funding returns to a mean at a constant pace, that both legs are
// taken, and that the price of the coin does not matter. Everything is a fraction
// of one leg's value (0.0001 is a basis point); rates are per 8 hours whatever the
// interval of the contract, so that they compare. Nothing here is money: these are
// signals, in floating point.
package carry

import (
	"math"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Rate8h scales the rate of one settlement to eight hours.
func Rate8h(rate float64, hours int) float64 { return rate * 8 / float64(hours) }

// Median returns the middle of some values, the lower of two; 0 of none.
func Median(values []float64) float64 { return quantile(slices.Clone(values), 0.5) }

// Model is how funding is expected to go on: it returns to Mean, and of its
// distance to it the part Persistence is left eight hours later.
type Model struct {
	Mean        float64 // per 8 hours
	Persistence float64 // from 0 to below 1
}

// Gain is what a short should receive from now until the horizon if funding stands
// at rate per 8 hours. Funding is paid to who holds at a settlement and does not
// accrue, so the settlements inside of the window count: the first at next, each
// other an interval of hours later. It is
//
//	G = Σ h/8·(μ + ρ^(k·h/8)·(r - μ)), k = 0 … n-1
//
// in closed form.
func (m Model) Gain(rate float64, now, next exchange.Time, hours int, horizon exchange.Time) float64 {
	n := float64(Settlements(now, next, hours, horizon))
	part := float64(hours) / 8
	rho := math.Pow(m.Persistence, part)
	return part * (m.Mean*n + (rate-m.Mean)*(1-math.Pow(rho, n))/(1-rho))
}

// Settlements counts those after now and up to the horizon.
func Settlements(now, next exchange.Time, hours int, horizon exchange.Time) int {
	first := max(next-now, 1)
	if first > horizon {
		return 0
	}
	return 1 + int((horizon-first)/(exchange.Time(hours)*exchange.Hour))
}

// BreakEven is after how many settlements a cost is earned back; false when that
// takes more than most.
func (m Model) BreakEven(rate float64, hours, most int, cost float64) (n int, ok bool) {
	part := float64(hours) / 8
	rho := math.Pow(m.Persistence, part)
	for above := rate - m.Mean; cost > 0 && n < most; above *= rho {
		cost -= part * (m.Mean + above)
		n++
	}
	return n, cost <= 0
}

// Outlook is what is known of a pair for a decision.
type Outlook struct {
	Low, High   float64 // gain over the horizon at the lower and the higher estimate of the rate
	Open, Close float64 // basis that can be traded now
	Usual       float64 // closing basis to be expected later
	Fees        float64 // of taking both legs once
}

// Cost is that of a round trip: four executions, and the basis to be bought back
// less the one sold.
func (o *Outlook) Cost() float64 { return 2*o.Fees + o.Usual - o.Open }

// Edge is what entering now should bring after all costs.
func (o *Outlook) Edge() float64 { return o.Low - o.Cost() }

// Stay is what keeping a pair should bring beyond leaving it now and paying the
// usual basis later: a basis that is unusually high will come down again.
func (o *Outlook) Stay() float64 { return o.High + o.Close - o.Usual }

// Switch compares leaving from for to with staying. Both paths end with one close,
// so the cost is one close and one open. The basis counts on both sides. The coin
// to enter is judged by its lower estimate, the one held by its higher.
func Switch(from, to *Outlook) (gain, cost float64) {
	return to.Low + to.Open - to.Usual - from.Stay(), from.Fees + to.Fees
}

// quantile is the smallest of the values that at least a part p of all does not
// exceed. It sorts them.
func quantile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[max(int(math.Ceil(p*float64(len(values))))-1, 0)]
}

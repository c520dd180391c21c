package schedule

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

// How a surprise in volume is believed. The figures and evenPart are round ones
// from the flat middle of a grid over hourly bars of 2022 to 2024 and minute bars
// of May 2025: the best of them differ by less than their error.
const (
	shrink      = 0.5               // of a surprise that is believed
	halfLife    = 6 * exchange.Hour // in which the belief that it lasts halves
	mostExcited = 1.5               // bound of a surprise, in logarithms: 4.5 times the usual
)

// Pace is how a total is spread over a window of equal slices: the curve it began
// with, and the volume that came.
type Pace struct {
	Weights []float64 // expected share of each slice
	Volume  float64   // expected of the window, units of quantity; 0: not known
	Seen    []float64 // realised so far, by slice
}

// Due is how many of total lots are to be done by the end of slice i (from 0),
// when slice i begins. It is the cumulative plan on the volumes that came and, for
// what is to come, those expected; so the share done is the share that the market
// will have done: X̂ = V/(V+V̂_rem). Nothing is ever lost by a re-plan, because it
// is the same plan of the same total.
func (p *Pace) Due(i int, total, least exchange.Lots, interval exchange.Time, dynamic bool) exchange.Lots {
	if i >= len(p.Weights)-1 {
		return total
	}
	weights := p.Weights
	if dynamic {
		weights = p.expected(i, interval)
	}
	due := exchange.Lots(0)
	for _, lots := range Plan(total, least, weights)[:i+1] {
		due += lots
	}
	return due
}

// expected is the volume of every slice: realised before slice i, forecast from
// there on. What came beyond the usual is believed in half, and to fade.
func (p *Pace) expected(i int, interval exchange.Time) []float64 {
	seen, usual := 0.0, 0.0
	for j := range min(i, len(p.Seen)) {
		seen += p.Seen[j]
		usual += p.Volume * p.Weights[j]
	}
	if !(seen > 0) || !(usual > 0) {
		return p.Weights
	}
	surprise := shrink * max(-mostExcited, min(mostExcited, math.Log(seen/usual)))
	out := make([]float64, len(p.Weights))
	copy(out, p.Seen[:min(i, len(p.Seen))])
	for j := i; j < len(out); j++ {
		fade := math.Exp2(-float64(exchange.Time(j-i)*interval) / float64(halfLife))
		out[j] = p.Volume * p.Weights[j] * math.Exp(surprise*fade)
	}
	return out
}

// saw adds realised volume to slice i.
func (p *Pace) saw(i int, qty float64) {
	if i < 0 || !(qty > 0) {
		return
	}
	i = min(i, len(p.Weights)-1)
	for len(p.Seen) <= i {
		p.Seen = append(p.Seen, 0)
	}
	p.Seen[i] += qty
}

// Clone copies what the machine goes on changing. The weights never change.
func (p Pace) Clone() Pace {
	p.Seen = append([]float64(nil), p.Seen...)
	return p
}

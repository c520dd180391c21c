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

	// X is how much faster than its own the schedule goes; 0: as planned. It counts for
	// the slices from Next on, before which From was to be done.
	X    float64       `json:",omitempty"`
	Next int           `json:",omitempty"`
	From exchange.Lots `json:",omitempty"`
}

// set makes the slices from next on go x times as fast; due is to be done before them.
func (p *Pace) set(x float64, next int, due exchange.Lots) {
	if p.X == 0 {
		p.Next, p.From = next, due
	}
	p.X = x
}

// pacedDue is how many of total lots are to be done by the end of slice i at pace X. What a
// slice is to do of what is left before it, by the plan, is h; paced it is 1-(1-h)^X, as
// if it were done X times. So at any pace it is between nothing and all of what is left,
// the last slice does all of it, and no sum ever depends on the paces before.
func (p *Pace) pacedDue(i int, total exchange.Lots, interval exchange.Time, dynamic bool) exchange.Lots {
	if i >= len(p.Weights)-1 {
		return total
	}
	if i < p.Next {
		return p.From
	}
	weights := p.Weights
	if dynamic {
		weights = p.expected(i, interval)
	}
	now, rest := 0.0, 0.0
	for j := p.Next; j < len(weights); j++ {
		w := sane(weights[j])
		rest += w
		if j <= i {
			now += w
		}
	}
	left := max(0, total-p.From)
	share := float64(i-p.Next+1) / float64(len(weights)-p.Next)
	if rest > 0 && !math.IsInf(rest, 0) {
		share = now / rest
	}
	share = 1 - math.Pow(1-min(1, share), p.X)
	p.From = min(total, p.From+min(left, exchange.Lots(math.Round(share*float64(left)))))
	p.Next = i + 1
	return p.From
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

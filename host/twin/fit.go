package twin

import (
	"fmt"
	"math"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// Least is how many orders of a kind a parameter is fitted by; with less the usual value is
// kept.
const Least = 30

// Models are the parameters of a paper venue that are fitted.
type Models struct {
	Latency paper.Latency
	Queue   paper.Queue
	Impact  paper.Impact
}

// Set has a paper venue assume them.
func (m Models) Set(o *paper.Options) { o.Latency, o.Queue, o.Impact = m.Latency, m.Queue, m.Impact }

// Queues are the queue models that are tried, the usual one first: of equal ones the first
// is chosen.
func Queues() []paper.Queue {
	return []paper.Queue{{Model: "risk_averse"}, {Model: "log"}, {Model: "log2"}, {Model: "power", Power: 1}, {Model: "power", Power: 2}, {Model: "power", Power: 3},
		{Model: "power3", Power: 2}, {Model: "touch"}, {Model: "through"}}
}

// Impacts are the impacts that are tried, the usual one first.
func Impacts() []paper.Impact {
	return []paper.Impact{{Model: "memory", HalfLife: 2 * exchange.Second}, {Model: "memory", HalfLife: exchange.Second / 2},
		{Model: "memory", HalfLife: 10 * exchange.Second}, {Model: "memory", HalfLife: -1}, {Model: "none"}}
}

// RoundTrips are how long real orders were without an answer, of the orders of a report.
func (r *Report) RoundTrips() (out []exchange.Time) {
	for i := range r.Rows {
		if p := r.Rows[i].Pair; p.Real.Answered != 0 {
			out = append(out, p.Real.Answered-p.Sent)
		}
	}
	return out
}

// FitLatency returns the latency one way, whose round trips are as long as those that were
// measured: an order takes one draw to the venue and its answer another. The error says that
// there is too little to go by, or that nothing was under way.
func FitLatency(trips []exchange.Time) (paper.Latency, error) {
	if len(trips) < Least {
		return paper.Latency{}, fmt.Errorf("%d answers: want %d or more", len(trips), Least)
	}
	sample := make([]float64, len(trips))
	for i, d := range trips {
		sample[i] = float64(d)
	}
	median, p99, least := Quantile(sample, 0.5), Quantile(sample, 0.99), sample[0]
	if median < 2*float64(exchange.Microsecond) {
		return paper.Latency{Model: "none"}, nil
	}
	l := paper.Latency{Model: "lognormal", Min: exchange.Time(least / 2), Median: exchange.Time(median / 2), P99: exchange.Time(p99 / 2)}
	l = ordered(l)
	for range 20 {
		m, p := roundTrip(l)
		l.Median = l.Min + exchange.Time(float64(l.Median-l.Min)*(median-least)/math.Max(m-least, 1))
		l.P99 = l.Min + exchange.Time(float64(l.P99-l.Min)*(p99-least)/math.Max(p-least, 1))
		l = ordered(l)
	}
	for _, d := range []*exchange.Time{&l.Min, &l.Median, &l.P99} {
		*d = *d / exchange.Microsecond * exchange.Microsecond
	}
	return ordered(l), nil
}

// ordered makes the parts of a latency follow each other, as paper wants them.
func ordered(l paper.Latency) paper.Latency {
	l.Median = max(l.Median, l.Min+exchange.Microsecond)
	l.P99 = max(l.P99, l.Median+exchange.Microsecond)
	return l
}

// drawn is how many round trips a latency is judged by.
const drawn = 4000

// roundTrip is the median and the 99th percentile of a latency there and back, in
// nanoseconds.
func roundTrip(l paper.Latency) (median, p99 float64) {
	sample := make([]float64, drawn)
	for i := range sample {
		sample[i] = float64(l.Delay(1, uint64(i+1), paper.ToVenue) + l.Delay(1, uint64(i+1), paper.FromVenue))
	}
	return Quantile(sample, 0.5), Quantile(sample, 0.99)
}

// Misfit is how far paper was from what was real: for orders that rest the mean difference of
// the filled fractions, for those that take the same, and their mean difference of price in
// bp; NaN where there are none.
type Misfit struct{ Resting, Taking, Price float64 }

// Misfit of a report.
func (r *Report) Misfit() Misfit {
	return Misfit{r.Resting.FillError, r.Taking.FillError, r.Taking.PriceMiss}
}

// Best is the first of several reports whose error is least; 0 where none has one.
func Best(list []*Report, misses func(*Report) float64) int {
	best, least := 0, math.Inf(1)
	for i, r := range list {
		if e := misses(r); e < least-1e-12 {
			best, least = i, e
		}
	}
	return best
}

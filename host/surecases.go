package host

import (
	"cmp"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// sureCases are n runs: the two in which all that is assumed takes fills away, and all brings them, then each
// bound alone, then draws of latencies.
func sureCases(o *Options, bars bool, n int) []SureCase {
	late, early := extremes(o.Paper.Latency)
	queue := func(model string) func(*Options) {
		return func(o *Options) { o.Paper.Queue = paper.Queue{Model: model} }
	}
	latency := func(l paper.Latency) func(*Options) { return func(o *Options) { o.Paper.Latency = &l } }
	impact := func(im paper.Impact) func(*Options) { return func(o *Options) { o.Paper.Impact = im } }
	through, touch := queue("through"), queue("touch")
	stays, none := impact(paper.Impact{HalfLife: -1}), impact(paper.Impact{Model: "none"})
	dear, cheap := func(*Options) {}, func(*Options) {}
	if bars {
		dear, cheap = ofBars(2, 0.5), ofBars(0.5, 2)
	}
	all := func(list ...func(*Options)) func(*Options) {
		return func(o *Options) {
			for _, f := range list {
				f(o)
			}
		}
	}
	list := []SureCase{
		{Name: sureFewest, Assumes: "resting orders fill only when traded through, every message is late, what was taken stays taken", set: all(through, latency(late), stays, dear)},
		{Name: sureMost, Assumes: "resting orders fill at the touch, every message is early, what was taken is back at once", set: all(touch, latency(early), none, cheap)},
		{Name: "through", Assumes: "resting orders fill only when the market goes through their price", set: through},
		{Name: "touch", Assumes: "nobody stands before a resting order", set: touch},
		{Name: "late", Assumes: "every message takes " + late.String(), set: latency(late)},
	}
	if bars {
		list = append(list, SureCase{Name: "wide", Assumes: "the spread is twice as wide, and half of the share of the volume can be had", set: dear},
			SureCase{Name: "narrow", Assumes: "the spread is half as wide, and twice the share of the volume can be had", set: cheap})
	} else {
		list = append(list, SureCase{Name: "impact stays", Assumes: "what was taken from a level is gone until its displayed size changes", set: stays},
			SureCase{Name: "log", Assumes: "cancels are split between before and behind a resting order by probability", set: queue("log")})
	}
	for k := 1; len(list) < n; k++ {
		list = append(list, draw(o, k))
	}
	return list[:n]
}

// draw is a run whose assumptions are all plausible: latencies from another seed and longer
// or shorter, and cancels that are behind a resting order or also before it.
func draw(o *Options, k int) SureCase {
	scales := [...]float64{0.5, 2, 0.75, 1.5, 1}
	queues := [...]paper.Queue{{Model: "log"}, {Model: "risk_averse"}, {Model: "power", Power: 2}}
	scale, q := scales[(k-1)%len(scales)], queues[(k-1)%len(queues)]
	var l paper.Latency
	if o.Paper.Latency != nil {
		l = *o.Paper.Latency
	}
	l = l.Complete()
	for _, d := range []*exchange.Time{&l.Min, &l.Median, &l.P99} {
		*d = exchange.Time(scale * float64(*d))
	}
	return SureCase{Name: fmt.Sprintf("draw %d", k), draw: true,
		Assumes: fmt.Sprintf("latencies are drawn anew and %g times as long, queue %s", scale, q.Model),
		set: func(o *Options) {
			o.Paper.Seed = cmp.Or(o.Paper.Seed, o.Seed) + uint64(k)*0x9e3779b9
			o.Paper.Latency, o.Paper.Queue = &l, q
		}}
}

// extremes are a latency that one message in a hundred takes and more, and the least one.
// Of a fixed one they are twice and half of it; of none the usual ones, and none.
func extremes(l *paper.Latency) (late, early paper.Latency) {
	var usual paper.Latency
	if l != nil {
		usual = *l
	}
	fixed := func(t exchange.Time) paper.Latency { return ConstLatency(float64(t) / 1e6) }
	switch usual = usual.Complete(); usual.Model {
	case "none":
		return fixed(paper.Latency{}.Complete().P99), usual
	case "const":
		return fixed(2 * usual.Median), fixed(usual.Median / 2)
	}
	return fixed(usual.P99), fixed(usual.Min)
}

// ofBars multiplies what is assumed of a market that is made of bars.
func ofBars(spread, share float64) func(*Options) {
	return func(o *Options) {
		bp := 1.0
		if o.History.SpreadBP != nil {
			bp = *o.History.SpreadBP
		}
		bp *= spread
		o.History.SpreadBP = &bp
		o.History.Participation = min(1, share*cmp.Or(o.History.Participation, 0.1))
	}
}

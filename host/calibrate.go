package host

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/twin"
)

// Calibration is what the models of a paper venue were fitted to, and how much nearer it is
// to what was real. The first part of the orders was fitted by, and the errors are those of
// the rest.
type Calibration struct {
	Orders  int // that the session sent and that are over
	Fitted  int // of them, by which was fitted
	Before  PaperModels
	After   PaperModels
	Kept    []string // what was left as it is usual, and why
	Held    [2]twin.Misfit
	Trained [2]twin.Misfit // the same of the orders that were fitted by
}

// fitPart is the part of the orders that is fitted by.
const fitPart = 0.7

// Calibrate fits the models of the paper venue to the orders of a session with real ones, by
// its journal. The journal is run again three times.
func Calibrate(ctx context.Context, dir string) (*Calibration, error) {
	usual := PaperModels{Latency: paper.Latency{}.Complete(), Queue: twin.Queues()[0], Impact: twin.Impacts()[0]}
	first, err := TwinOf(ctx, dir, []PaperModels{usual})
	if err != nil {
		return nil, err
	}
	n := len(first[0].Rows)
	cut := int(fitPart * float64(n))
	c := &Calibration{Orders: n, Fitted: cut, Before: usual, After: usual}
	if n < twin.Least {
		c.Kept = []string{fmt.Sprintf("everything: %d orders are over, want %d or more", n, twin.Least)}
		return c, nil
	}
	train := first[0].Part(0, cut)
	if l, err := twin.FitLatency(train.RoundTrips()); err != nil {
		c.keep("the latency", err.Error())
	} else {
		c.After.Latency = l
	}
	if err := c.fit(ctx, dir, train, cut); err != nil {
		return nil, err
	}
	last, err := TwinOf(ctx, dir, []PaperModels{c.Before, c.After})
	if err != nil {
		return nil, err
	}
	for i, r := range last {
		c.Trained[i], c.Held[i] = r.Part(0, cut).Misfit(), r.Part(cut, n).Misfit()
	}
	return c, nil
}

func (c *Calibration) keep(what, why string) {
	c.Kept = append(c.Kept, what+": "+why)
}

// fit chooses the queue by the orders that rested, and the impact by those that took.
func (c *Calibration) fit(ctx context.Context, dir string, train *TwinReport, cut int) error {
	queues, impacts := twin.Queues(), twin.Impacts()
	if n := train.Resting.Orders; n < twin.Least {
		c.keep("the queue", fmt.Sprintf("%d orders rested, want %d or more", n, twin.Least))
		queues = queues[:1]
	}
	if n := train.Taking.Orders; n < twin.Least {
		c.keep("the impact", fmt.Sprintf("%d orders took, want %d or more", n, twin.Least))
		impacts = impacts[:1]
	}
	var models []PaperModels
	for _, q := range queues {
		models = append(models, PaperModels{Latency: c.After.Latency, Queue: q, Impact: impacts[0]})
	}
	for _, im := range impacts[1:] {
		models = append(models, PaperModels{Latency: c.After.Latency, Queue: queues[0], Impact: im})
	}
	list, err := TwinOf(ctx, dir, models)
	if err != nil {
		return err
	}
	for i, r := range list {
		list[i] = r.Part(0, cut)
	}
	byQueue := list[:len(queues)]
	byImpact := slices.Concat(list[:1], list[len(queues):])
	resting := func(r *TwinReport) float64 { return r.Misfit().Resting }
	taking := func(r *TwinReport) float64 { return r.Misfit().Taking + r.Misfit().Price/100 }
	c.After.Queue = queues[twin.Best(byQueue, resting)]
	c.After.Impact = impacts[twin.Best(byImpact, taking)]
	if even(byQueue, resting) && len(queues) > 1 {
		c.keep("the queue", "every model has the same error")
	}
	if even(byImpact, taking) && len(impacts) > 1 {
		c.keep("the impact", "every model has the same error")
	}
	return nil
}

// even reports whether all reports miss by the same.
func even(list []*TwinReport, misses func(*TwinReport) float64) bool {
	first := misses(list[0])
	for _, r := range list {
		if v := misses(r); v != first && !(math.IsNaN(v) && math.IsNaN(first)) {
			return false
		}
	}
	return true
}

// Section is the [paper] section of a configuration file that has the values.
func (c *Calibration) Section() string {
	m := &c.After
	ms := func(t exchange.Time) string { return fmt.Sprintf("%g", float64(t)/float64(exchange.Millisecond)) }
	lines := []string{"[paper]", fmt.Sprintf("latency = %q", m.Latency.Model)}
	if m.Latency.Model == "lognormal" {
		lines = append(lines, "latency_min_ms = "+ms(m.Latency.Min), "latency_ms = "+ms(m.Latency.Median), "latency_p99_ms = "+ms(m.Latency.P99))
	}
	lines = append(lines, fmt.Sprintf("queue = %q", m.Queue.Text()))
	switch {
	case m.Impact.Model == "none":
		lines = append(lines, `impact = "none"`)
	case m.Impact.HalfLife < 0:
		lines = append(lines, `impact = "stays"`)
	default:
		lines = append(lines, `impact = "memory"`, "impact_half_life_ms = "+ms(m.Impact.HalfLife))
	}
	return strings.Join(lines, "\n") + "\n"
}

// Describe tells what was done and how much it helped, in lines for people.
func (c *Calibration) Describe() []string {
	out := []string{fmt.Sprintf("%d orders, %d of them fitted by; the errors are those of the other %d", c.Orders, c.Fitted, c.Orders-c.Fitted)}
	for _, x := range []struct {
		name          string
		before, after float64
		unit          string
	}{
		{"filled fractions of resting orders are off by", c.Held[0].Resting, c.Held[1].Resting, ""},
		{"filled fractions of taking orders are off by", c.Held[0].Taking, c.Held[1].Taking, ""},
		{"prices of taking orders are off by", c.Held[0].Price, c.Held[1].Price, " bp"},
	} {
		if !math.IsNaN(x.before) && !math.IsNaN(x.after) && c.Orders > c.Fitted {
			out = append(out, fmt.Sprintf("%s %.4f%s before, %.4f%s after", x.name, x.before, x.unit, x.after, x.unit))
		}
	}
	for _, k := range c.Kept {
		out = append(out, "too little for "+k)
	}
	return out
}

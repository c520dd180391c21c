package tearsheet

import "math"

// Rolling are figures of the days before each day. A value that is not defined is NaN.
type Rolling struct {
	Days       int      // how many
	Sharpe     []Sample // without a risk-free rate, annualised
	Volatility []Sample // annualised, a fraction
	Drawdown   []Sample // the largest within those days, 0 or negative
}

// usualWindow is how many days figures roll over; shorter records take a third of what they
// have, and leastWindow at least.
const (
	usualWindow = 30
	leastWindow = 5
)

// NewRolling returns nil where a record has too few days for a line.
func NewRolling(daily []Sample) *Rolling {
	n := min(usualWindow, len(daily)/3)
	if n < leastWindow {
		return nil
	}
	r := &Rolling{Days: n}
	returns := values(daily)
	for i := n; i <= len(daily); i++ {
		part, at := returns[i-n:i], daily[i-1].Time
		r.Sharpe = append(r.Sharpe, Sample{at, orNaN(Sharpe(part))})
		r.Volatility = append(r.Volatility, Sample{at, orNaN(AnnualisedVolatility(part))})
		r.Drawdown = append(r.Drawdown, Sample{at, -Deepest(part)})
	}
	return r
}

// Deepest is the largest drawdown of days that compound, by what they ended at, as a fraction
// of the peak: 1 where all is lost, and what comes after changes nothing.
func Deepest(returns []float64) (worst float64) {
	level, peak := 1.0, 1.0
	for _, r := range returns {
		level *= max(0, 1+r)
		peak = max(peak, level)
		worst = max(worst, 1-level/peak)
	}
	return worst
}

func orNaN(v float64, ok bool) float64 {
	if !ok {
		return math.NaN()
	}
	return v
}

package tearsheet

import (
	"cmp"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// ShownDrawdowns is how many drawdowns a sheet lists.
const ShownDrawdowns = 5

// Lasted is how long equity was below the peak: until it was regained, or until the record
// ended. It is 0 of equity that never fell.
func (d *Drawdown) Lasted(end exchange.Time) exchange.Time {
	switch {
	case d.Trough == 0:
		return 0
	case d.Regained != 0:
		return d.Regained - d.Peak
	}
	return max(0, end-d.Peak)
}

// Drawdowns returns every fall of equity from a peak until that was reached again, the
// deepest first: at most so many of them.
func Drawdowns(equity []Point, most int) []Drawdown {
	var out []Drawdown
	if len(equity) == 0 {
		return nil
	}
	peak := equity[0]
	var now Drawdown // Trough 0: equity is at its peak
	for _, p := range equity[1:] {
		if p.Value.GreaterThanOrEqual(peak.Value) {
			if now.Trough != 0 {
				now.Regained = p.Time
				out, now = append(out, now), Drawdown{}
			}
			peak = p
			continue
		}
		if f := fall(peak.Value, p.Value); now.Trough == 0 || f > now.Fraction {
			now = Drawdown{Fraction: f, Amount: peak.Value.Sub(p.Value), Peak: peak.Time, Trough: p.Time}
		}
	}
	if now.Trough != 0 {
		out = append(out, now)
	}
	slices.SortStableFunc(out, func(a, b Drawdown) int { return cmp.Compare(b.Fraction, a.Fraction) })
	return out[:min(len(out), most)]
}

// longest is the drawdown that lasted longest; 0 when equity never fell.
func longest(equity []Point) (most exchange.Time) {
	if len(equity) == 0 {
		return 0
	}
	end := equity[len(equity)-1].Time
	for _, d := range Drawdowns(equity, len(equity)) {
		most = max(most, d.Lasted(end))
	}
	return most
}

package study

import (
	"fmt"
	"math"
)

// Verdict is what is thought of the best of many trials.
type Verdict string

// The verdicts.
const (
	VerdictOverfit Verdict = "overfit" // no better than the luckiest of as many worthless ones
	VerdictStands  Verdict = "stands"  // better than luck; the market may still change
	VerdictUnknown Verdict = "unknown" // too little to say
)

const (
	// confidence is asked for before a Sharpe ratio counts as above another.
	confidence = 0.95
	// mostPBO is the probability of overfitting from which on choosing is worse than not to.
	mostPBO = 0.5
	// leastDays are the daily returns that a verdict takes: one for each of the parts of the
	// cross-validation has to vary.
	leastDays = 2 * CSCVParts
)

// Doubts are what speaks against the best of many trials. Sharpe ratios are of a day; times
// the root of 365 they are those of a year.
type Doubts struct {
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why"`
	Best    int     `json:"-"` // place of the trial that is doubted
	Trials  int     `json:"trials"`
	// Independent is how many independent trials they amount to, by their mean correlation.
	Independent float64 `json:"independent_trials"`
	Days        int     `json:"days"`
	Sharpe      float64 `json:"sharpe_daily"`
	Skew        float64 `json:"skew"`
	Kurtosis    float64 `json:"kurtosis"`
	// Luck is the Sharpe ratio that the best of as many worthless trials would show.
	Luck float64 `json:"sharpe_daily_of_luck"`
	// Probabilistic is the probability that the true ratio is above 0, Deflated that it is
	// above Luck; DeflatedIndependent counts the independent trials alone.
	Probabilistic       float64 `json:"probabilistic_sharpe"`
	Deflated            float64 `json:"deflated_sharpe"`
	DeflatedIndependent float64 `json:"deflated_sharpe_independent"`
	// TrackRecord is how many days of this it takes to say that the ratio is above 0, and
	// TrackRecordLuck above Luck; 0: no time is enough.
	TrackRecord     float64  `json:"min_track_record_days"`
	TrackRecordLuck float64  `json:"min_track_record_days_over_luck"`
	Overfit         *Overfit `json:"overfitting,omitempty"` // nil: one trial, or too few days
}

// Doubt looks at daily returns of trials over the same days. The best is that of the highest
// Sharpe ratio, or of the highest mean with byMean.
func Doubt(trials [][]float64, byMean bool) *Doubts {
	at, best := 0, math.Inf(-1)
	for i, returns := range trials {
		m := MomentsOf(returns)
		score := m.Sharpe()
		if byMean {
			score = m.Mean
		}
		if score > best {
			best, at = score, i
		}
	}
	return DoubtOf(trials, at, byMean)
}

// DoubtOf doubts one of the trials, which was chosen as the best by something else.
func DoubtOf(trials [][]float64, best int, byMean bool) *Doubts {
	d := &Doubts{Trials: len(trials), Best: best, Verdict: VerdictUnknown}
	var ratios []float64
	var parts [][]Block
	for _, returns := range trials {
		ratios = append(ratios, MomentsOf(returns).Sharpe())
		parts = append(parts, Blocks(returns, CSCVParts))
	}
	if len(trials) == 0 {
		return d
	}
	m := MomentsOf(trials[best])
	d.Days, d.Sharpe, d.Skew, d.Kurtosis = m.N, m.Sharpe(), m.Skew, m.Kurtosis
	d.Independent = IndependentTrials(len(trials), meanCorrelation(trials))
	variance := Variance(ratios)
	d.Luck = ExpectedMaximum(variance, float64(len(trials)))
	d.Probabilistic = m.ProbabilisticSharpe(0)
	d.Deflated = m.ProbabilisticSharpe(d.Luck)
	d.DeflatedIndependent = m.DeflatedSharpe(variance, d.Independent)
	d.TrackRecord, d.TrackRecordLuck = finite(m.MinTrackRecord(0, confidence)), finite(m.MinTrackRecord(d.Luck, confidence))
	if m.N < leastDays {
		d.Why = fmt.Sprintf("%d days are too few to say: want %d or more", m.N, leastDays)
		return d
	}
	if o, err := Overfitting(parts, byMean); err == nil {
		d.Overfit = &o
	}
	d.judge()
	return d
}

// judge comes to the verdict.
func (d *Doubts) judge() {
	switch {
	case d.Sharpe <= 0:
		d.Verdict, d.Why = VerdictOverfit, "the best of all trials earned nothing"
	case d.Deflated < confidence:
		d.Verdict = VerdictOverfit
		d.Why = fmt.Sprintf("with %d trials, one of them would look like this by luck: the probability that it is more is %.2f, below %.2f", d.Trials, d.Deflated, confidence)
		if d.Trials == 1 {
			d.Why = fmt.Sprintf("the probability that its Sharpe ratio is above 0 is %.2f, below %.2f", d.Deflated, confidence)
		}
	case d.Overfit != nil && d.Overfit.PBO >= mostPBO:
		d.Verdict = VerdictOverfit
		d.Why = fmt.Sprintf("what is best on one half of the days is below the median on the other half in %.0f %% of all ways to halve them", 100*d.Overfit.PBO)
	default:
		d.Verdict, d.Why = VerdictStands, fmt.Sprintf("the probability that it is more than the luck of %d trials is %.2f", d.Trials, d.Deflated)
		if d.Overfit != nil {
			d.Why += fmt.Sprintf(", and choosing held on the other half of the days in %.0f %% of all ways to halve them", 100*(1-d.Overfit.PBO))
		}
	}
}

// finite is 0 for what never ends, which JSON has no number for.
func finite(days float64) float64 {
	if math.IsInf(days, 0) {
		return 0
	}
	return math.Ceil(days)
}

// meanCorrelation is the mean of the correlations of all pairs of trials. Those that did
// nothing have none.
//
// The sum of all pairs is that of the square of the sum of the standardized returns, so that
// it takes one walk instead of one for each pair.
func meanCorrelation(trials [][]float64) float64 {
	var sum []float64
	n := 0
	for _, returns := range trials {
		m := MomentsOf(returns)
		if m.SD == 0 {
			continue
		}
		if sum == nil {
			sum = make([]float64, len(returns))
		}
		for i := range min(len(sum), len(returns)) {
			sum[i] += (returns[i] - m.Mean) / m.SD
		}
		n++
	}
	if n < 2 {
		return 0
	}
	squares := 0.0
	for _, x := range sum {
		squares += x * x
	}
	k := float64(n)
	return (squares/float64(len(sum)-1) - k) / (k * (k - 1))
}

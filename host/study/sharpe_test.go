package study

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if math.Abs(got-want) > by || math.IsNaN(got) {
		t.Errorf("%s: %v, want %v within %v", what, got, want, by)
	}
}

// TestTheDeflatedSharpeRatio is the example of Bailey and López de Prado 2014, "A numerical
// example": 1,250 daily returns, an annual Sharpe ratio of 2.5 that is the best of 100, whose
// annual ratios have a variance of 1/2.
func TestTheDeflatedSharpeRatio(t *testing.T) {
	m := Moments{N: 1250, Mean: 2.5 / math.Sqrt(250), SD: 1, Skew: -3, Kurtosis: 10}
	variance := 0.5 / 250
	near(t, "expected maximum", ExpectedMaximum(variance, 100), 0.1132, 5e-5)
	near(t, "of 100", m.DeflatedSharpe(variance, 100), 0.9004, 5e-5)
	near(t, "of 46", m.DeflatedSharpe(variance, 46), 0.9505, 5e-5)
	m.Skew, m.Kurtosis = 0, 3
	near(t, "of 88, normal", m.DeflatedSharpe(variance, 88), 0.9505, 5e-4)
}

// TestTheProbabilisticSharpeRatio is the example of Bailey and López de Prado 2012, "The
// Sharpe Ratio Efficient Frontier": 24 monthly returns with an annual ratio of 1.59.
func TestTheProbabilisticSharpeRatio(t *testing.T) {
	m := Moments{N: 24, Mean: 0.036, SD: 0.079, Kurtosis: 3}
	m.Mean = m.SD * 1.59 / math.Sqrt(12)
	near(t, "normal", m.ProbabilisticSharpe(0), 0.982, 5e-4)
	m.Skew, m.Kurtosis = -2.448, 10.164
	near(t, "skewed", m.ProbabilisticSharpe(0), 0.913, 1e-3)
	near(t, "of nothing", Moments{}.ProbabilisticSharpe(0), 0.5, 0)
}

// TestTheMinimumTrackRecord is of the same paper: an annual ratio of 2 is above 1 with 95 %
// after 2.73 years of days, 2.83 of weeks, 3.24 of months.
func TestTheMinimumTrackRecord(t *testing.T) {
	for _, c := range []struct{ perYear, years float64 }{{252, 2.73}, {52, 2.83}, {12, 3.24}} {
		m := Moments{Mean: 2 / math.Sqrt(c.perYear), SD: 1, Kurtosis: 3}
		near(t, "years", m.MinTrackRecord(1/math.Sqrt(c.perYear), 0.95)/c.perYear, c.years, 0.005)
	}
	if got := (Moments{Mean: -1, SD: 1, Kurtosis: 3}).MinTrackRecord(0, 0.95); !math.IsInf(got, 1) {
		t.Errorf("of a loser: %v, want one that never ends", got)
	}
}

// TestMoments is by hand: 1, 2, 3, 6 around 3.
func TestMoments(t *testing.T) {
	m := MomentsOf([]float64{1, 2, 3, 6})
	near(t, "mean", m.Mean, 3, 1e-12)
	near(t, "deviation", m.SD, math.Sqrt(14.0/3), 1e-12)
	near(t, "skew", m.Skew, (-8-1+27)/4.0/math.Pow(3.5, 1.5), 1e-12)
	near(t, "kurtosis", m.Kurtosis, (16+1+81)/4.0/(3.5*3.5), 1e-12)
	if got := MomentsOf([]float64{0.1, 0.1, 0.1}).Sharpe(); got != 0 {
		t.Errorf("of what never varies: %v", got)
	}
	near(t, "independent trials", IndependentTrials(100, 0.25), 75.25, 1e-12)
}

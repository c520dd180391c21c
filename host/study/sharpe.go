package study

import "math"

// Moments are what the tests of a Sharpe ratio need of its returns.
type Moments struct {
	N              int
	Mean, SD       float64 // of a return; SD of a sample
	Skew, Kurtosis float64 // of the population; a normal distribution has 0 and 3
}

// MomentsOf takes them. Without variation all but N and Mean are those of a normal
// distribution of no width.
func MomentsOf(returns []float64) Moments {
	m := Moments{N: len(returns), Kurtosis: 3}
	if m.N == 0 {
		return m
	}
	n := float64(m.N)
	for _, r := range returns {
		m.Mean += r / n
	}
	var m2, m3, m4 float64
	for _, r := range returns {
		d := r - m.Mean
		m2 += d * d / n
		m3 += d * d * d / n
		m4 += d * d * d * d / n
	}
	if m.N < 2 || math.Sqrt(m2) < 1e-15 { // noise of rounding
		return m
	}
	m.SD = math.Sqrt(m2 * n / (n - 1))
	m.Skew, m.Kurtosis = m3/math.Pow(m2, 1.5), m4/(m2*m2)
	return m
}

// Sharpe is the mean over the deviation, of one return and not annualized; 0 without
// variation.
func (m Moments) Sharpe() float64 {
	if m.SD == 0 {
		return 0
	}
	return m.Mean / m.SD
}

// width is the deviation of the estimate of the Sharpe ratio, times the root of N-1.
func (m Moments) width(sharpe float64) float64 {
	return math.Sqrt(math.Max(0, 1-m.Skew*sharpe+(m.Kurtosis-1)/4*sharpe*sharpe))
}

// ProbabilisticSharpe is the probability that the true Sharpe ratio is above a benchmark,
// both not annualized, given how many returns there are and how skewed and fat-tailed they
// are. It is 0.5 where nothing is known.
//
// Source: Bailey, López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk
// 15(2), 2012.
func (m Moments) ProbabilisticSharpe(benchmark float64) float64 {
	sharpe := m.Sharpe()
	w := m.width(sharpe)
	if m.N < 2 || m.SD == 0 || w == 0 {
		return 0.5
	}
	return normal((sharpe - benchmark) * math.Sqrt(float64(m.N-1)) / w)
}

// MinTrackRecord is how many returns like these it takes to say with a confidence (such as
// 0.95) that the true Sharpe ratio is above a benchmark. It is infinite for one that is not.
//
// Source: as of [Moments.ProbabilisticSharpe].
func (m Moments) MinTrackRecord(benchmark, confidence float64) float64 {
	sharpe := m.Sharpe()
	if sharpe <= benchmark {
		return math.Inf(1)
	}
	w, z := m.width(sharpe), quantileNormal(confidence)/(sharpe-benchmark)
	return 1 + w*w*z*z
}

// ExpectedMaximum is the Sharpe ratio that the best of independent trials without any
// merit is expected to have, when their Sharpe ratios have a variance.
//
// Source: Bailey, López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio
// Management 40(5), 2014, equation 1.
func ExpectedMaximum(variance, trials float64) float64 {
	if trials <= 1 {
		return 0
	}
	const gamma = 0.57721566490153286 // Euler and Mascheroni's
	return math.Sqrt(variance) * ((1-gamma)*quantileNormal(1-1/trials) + gamma*quantileNormal(1-1/(trials*math.E)))
}

// DeflatedSharpe is the probability that the true Sharpe ratio of the best of trials is
// above what the best of as many worthless ones would show. variance is that of the
// trials' Sharpe ratios, not annualized.
//
// Source: as of [ExpectedMaximum].
func (m Moments) DeflatedSharpe(variance, trials float64) float64 {
	return m.ProbabilisticSharpe(ExpectedMaximum(variance, trials))
}

// IndependentTrials is how many independent trials as many with a mean correlation
// amount to. Source: as of [ExpectedMaximum], appendix 3.
func IndependentTrials(trials int, correlation float64) float64 {
	rho := min(max(correlation, 0), 1)
	return rho + (1-rho)*float64(trials)
}

// Variance is the sample variance; 0 of less than two.
func Variance(xs []float64) float64 {
	m := MomentsOf(xs)
	return m.SD * m.SD
}

// normal is the distribution function of the standard normal distribution.
func normal(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// quantileNormal is its inverse.
func quantileNormal(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

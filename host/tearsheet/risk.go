package tearsheet

import (
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// DaysPerYear annualises: these markets have no holidays.
const DaysPerYear = 365

// Drawdown is a fall of equity from its highest value so far.
type Drawdown struct {
	Fraction float64         // of the peak, from 0 to 1 (above 1 when equity went negative)
	Amount   decimal.Decimal // of the fall; not negative
	Peak     exchange.Time
	Trough   exchange.Time
	Regained exchange.Time // when the peak was reached again; 0: not in this run
}

// MaxDrawdown returns the drawdown that is largest as a fraction of its peak;
// of equal ones, the first. It is zero when equity never fell, or only from a
// peak that is not positive.
func MaxDrawdown(equity []Point) (worst Drawdown) {
	for _, d := range Drawdowns(equity, 1) {
		if d.Fraction > 0 {
			worst = d
		}
	}
	return worst
}

// fall is the loss from peak to value as a fraction of peak; 0 when the peak is
// not positive, because then a fraction says nothing.
func fall(peak, value decimal.Decimal) float64 {
	if !peak.IsPositive() {
		return 0
	}
	return 1 - value.InexactFloat64()/peak.InexactFloat64()
}

// Underwater returns at every point how far equity is below its highest value
// so far, as a fraction: 0 or negative.
func Underwater(equity []Point) []Sample {
	out := make([]Sample, len(equity))
	var peak decimal.Decimal
	for i, p := range equity {
		if i == 0 || p.Value.GreaterThan(peak) {
			peak = p.Value
		}
		out[i] = Sample{p.Time, -fall(peak, p.Value)}
	}
	return out
}

// Return is the growth from first to last as a fraction. It is not defined for
// less than two points or a start that is not positive.
func Return(equity []Point) (float64, bool) {
	if len(equity) < 2 || !equity[0].Value.IsPositive() {
		return 0, false
	}
	first, last := equity[0].Value, equity[len(equity)-1].Value
	return last.Sub(first).InexactFloat64() / first.InexactFloat64(), true
}

// AnnualisedReturn is the growth of a year at the run's compound rate, as a
// fraction. It is not defined where Return is not, for less than a day, and
// when everything was lost. For a few days it is arithmetic, not a forecast.
func AnnualisedReturn(equity []Point) (float64, bool) {
	r, ok := Return(equity)
	if !ok || r <= -1 {
		return 0, false
	}
	span := equity[len(equity)-1].Time - equity[0].Time
	if span < exchange.Day {
		return 0, false
	}
	years := float64(span) / float64(DaysPerYear*exchange.Day)
	a := math.Expm1(math.Log1p(r) / years)
	return a, !math.IsInf(a, 0)
}

// DailySeries are the growths from one UTC midnight to the next, as fractions, at the later
// one. Equity between two points is that of the earlier one. The days in which the
// run started and ended are left out, unless they are whole, because a part of
// a day would count as a day. It ends where equity is no longer positive.
func DailySeries(equity []Point) []Sample {
	if len(equity) == 0 {
		return nil
	}
	var out []Sample
	var last float64 // equity at the previous midnight; 0: none yet
	at := (equity[0].Time + exchange.Day - 1) / exchange.Day * exchange.Day
	for i, p := range equity {
		for ; at <= p.Time; at += exchange.Day {
			value := p.Value
			if at < p.Time {
				value = equity[i-1].Value
			}
			v := value.InexactFloat64()
			if v <= 0 {
				return out
			}
			if last > 0 {
				out = append(out, Sample{at, v/last - 1})
			}
			last = v
		}
	}
	return out
}

// DailyReturns are the values of DailySeries.
func DailyReturns(equity []Point) []float64 { return values(DailySeries(equity)) }

func values(list []Sample) []float64 {
	var out []float64
	for _, s := range list {
		out = append(out, s.Value)
	}
	return out
}

// AnnualisedVolatility is the sample standard deviation of daily returns times
// the root of 365, as a fraction. It takes two days.
func AnnualisedVolatility(daily []float64) (float64, bool) {
	_, sd, ok := moments(daily)
	return sd * math.Sqrt(DaysPerYear), ok
}

// Sharpe is the mean of daily returns over their standard deviation, times the
// root of 365, without a risk-free rate. The root holds only for returns that
// do not depend on one another: see SharpeAutocorrelated. It is not defined for
// less than two days, or without variation.
func Sharpe(daily []float64) (float64, bool) {
	mean, sd, ok := moments(daily)
	if !ok || sd == 0 {
		return 0, false
	}
	return mean / sd * math.Sqrt(DaysPerYear), true
}

// Sortino is the mean of daily returns over their downside deviation, the root of the mean
// square of those below zero counted over all days, times the root of 365. It is not defined
// for less than two days, or without a day of loss.
//
// Source: Sortino and Price, "Performance Measurement in a Downside Risk Framework", 1994,
// with a minimal acceptable return of zero.
func Sortino(daily []float64) (float64, bool) {
	mean, _, ok := moments(daily)
	var squares float64
	for _, r := range daily {
		squares += min(r, 0) * min(r, 0)
	}
	if !ok || squares == 0 {
		return 0, false
	}
	return mean / math.Sqrt(squares/float64(len(daily))) * math.Sqrt(DaysPerYear), true
}

// Calmar is the annualised return over the largest drawdown, of the whole span. It is not
// defined without a drawdown, or where AnnualisedReturn is not.
//
// Source: Young, "Calmar Ratio: A Smoother Tool", Futures, 1991, who takes three years.
func Calmar(equity []Point) (float64, bool) {
	annual, ok := AnnualisedReturn(equity)
	deepest := MaxDrawdown(equity).Fraction
	if !ok || deepest == 0 {
		return 0, false
	}
	return annual / deepest, true
}

// Autocorrelation is that of daily returns with those of the day before. It
// takes three days with variation.
func Autocorrelation(daily []float64) (float64, bool) {
	mean, sd, ok := moments(daily)
	if !ok || sd == 0 || len(daily) < 3 {
		return 0, false
	}
	var cross float64
	for i := range daily[1:] {
		cross += (daily[i] - mean) * (daily[i+1] - mean)
	}
	return cross / (sd * sd * float64(len(daily)-1)), true
}

// SharpeAutocorrelated is the Sharpe ratio annualised for returns that follow
// one another with autocorrelation rho (of the first order). Funding arrives
// smoothly, so that a year varies more than its days suggest, and the plain
// ratio is too high.
//
// Source: Lo, "The Statistics of Sharpe Ratios", 2002, the factor for AR(1).
func SharpeAutocorrelated(daily []float64) (float64, bool) {
	plain, ok := Sharpe(daily)
	rho, okRho := Autocorrelation(daily)
	if !ok || !okRho || rho >= 1 {
		return 0, false
	}
	const q = DaysPerYear
	spread := 1 + 2*rho/(1-rho)*(1-(1-math.Pow(rho, q))/(q*(1-rho)))
	if spread <= 0 {
		return 0, false
	}
	return plain / math.Sqrt(spread), true
}

// moments returns the mean and the sample standard deviation. A deviation that
// is rounding noise is zero.
func moments(xs []float64) (mean, sd float64, ok bool) {
	if len(xs) < 2 {
		return 0, 0, false
	}
	for _, x := range xs {
		mean += x
	}
	mean /= float64(len(xs))
	var squares float64
	for _, x := range xs {
		squares += (x - mean) * (x - mean)
	}
	sd = math.Sqrt(squares / float64(len(xs)-1))
	if sd < 1e-15 {
		sd = 0
	}
	return mean, sd, true
}

// Package funding is how a perpetual's funding rate comes about: the premium
// index and its mean over the interval, the rate that follows from it, the mark
// price it is paid on, and what the rate will probably be when it settles.
//
// # Assumptions
//
//   - The formula is Binance's (see [Rule]), with the mean
//     weighted linearly in time. The explicit weights are those that two other
//     exchanges publish for the same index and that fit the words of Binance's
//     FAQ; they have not been checked against recorded premium indices here.
//   - Premiums and rates are fractions, of the index and per settlement. They are
//     signals: the rate that money is settled at comes from the venue.
//   - Where funding accrues continuously ([Rule].Continuous), the formula is Deribit's: the
//     premium beyond a dead band. An interval is then only what rates are told for
//     ([Accrual]), so that they compare with those of other venues.
//
// The built-in market settles by this package, so there is one formula.
package funding

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

// SampleInterval is how often the exchange samples the premium index.
const SampleInterval = 5 * exchange.Second

// premiumClamp is d of the funding formula: how far the interest rate may pull.
const premiumClamp = 0.0005

// deadBand is how much of a premium is free of continuous funding. Source: Deribit's manual,
// "Funding Rate": 0.025 %, formerly 0.05 %.
const deadBand = 0.00025

// PremiumIndex is one premium sample, a fraction of the index price. The impact
// prices are the average fill prices of the impact notional (200 USDT divided
// by the initial margin rate at the highest leverage) on each side of the
// perpetual's book.
//
//	P = [max(0, ImpactBid − Index) − max(0, Index − ImpactAsk)] / Index
func PremiumIndex(impactBid, impactAsk, index float64) float64 {
	return (math.Max(0, impactBid-index) - math.Max(0, index-impactAsk)) / index
}

// Mean accumulates the premium samples of one funding interval into the
// linearly time-weighted mean Σk·P_k / Σk, k = 1 being the oldest sample. The
// zero value is an interval that has just begun.
type Mean struct {
	k           int64
	sum, weight float64
}

// Add takes n successive samples of the same value.
func (p *Mean) Add(n int, sample float64) {
	if n <= 0 {
		return
	}
	w := float64(int64(n)*p.k + int64(n)*int64(n+1)/2)
	p.k += int64(n)
	p.sum += w * sample
	p.weight += w
}

// Miss passes over n samples that nobody saw. Later ones keep the weight they
// have at the exchange.
func (p *Mean) Miss(n int) { p.k += int64(n) }

// final joins the mean of the first k samples of n and that of the rest.
func final(k, n int64, mean, rest float64) float64 {
	known := weight(k) / weight(n)
	return known*mean + (1-known)*rest
}

// weight is that of the first k samples.
func weight(k int64) float64 { return float64(k) * float64(k+1) / 2 }

// Value is the weighted mean of the samples so far, a fraction; 0 before the
// first one.
func (p *Mean) Value() float64 {
	if p.weight == 0 {
		return 0
	}
	return p.sum / p.weight
}

// Passed is how many samples of the interval have passed, seen or missed.
func (p *Mean) Passed() int64 { return p.k }

// Reset begins a new interval.
func (p *Mean) Reset() { *p = Mean{} }

// AddMinute takes a one-minute kline of the premium index, for whoever has no
// samples: twelve of its mean, which gives minute m, counted from 1, the weight
// 144m − 66 that its samples have.
func (p *Mean) AddMinute(open, high, low, close float64) {
	p.Add(perMinute, (open+high+low+close)/4)
}

// perMinute is how many samples a minute has.
const perMinute = int(exchange.Minute / SampleInterval)

// Samples is how many samples an interval has: 5760 in eight hours.
func Samples(hours int) int64 { return int64(hours) * 60 * int64(perMinute) }

// Final is what the mean will be after n samples, if those to come are like rest.
// What has been seen counts by its weight, about (k/n)² for k samples of n: half of
// the time is a quarter of the rate. Samples that were missed count as the mean.
func (p *Mean) Final(n int64, rest float64) float64 {
	if n <= p.k {
		return p.Value()
	}
	if p.weight == 0 {
		return rest
	}
	return final(p.k, n, p.Value(), rest)
}

// Rule turns a mean premium into a rate.
type Rule struct {
	Hours    int     // settlement interval N
	Interest float64 // I, a fraction per 8 hours; 0.0001 for most contracts
	// Cap and Floor bound the rate of one settlement. Both zero: no bound.
	Cap, Floor float64
	// Undivided selects the rule before 2025-09-18 08:01 UTC, which scaled only
	// the interest to the interval. For N = 8 the two rules are the same.
	Undivided bool
	// Continuous selects the rule of venues where funding accrues by the millisecond.
	Continuous bool
}

// RuleOf returns the rule of an instrument.
func RuleOf(in *exchange.Instrument) Rule {
	return Rule{Hours: in.FundingHours, Continuous: in.FundingAccrues, Interest: in.InterestRate.InexactFloat64(),
		Cap: in.FundingCap.InexactFloat64(), Floor: in.FundingFloor.InexactFloat64()}
}

// Divided is since when the whole rate is scaled to the interval.
var Divided = exchange.Date(2025, 9, 18) + 8*exchange.Hour + exchange.Minute

// At returns the rule as it was when a rate settled.
func (f Rule) At(settled exchange.Time) Rule {
	f.Undivided = settled < Divided
	return f
}

// Rate is the funding rate of one settlement, a fraction in 1e-8:
//
//	r = [P + clamp(I − P, ±0.05 %)] · N/8        today
//	r =  P + clamp(I·N/8 − P, ±0.05 %)           Undivided
//	r = [max(d, P) + min(−d, P)] · N/8           Continuous, d = 0.025 %
//
// bounded by Floor and Cap and rounded to eight decimals.
func (f Rule) Rate(mean float64) exchange.E8 {
	part := float64(f.Hours) / 8
	var r float64
	switch {
	case f.Continuous:
		r = (math.Max(deadBand, mean) + math.Min(-deadBand, mean)) * part
	case f.Undivided:
		r = mean + clamp(f.Interest*part-mean, -premiumClamp, premiumClamp)
	default:
		r = (mean + clamp(f.Interest-mean, -premiumClamp, premiumClamp)) * part
	}
	if f.Cap != 0 || f.Floor != 0 {
		r = clamp(r, f.Floor, f.Cap)
	}
	return exchange.E8(math.Round(r * 1e8))
}

// Mean is the mean premium that a rate follows from; false where many means have
// that rate: at rest, where the interest rate makes up for the premium, and at a
// bound. Continuous rates are no function of a mean.
func (f Rule) Mean(rate exchange.E8) (float64, bool) {
	if f.Hours <= 0 || f.Continuous || ((f.Cap != 0 || f.Floor != 0) && (rate.Float() >= f.Cap || rate.Float() <= f.Floor)) {
		return 0, false
	}
	part := float64(f.Hours) / 8
	r, interest := rate.Float()/part, f.Interest
	if f.Undivided {
		r, interest = rate.Float(), f.Interest*part
	}
	const rounding = 1e-8 // of a rate, which hourly contracts see eightfold
	switch {
	case r > interest+8*rounding:
		return r + premiumClamp, true
	case r < interest-8*rounding:
		return r - premiumClamp, true
	}
	return 0, false
}

// MarkPrice is the exchange's mark: the median of the index carried to the next
// settlement at the last settled rate, the index plus the 30-second mean basis,
// and the last price. left is the part of the interval still to come, 0 to 1.
func MarkPrice(index, lastRate, left, meanBasis, last float64) float64 {
	carried := index * (1 + lastRate*left)
	smooth := index + meanBasis
	return math.Max(math.Min(carried, smooth), math.Min(math.Max(carried, smooth), last))
}

func clamp(x, lo, hi float64) float64 { return math.Max(lo, math.Min(hi, x)) }

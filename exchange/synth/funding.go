package synth

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

// SampleInterval is how often the exchange samples the premium index.
const SampleInterval = 5 * exchange.Second

// premiumClamp is d of the funding formula: how far the interest rate may pull.
const premiumClamp = 0.0005

// PremiumIndex is one premium sample, a fraction of the index price. The impact
// prices are the average fill prices of the impact notional (200 USDT divided
// by the initial margin rate at the highest leverage) on each side of the
// perpetual's book.
//
//	P = [max(0, ImpactBid − Index) − max(0, Index − ImpactAsk)] / Index
func PremiumIndex(impactBid, impactAsk, index float64) float64 {
	return (math.Max(0, impactBid-index) - math.Max(0, index-impactAsk)) / index
}

// Premium accumulates the premium samples of one funding interval into the
// linearly time-weighted mean Σk·P_k / Σk, k = 1 being the oldest sample. The
// zero value is an interval that has just begun.
type Premium struct {
	k           int64
	sum, weight float64
}

// Add takes n successive samples of the same value.
func (p *Premium) Add(n int, sample float64) {
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
func (p *Premium) Miss(n int) { p.k += int64(n) }

// Mean is the weighted mean of the samples so far, a fraction; 0 before the
// first one.
func (p *Premium) Mean() float64 {
	if p.weight == 0 {
		return 0
	}
	return p.sum / p.weight
}

// Samples is how many samples of the interval have passed, seen or missed.
func (p *Premium) Samples() int64 { return p.k }

// Reset begins a new interval.
func (p *Premium) Reset() { *p = Premium{} }

// MinuteWeight is the total weight of minute m of an interval, counted from 1,
// for whoever has one-minute premium klines instead of samples: 144m − 66.
func MinuteWeight(m int) float64 { return float64(144*m - 66) }

// FundingRule turns a mean premium into a rate.
type FundingRule struct {
	Hours    int     // settlement interval N
	Interest float64 // I, a fraction per 8 hours; 0.0001 for most contracts
	// Cap and Floor bound the rate of one settlement. Both zero: no bound.
	Cap, Floor float64
	// Undivided selects the rule before 2025-09-18 08:01 UTC, which scaled only
	// the interest to the interval. For N = 8 the two rules are the same.
	Undivided bool
}

// Rate is the funding rate of one settlement, a fraction in 1e-8:
//
//	r = [P + clamp(I − P, ±0.05 %)] · N/8        today
//	r =  P + clamp(I·N/8 − P, ±0.05 %)           Undivided
//
// bounded by Floor and Cap and rounded to eight decimals.
func (f FundingRule) Rate(mean float64) exchange.E8 {
	part := float64(f.Hours) / 8
	var r float64
	if f.Undivided {
		r = mean + clamp(f.Interest*part-mean, -premiumClamp, premiumClamp)
	} else {
		r = (mean + clamp(f.Interest-mean, -premiumClamp, premiumClamp)) * part
	}
	if f.Cap != 0 || f.Floor != 0 {
		r = clamp(r, f.Floor, f.Cap)
	}
	return exchange.E8(math.Round(r * 1e8))
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

package carry

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

// Funding is what is known of the funding of one leg: nothing of a spot market, which
// has none. Funding that accrues is told by intervals too.
type Funding struct {
	Low, High float64 // per 8 hours: the lower and the higher estimate
	Mean      float64 // per 8 hours: where it returns to, in the place of a Model's
	Hours     int     // of an interval; 0: there is no funding
	Next      exchange.Time
}

// Net is what a pair should receive up to a horizon: what its short is paid, less what its
// long pays, each by its own settlements.
func (m Model) Net(long, short Funding, longRate, shortRate float64, now, horizon exchange.Time) float64 {
	sum := 0.0
	if short.Hours > 0 {
		sum = m.to(short.Mean).Gain(shortRate, now, short.Next, short.Hours, horizon)
	}
	if long.Hours > 0 {
		sum -= m.to(long.Mean).Gain(longRate, now, long.Next, long.Hours, horizon)
	}
	return sum
}

// to is the model with another mean.
func (m Model) to(mean float64) Model { return Model{mean, m.Persistence} }

// OwnMean is where the funding of one contract is taken to return to: what it paid over a
// span of days until now, per 8 hours, and of the part of them of which nothing is known
// the prior. The longer the span, the less one week of it says; what differs between
// venues lasts for weeks, and what differed yesterday does not.
func OwnMean(settled []exchange.Settled, now exchange.Time, days, prior float64) float64 {
	from := now - exchange.Time(days*float64(exchange.Day))
	sum, known := 0.0, exchange.Time(0)
	for i := len(settled) - 1; i >= 0 && settled[i].Time > from; i-- {
		sum += settled[i].Rate.Float()
		known = now - settled[i].Time + exchange.Time(max(settled[i].Hours, 1))*exchange.Hour
	}
	part := min(float64(known)/float64(now-from), 1)
	return sum/(3*days) + prior*(1-part)
}

// NetBreakEven is after how many settlements of either leg a cost is earned back; false
// when the horizon comes before that.
func (m Model) NetBreakEven(long, short Funding, longRate, shortRate float64, now, horizon exchange.Time, cost float64) (n int, ok bool) {
	type leg struct {
		Funding
		at    exchange.Time // its next settlement, from now
		above float64       // of its rate, what is above its mean
		sign  float64
	}
	legs := [2]leg{{short, max(short.Next-now, 1), shortRate - short.Mean, 1}, {long, max(long.Next-now, 1), longRate - long.Mean, -1}}
	for cost > 0 {
		next := &legs[0]
		if next.Hours == 0 || legs[1].Hours > 0 && legs[1].at < next.at {
			next = &legs[1]
		}
		if next.Hours == 0 || next.at > horizon {
			return n, false
		}
		part := float64(next.Hours) / 8
		cost -= next.sign * part * (next.Mean + next.above)
		next.above *= math.Pow(m.Persistence, part)
		next.at += exchange.Time(next.Hours) * exchange.Hour
		n++
	}
	return n, true
}

// Annual is what a rate of each interval of hours comes to in a year of 365 days, without
// compounding.
func Annual(rate float64, hours int) float64 { return rate * 365 * 24 / float64(hours) }

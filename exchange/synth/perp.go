package synth

import (
	"math"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/funding"
)

const (
	// relaxRate and relaxCount end hourly settlement: so many settlements in a
	// row no larger than this bring a contract back to 4 hours (2026-01-02).
	relaxRate  = exchange.E8(25_000)
	relaxCount = 16
	// basisWindow is the mean age, in seconds, of the basis that mark averages:
	// that of a 30-second window.
	basisWindow = 15.0
	markEvery   = 30 * exchange.Second
	// rescheduled is when a contract with a later interval changes to it.
	rescheduled = 4 * exchange.Day
)

// perp is the funding side of a perpetual.
type perp struct {
	rule      funding.Rule
	acc       funding.Mean
	since     exchange.Time // beginning of the interval
	next      exchange.Time // its settlement
	lastRate  float64       // settled last
	quiet     int           // hourly settlements in a row within relaxRate
	basis     float64       // averaged, fraction of the index
	basisKeep float64
	mark      float64
	every     exchange.Time // how often it is paid; 0: at the end of each interval
	oracle    bool          // it is paid on the index
	owed      float64       // of a rate that was divided, beyond its last decimal

	settled exchange.Settled // at the last step, when Time is that step's
}

func newPerp(in *exchange.Instrument, start exchange.Time, dt float64) *perp {
	p := &perp{
		rule:      funding.RuleOf(in),
		basisKeep: math.Exp(-dt / basisWindow),
	}
	if in.FundingAccrues {
		p.every = exchange.Minute
	}
	p.begin(start)
	return p
}

// begin starts the interval that a time is in. A dated future has none.
func (p *perp) begin(start exchange.Time) {
	span := p.span()
	if span == 0 {
		p.since, p.next = start, never
		return
	}
	p.since = start / span * span
	p.next = p.since + span
	p.acc.Reset()
	p.acc.Miss(int((start - p.since) / funding.SampleInterval))
}

// span is how often it is paid; 0: never.
func (p *perp) span() exchange.Time {
	if p.every > 0 {
		return p.every
	}
	return exchange.Time(p.rule.Hours) * exchange.Hour
}

// never is a settlement that does not come.
const never = exchange.Time(1<<63 - 1)

// rate is that of an interval whose premium has a mean.
func (p *perp) rate(mean float64) exchange.E8 {
	if p.rule.Hours == 0 {
		return 0
	}
	return p.rule.Rate(mean)
}

// due is what is paid now: the rate, or its part of an interval, with what was left over
// from the last.
func (p *perp) due(rate exchange.E8) exchange.E8 {
	if p.every == 0 {
		return rate
	}
	exact := float64(rate)*float64(p.every)/float64(exchange.Time(p.rule.Hours)*exchange.Hour) + p.owed
	paid := math.Round(exact)
	p.owed = exact - paid
	return exchange.E8(paid)
}

// step takes the premium of v at t into funding and mark.
func (p *perp) step(m *Market, v *venue, t exchange.Time, dt float64) {
	h := v.asset.h * 1e-4
	sample := funding.PremiumIndex(1+v.premium-h, 1+v.premium+h, 1)
	if m.k > 0 {
		p.acc.Add(int(t/funding.SampleInterval-(t-m.opt.Step)/funding.SampleInterval), sample)
	}
	p.basis = p.basisKeep*p.basis + (1-p.basisKeep)*v.premium
	left := float64(p.next-t) / float64(p.next-p.since)
	index := v.asset.index * float64(v.in.Multiplier)
	p.mark = funding.MarkPrice(index, p.lastRate, left, index*p.basis, index*(1+v.premium))
	if t >= p.next {
		p.settle(m, v, t)
	}
}

func (p *perp) settle(m *Market, v *venue, t exchange.Time) {
	rate := p.rate(p.acc.Value())
	p.settled = exchange.Settled{Time: t, Rate: p.due(rate), Mark: e8(p.mark), Hours: p.rule.Hours}
	if p.oracle {
		p.settled.Mark = e8(v.asset.index * float64(v.in.Multiplier))
	}
	p.lastRate = p.settled.Rate.Float()
	if p.every == 0 {
		p.reschedule(m, v, t, rate)
	}
	p.acc.Reset()
	p.since, p.next = t, t+p.span()
}

// reschedule changes the interval: to hourly when a settlement hits its bound
// (rule of 2025-05-02), back to 4 hours once hourly rates are small, and once
// by announcement.
func (p *perp) reschedule(m *Market, v *venue, t exchange.Time, rate exchange.E8) {
	bound := exchange.E8FromDecimal(v.in.FundingCap)
	if p.quiet++; abs(rate) > relaxRate {
		p.quiet = 0
	}
	switch {
	case p.rule.Continuous: // its intervals are only how it is told of
	case p.rule.Hours > 1 && abs(rate) >= bound:
		p.rule.Hours, p.quiet = 1, 0
	case p.rule.Hours == 1 && v.in.FundingHours > 1 && p.quiet >= relaxCount && t%(4*exchange.Hour) == 0:
		p.rule.Hours = 4
	case p.rule.Hours > 4 && v.rules.laterHours > 0 && t >= m.opt.Start+rescheduled:
		p.rule.Hours = v.rules.laterHours
	}
}

// estimate is the running funding rate of the interval under way.
func (p *perp) estimate() exchange.E8 { return p.rate(p.acc.Value()) }

func e8(x float64) exchange.E8 { return exchange.E8(math.Round(x * 1e8)) }

func abs(r exchange.E8) exchange.E8 { return max(r, -r) }

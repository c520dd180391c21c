package funding

import "github.com/perilune/perilune/exchange"

// Accrual makes of a rate that is charged by the millisecond what other venues tell of an
// interval: what has accrued in it so far, and what the rest of it will add if the rate
// stays. The zero value, with Hours set, has seen nothing.
type Accrual struct {
	Hours int // length of the intervals, which begin at whole multiples of it

	begun exchange.Time // the interval
	at    exchange.Time // of the last rate
	rate  exchange.E8   // per 8 hours
	sum   int64         // of rate × ms, until at
}

// Rate takes the rate per 8 hours that is charged from a time on. It returns what the
// interval of that time will probably come to, and when it ends. What of an interval nobody
// saw is taken to be like what was seen next to it.
func (a *Accrual) Rate(at exchange.Time, rate exchange.E8) (estimate exchange.E8, ends exchange.Time) {
	span := exchange.Time(max(a.Hours, 1)) * exchange.Hour
	begun := at - at%span
	switch {
	case begun != a.begun && begun == a.begun+span: // the rate before goes on into it
		a.sum = rateTime(a.rate, at-begun)
	case begun != a.begun:
		a.sum = rateTime(rate, at-begun)
	case at > a.at:
		a.sum += rateTime(a.rate, at-a.at)
	default: // out of order
		at = a.at
	}
	a.begun, a.at, a.rate = begun, at, rate
	return exchange.E8((a.sum + rateTime(rate, begun+span-at)) / int64(8*exchange.Hour/exchange.Millisecond)), begun + span
}

func rateTime(rate exchange.E8, d exchange.Time) int64 {
	return int64(rate) * int64(d/exchange.Millisecond)
}

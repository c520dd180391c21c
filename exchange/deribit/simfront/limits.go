package simfront

import (
	"github.com/perilune/perilune/exchange"
)

// Limits are what an account may use: so many requests a second, and so many at once. Source:
// the manual, "Rate limits", the lowest tier.
type Limits struct {
	Matching, Other Bucket
}

// Bucket is one that refills all the time.
type Bucket struct{ Rate, Burst int }

// DefaultLimits are those of an account that trades little.
func DefaultLimits() Limits { return Limits{Matching: Bucket{5, 20}, Other: Bucket{20, 100}} }

// level is how full a bucket is.
type level struct {
	left float64
	at   exchange.Time
}

// take uses one, if there is one.
func (l *level) take(b Bucket, now exchange.Time) bool {
	if l.at == 0 {
		l.left = float64(b.Burst)
	}
	l.left = min(float64(b.Burst), l.left+float64(now-l.at)/1e9*float64(b.Rate))
	l.at = now
	if l.left < 1 {
		return false
	}
	l.left--
	return true
}

// charge counts a request of an account. One too many ends the session.
func (d *dialect) charge(q *request, m *method) *fault {
	if q.account == nil {
		return nil
	}
	n := sessionOf(q.account)
	l, b := &n.other, d.limits.Other
	if m.enters {
		l, b = &n.matching, d.limits.Matching
	}
	if l.take(b, d.state.Clock.Wall()) {
		return nil
	}
	return &fault{code: 10028, message: "too_many_requests", closes: true}
}

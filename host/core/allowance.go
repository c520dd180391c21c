package core

import "github.com/perilune/perilune/exchange"

// What a strategy may tell people: people who are told too much look at nothing.
const (
	noticesAtOnce = 5
	noticeEvery   = exchange.Minute
)

// allowance counts what a strategy told people, in the session's time. The zero value is a
// whole one.
type allowance struct{ until exchange.Time } // when it is whole again

// allows reports whether one more may be told, after some that are staged.
func (a *allowance) allows(now exchange.Time, staged int) bool {
	return max(a.until, now)+exchange.Time(staged)*noticeEvery-now <= (noticesAtOnce-1)*noticeEvery
}

// note counts one.
func (a *allowance) note(now exchange.Time) { a.until = max(a.until, now) + noticeEvery }

package limit

import "github.com/perilune/perilune/exchange"

// bucket is the use of a meter that refills all the time. Requests are on their way for
// different times, up to the guard, so what comes back meanwhile is not counted on: what is
// missing at the venue is at most what is missing here and what a guard brings back, and at most
// all that was taken since it was full there.
type bucket struct {
	full  exchange.Time // when all of it is back, if nothing else is taken
	taken int           // since it was full at the venue
}

// step is how long one takes to come back.
func (b *bucket) step(w *window) exchange.Time {
	return (w.period + exchange.Time(w.limit) - 1) / exchange.Time(w.limit)
}

// missing is how much is, if what comes back were late by a time.
func (b *bucket) missing(w *window, now, late exchange.Time) int {
	owed := b.full + late - now
	if owed <= 0 {
		return 0
	}
	step := b.step(w)
	return min(b.taken, int((owed+step-1)/step))
}

func (b *bucket) used(w *window, now exchange.Time) int { return b.missing(w, now, 0) }

func (b *bucket) fits(w *window, n, ceiling int, now, guard exchange.Time) bool {
	return b.missing(w, now, guard)+n <= ceiling
}

func (b *bucket) charge(w *window, n int, now, guard exchange.Time) {
	if b.full+guard <= now {
		b.taken = 0
	}
	b.taken += n
	b.full = max(b.full, now) + exchange.Time(n)*b.step(w)
}

// earliest is asked for what does not fit: as much as is over has to come back.
func (b *bucket) earliest(w *window, n, ceiling int, _, guard exchange.Time) exchange.Time {
	return b.full + guard - exchange.Time(ceiling-n)*b.step(w)
}

// correct takes what the venue says is missing of it.
func (b *bucket) correct(w *window, count int, sent, guard exchange.Time) {
	if more := count - b.missing(w, sent, 0); more > 0 {
		b.charge(w, more, sent, guard)
	}
}

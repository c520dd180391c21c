package limit

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// span is the use of a meter whose windows roll: what was charged and when, oldest first.
// Requests are on their way for different times, up to the guard, so what is allowed in a
// period is charged at most in a period and a guard.
type span struct{ log []use }

type use struct {
	at exchange.Time
	n  int
}

func (s *span) used(w *window, now exchange.Time) int { return s.since(now - w.period) }

func (s *span) fits(w *window, n, ceiling int, now, guard exchange.Time) bool {
	return s.since(now-w.period-guard)+n <= ceiling
}

func (s *span) charge(w *window, n int, now, guard exchange.Time) {
	s.forget(now - w.period - guard)
	s.add(now, n)
}

func (s *span) earliest(w *window, n, ceiling int, now, guard exchange.Time) exchange.Time {
	return s.freed(n, ceiling, now-w.period-guard) + w.period + guard
}

func (s *span) correct(w *window, count int, sent, guard exchange.Time) {
	s.add(sent, count-s.since(sent-w.period-guard))
}

// since is what was charged after a time.
func (s *span) since(t exchange.Time) (sum int) {
	for _, u := range s.log {
		if u.at > t {
			sum += u.n
		}
	}
	return sum
}

// add charges at a time, which may be before that of other charges.
func (s *span) add(at exchange.Time, n int) {
	if n <= 0 {
		return
	}
	i := len(s.log)
	for i > 0 && s.log[i-1].at > at {
		i--
	}
	if i > 0 && s.log[i-1].at == at {
		s.log[i-1].n += n
		return
	}
	s.log = slices.Insert(s.log, i, use{at, n})
}

// forget drops what was charged until a time.
func (s *span) forget(t exchange.Time) {
	i := 0
	for i < len(s.log) && s.log[i].at <= t {
		i++
	}
	s.log = slices.Delete(s.log, 0, i)
}

// freed returns the last charge after a time that has to be forgotten before n more fit.
func (s *span) freed(n, ceiling int, t exchange.Time) exchange.Time {
	sum := s.since(t) + n
	for _, u := range s.log {
		if u.at <= t {
			continue
		}
		if sum -= u.n; sum <= ceiling {
			return u.at
		}
	}
	return t
}

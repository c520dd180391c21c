package limit

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// Pool is a group of endpoints that are throttled and banned together: a place in
// Table.Pools, counted from 1.
type Pool uint8

// Meter is one limit that a venue counts us against: a place in Table.Meters.
type Meter uint8

// Table is what a venue counts, before it is asked. It must not change while a Ledger
// uses it.
type Table struct {
	Pools  []string // their names, for people and in a Store; at most MaxPools
	Meters []Rule   // at most MaxMeters
	// BanLeast and BanMost are how long the venue bans an address. 0: 2 minutes and 3
	// days.
	BanLeast, BanMost exchange.Time
	// Step is how much longer than its window a pool is left alone that is refused again,
	// doubling with each refusal. 0: a minute, which suits windows of a minute.
	Step exchange.Time
	// StepMost bounds that doubling, where a venue bans nobody for asking again. 0: four
	// doublings do.
	StepMost exchange.Time
}

// How much a Table may have: a Cost is a value of fixed size.
const (
	MaxPools  = 7
	MaxMeters = 16
)

// Rule is a limit of a Table.
type Rule struct {
	Name   string // for people: "spot weight per minute"
	Pool   Pool
	Period exchange.Time
	Limit  int
	Orders bool // it counts orders, which a venue may refuse alone
	// Rolling: any span of a Period counts, wherever it begins. Refills: it is a bucket that
	// holds the Limit, and in a Period as much comes back, evenly. Else windows are aligned to
	// the clock.
	Rolling, Refills bool
}

// check says what can't be counted with a guard.
func (t *Table) check(guard exchange.Time) error {
	if n, m := len(t.Pools), len(t.Meters); n < 1 || n > MaxPools || m < 1 || m > MaxMeters {
		return fmt.Errorf("limit: a table of %d pools and %d meters: want 1 to %d and 1 to %d", n, m, MaxPools, MaxMeters)
	}
	for _, r := range t.Meters {
		if !t.has(r.Pool) || r.Limit < 1 || r.Period < 1 || r.Rolling && r.Refills || !r.Rolling && !r.Refills && r.Period <= 2*guard {
			return fmt.Errorf("limit: meter %q: want a pool of the table, a limit of 1 or more and a bucket, or windows that roll or are over twice the guard of %d ms", r.Name, guard/exchange.Millisecond)
		}
	}
	return nil
}

func (t *Table) has(p Pool) bool { return p >= 1 && int(p) <= len(t.Pools) }

// pool names a pool.
func (t *Table) pool(p Pool) string {
	if t.has(p) {
		return t.Pools[p-1]
	}
	return "none"
}

// shortest is the meter of a pool, of orders or of all else, whose window is the shortest.
// A pool that has none of the kind is refused by one of the other; without any it is one of
// a minute.
func (t *Table) shortest(p Pool, orders bool) Rule {
	best := Rule{Period: exchange.Minute}
	for i, r := range t.Meters {
		if r.Pool == p && (best.Pool == 0 || r.Orders == orders && best.Orders != orders || r.Orders == best.Orders && r.Period < best.Period) {
			best = t.Meters[i]
		}
	}
	return best
}

// Cost is what one request uses. Its pool is what is refused and banned with it; meters
// that endpoints of several pools share, such as one of the address, may be of any.
type Cost struct {
	Pool Pool
	Use  [MaxMeters]int32 // by Meter
}

// window counts the use of one meter. A charge near an edge belongs to the
// windows on both sides of it, so three are kept.
type window struct {
	period          exchange.Time
	start           exchange.Time // of the current window
	limit           int
	prev, cur, next int
	free            meter // in the place of the three; nil: windows are aligned
}

// meter counts by no windows of the clock: a span or a bucket.
type meter interface {
	used(w *window, now exchange.Time) int
	fits(w *window, n, ceiling int, now, guard exchange.Time) bool
	charge(w *window, n int, now, guard exchange.Time)
	earliest(w *window, n, ceiling int, now, guard exchange.Time) exchange.Time
	correct(w *window, count int, sent, guard exchange.Time)
}

func (w *window) align(t exchange.Time) exchange.Time { return t - t%w.period }

// roll moves on to the window of a time; it never moves back.
func (w *window) roll(now exchange.Time) {
	if w.free != nil {
		w.cur = w.free.used(w, now)
		return
	}
	start := w.align(now)
	switch steps := (start - w.start) / w.period; {
	case steps <= 0:
		return
	case steps == 1:
		w.prev, w.cur, w.next = w.cur, w.next, 0
	case steps == 2:
		w.prev, w.cur, w.next = w.next, 0, 0
	default:
		w.prev, w.cur, w.next = 0, 0, 0
	}
	w.start = start
}

// early and late say whether the venue may be in another window than we are.
func (w *window) early(now, guard exchange.Time) bool { return now < w.start+guard }
func (w *window) late(now, guard exchange.Time) bool  { return now >= w.start+w.period-guard }

// fits reports whether n more stay within a ceiling in every window that they
// may be counted in. The window must be rolled.
func (w *window) fits(n, ceiling int, now, guard exchange.Time) bool {
	if w.free != nil {
		return w.free.fits(w, n, ceiling, now, guard)
	}
	return w.cur+n <= ceiling &&
		(!w.early(now, guard) || w.prev+n <= ceiling) &&
		(!w.late(now, guard) || w.next+n <= ceiling)
}

func (w *window) charge(n int, now, guard exchange.Time) {
	if w.free != nil {
		w.free.charge(w, n, now, guard)
		return
	}
	w.cur += n
	if w.early(now, guard) {
		w.prev += n
	}
	if w.late(now, guard) {
		w.next += n
	}
}

// earliest returns when n fit if nothing else is charged before; n must not be
// over the ceiling.
func (w *window) earliest(n, ceiling int, now, guard exchange.Time) exchange.Time {
	if w.free != nil {
		return w.free.earliest(w, n, ceiling, now, guard)
	}
	// Usage that counts falls only where the guard of a window's start ends.
	for _, t := range [...]exchange.Time{w.start + guard, w.start + w.period + guard} {
		ahead := *w
		ahead.roll(t)
		if t > now && ahead.fits(n, ceiling, t, guard) {
			return t
		}
	}
	return w.start + 2*w.period + guard
}

// correct takes the venue's count in an answer to a request sent earlier. Near
// an edge it is taken for the earlier window that it may be of: taken for the
// later one, a full window would block the empty one after it.
func (w *window) correct(count int, sent, guard exchange.Time) {
	if w.free != nil {
		w.free.correct(w, count, sent, guard)
		return
	}
	switch start := w.align(sent - guard); {
	case start >= w.start:
		w.cur = max(w.cur, count)
	case start == w.start-w.period:
		w.prev = max(w.prev, count)
	}
}

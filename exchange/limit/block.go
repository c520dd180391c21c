package limit

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// block is the venue's word that a pool, or orders in it, must wait.
type block struct {
	until  exchange.Time // of everything
	banned bool          // rather than throttled
	orders exchange.Time // of whatever counts as an order
	// strikes counts refusals of requests that were sent after the refusal
	// before had ended: others use the address as well.
	strikes int
}

// passedBan is how long a ban is taken to last whose named end has passed: as much as clocks
// may differ with which requests are still signed.
const passedBan = 5 * exchange.Second

// maxStrikes bounds the doubling of a pause that the venue did not bound.
const maxStrikes = 5

// blocked returns OK when the venue has said nothing against a request.
func (l *Ledger) blocked(c Cost, now exchange.Time) Verdict {
	if !l.table.has(c.Pool) {
		return Verdict{Reason: "the cost has no pool"}
	}
	if v := l.pool(c.Pool, now); !v.OK {
		return v
	}
	if b := &l.blocks[c.Pool]; now < b.orders && l.countsOrders(&c) {
		return l.noOrders(c.Pool)
	}
	return Verdict{OK: true}
}

// pool returns OK when the venue does not refuse everything in a pool.
func (l *Ledger) pool(p Pool, now exchange.Time) Verdict {
	switch b := &l.blocks[p]; {
	case now < b.until && b.banned:
		return Verdict{Until: b.until, Reason: fmt.Sprintf("the venue banned this address from %v until %v", l.table.pool(p), b.until)}
	case now < b.until:
		return Verdict{Until: b.until, Reason: fmt.Sprintf("the venue refuses requests to %v until %v", l.table.pool(p), b.until)}
	}
	return Verdict{OK: true}
}

func (l *Ledger) noOrders(p Pool) Verdict {
	until := l.blocks[p].orders
	return Verdict{Until: until, Reason: fmt.Sprintf("the venue refuses orders on %v until %v", l.table.pool(p), until)}
}

// refusing is the first thing that the venue refuses, in words; "" when there is none.
func (l *Ledger) refusing(now exchange.Time) string {
	for p := Pool(1); l.table.has(p); p++ {
		if v := l.pool(p, now); !v.OK {
			return v.Reason
		}
		if now < l.blocks[p].orders {
			return l.noOrders(p).Reason
		}
	}
	return ""
}

func (l *Ledger) countsOrders(c *Cost) bool {
	for i := range l.table.Meters {
		if l.table.Meters[i].Orders && c.Use[i] > 0 {
			return true
		}
	}
	return false
}

// Blocked returns until when the venue refuses everything in a pool, and
// whether that is a ban; 0 when it does not.
func (l *Ledger) Blocked(p Pool, now exchange.Time) (until exchange.Time, banned bool) {
	if !l.table.has(p) || now >= l.blocks[p].until {
		return 0, false
	}
	return l.blocks[p].until, l.blocks[p].banned
}

// Observe learns from an answer, any answer. An error means that a ban could not
// be stored; it is in force nevertheless.
func (l *Ledger) Observe(a Answer, now exchange.Time) error {
	if !l.table.has(a.Pool) {
		return fmt.Errorf("limit: an answer of no pool (%d)", a.Pool)
	}
	if a.Sent == 0 || a.Sent > now {
		a.Sent = now
	}
	l.correct(&a, now)
	b := &l.blocks[a.Pool]
	switch a.Refusal {
	case Banned:
		l.ban(b, &a, now)
	case NoOrders:
		b.orders = max(b.orders, l.endOf(a.Pool, true, now), a.RetryAt)
		return nil
	case Throttled:
		l.throttle(b, &a, now)
	default:
		if a.OK && a.Sent >= b.until {
			b.strikes = 0
		}
		return nil
	}
	return l.save()
}

// correct raises our counts to the venue's.
func (l *Ledger) correct(a *Answer, now exchange.Time) {
	for i := range l.table.Meters {
		if count := a.Used[i]; count > 0 {
			l.windows[i].roll(now)
			l.windows[i].correct(int(count), a.Sent, l.guard)
		}
	}
}

// ban stops a pool until the time that the venue named, within what the table
// says of bans; without one, for the shortest ban there is, doubling. One that is over by
// our clock was named by another clock: it is asked again, after longer each time.
func (l *Ledger) ban(b *block, a *Answer, now exchange.Time) {
	l.strike(b, a)
	until := a.RetryAt + l.guard
	switch {
	case a.RetryAt == 0:
		until = now + l.banLeast<<(b.strikes-1)
	case a.RetryAt <= now:
		until = now + min(l.banLeast, passedBan<<(b.strikes-1))
	}
	b.until = max(b.until, min(until, now+l.banMost+l.guard))
	b.banned = true
}

// throttle stops a pool until the time that the venue named and at least to the
// end of the window, then for longer each time it happens again.
func (l *Ledger) throttle(b *block, a *Answer, now exchange.Time) {
	l.strike(b, a)
	more := l.step * (1<<(b.strikes-1) - 1)
	if most := l.table.StepMost; most > 0 {
		more = min(more, most)
	}
	until := max(a.RetryAt+l.guard, l.endOf(a.Pool, false, now)+more)
	if now >= b.until {
		b.banned = false
	}
	b.until = max(b.until, min(until, now+l.banMost+l.guard))
}

// strike counts a refusal, once for all requests that were already on their way.
func (l *Ledger) strike(b *block, a *Answer) {
	if b.strikes == 0 || a.Sent >= b.until {
		b.strikes = min(b.strikes+1, maxStrikes)
	}
}

// endOf returns when the shortest order window, or the weight window, of a pool
// has surely ended.
func (l *Ledger) endOf(p Pool, orders bool, now exchange.Time) exchange.Time {
	r := l.table.shortest(p, orders)
	if r.Rolling {
		return now + r.Period + l.guard
	}
	return now - now%r.Period + r.Period + l.guard
}

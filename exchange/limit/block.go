package limit

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// block is the venue's word that a pool, or orders in it, must wait.
type block struct {
	until  exchange.Time // of everything
	banned bool          // by 418 rather than 429
	orders exchange.Time // of whatever counts as an order
	// strikes counts refusals of requests that were sent after the refusal
	// before had ended: others use the address as well.
	strikes int
}

const (
	codeTooManyOrders = -1015
	// The bounds of a ban, from the manual.
	minBan = 2 * exchange.Minute
	maxBan = 3 * exchange.Day
	// maxStrikes bounds the doubling of a pause that the venue did not bound.
	maxStrikes = 5
)

// blocked returns OK when the venue has said nothing against a request.
func (l *Ledger) blocked(c Cost, now exchange.Time) Verdict {
	if c.Pool == 0 || c.Pool >= pools {
		return Verdict{Reason: "the cost has no pool"}
	}
	switch b := &l.blocks[c.Pool]; {
	case now < b.until && b.banned:
		return Verdict{Until: b.until, Reason: fmt.Sprintf("the venue banned this address from %v until %v (418)", c.Pool, b.until)}
	case now < b.until:
		return Verdict{Until: b.until, Reason: fmt.Sprintf("the venue refuses requests to %v until %v (429)", c.Pool, b.until)}
	case now < b.orders && c.countsOrders():
		return Verdict{Until: b.orders, Reason: fmt.Sprintf("the venue refuses orders on %v until %v (429, -1015)", c.Pool, b.orders)}
	}
	return Verdict{OK: true}
}

func (c *Cost) countsOrders() bool {
	for i, r := range rules {
		if r.orders && c.Use[i] > 0 {
			return true
		}
	}
	return false
}

// Blocked returns until when the venue refuses everything in a pool, and
// whether that is a ban; 0 when it does not.
func (l *Ledger) Blocked(p Pool, now exchange.Time) (until exchange.Time, banned bool) {
	if p >= pools || now >= l.blocks[p].until {
		return 0, false
	}
	return l.blocks[p].until, l.blocks[p].banned
}

// Observe learns from an answer, any answer. An error means that a ban could not
// be stored; it is in force nevertheless.
func (l *Ledger) Observe(a Answer, now exchange.Time) error {
	if a.Pool == 0 || a.Pool >= pools {
		return fmt.Errorf("limit: an answer of no pool (status %d)", a.Status)
	}
	if a.Sent == 0 || a.Sent > now {
		a.Sent = now
	}
	l.correct(&a, now)
	b := &l.blocks[a.Pool]
	switch {
	case a.banned():
		l.ban(b, &a, now)
	case a.tooManyOrders():
		b.orders = max(b.orders, l.endOf(a.Pool, true, now), a.RetryAt)
		return nil
	case a.throttled():
		l.throttle(b, &a, now)
	default:
		if a.Status/100 == 2 && a.Sent >= b.until {
			b.strikes = 0
		}
		return nil
	}
	return l.save()
}

// correct raises our counts to the venue's.
func (l *Ledger) correct(a *Answer, now exchange.Time) {
	for i, r := range rules {
		if count := a.Used[i]; r.pool == a.Pool && count > 0 {
			l.windows[i].roll(now)
			l.windows[i].correct(int(count), a.Sent, l.guard)
		}
	}
}

// ban stops a pool until the time that the venue named, within what the manual
// says of bans; without one, for the shortest ban there is, doubling.
func (l *Ledger) ban(b *block, a *Answer, now exchange.Time) {
	l.strike(b, a)
	until := a.RetryAt + l.guard
	if a.RetryAt <= now {
		until = now + minBan<<(b.strikes-1)
	}
	b.until = max(b.until, min(until, now+maxBan+l.guard))
	b.banned = true
}

// throttle stops a pool until the time that the venue named and at least to the
// end of the window, then for longer each time it happens again.
func (l *Ledger) throttle(b *block, a *Answer, now exchange.Time) {
	l.strike(b, a)
	until := max(a.RetryAt+l.guard, l.endOf(a.Pool, false, now)+exchange.Minute*(1<<(b.strikes-1)-1))
	if now >= b.until {
		b.banned = false
	}
	b.until = max(b.until, min(until, now+maxBan+l.guard))
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
	period := exchange.Minute
	if orders {
		period = 10 * exchange.Second
	}
	return now - now%period + period + l.guard
}

package simserver

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Orders end by the wall clock: at a date of their own, or when the customer's
// dead-man switch runs out.

// Countdown arms, renews or, with 0, disarms the dead-man switch of a market: at a
// time of the wall clock its orders are cancelled.
func (a *Account) Countdown(m *Market, at exchange.Time) {
	if at == 0 {
		delete(a.countdowns, m.In.ID)
		return
	}
	a.countdowns[m.In.ID] = at
}

// runCountdowns cancels where a dead-man switch has run out.
func (a *Account) runCountdowns() {
	if len(a.countdowns) == 0 {
		return
	}
	now := a.s.Wall()
	for _, m := range a.s.markets {
		if at, armed := a.countdowns[m.In.ID]; armed && at <= now {
			delete(a.countdowns, m.In.ID)
			for _, o := range a.OpenOrders(m.Segment, m) {
				a.Cancel(o, a.s.NewName("countdown")[:22])
			}
		}
	}
}

// runGoodTill ends orders and conditional orders whose date has come.
func (a *Account) runGoodTill() {
	now := millis(a.s.Wall())
	if a.nextGoodTill == 0 || now < a.nextGoodTill {
		return
	}
	a.nextGoodTill = 0
	for _, o := range slices.Clone(a.live) {
		switch {
		case !o.Open() || o.GoodTill == 0:
		case o.GoodTill <= now:
			o.lapsing = true
			a.Cancel(o, "")
		default:
			a.expectGoodTill(o.GoodTill)
		}
	}
	for _, g := range slices.Clone(a.waiting) {
		switch {
		case g.Expires == 0:
		case g.Expires <= now:
			a.turn(g, ConditionalExpired)
		default:
			a.expectGoodTill(g.Expires)
		}
	}
	a.Flush()
}

// expectGoodTill remembers when the next date comes.
func (a *Account) expectGoodTill(ms int64) {
	if ms != 0 && (a.nextGoodTill == 0 || ms < a.nextGoodTill) {
		a.nextGoodTill = ms
	}
}

func millis(t exchange.Time) int64 { return int64(t / exchange.Millisecond) }

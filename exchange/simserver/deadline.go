package simserver

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Countdown arms, renews or, with 0, disarms the dead-man switch of a market: at a
// time of the wall clock its orders are canceled.
func (d *Deadlines) Countdown(m *Market, at exchange.Time) {
	if at == 0 {
		delete(d.countdowns, m.In.ID)
		return
	}
	d.countdowns[m.In.ID] = at
}

// endDue ends what has run out.
func (d *Deadlines) endDue() {
	d.runCountdowns()
	d.runDates()
}

// runCountdowns cancels where a dead-man switch has run out.
func (d *Deadlines) runCountdowns() {
	if len(d.countdowns) == 0 {
		return
	}
	now := d.clock.Wall()
	for _, m := range d.markets {
		if at, armed := d.countdowns[m.In.ID]; armed && at <= now {
			delete(d.countdowns, m.In.ID)
			for _, o := range d.orders.Open(m.Segment, m) {
				d.entry.Cancel(o, d.names.newName("countdown")[:22])
			}
		}
	}
}

// runDates ends orders and conditional orders whose date has come.
func (d *Deadlines) runDates() {
	now := millis(d.clock.Wall())
	if d.dates.next == 0 || now < d.dates.next {
		return
	}
	d.dates.next = 0
	for _, o := range slices.Clone(d.orders.live) {
		switch {
		case !o.Open() || o.GoodTill == 0:
		case o.GoodTill <= now:
			o.lapsing = true
			d.entry.Cancel(o, "")
		default:
			d.dates.expectDate(o.GoodTill)
		}
	}
	for _, g := range slices.Clone(d.conditionals.waiting) {
		switch {
		case g.Expires == 0:
		case g.Expires <= now:
			d.conditionals.setStatus(g, ConditionalExpired)
		default:
			d.dates.expectDate(g.Expires)
		}
	}
	d.outbox.Flush()
}

package desk

import "github.com/perilune/perilune/exchange"

// Leave cancels everything that rests at the venue, or is on its way there, and
// takes no order that could rest from now on: the session is ending, or its loop
// stands still. What becomes of the orders is booked when the session goes on.
func (d *Desk) Leave(now exchange.Time) {
	d.at(now)
	d.leaving = true
	for _, n := range d.open {
		if n.stage == done {
			continue
		}
		if n.cancel == unwanted {
			n.cancel, n.cancels = wanted, 0
		}
		d.wish(n)
	}
}

// Leave is Desk.Leave, for any goroutine: it does not need the loop.
func (v *Venue) Leave() {
	v.enqueue(func(d *Desk, now exchange.Time) { d.Leave(now) })
}

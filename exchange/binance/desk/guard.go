package desk

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// guard is the venue's dead-man switch of one futures symbol: while it is armed
// and not renewed, the venue cancels the symbol's orders when it has run down.
// Spot has none; there the desk itself cancels when the loop is silent for as
// long, which helps against a loop that hangs but not against a stopped process.
type guard struct {
	in    *exchange.Instrument
	armed exchange.Time // when the switch was last renewed; 0: it is off
	due   exchange.Time // after a failure: not before
	busy  bool
	tries int
}

// rests reports an order that may stay in the book.
func (n *order) rests() bool {
	return n.Type == exchange.Limit && n.TIF != exchange.IOC && n.TIF != exchange.FOK
}

// protect arms the switch of an order's symbol before the order is sent.
func (d *Desk) protect(n *order) {
	if api.Of(n.in.Venue) == api.Spot || !n.rests() {
		return
	}
	for _, g := range d.guards {
		if g.in == n.in {
			d.renew(g)
			return
		}
	}
	g := &guard{in: n.in}
	d.guards = append(d.guards, g)
	d.renew(g)
}

// alive reports whether the loop gave a sign of life lately.
func (d *Desk) alive() bool { return d.now <= d.beat+d.opt.Beat }

// renewAt is when the switch is to be renewed: long before it runs down.
func (d *Desk) renewAt(g *guard) exchange.Time {
	if g.armed == 0 {
		return g.due
	}
	return max(g.due, g.armed+d.opt.Countdown/4)
}

func (d *Desk) renew(g *guard) {
	if g.busy || d.renewAt(g) > d.now || !d.alive() {
		return
	}
	g.busy = true
	d.request(Request{Kind: Arm, Market: api.Of(g.in.Venue), Symbol: g.in.Symbol, Arm: d.opt.Countdown})
}

func (d *Desk) tickGuards() {
	if d.rival != nil {
		return // whoever has taken over arms the same switches
	}
	for _, g := range d.guards {
		switch {
		case d.resting(g.in.ID):
			d.renew(g)
		case g.armed != 0 && !g.busy && g.due <= d.now:
			g.busy = true
			d.request(Request{Kind: Arm, Market: api.Of(g.in.Venue), Symbol: g.in.Symbol})
		}
	}
	if d.now > d.beat+d.opt.Countdown {
		d.abandon()
	}
}

// abandon cancels what rests where the venue has no switch.
func (d *Desk) abandon() {
	for _, n := range d.open {
		if api.Of(n.in.Venue) == api.Spot && n.rests() && n.stage != done && n.cancel == unwanted {
			d.note("the loop is silent for %.0f s: order %s is cancelled", float64(d.now-d.beat)/1e9, n.ClientID)
			n.cancel = wanted
			d.wish(n)
		}
	}
}

func (d *Desk) resting(id exchange.InstrumentID) bool {
	for _, n := range d.open {
		if n.Instrument == id && n.stage != done && n.rests() {
			return true
		}
	}
	return false
}

func (d *Desk) onArm(a *Answer, f *account.Fault) {
	for _, g := range d.guards {
		if api.Of(g.in.Venue) != a.Request.Market || g.in.Symbol != a.Request.Symbol {
			continue
		}
		g.busy = false
		if f == nil {
			g.armed, g.due, g.tries = a.Request.At, 0, 0
			if a.Request.Arm == 0 {
				g.armed = 0
			}
			return
		}
		if g.tries == 0 {
			d.note("%s has no dead-man switch now: %v", g.in.Key(), f)
		}
		g.due = d.later(f, g.tries)
		if f.Class == account.Refused {
			g.due = max(g.due, d.now+5*exchange.Minute)
		}
		g.tries++
	}
}

// nextGuard is when a switch is to be renewed or turned off.
func (d *Desk) nextGuard() exchange.Time {
	next := never
	if d.rival != nil {
		return next
	}
	for _, g := range d.guards {
		if g.busy {
			continue
		}
		switch rests := d.resting(g.in.ID); {
		case rests && d.alive():
			next = min(next, d.renewAt(g))
		case !rests && g.armed != 0:
			next = min(next, max(g.due, d.now))
		}
	}
	return next
}

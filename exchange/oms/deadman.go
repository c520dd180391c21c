package oms

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// deadManSwitch is a switch of the venue: while it is armed and not renewed, the venue
// cancels the orders that it covers when it has run down. Where the venue has none, the
// manager itself cancels when the loop is silent for as long, which helps against a
// loop that hangs but not against a stopped process.
type deadManSwitch struct {
	venue  exchange.Venue // "" with SwitchAccount
	symbol string         // "" without SwitchSymbol
	name   string         // for people
	armed  exchange.Time  // when it was last renewed; 0: it is off
	due    exchange.Time  // after a failure: not before
	busy   bool
	tries  int
}

// covers reports whether the switch cancels an instrument's orders.
func (g *deadManSwitch) covers(in *exchange.Instrument) bool {
	return (g.venue == "" || g.venue == in.Venue) && (g.symbol == "" || g.symbol == in.Symbol)
}

// switches are the dead-man switches of what has had resting orders.
type switches struct {
	*outbox
	market    *market
	has       bool // the account has any
	orders    switchOrders
	rivals    interface{ refuse() string }
	countdown exchange.Time
	silence   exchange.Time // of the loop, after which it is taken for stopped
	beat      exchange.Time // its last sign of life
	list      []*deadManSwitch
}

// switchOrders is what switches need of orders.
type switchOrders interface {
	// rest reports whether an order rests, or may come to, in an instrument that covers
	// has.
	rest(covers func(*exchange.Instrument) bool) bool
	// abandon cancels what rests in such instruments, and calls told with each order.
	abandon(in func(*exchange.Instrument) bool, told func(clientID string))
}

// scope is what a switch for an instrument covers.
func (s *switches) scope(in *exchange.Instrument) SwitchScope {
	if !s.has {
		return SwitchNone
	}
	return s.market.segment(in.Venue).Switch
}

// protect arms the switch of an order before the order is sent.
func (s *switches) protect(n *order) {
	scope := s.scope(n.in)
	if scope == SwitchNone || !n.Rests() {
		return
	}
	if i := slices.IndexFunc(s.list, func(g *deadManSwitch) bool { return g.covers(n.in) }); i >= 0 {
		s.renew(s.list[i])
		return
	}
	g := &deadManSwitch{venue: n.in.Venue, symbol: n.in.Symbol, name: n.in.Key()}
	switch scope {
	case SwitchSegment:
		g.symbol, g.name = "", n.in.Segment()
	case SwitchAccount:
		g.venue, g.symbol, g.name = "", "", "the account"
	}
	s.list = append(s.list, g)
	s.renew(g)
}

// guarded reports whether a switch that is on covers an instrument. One that the venue
// refused guards nothing.
func (s *switches) guarded(in *exchange.Instrument) bool {
	return slices.ContainsFunc(s.list, func(g *deadManSwitch) bool { return g.armed != 0 && g.covers(in) })
}

// alive reports whether the loop gave a sign of life lately.
func (s *switches) alive() bool { return s.now <= s.beat+s.silence }

// renewAt is when the switch is to be renewed: long before it runs down.
func (s *switches) renewAt(g *deadManSwitch) exchange.Time {
	if g.armed == 0 {
		return g.due
	}
	return max(g.due, g.armed+s.countdownOf(g)/4)
}

func (s *switches) renew(g *deadManSwitch) {
	if g.busy || s.renewAt(g) > s.now || !s.alive() {
		return
	}
	s.arm(g, s.countdownOf(g))
}

func (s *switches) arm(g *deadManSwitch, countdown exchange.Time) {
	g.busy = true
	s.request(Request{Kind: ArmSwitch, Venue: g.venue, Symbol: g.symbol, Countdown: countdown})
}

// countdownOf is ours within what the venue takes.
func (s *switches) countdownOf(g *deadManSwitch) exchange.Time {
	bounds := s.market.countdown(g.venue)
	if bounds.Most == 0 {
		return max(s.countdown, bounds.Least)
	}
	return min(max(s.countdown, bounds.Least), bounds.Most)
}

// needed reports whether something rests that a switch covers.
func (s *switches) needed(g *deadManSwitch) bool { return s.orders.rest(g.covers) }

func (s *switches) tick() {
	if s.rivals.refuse() != "" {
		return // whoever has taken over arms the same switches
	}
	for _, g := range s.list {
		switch {
		case s.needed(g):
			s.renew(g)
		case g.armed != 0 && !g.busy && g.due <= s.now:
			s.arm(g, 0)
		}
	}
	if s.now > s.beat+s.countdown {
		s.orders.abandon(func(in *exchange.Instrument) bool { return !s.guarded(in) }, func(clientID string) {
			s.note("the loop is silent for %.0f s: order %s is canceled", float64(s.now-s.beat)/1e9, clientID)
		})
	}
}

// refusedPause is how long a switch that the venue refused is left alone.
const refusedPause = 5 * exchange.Minute

func (s *switches) onArm(a *Answer, e *exchange.VenueError) {
	for _, g := range s.list {
		if g.venue != a.Request.Venue || g.symbol != a.Request.Symbol {
			continue
		}
		g.busy = false
		if e == nil {
			g.armed, g.due, g.tries = a.Request.At, 0, 0
			if a.Request.Countdown == 0 {
				g.armed = 0
			}
			return
		}
		if g.tries == 0 {
			s.note("%s has no dead-man switch now: %v", g.name, e)
		}
		g.due = s.later(e, g.tries)
		if !e.Class.Again() && !e.Class.MayHaveActed() {
			g.due = max(g.due, s.now+refusedPause)
		}
		g.tries++
	}
}

// next is when a switch is to be renewed or turned off.
func (s *switches) next() exchange.Time {
	next := never
	if s.rivals.refuse() != "" {
		return next
	}
	for _, g := range s.list {
		if g.busy {
			continue
		}
		switch needed := s.needed(g); {
		case needed && s.alive():
			next = min(next, s.renewAt(g))
		case !needed && g.armed != 0:
			next = min(next, max(g.due, s.now))
		}
	}
	return next
}

// abandon cancels what rests, of which nobody asked for a cancel yet.
func (s *orders) abandon(in func(*exchange.Instrument) bool, told func(clientID string)) {
	for _, n := range s.open {
		if n.Rests() && n.stage != done && n.cancel == unwanted && in(n.in) {
			told(n.ClientID)
			n.cancel = wanted
			s.sendCancel(n)
		}
	}
}

// hasPlaced reports whether something was sent for placing.
func (s *orders) hasPlaced() bool { return s.placed }

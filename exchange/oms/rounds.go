package oms

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// reconciliation compares our books with the venue's account, section by section.
type reconciliation struct {
	*outbox
	*sections
	income    bool // the account lists it
	began     exchange.Time
	schedule  exchange.Time
	orders    roundOrders
	execs     *executions
	transfers roundTransfers
	balances  *balances
	sides     *sides
	own       map[exchange.InstrumentID]decimal.Decimal // margin of positions that was told
}

// roundOrders is what reconciliation needs of orders.
type roundOrders interface {
	report(r *Report)
	askForUnlisted(v exchange.Venue, asked exchange.Time, listed []Report)
	working(id exchange.InstrumentID) bool
	unresolved(in func(*exchange.Instrument) bool) *order
}

// roundTransfers is what reconciliation needs of transfers.
type roundTransfers interface {
	moving(k walletAsset) bool // a transfer of an asset to or from a wallet is under way
}

// gap begins a round everywhere: something may have been missed.
func (s *reconciliation) gap(why string) {
	s.note("%s; the account is compared", why)
	for _, c := range s.list {
		c.restart(s.now)
	}
}

// onEvent takes an event of a stream that is not about an order. Balance and Position
// are absolute and race with the reports of their cause: the comparison reads them
// when nothing is under way.
func (s *reconciliation) onEvent(ev *AccountEvent) {
	for _, c := range s.heard(ev.Venue) {
		if ev.Position != nil && ev.Position.Own.Valid {
			s.heardMargin(ev.Position)
		}
		switch {
		case ev.Funding != nil:
			c.income.expect(ev.Funding, s.now)
			c.hurry(s.now + exchange.Second)
		case ev.Gap != "":
			c.down = ""
			c.restart(s.now)
			if !ev.Begins { // else it is how every session starts
				s.note("%s: %s; the account is compared", c.name, ev.Gap)
			}
		case ev.Down != "":
			c.down = ev.Down
			c.restart(s.now)
			s.note("%s: the account's stream is down: %s", c.name, ev.Down)
		case ev.Position != nil && ev.Position.Side != 0 && !ev.Position.Qty.IsZero() && !s.market.segment(ev.Position.Venue).Hedged:
			s.note("%s: a setting was changed from elsewhere: hedge mode, with a %s position in %s: stop and begin again", c.name, positionNames[ev.Position.Side], ev.Position.Symbol)
		case ev.Told != "":
			s.note("%s: %s", c.name, ev.Told)
		case ev.Setting != "":
			s.note("%s: a setting was changed from elsewhere: %s", c.name, ev.Setting)
		}
	}
}

// dropped takes note that events of a stream were.
func (s *reconciliation) dropped(v exchange.Venue, events int) {
	for _, c := range s.heard(v) {
		s.note("%s: %d events of the account's stream came faster than they were read and were dropped; the account is compared", c.name, events)
		c.restart(s.now)
	}
}

func (s *reconciliation) tick() {
	for _, c := range s.list {
		if len(c.out) == 0 && c.due <= s.now {
			s.begin(c)
		}
	}
}

func (s *reconciliation) next() exchange.Time {
	next := never
	for _, c := range s.list {
		if len(c.out) == 0 {
			next = min(next, c.due)
		}
	}
	return next
}

// begin asks for what events may have been missed.
func (s *reconciliation) begin(c *section) {
	c.due, c.begun, c.failed, c.second, c.again = never, s.now, false, false, false
	c.balances, c.positions = map[exchange.Wallet][]Balance{}, nil
	for _, g := range c.segments {
		s.requestFor(c, Request{Kind: ListOpenOrders, Venue: g.Venue})
	}
	for _, w := range c.wallets {
		if s.income && s.market.logged(w) {
			s.requestFor(c, Request{Kind: ListIncome, Wallet: w, Since: c.income.since})
		}
	}
	for _, t := range s.execs.list {
		if c.has(t.in.Venue) && (t.used || s.orders.working(t.in.ID) || s.balances.positions[t.in.ID] != 0) {
			c.out[s.execs.requestPage(t)] = true
		}
	}
	if len(c.out) == 0 { // a wallet that backs nothing
		s.readAccount(c)
	}
}

func (s *reconciliation) requestFor(c *section, r Request) { c.out[s.request(r)] = true }

// readAccount begins the second half of a round.
func (s *reconciliation) readAccount(c *section) {
	c.second, c.read = true, s.now
	for _, w := range c.wallets {
		s.requestFor(c, Request{Kind: ListBalances, Wallet: w})
	}
	for _, g := range c.segments {
		if !g.Spot {
			s.requestFor(c, Request{Kind: ListPositions, Venue: g.Venue})
		}
	}
	if len(c.out) == 0 { // a segment that nobody knows: there is nothing to compare
		s.compare(c)
	}
}

// onAnswer takes the answers that only rounds ask for.
func (s *reconciliation) onAnswer(a *Answer, e *exchange.VenueError) {
	r := a.Request
	c := s.asked(r)
	if e == nil {
		switch r.Kind {
		case ListOpenOrders:
			s.onOpenOrders(c, a)
		case ListIncome:
			s.onIncome(c, a)
		case ListBalances:
			if c.out[r.Number] {
				c.balances[r.Wallet] = a.Balances
			}
		case ListPositions:
			if c.out[r.Number] {
				c.positions = append(c.positions, a.Positions...)
			}
		}
	}
	s.part(c, r, e == nil)
}

// asked is the section that a request is about.
func (s *reconciliation) asked(r *Request) *section {
	if r.Kind == ListBalances || r.Kind == ListIncome {
		return s.sectionOf(r.Wallet)
	}
	return s.section(r.Venue)
}

// answered takes note that a listing of executions came, or failed.
func (s *reconciliation) answered(v exchange.Venue, r *Request, ok bool) { s.part(s.section(v), r, ok) }

// part takes note that a request of a round is answered, and goes on with the
// round when it was the last one.
func (s *reconciliation) part(c *section, r *Request, ok bool) {
	delete(c.given, r.Number)
	if !c.out[r.Number] {
		return
	}
	delete(c.out, r.Number)
	c.failed = c.failed || !ok
	switch {
	case len(c.out) > 0:
	case c.failed || c.again:
		if c.failed {
			c.waits = "the venue did not answer"
		}
		s.retry(c)
	case !c.second:
		s.readAccount(c)
	default:
		s.compare(c)
	}
}

// retry begins another round soon, and less soon every time.
func (s *reconciliation) retry(c *section) {
	wait := min(2*exchange.Second<<min(c.tries, 5), s.schedule)
	if c.again {
		wait = 0
	}
	c.tries++
	c.due = s.now + wait
}

// onOpenOrders takes the list of open orders.
func (s *reconciliation) onOpenOrders(c *section, a *Answer) {
	for i := range a.Reports {
		s.orders.report(&a.Reports[i])
	}
	c.others.forgetUnlisted(a.Request.Venue, a.Request.At)
	s.orders.askForUnlisted(a.Request.Venue, a.Request.At, a.Reports)
}

// unsettled says why our books need not be as the venue had them when it was read:
// something is under way in the section, or was booked since. "": they must be.
func (s *reconciliation) unsettled(c *section) string {
	switch {
	case c.touched >= c.read:
		return "something was booked meanwhile"
	case c.income.coming != 0:
		return fmt.Sprintf("funding of %s is not in the income yet", c.income.coming)
	}
	if n := s.orders.unresolved(func(in *exchange.Instrument) bool { return c.has(in.Venue) }); n != nil {
		return "order " + n.ClientID + " is in doubt"
	}
	for _, t := range s.execs.list {
		if c.has(t.in.Venue) && (t.listing > 0 || len(t.orphans) > 0) {
			return "executions in " + t.in.Symbol + " are asked for"
		}
	}
	return ""
}

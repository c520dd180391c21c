package oms

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// section is a part of the account that is compared as a whole: segments that share
// wallets, and these wallets. Its rounds have two halves. The first brings what events
// may have been missed: open orders, executions, income. The second reads balances and
// positions. A difference that two rounds find alike, with nothing under way, is booked
// by name.
type section struct {
	name     string
	segments []Segment
	wallets  []exchange.Wallet

	due    exchange.Time   // of the next round
	begun  exchange.Time   // the last round
	out    map[uint64]bool // numbers of the requests of the round that are out
	given  map[uint64]bool // of the round that was given up, still out
	again  bool            // a round was asked for while one ran
	failed bool            // the round is not complete
	second bool
	tries  int // rounds in a row without a result

	read      exchange.Time // when the second half of the round was asked for
	balances  map[exchange.Wallet][]Balance
	positions []Position

	touched  exchange.Time // when our books last changed
	agreed   exchange.Time // when they last were the venue's
	compared exchange.Time // when they last were, or all that differed was held
	fresh    bool          // what the account holds is its opening
	accept   bool          // what nothing explains is booked: a person said so
	diffs    map[string]diff
	beyond   map[string]decimal.Decimal // positions outside of the universe, as last told
	waits    string                     // why the last round brought no result; "" when it did
	down     string                     // why the stream is lost

	income incomeRows
	others strangers
}

// diff is what the venue has more than our books.
type diff struct {
	amount decimal.Decimal
	first  exchange.Time
	held   bool // nothing is traded on what it touches
}

// has reports whether a segment belongs to the section.
func (c *section) has(v exchange.Venue) bool {
	return slices.ContainsFunc(c.segments, func(s Segment) bool { return s.Venue == v })
}

// hurry brings the next round forward; one that runs is begun again after it.
func (c *section) hurry(at exchange.Time) {
	c.due = min(c.due, at)
	c.again, c.tries = len(c.out) > 0, 0
}

// restart begins a round now. One that runs is given up: what it asked for may
// be from before the event that matters. Only one at a time is: while the venue
// owes the answers of one, the next is begun again after its end, so that no more
// than two rounds of questions wait for it.
func (c *section) restart(now exchange.Time) {
	if len(c.out) > 0 && len(c.given) > 0 {
		c.again, c.tries = true, 0
		return
	}
	maps.Copy(c.given, c.out)
	clear(c.out)
	c.due, c.tries = now, 0
}

// reconciliation compares our books with the venue's account, section by section.
type reconciliation struct {
	*outbox
	market    *market
	income    bool // the account lists it
	began     exchange.Time
	schedule  exchange.Time
	opening   func(*section)
	orders    roundOrders
	execs     *executions
	transfers roundTransfers
	balances  *balances
	sections  []*section
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

// section returns the section of a segment.
func (s *reconciliation) section(v exchange.Venue) *section {
	for _, c := range s.sections {
		if c.has(v) {
			return c
		}
	}
	return s.add([]Segment{s.market.segment(v)}, nil)
}

// sectionOf returns the section of a wallet.
func (s *reconciliation) sectionOf(w exchange.Wallet) *section {
	w = s.market.full(w)
	for _, c := range s.sections {
		if slices.Contains(c.wallets, w) {
			return c
		}
	}
	return s.add(nil, []exchange.Wallet{w})
}

// add makes a section of all that is connected by wallets with what it begins with.
func (s *reconciliation) add(segments []Segment, wallets []exchange.Wallet) *section {
	c := &section{due: s.now, out: map[uint64]bool{}, given: map[uint64]bool{}, diffs: map[string]diff{}, wallets: wallets, segments: segments,
		income: newIncomeRows(), others: newStrangers()}
	for i := 0; i < len(segments); i++ {
		for _, w := range segments[i].Wallets {
			if !slices.Contains(c.wallets, w) {
				c.wallets = append(c.wallets, w)
			}
		}
		c.segments = s.connected(c)
		segments = c.segments
	}
	if len(segments) == 0 {
		c.segments = s.connected(c)
		for _, g := range c.segments {
			c.wallets = append(c.wallets, g.Wallets...)
		}
		slices.Sort(c.wallets)
		c.wallets = slices.Compact(c.wallets)
	}
	c.name = s.nameOf(c)
	if s.opening != nil {
		s.opening(c)
	}
	s.sections = append(s.sections, c)
	return c
}

// connected adds to the segments of a section those that its wallets back.
func (s *reconciliation) connected(c *section) []Segment {
	all := c.segments
	for _, w := range c.wallets {
		for _, g := range s.market.backed(w) {
			if !slices.ContainsFunc(all, func(h Segment) bool { return h.Venue == g.Venue }) {
				all = append(all, g)
			}
		}
	}
	return all
}

func (s *reconciliation) nameOf(c *section) string {
	var parts []string
	for _, g := range c.segments {
		parts = append(parts, string(s.market.short(g.Venue)))
	}
	if len(parts) == 0 {
		for _, w := range c.wallets {
			parts = append(parts, string(w.Within(s.market.house)))
		}
	}
	return strings.Join(parts, "+")
}

// opens reports whether what a segment's account holds has still to be booked as its
// opening: whatever was traded until then is in it. A round that has begun to read
// the account may have read it before, and is begun again.
func (s *reconciliation) opens(v exchange.Venue) bool { return s.section(v).opens(s.now) }

func (c *section) opens(now exchange.Time) bool {
	if c.fresh && c.second {
		c.touched = now
	}
	return c.fresh
}

// touch takes note that our books of a segment change.
func (s *reconciliation) touch(v exchange.Venue) { s.section(v).touched = s.now }

// touchWallet is the same for a wallet.
func (s *reconciliation) touchWallet(w exchange.Wallet) { s.sectionOf(w).touched = s.now }

// gap begins a round everywhere: something may have been missed.
func (s *reconciliation) gap(why string) {
	s.note("%s; the account is compared", why)
	for _, c := range s.sections {
		c.restart(s.now)
	}
}

// onEvent takes an event of a stream that is not about an order. Balance and Position
// are absolute and race with the reports of their cause: the comparison reads them
// when nothing is under way.
func (s *reconciliation) onEvent(ev *AccountEvent) {
	for _, c := range s.heard(ev.Venue) {
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
		case ev.Setting != "":
			s.note("%s: a setting was changed from elsewhere: %s", c.name, ev.Setting)
		}
	}
}

// heard are the sections that an event of a stream is about.
func (s *reconciliation) heard(v exchange.Venue) []*section {
	if v == "" {
		return s.sections
	}
	return []*section{s.section(v)}
}

// dropped takes note that events of a stream were.
func (s *reconciliation) dropped(v exchange.Venue, events int) {
	for _, c := range s.heard(v) {
		s.note("%s: %d events of the account's stream came faster than they were read and were dropped; the account is compared", c.name, events)
		c.restart(s.now)
	}
}

func (s *reconciliation) tick() {
	for _, c := range s.sections {
		if len(c.out) == 0 && c.due <= s.now {
			s.begin(c)
		}
	}
}

func (s *reconciliation) next() exchange.Time {
	next := never
	for _, c := range s.sections {
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
		s.ask(c, Request{Kind: ListOpenOrders, Venue: g.Venue})
		if g.Income && s.income {
			s.ask(c, Request{Kind: ListIncome, Venue: g.Venue, Since: c.income.since})
		}
	}
	for _, t := range s.execs.list {
		if c.has(t.in.Venue) && (t.used || s.orders.working(t.in.ID) || s.balances.positions[t.in.ID] != 0) {
			c.out[s.execs.ask(t)] = true
		}
	}
	if len(c.out) == 0 { // a wallet that backs nothing
		s.readAccount(c)
	}
}

func (s *reconciliation) ask(c *section, r Request) { c.out[s.request(r)] = true }

// readAccount begins the second half of a round.
func (s *reconciliation) readAccount(c *section) {
	c.second, c.read = true, s.now
	for _, w := range c.wallets {
		s.ask(c, Request{Kind: ListBalances, Wallet: w})
	}
	for _, g := range c.segments {
		if !g.Spot {
			s.ask(c, Request{Kind: ListPositions, Venue: g.Venue})
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
	if r.Kind == ListBalances {
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

package oms

import (
	"maps"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// executionCursor is what we know of the executions in one instrument.
type executionCursor struct {
	in   *exchange.Instrument
	from Cursor // every execution before it is booked
	// seen are those at or after it that are booked, with their places by the venue's own
	// clock; "" of those that the ledger has by ours, until the venue lists them.
	seen map[string]Cursor
	// orphans may belong to an order whose number we do not know yet.
	orphans []*Execution
	price   exchange.Ticks // of the last execution
	// used: it was traded in, so that gaps are looked for.
	used    bool
	due     exchange.Time // of the next listing; 0: none
	listing int           // that are under way
	tries   int
	flows   []flow
	held    string // why nothing may trade in it; "": it may
}

// flow is an execution's part in the position, kept for settlements that are
// told of later.
type flow struct {
	at  exchange.Time
	qty exchange.Lots // signed
}

// executions are the trades of the account, by instrument. One is booked once.
type executions struct {
	*outbox
	market   *market
	cursorOf func(tradeID string, at exchange.Time) Cursor
	byTime   bool // cursors are times
	orders   executionOrders
	rounds   executionRounds
	sides    *sides
	balances *balances
	began    exchange.Time
	list     []*executionCursor // by instrument
}

// executionOrders is what executions need of orders.
type executionOrders interface {
	owner(id exchange.InstrumentID, clientID, orderID string) *order
	acknowledge(n *order, orderID string, status exchange.OrderStatus)
	addFill(n *order, qty exchange.Lots)
	conclude(n *order)
	missing(id exchange.InstrumentID) bool
	unnamed(id exchange.InstrumentID) bool
}

// executionRounds is what executions need of reconciliation.
type executionRounds interface {
	// opens reports whether what the account of a segment holds has still to be booked
	// as its opening.
	opens(v exchange.Venue) bool
	touch(v exchange.Venue)
	lookAgain(v exchange.Venue) // the account has changed, our books have not
	answered(v exchange.Venue, r *Request, ok bool)
}

func newExecutions(out *outbox, m *market, p *Profile, b *balances, began exchange.Time) *executions {
	s := &executions{outbox: out, market: m, cursorOf: p.Cursor, balances: b, began: began}
	if s.cursorOf == nil {
		s.cursorOf, s.byTime = CursorOfTime, true
	}
	for _, in := range m.u.All() {
		s.list = append(s.list, &executionCursor{in: in, seen: map[string]Cursor{}})
	}
	return s
}

// restore goes on from the executions that the ledger has.
func (s *executions) restore(b *Booked) {
	t := s.list[b.Instrument]
	t.used = true
	for _, x := range b.Executions {
		at := s.cursorOf(x.TradeID, x.Time)
		if t.seen[x.TradeID] = at; s.byTime {
			t.seen[x.TradeID] = ""
		}
		s.sides.restore(b.Instrument, max(at, s.sides.left[b.Instrument]))
		if !b.All && (t.from == "" || at < t.from) {
			t.from = at
		}
	}
}

// want asks for what is missing at a time, if the stream has not brought it by then.
func (s *executions) want(id exchange.InstrumentID, at exchange.Time) {
	s.list[id].want(at)
}

func (t *executionCursor) want(at exchange.Time) { t.due = soonest(t.due, at) }

func (s *executions) tick() {
	for _, t := range s.list {
		if t.due == 0 || t.due > s.now || t.listing > 0 {
			continue
		}
		if t.due = 0; s.orders.missing(t.in.ID) {
			s.requestPage(t)
			continue
		}
		t.tries = 0 // the stream brought them
	}
}

func (s *executions) next() exchange.Time {
	next := never
	for _, t := range s.list {
		if t.due != 0 && t.listing == 0 {
			next = min(next, t.due)
		}
	}
	return next
}

// requestPage lists the executions that may be missing, also while an earlier listing is under
// way: that one may be older than what is missing. It returns the number of the request.
func (s *executions) requestPage(t *executionCursor) uint64 {
	t.listing++
	t.due = 0
	from := t.from
	if from == "" && s.byTime && s.began != 0 { // what is older is part of the opening, and years of it may be kept
		from = CursorOfTime("", s.began-overlap)
	}
	return s.request(Request{Kind: ListExecutions, Venue: t.in.Venue, Symbol: t.in.Symbol, From: from})
}

// overlap is how far back a listing is repeated: an execution may show up in it
// after a younger one.
const overlap = exchange.Minute

// onListing takes a listing of executions. If it does not bring what reports speak
// of, it is asked for again.
func (s *executions) onListing(a *Answer, e *exchange.VenueError) {
	in, ok := s.market.find(a.Request.Venue, a.Request.Symbol)
	if !ok {
		return
	}
	t := s.list[in.ID]
	t.listing--
	t.tries++
	if e != nil {
		t.want(s.later(e, t.tries))
		s.rounds.answered(in.Venue, a.Request, false)
		return
	}
	t.used = true
	for i := range a.Executions {
		s.book(in, &a.Executions[i])
	}
	s.advance(t, a.Executions)
	if !s.orders.missing(in.ID) {
		t.tries = 0
	} else {
		t.want(s.now + backoff(t.tries))
	}
	s.rounds.answered(in.Venue, a.Request, true)
}

// advance moves the cursor over what is too old to be listed again, up to the first one
// that is not booked. Old is what the venue's own clock says: ours may be another.
func (s *executions) advance(t *executionCursor, list []Execution) {
	if len(list) == 0 {
		return
	}
	before := list[len(list)-1].Time - overlap
	for i := range list {
		e := &list[i]
		at := s.cursorOf(e.TradeID, e.Time)
		_, seen := t.seen[e.TradeID]
		if seen {
			t.seen[e.TradeID] = at
		}
		if e.Time >= before || !seen && at >= t.from {
			break
		}
		t.from = max(t.from, at)
	}
	t.forgetSeen()
}

// forgetSeen drops the executions that are not listed again.
func (t *executionCursor) forgetSeen() {
	old := func(_ string, at Cursor) bool { return at != "" && at < t.from }
	maps.DeleteFunc(t.seen, old)
	if len(t.seen) > seenMost {
		t.from = max(t.from, slices.Sorted(maps.Values(t.seen))[len(t.seen)/2])
		maps.DeleteFunc(t.seen, old)
	}
}

package oms

import (
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// executionCursor is what we know of the executions in one instrument.
type executionCursor struct {
	in   *exchange.Instrument
	from Cursor                   // every execution before it is booked
	seen map[string]exchange.Time // those at or after it that are booked, with their times
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
	orders   executionOrders
	rounds   executionRounds
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
	answered(v exchange.Venue, r *Request, ok bool)
}

func newExecutions(out *outbox, m *market, p *Profile, b *balances, began exchange.Time) *executions {
	s := &executions{outbox: out, market: m, cursorOf: p.Cursor, balances: b, began: began}
	if s.cursorOf == nil {
		s.cursorOf = CursorOfTime
	}
	for _, in := range m.u.All() {
		s.list = append(s.list, &executionCursor{in: in, seen: map[string]exchange.Time{}})
	}
	return s
}

// restore goes on from the executions that the ledger has.
func (s *executions) restore(b *Booked) {
	t := s.list[b.Instrument]
	t.used = true
	for _, x := range b.Executions {
		t.seen[x.TradeID] = x.Time
		if c := s.cursorOf(x.TradeID, x.Time); !b.All && (t.from == "" || c < t.from) {
			t.from = c
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
			s.ask(t)
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

// ask lists the executions that may be missing, also while an earlier listing is under
// way: that one may be older than what is missing. It returns the number of the request.
func (s *executions) ask(t *executionCursor) uint64 {
	t.listing++
	t.due = 0
	return s.request(Request{Kind: ListExecutions, Venue: t.in.Venue, Symbol: t.in.Symbol, From: t.from})
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
		if e.Time >= before || !s.booked(t, e) {
			break
		}
		t.from = max(t.from, s.cursorOf(e.TradeID, e.Time))
	}
	s.forgetSeen(t)
}

// booked reports whether an execution is.
func (s *executions) booked(t *executionCursor, e *Execution) bool {
	if _, seen := t.seen[e.TradeID]; seen {
		return true
	}
	return t.from != "" && s.cursorOf(e.TradeID, e.Time) < t.from
}

// forgetSeen drops the executions that are not listed again.
func (s *executions) forgetSeen(t *executionCursor) {
	old := func(id string, at exchange.Time) bool { return s.cursorOf(id, at) < t.from }
	maps.DeleteFunc(t.seen, old)
	if len(t.seen) > seenMost {
		all := make([]Cursor, 0, len(t.seen))
		for id, at := range t.seen { // order does not matter: sorted below
			all = append(all, s.cursorOf(id, at))
		}
		slices.Sort(all)
		t.from = all[len(all)/2]
		maps.DeleteFunc(t.seen, old)
	}
}

// book books a trade of the account, once. One that may belong to an order whose number
// we do not know yet waits for it.
func (s *executions) book(in *exchange.Instrument, e *Execution) {
	t := s.list[in.ID]
	if s.booked(t, e) {
		return
	}
	if e.Time < s.began {
		t.seen[e.TradeID] = e.Time // part of the opening balances
		return
	}
	n := s.orders.owner(in.ID, e.ClientID, e.OrderID)
	if n == nil && e.ClientID == "" && e.Reason == "" && s.orders.unnamed(in.ID) {
		t.hold(e)
		return
	}
	t.seen[e.TradeID], t.used = e.Time, true
	if len(t.seen) > seenMost {
		s.forgetSeen(t)
	}
	t.unhold(e.TradeID)
	if n == nil {
		if !s.rounds.opens(in.Venue) {
			s.bookExecution(in, nil, e)
		}
		return
	}
	s.orders.acknowledge(n, e.OrderID, exchange.StatusPartial)
	s.bookExecution(in, n, e)
	s.orders.conclude(n)
}

func (t *executionCursor) hold(e *Execution) {
	if len(t.orphans) < orphansMost && !slices.ContainsFunc(t.orphans, func(h *Execution) bool { return h.TradeID == e.TradeID }) {
		kept := *e
		t.orphans = append(t.orphans, &kept)
	}
}

func (t *executionCursor) unhold(id string) {
	t.orphans = slices.DeleteFunc(t.orphans, func(h *Execution) bool { return h.TradeID == id })
}

// release looks again at executions that waited for an order's number.
func (s *executions) release(id exchange.InstrumentID) {
	t := s.list[id]
	if len(t.orphans) == 0 || s.orders.unnamed(id) {
		return
	}
	list := t.orphans
	t.orphans = nil
	for _, e := range list {
		s.book(t.in, e)
	}
}

// claims reports an execution without an owner that may be an order's own. It
// does so for a minute, because a stranger may have traded too.
func (s *executions) claims(n *order) bool {
	return s.now < n.sentBefore+exchange.Minute &&
		slices.ContainsFunc(s.list[n.Instrument].orphans, func(e *Execution) bool { return e.Side == n.Side })
}

// foreign is the reason of a fill that somebody else made on the account.
const foreign = "foreign"

// bookExecution tells the core of an execution and books it on our own account.
func (s *executions) bookExecution(in *exchange.Instrument, n *order, e *Execution) {
	f := &exchange.Fill{VenueID: e.OrderID, TradeID: e.TradeID, Instrument: in.ID,
		Side: e.Side, Price: s.ticks(in, e.Price), Qty: lots(in, e.Qty), Maker: e.Maker, Fee: e.Fee, FeeAsset: e.FeeAsset,
		Realised: e.Realised, Reason: e.Reason}
	if f.FeeAsset == "" {
		f.FeeAsset = in.Settle()
	}
	switch {
	case n != nil:
		f.Order = n.ID
		s.orders.addFill(n, f.Qty)
	case f.Reason == "":
		f.Reason = foreign
	}
	s.bookFill(in, f, e.Time)
	s.list[in.ID].price = f.Price
}

// flowsKept is how many executions are remembered for settlements told of late.
const flowsKept = 256

// bookFill books a change of a position or of coins.
func (s *executions) bookFill(in *exchange.Instrument, f *exchange.Fill, at exchange.Time) {
	t := s.list[in.ID]
	t.flows = append(t.flows, flow{at, exchange.Lots(f.Side) * f.Qty})
	if len(t.flows) > 2*flowsKept {
		t.flows = append(t.flows[:0], t.flows[flowsKept:]...)
	}
	s.balances.addFill(in, f)
	s.rounds.touch(in.Venue)
	s.post(exchange.Event{Kind: exchange.KindFill, Instrument: in.ID, VenueTime: at, Fill: f})
}

// positionAt is the position at a time, from what was booked since.
func (s *executions) positionAt(id exchange.InstrumentID, at exchange.Time) exchange.Lots {
	qty := s.balances.positions[id]
	for _, f := range s.list[id].flows {
		if f.at >= at {
			qty -= f.qty
		}
	}
	return qty
}

// ticks converts a price of the venue. One between two ticks is said and cut.
func (s *executions) ticks(in *exchange.Instrument, price decimal.Decimal) exchange.Ticks {
	n, exact := in.Tick.Exact(price)
	if !exact {
		s.note("%s traded at %s, which is no multiple of the tick %s", in.Key(), price, in.Tick)
	}
	return exchange.Ticks(n)
}

// holdTrading tells the core that nothing may trade in an instrument, or may again.
func (s *executions) holdTrading(t *executionCursor, why string) {
	if t.held == why {
		return
	}
	t.held = why
	name := exchange.CommandHold
	if why == "" {
		name = exchange.CommandRelease
	}
	s.post(exchange.Event{Kind: exchange.KindCommand, Instrument: t.in.ID, Name: name, Reason: why})
}

package desk

import (
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// tape is what we know of the executions in one instrument.
type tape struct {
	in   *exchange.Instrument
	from int64 // every execution below it is booked
	seen map[int64]bool
	// orphans may belong to an order whose number we do not know yet.
	orphans []*account.Execution
	price   exchange.Ticks // of the last execution
	// used: it was traded in, so that gaps are looked for.
	used  bool
	due   exchange.Time // of the next listing; 0: none
	busy  int           // listings under way
	tries int
	last  []flow
	held  string // why nothing may trade in it; "": it may
}

// flow is an execution's part in the position, kept for settlements that are
// told of later.
type flow struct {
	at  exchange.Time
	qty exchange.Lots // signed
}

func newTape(in *exchange.Instrument) *tape { return &tape{in: in, seen: map[int64]bool{}} }

func (t *tape) restore(from Tape) {
	t.from, t.used = from.From, true
	for _, id := range from.Booked {
		t.seen[id] = true
	}
}

func (t *tape) want(at exchange.Time) { t.due = soonest(t.due, at) }

func (d *Desk) tickTape(t *tape) {
	if t.due == 0 || t.due > d.now || t.busy > 0 {
		return
	}
	if t.due = 0; d.missing(t.in.ID) {
		d.list(t)
		return
	}
	t.tries = 0 // the stream brought them
}

// list asks for the executions that may be missing, also while an earlier listing
// is under way: that one may be older than what is missing. It returns the number
// of the request.
func (d *Desk) list(t *tape) uint64 {
	t.busy++
	t.due = 0
	return d.request(Request{Kind: Trades, Market: api.Of(t.in.Venue), Symbol: t.in.Symbol, From: t.from})
}

// overlap is how far back a listing is repeated: an execution may show up in it
// after a younger one.
const overlap = exchange.Minute

// onTrades takes a listing of executions. If it does not bring what reports speak
// of, it is asked for again.
func (d *Desk) onTrades(a *Answer, f *account.Fault) {
	in, ok := d.find(a.Request.Market, a.Request.Symbol)
	if !ok {
		return
	}
	t := d.tapes[in.ID]
	t.busy--
	t.tries++
	if f != nil {
		t.want(d.later(f, t.tries))
		d.part(api.Of(in.Venue), a.Request, false)
		return
	}
	t.used = true
	for i := range a.Executions {
		d.execution(in, &a.Executions[i])
	}
	t.advance(a.Executions)
	if !d.missing(in.ID) {
		t.tries = 0
	} else {
		t.want(d.now + backoff(t.tries))
	}
	d.part(api.Of(in.Venue), a.Request, true)
}

// advance forgets what is too old to be listed again, up to the first one that
// is not booked. Old is what the venue's own clock says: ours may be another.
func (t *tape) advance(list []account.Execution) {
	if len(list) == 0 {
		return
	}
	before := list[len(list)-1].Time - overlap
	for i := range list {
		e := &list[i]
		if e.Time >= before || e.TradeID >= t.from && !t.seen[e.TradeID] {
			break
		}
		t.from = max(t.from, e.TradeID+1)
	}
	t.forgetSeen()
}

// missing reports whether the venue spoke of more executions than we have.
func (d *Desk) missing(id exchange.InstrumentID) bool {
	for _, n := range d.open {
		if n.Instrument == id && n.stage != done && n.said.filled > n.Filled {
			return true
		}
	}
	return false
}

// execution books a trade of the account, once. One that may belong to an order
// whose number we do not know yet waits for it.
func (d *Desk) execution(in *exchange.Instrument, e *account.Execution) {
	t := d.tapes[in.ID]
	if e.TradeID < t.from || t.seen[e.TradeID] {
		return
	}
	if e.Time < d.began {
		t.seen[e.TradeID] = true // part of the opening balances
		return
	}
	n := d.owner(in.ID, e.ClientID, e.VenueID)
	if n == nil && e.ClientID == "" && e.Reason == "" && d.unnamed(in.ID) {
		t.hold(e)
		return
	}
	t.seen[e.TradeID], t.used = true, true
	if len(t.seen) > seenMost {
		t.forgetSeen()
	}
	t.release(e.TradeID)
	if n == nil {
		if !d.opens(api.Of(in.Venue)) {
			d.book(in, nil, e)
		}
		return
	}
	d.adopt(n, e.VenueID, exchange.StatusPartial)
	d.book(in, n, e)
	d.settle(n)
}

// opens reports whether what a market's account holds has still to be booked as its
// opening: whatever was traded until then is in it. A round that has begun to read
// the account may have read it before, and is begun again.
func (d *Desk) opens(m api.Market) bool {
	a := d.audit(m)
	if a.fresh && a.second {
		a.touched = d.now
	}
	return a.fresh
}

// unnamed reports an order of ours that may be at the venue under a number that
// we do not know.
func (d *Desk) unnamed(id exchange.InstrumentID) bool {
	return slices.ContainsFunc(d.open, func(n *order) bool {
		return n.Instrument == id && n.venue == 0 && (n.stage == placing || n.stage == doubtful)
	})
}

func (t *tape) hold(e *account.Execution) {
	if len(t.orphans) < orphansMost && !slices.ContainsFunc(t.orphans, func(h *account.Execution) bool { return h.TradeID == e.TradeID }) {
		kept := *e
		t.orphans = append(t.orphans, &kept)
	}
}

func (t *tape) release(id int64) {
	t.orphans = slices.DeleteFunc(t.orphans, func(h *account.Execution) bool { return h.TradeID == id })
}

// unhold looks again at executions that waited for an order's number.
func (d *Desk) unhold(id exchange.InstrumentID) {
	t := d.tapes[id]
	if len(t.orphans) == 0 || d.unnamed(id) {
		return
	}
	list := t.orphans
	t.orphans = nil
	for _, e := range list {
		d.execution(t.in, e)
	}
}

// claims reports an execution without an owner that may be an order's own. It
// does so for a minute, because a stranger may have traded too.
func (t *tape) claims(n *order, now exchange.Time) bool {
	return now < n.sent+exchange.Minute && slices.ContainsFunc(t.orphans, func(e *account.Execution) bool { return e.Side == n.Side })
}

// flowsKept is how many executions are remembered for settlements told of late.
const flowsKept = 256

// book tells the core of an execution and books it on our own account.
func (d *Desk) book(in *exchange.Instrument, n *order, e *account.Execution) {
	t := d.tapes[in.ID]
	f := &exchange.Fill{VenueID: strconv.FormatInt(e.VenueID, 10), TradeID: strconv.FormatInt(e.TradeID, 10), Instrument: in.ID,
		Side: e.Side, Price: d.ticks(in, e.Price), Qty: lots(in, e.Qty), Maker: e.Maker, Fee: e.Fee, FeeAsset: e.FeeAsset,
		Realised: e.Realised, Reason: e.Reason}
	if f.FeeAsset == "" {
		f.FeeAsset = in.Settle()
	}
	if n == nil {
		if f.Reason == "" {
			f.Reason = "foreign"
		}
	} else {
		f.Order = n.ID
		n.Filled += f.Qty
		if !n.Status.Terminal() {
			n.Status = exchange.StatusPartial
		}
	}
	d.bookFill(in, f, e.Time)
	t.price = f.Price
}

func (d *Desk) bookFill(in *exchange.Instrument, f *exchange.Fill, at exchange.Time) {
	t := d.tapes[in.ID]
	t.last = append(t.last, flow{at, exchange.Lots(f.Side) * f.Qty})
	if len(t.last) > 2*flowsKept {
		t.last = append(t.last[:0], t.last[flowsKept:]...)
	}
	d.books.fill(in, f)
	d.touch(api.Of(in.Venue))
	d.post(exchange.Event{Kind: exchange.KindFill, Instrument: in.ID, VenueTime: at, Fill: f})
}

// before is the position at a time, from what was booked since.
func (t *tape) before(now exchange.Lots, at exchange.Time) exchange.Lots {
	for _, f := range t.last {
		if f.at >= at {
			now -= f.qty
		}
	}
	return now
}

// ticks converts a price of the venue. One between two ticks is said and cut.
func (d *Desk) ticks(in *exchange.Instrument, price decimal.Decimal) exchange.Ticks {
	n, exact := in.Tick.Exact(price)
	if !exact {
		d.note("%s traded at %s, which is no multiple of the tick %s", in.Key(), price, in.Tick)
	}
	return exchange.Ticks(n)
}

package desk

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// stage is what the desk has to do for an order.
type stage uint8

const (
	waiting  stage = iota + 1 // not sent, or certainly not taken: to be sent at due
	placing                   // sent; the answer is out
	live                      // the venue has it
	doubtful                  // it may have it: to be asked at due
	done
)

// order is an order and what we know of it. Order.Status is what the core was
// told, and Order.Filled is the sum of the executions it was told of.
type order struct {
	exchange.Order
	in    *exchange.Instrument
	stage stage
	venue int64 // the venue's number; 0: it never said that it has the order
	said  word  // the venue's latest
	// sent is a time after which nothing of the placing can have left us.
	sent exchange.Time

	due    exchange.Time // of the next sending or query; 0: none
	tries  int
	asking bool // a query is out
	missed int  // queries in a row that did not find it
	first  exchange.Time

	cancel  cancelStage
	again   exchange.Time // when to cancel again
	cancels int
	raced   bool // a cancel came too late
	lost    bool // taken for never arrived
	resumed bool // left open by an earlier run
}

// word is what the venue says an order has come to.
type word struct {
	status exchange.OrderStatus
	filled exchange.Lots
	code   int
	reason string
	at     exchange.Time
}

type cancelStage uint8

const (
	unwanted cancelStage = iota
	wanted               // to be sent as soon as there is something to cancel
	sending
)

// next is when something is due for the order.
func (n *order) next() exchange.Time {
	next := never
	if n.due != 0 && !n.asking && n.stage != placing {
		next = n.due
	}
	if n.again != 0 && n.cancel == wanted {
		next = min(next, n.again)
	}
	return next
}

// hedges reports an order whose failure leaves the account more exposed.
func (n *order) hedges() bool { return n.ReduceOnly || n.Pair != 0 }

// placeWithin is how long the placing of an order makes sense: it was decided on
// a book that has moved on since.
const placeWithin = 10 * exchange.Second

func (d *Desk) place(n *order) {
	n.stage, n.due, d.placed = placing, 0, true
	d.protect(n)
	r := Request{Kind: Place, Market: api.Of(n.in.Venue), Symbol: n.in.Symbol, Reduces: n.hedges(), NotAfter: n.Created + placeWithin,
		Order: account.Order{Market: api.Of(n.in.Venue), Symbol: n.in.Symbol, ClientID: n.ClientID, Side: n.Side, Type: n.Type, TIF: n.TIF,
			ReduceOnly: n.ReduceOnly, Qty: n.in.QtyDecimal(n.Qty)}}
	if n.Created == 0 {
		r.NotAfter = d.now + placeWithin
	}
	if n.Type == exchange.Limit {
		r.Order.Price = n.in.PriceDecimal(n.Price)
	}
	d.request(r)
}

// onPlace takes the answer to a placing. The stream may have told more already.
func (d *Desk) onPlace(a *Answer, f *account.Fault) {
	n := d.byClient[a.Request.Order.ClientID]
	if n == nil {
		return
	}
	n.sent = d.now
	switch {
	case f == nil:
		d.report(&a.Report)
	case n.stage != placing:
		// The stream knows better than an answer that was lost.
	case f.Class == account.Later && n.hedges() && d.later(f, n.tries) < a.Request.NotAfter && n.cancel == unwanted:
		n.stage, n.due = waiting, d.later(f, n.tries)
		n.tries++
	case f.Class == account.Unknown || f.Class == account.Already || duplicate(f):
		d.doubt(n, f)
	default:
		d.end(n, word{status: exchange.StatusRejected, code: f.Code, reason: reasonOf(f)})
	}
	d.wish(n)
	d.unhold(n.in.ID)
}

// duplicate reports a refusal that says an order with this client id exists.
func duplicate(f *account.Fault) bool {
	return f.Code == -4116 || f.Code == -2010 && f.Msg == "Duplicate order sent."
}

func reasonOf(f *account.Fault) string {
	if f.Msg != "" {
		return f.Msg
	}
	return f.Error()
}

// tickOrder does what is due for an order.
func (d *Desk) tickOrder(n *order) {
	if n.again != 0 && n.again <= d.now && n.cancel == wanted {
		d.wish(n)
	}
	if n.due == 0 || n.due > d.now || n.asking {
		return
	}
	switch n.stage {
	case waiting:
		d.place(n)
	case doubtful, live:
		d.ask(n)
	}
}

// Cancel asks for an order to be cancelled, as soon as there is something to
// cancel: no cancel overtakes its order.
func (d *Desk) Cancel(id exchange.OrderID, now exchange.Time) {
	d.at(now)
	n := d.byID[id]
	if n == nil || n.stage == done {
		d.tooLate(id, n)
		return
	}
	if n.cancel == unwanted {
		n.cancel, n.cancels = wanted, 0
	}
	d.wish(n)
}

// tooLate answers a cancel that finds nothing to cancel.
func (d *Desk) tooLate(id exchange.OrderID, n *order) {
	u := exchange.OrderUpdate{ID: id, Code: -2011, Reason: "Unknown order sent.", CancelRejected: true}
	ev := exchange.Event{Kind: exchange.KindOrder, Instrument: exchange.NoInstrument}
	if n != nil {
		u.Status, u.Filled, u.VenueID, ev.Instrument = n.Status, n.Filled, n.VenueID, n.Instrument
	}
	ev.Update = u
	d.post(ev)
}

// wish sends a cancel that is wanted, if it makes sense now.
func (d *Desk) wish(n *order) {
	if n.cancel != wanted || n.again > d.now {
		return
	}
	switch n.stage {
	case waiting:
		d.end(n, word{status: exchange.StatusCanceled, reason: "cancelled before it was sent"})
	case live, doubtful:
		n.cancel, n.again = sending, 0
		d.request(Request{Kind: Cancel, Market: api.Of(n.in.Venue), Symbol: n.in.Symbol, ClientID: n.ClientID})
	}
}

// cancelsAllowed is how often a cancel is refused before the core is told.
const cancelsAllowed = 10

// onCancel takes the answer to a cancel. Anything but a yes is looked into: the
// order may be filled, cancelled, or still there.
func (d *Desk) onCancel(a *Answer, f *account.Fault) {
	delete(d.ousted, a.Request.ClientID)
	n := d.byClient[a.Request.ClientID]
	if n == nil {
		return
	}
	if n.cancel == sending {
		n.cancel = wanted
	}
	if f == nil {
		d.report(&a.Report)
	}
	if n.cancel != wanted {
		return // it is over
	}
	n.again = d.later(f, n.cancels)
	n.cancels++
	if f == nil || f.Class == account.Later {
		return
	}
	n.raced = n.raced || f.Class != account.Unknown
	n.due = soonest(n.due, d.now)
	if n.cancels >= cancelsAllowed && n.stage == live {
		n.cancel = unwanted
		d.say(n, exchange.OrderUpdate{Status: n.Status, Code: f.Code, Reason: reasonOf(f), CancelRejected: true})
	}
}

// soonest is the earlier of two times, of which the first may be 0 for none.
func soonest(a, b exchange.Time) exchange.Time {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// say tells the core a status. Filled is what the core has been told in fills.
func (d *Desk) say(n *order, u exchange.OrderUpdate) {
	u.ID, u.VenueID, u.Filled = n.ID, n.VenueID, n.Filled
	d.post(exchange.Event{Kind: exchange.KindOrder, Instrument: n.Instrument, VenueTime: n.said.at, Update: u})
}

// tell says a status that is new to the core.
func (d *Desk) tell(n *order, status exchange.OrderStatus, w word) {
	n.Status = status
	d.say(n, exchange.OrderUpdate{Status: status, Code: w.code, Reason: w.reason})
}

// end says an order's last word. A filled order has none: its fills say so.
func (d *Desk) end(n *order, w word) {
	n.stage, n.due, n.again, n.cancel = done, 0, 0, unwanted
	raced := n.raced && w.status != exchange.StatusCanceled
	if n.lost && n.Status == exchange.StatusRejected {
		return // the core has been told that it is over
	}
	if w.status == exchange.StatusFilled {
		n.Status = w.status
	} else {
		d.tell(n, w.status, w)
	}
	if raced {
		d.tooLate(n.ID, n)
	}
	d.resolved(n)
	d.unhold(n.in.ID)
}

// resolved notes that an order of an earlier run is no longer in doubt.
func (d *Desk) resolved(n *order) {
	if n.resumed {
		n.resumed = false
		d.resumed--
	}
}

// resume takes over an order that the ledger left open. Whether it ever left is
// not known, and it is not sent again.
func (d *Desk) resume(o *exchange.Order) error {
	if why := d.refuse(o); why != "" {
		return wrongOpening(o, why)
	}
	n := d.register(o)
	n.resumed = true
	d.resumed++
	if id, err := strconv.ParseInt(o.VenueID, 10, 64); err == nil && id > 0 {
		n.venue = id
		d.byVenue[venueKey{n.Instrument, id}] = n
	}
	n.sent, n.stage, n.due = d.now, doubtful, d.now
	n.cancel = unwanted
	if o.Canceled {
		n.cancel = wanted
		d.wish(n)
	}
	d.tell(n, exchange.StatusUnknown, word{reason: "the last run ended before it knew"})
	return nil
}

// lots converts a quantity of the venue. One that is not a whole number of lots
// is cut: the balance will tell.
func lots(in *exchange.Instrument, q decimal.Decimal) exchange.Lots {
	return exchange.Lots(in.Lot.Floor(q))
}

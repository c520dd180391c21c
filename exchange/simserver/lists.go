package simserver

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Order lists for coins: of a pair of orders the one that is filled or triggered ends the
// other (OCO), and a working order that is filled sends what was pending on it, one order
// (OTO) or a pair (OTOCO). Whoever cancels one order of a list cancels all of it.

// List is an order list.
type List struct {
	ID      int64
	Market  *Market
	Client  string
	Working *Order   // what the others wait for; nil: nothing
	Legs    []*Order // one, or a pair of which one ends the other
	Created exchange.Time
	Updated exchange.Time
	Done    bool

	sent bool // the legs are in the market
}

// Orders are those of the list, the working one first.
func (l *List) Orders() []*Order {
	if l.Working == nil {
		return l.Legs
	}
	return append([]*Order{l.Working}, l.Legs...)
}

// ListTicket is a new order list. A front has checked its orders, and the prices of a pair.
type ListTicket struct {
	Client  string
	Working *Ticket // nil: the legs are sent at once
	Legs    []*Ticket
}

// ListChange says what happened to a list.
type ListChange uint8

const (
	ListStarted ListChange = iota
	ListUpdated            // what was pending is in the market
	ListDone               // none of its orders is open
)

// All returns all lists by id. The slice must not be changed.
func (ls *Lists) All() []*List { return ls.all }

// List returns the list with an id, nil when there is none.
func (ls *Lists) List(id int64) *List {
	if i := id - 1; i >= 0 && i < int64(len(ls.all)) {
		return ls.all[i]
	}
	return nil
}

// Named returns the latest list with a name, nil when there is none.
func (ls *Lists) Named(client string) *List {
	for _, l := range slices.Backward(ls.all) {
		if l.Client == client {
			return l
		}
	}
	return nil
}

// Place sends an order list. One whose first orders are refused does not come to be.
func (ls *Lists) Place(t *ListTicket) (*List, *Refusal) {
	first := t.Working
	if first == nil {
		first = t.Legs[0]
	}
	if r := ls.admit(t); r != nil {
		return nil, r
	}
	l := &List{ID: int64(len(ls.all)) + 1, Market: first.Market, Client: t.Client, Created: ls.clock.now, Updated: ls.clock.now}
	ls.all = append(ls.all, l)
	ls.busy = true // what happens meanwhile is looked at when the list is whole
	r := ls.begin(l, t)
	ls.busy = false
	if r != nil {
		ls.all = ls.all[:len(ls.all)-1]
		return nil, r
	}
	ls.live = append(ls.live, l)
	ls.tell(l, ListStarted)
	ls.settle()
	return l, nil
}

func (ls *Lists) admit(t *ListTicket) *Refusal {
	all := t.Legs
	if t.Working != nil {
		all = append([]*Ticket{t.Working}, all...)
	}
	for _, one := range all {
		if f, ok := one.Market.front().(Admitter); ok {
			if r := f.Admit(ls.account, one); r != nil {
				return r
			}
		}
	}
	return nil
}

// begin sends the first orders of a list, and makes those that wait for them.
func (ls *Lists) begin(l *List, t *ListTicket) *Refusal {
	if t.Working == nil {
		for _, leg := range t.Legs {
			l.Legs = append(l.Legs, ls.newLeg(l, leg))
		}
		return ls.send(l)
	}
	t.Working.list = l
	var r *Refusal
	if l.Working, r = ls.entry.Place(t.Working); r != nil {
		return r
	}
	for _, leg := range t.Legs {
		o := ls.newLeg(l, leg)
		o.Status = StatusPending
		ls.orders.register(o)
		ls.orders.reportChange(o, Opened, nil)
		l.Legs = append(l.Legs, o)
	}
	ls.outbox.Flush()
	return nil
}

func (ls *Lists) newLeg(l *List, t *Ticket) *Order {
	return &Order{Market: t.Market, Client: t.Client, Side: t.Side, Kind: t.Kind, Type: t.Type, TIF: t.TIF, policy: t.Policy, Price: t.Price, Qty: t.Qty,
		Stop: t.Stop, rising: t.Rising, Created: ls.clock.now, Updated: ls.clock.now, Status: StatusNew, Note: t.Note, List: l}
}

// send puts the legs of a list in the market: those that wait for a price first, which lock
// what the other leg does not. What is refused of a list that is there already expires, and
// the other leg with it.
func (ls *Lists) send(l *List) (refusal *Refusal) {
	known := l.Legs[0].ID != 0
	l.sent = true
	legs := slices.Clone(l.Legs)
	slices.SortStableFunc(legs, func(a, b *Order) int { return waitsFirst(b) - waitsFirst(a) })
	for i, o := range legs {
		_, need := o.cost()
		if other := legs[len(legs)-1]; i < len(legs)-1 {
			_, theirs := other.cost()
			need = need.Sub(theirs) // one of the two is never filled
		}
		if refusal = ls.sendLeg(o, decimal.Max(decimal.Zero, need), known); refusal != nil {
			break
		}
	}
	if refusal == nil {
		ls.outbox.Flush()
		return nil
	}
	for _, o := range legs {
		ls.drop(o, known)
	}
	if known {
		ls.outbox.Flush()
	} else {
		ls.outbox.discardMade()
	}
	return refusal
}

func waitsFirst(o *Order) int {
	if o.Stop.IsPositive() {
		return 1
	}
	return 0
}

// sendLeg puts one leg in the market. One that waits for a price locks an amount.
func (ls *Lists) sendLeg(o *Order, amount decimal.Decimal, known bool) *Refusal {
	if o.Stop.IsPositive() {
		if r := ls.stops.hold(o, amount); r != nil {
			return r
		}
	}
	if !known {
		ls.orders.register(o)
	}
	o.Status, o.Updated = StatusNew, ls.clock.now
	if known {
		o.Worked = ls.clock.now
	}
	ls.orders.reportChange(o, Opened, nil)
	if o.Waits {
		return nil
	}
	return ls.entry.matching.resubmitOrder(o, o.policy, false)
}

// drop takes a leg out again whose list could not be sent.
func (ls *Lists) drop(o *Order, known bool) {
	if o.Waits {
		ls.stops.unparkOrder(o)
	}
	switch {
	case known && o.Open():
		o.Status, o.Ended, o.Updated = StatusExpired, EndedByRefusal, ls.clock.now
		ls.orders.reportChange(o, Expired, nil)
	case !known && o.ID != 0:
		ls.orders.unregister(o, nil)
	}
}

// endOthers ends the other leg of one that was filled or has triggered.
func (ls *Lists) endOthers(o *Order) {
	if o.List == nil || !slices.Contains(o.List.Legs, o) {
		return
	}
	for _, other := range o.List.Legs {
		if other != o {
			ls.expire(other)
		}
	}
}

// expire ends an order that its list has no use for.
func (ls *Lists) expire(o *Order) {
	if !o.Open() {
		return
	}
	o.Ended = EndedByList
	if !o.Waits && o.Status != StatusPending {
		o.lapsing = true
		ls.entry.matching.venue.Cancel(o.paper, ls.clock.now)
		ls.entry.matching.drainEvents()
		return
	}
	if o.Waits {
		ls.stops.unparkOrder(o)
	}
	o.Status, o.Updated = StatusExpired, ls.clock.now
	ls.orders.reportChange(o, Expired, nil)
	ls.outbox.Flush()
}

// Cancel ends an open order under the name of its cancel, as Entry.Cancel does, and what else
// is open of its list.
func (ls *Lists) Cancel(o *Order, name string) bool {
	if !ls.entry.Cancel(o, name) {
		return false
	}
	if o.List != nil {
		for _, other := range o.List.Orders() {
			ls.entry.Cancel(other, name)
		}
	}
	ls.settle()
	return true
}

// settle goes on with lists whose orders have changed.
func (ls *Lists) settle() {
	if ls.busy || len(ls.live) == 0 {
		return
	}
	ls.busy = true
	for _, l := range ls.live {
		ls.step(l)
	}
	ls.busy = false
	ls.live = slices.DeleteFunc(ls.live, func(l *List) bool { return l.Done })
}

func (ls *Lists) step(l *List) {
	if w := l.Working; w != nil && !l.sent && !w.Open() {
		if w.Status == StatusFilled && l.Legs[0].Open() {
			_ = ls.send(l) // the refused leg tells it
			ls.tell(l, ListUpdated)
		} else {
			for _, o := range l.Legs {
				ls.expire(o)
			}
		}
	}
	if l.sent {
		for _, o := range l.Legs {
			if o.Filled > 0 || o.Status == StatusExpired {
				ls.endOthers(o)
			}
		}
	}
	if !slices.ContainsFunc(l.Orders(), (*Order).Open) {
		l.Done = true
		ls.tell(l, ListDone)
	}
}

func (ls *Lists) tell(l *List, change ListChange) {
	l.Updated = ls.clock.now
	ls.outbox.queueEvent(Event{Kind: ListChanged, Time: ls.clock.now, Segment: l.Market.Segment, List: l, ListChange: change})
	ls.outbox.Flush()
}

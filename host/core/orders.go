package core

import (
	"iter"

	"github.com/perilune/perilune/exchange"
)

// keepDone is how many finished orders stay known: late events about them are
// still understood.
const keepDone = 1000

// orderTable is the order table. Working orders are in order of id; finished ones
// are kept for a while.
type orderTable struct {
	last exchange.OrderID
	open []*exchange.Order
	done []*exchange.Order // ring
	next int
	byID map[exchange.OrderID]*exchange.Order
}

// plainOf are the working orders that a strategy sent itself: not those of a pair, a schedule
// or an order that is held, whose machine would send another.
func (t *orderTable) plainOf(strategy int32) iter.Seq[*exchange.Order] {
	return func(yield func(*exchange.Order) bool) {
		for _, o := range t.open {
			if o.Strategy == strategy && plain(o) && !yield(o) {
				return
			}
		}
	}
}

// plain reports whether an order is of no machine.
func plain(o *exchange.Order) bool { return o.Pair == 0 && o.Schedule == 0 && o.Parent == 0 }

func (t *orderTable) get(id exchange.OrderID) (*exchange.Order, bool) {
	o, ok := t.byID[id]
	return o, ok
}

func (t *orderTable) addOrder(o *exchange.Order) {
	t.open = append(t.open, o)
	t.byID[o.ID] = o
}

// finishOrder moves an order from the working to the finished ones.
func (t *orderTable) finishOrder(o *exchange.Order) {
	for i, w := range t.open {
		if w == o {
			t.open = append(t.open[:i], t.open[i+1:]...)
			break
		}
	}
	if len(t.done) < keepDone {
		t.done = append(t.done, o)
		return
	}
	delete(t.byID, t.done[t.next].ID)
	t.done[t.next] = o
	t.next = (t.next + 1) % keepDone
}

// pending is the signed quantity that working orders on a side may still fill.
func (t *orderTable) pending(id exchange.InstrumentID, side exchange.Side) exchange.Lots {
	var q exchange.Lots
	for _, o := range t.open {
		if o.Instrument == id && o.Side == side {
			q += exchange.Lots(side) * o.Leaves()
		}
	}
	return q
}

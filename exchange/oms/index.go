package oms

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// orderIndex finds orders: those that are not over, and the last that are, because late
// reports of them are still to be understood.
type orderIndex struct {
	open     []*order // oldest first
	finished []*order // the last of them
	byID     map[exchange.OrderID]*order
	byClient map[string]*order
	byVenue  map[venueOrder]*order
}

// venueOrder names an order as the venue does.
type venueOrder struct {
	instrument exchange.InstrumentID
	id         string
}

func newOrderIndex() *orderIndex {
	return &orderIndex{byID: map[exchange.OrderID]*order{}, byClient: map[string]*order{}, byVenue: map[venueOrder]*order{}}
}

// add makes an order known by our names.
func (x *orderIndex) add(n *order) {
	x.open = append(x.open, n)
	x.byID[n.ID], x.byClient[n.ClientID] = n, n
}

// named makes it known by the venue's.
func (x *orderIndex) named(n *order, orderID string) {
	n.VenueID = orderID
	x.byVenue[venueOrder{n.Instrument, orderID}] = n
}

func (x *orderIndex) next() exchange.Time {
	next := never
	for _, n := range x.open {
		next = min(next, n.next())
	}
	return next
}

// sweep drops what is finished from the list that is walked.
func (x *orderIndex) sweep() {
	x.open = slices.DeleteFunc(x.open, func(n *order) bool {
		if n.stage == done {
			x.finished = append(x.finished, n)
		}
		return n.stage == done
	})
	for len(x.finished) > finishedKept {
		x.forget(x.finished[0])
		x.finished = x.finished[1:]
	}
}

func (x *orderIndex) forget(n *order) {
	if n.stage != done {
		return // it turned up again
	}
	delete(x.byID, n.ID)
	delete(x.byClient, n.ClientID)
	delete(x.byVenue, venueOrder{n.Instrument, n.VenueID})
}

// owner finds the order that a report or an execution is about.
func (x *orderIndex) owner(id exchange.InstrumentID, clientID, orderID string) *order {
	if n := x.byClient[clientID]; n != nil && n.Instrument == id {
		return n
	}
	return x.byVenue[venueOrder{id, orderID}]
}

// working reports an open order.
func (x *orderIndex) working(id exchange.InstrumentID) bool {
	return slices.ContainsFunc(x.open, func(n *order) bool { return n.Instrument == id && n.stage != done })
}

// missing reports whether the venue spoke of more executions than we have.
func (x *orderIndex) missing(id exchange.InstrumentID) bool {
	return slices.ContainsFunc(x.open, func(n *order) bool {
		return n.Instrument == id && n.stage != done && n.reported.filled > n.Filled
	})
}

// unnamed reports an order of ours that may be at the venue under a number that
// we do not know.
func (x *orderIndex) unnamed(id exchange.InstrumentID) bool {
	return slices.ContainsFunc(x.open, func(n *order) bool {
		return n.Instrument == id && n.VenueID == "" && (n.stage == placing || n.stage == unknown)
	})
}

// unresolved is an order in one of the venues of which it is not known how it stands; nil: of all
// it is.
func (x *orderIndex) unresolved(in func(*exchange.Instrument) bool) *order {
	i := slices.IndexFunc(x.open, func(n *order) bool {
		return in(n.in) && (n.stage == placing || n.stage == unknown || n.reported.filled > n.Filled || n.reported.status.Terminal() && n.stage != done)
	})
	if i < 0 {
		return nil
	}
	return x.open[i]
}

// rest reports whether an order rests, or may come to.
func (x *orderIndex) rest(covers func(*exchange.Instrument) bool) bool {
	return slices.ContainsFunc(x.open, func(n *order) bool { return n.stage != done && n.Rests() && covers(n.in) })
}

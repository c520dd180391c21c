package simserver

import "slices"

type clientKey struct {
	m      *Market
	client string
}

// All returns all orders by id. The slice must not be changed.
func (r *Orders) All() []*Order { return r.all }

// register gives an order its id and makes it known.
func (r *Orders) register(o *Order) {
	o.ID = int64(len(r.all)) + 1
	r.all = append(r.all, o)
	r.live = append(r.live, o)
	r.byClient[clientKey{o.Market, o.Client}] = o
	if o.paper != 0 {
		r.byPaper[o.paper] = o
	}
}

// unregister removes the last registered order: it was refused and never existed.
func (r *Orders) unregister(o *Order, previous *Order) {
	r.all = r.all[:len(r.all)-1]
	r.live = slices.DeleteFunc(r.live, func(other *Order) bool { return other == o })
	delete(r.byPaper, o.paper)
	delete(r.byClient, clientKey{o.Market, o.Client})
	if previous != nil {
		r.byClient[clientKey{o.Market, o.Client}] = previous
	}
}

// Open returns the open orders of a segment, of one market or all (nil), by id.
func (r *Orders) Open(seg *Segment, m *Market) []*Order {
	r.live = slices.DeleteFunc(r.live, func(o *Order) bool { return !o.Open() })
	var out []*Order
	for _, o := range r.live {
		if o.Market.Segment == seg && (m == nil || o.Market == m) {
			out = append(out, o)
		}
	}
	return out
}

// Order returns the order with an id, nil when there is none.
func (r *Orders) Order(id int64) *Order {
	if i := id - 1; i >= 0 && i < int64(len(r.all)) {
		return r.all[i]
	}
	return nil
}

// Named returns the latest order of a market that had a name, nil when there is none.
func (r *Orders) Named(m *Market, client string) *Order { return r.byClient[clientKey{m, client}] }

// reportChange tells of a change of an order; t is the fill of Filled.
func (r *Orders) reportChange(o *Order, change OrderChange, t *Trade) {
	ev := Event{Kind: OrderChanged, Time: o.Updated, Segment: o.Market.Segment, Order: o, Change: change, Trade: t}
	if t != nil {
		r.outbox.queueFill(ev)
	} else {
		r.outbox.queueEvent(ev)
	}
	if o.Conditional != nil && !o.Open() {
		r.conditionals.setStatus(o.Conditional, ConditionalFinished)
	}
}

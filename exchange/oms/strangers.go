package oms

import (
	"maps"

	"github.com/perilune/perilune/exchange"
)

// strangers are the open orders of others in a section, each with when it was last
// heard of.
type strangers struct {
	open    map[strangerOrder]exchange.Time
	crowded bool // there are more
}

type strangerOrder struct {
	venue  exchange.Venue
	symbol string
	id     string
}

func newStrangers() strangers { return strangers{open: map[strangerOrder]exchange.Time{}} }

func strangerOf(r *Report) strangerOrder { return strangerOrder{r.Venue, r.Symbol, r.OrderID} }

// foreign tells, once, of an order that somebody else has working.
func (s *reconciliation) foreign(r *Report) {
	others := &s.section(r.Venue).others
	venue := s.market.short(r.Venue)
	_, told := others.open[strangerOf(r)]
	switch {
	case told:
	case len(others.open) >= strangersMost:
		if !others.crowded {
			others.crowded = true
			s.note("%s: over %d orders are not ours; no more are told of, and their fills will be booked as foreign", venue, strangersMost)
		}
		return
	default:
		fate := "its fills will be booked as foreign"
		if in, ok := s.market.find(r.Venue, r.Symbol); ok && s.sides.hedged(in) {
			fate = "its fills will be booked as foreign where they change our position, and left alone otherwise"
		}
		s.note("%s:%s: order %s (%q, %s %s at %s) is not ours; %s", venue, r.Symbol, r.OrderID, r.ClientID, r.Side, r.Qty, r.Price, fate)
	}
	others.open[strangerOf(r)] = s.now
}

// foreignOver forgets one that is over.
func (s *reconciliation) foreignOver(r *Report) {
	delete(s.section(r.Venue).others.open, strangerOf(r))
}

// forgetUnlisted drops the orders of others that were open before a listing of a segment
// and are not in it: each that is was heard of just now.
func (o *strangers) forgetUnlisted(v exchange.Venue, asked exchange.Time) {
	maps.DeleteFunc(o.open, func(k strangerOrder, heard exchange.Time) bool { return k.venue == v && heard < asked })
	o.crowded = o.crowded && len(o.open) >= strangersMost
}

// tradedOutside is told of a trade in an instrument that this session does not know.
func (s *reconciliation) tradedOutside(e *Execution) {
	s.section(e.Venue).hurry(s.now)
	s.note("%s:%s is not in this universe and was traded: %s %s at %s", s.market.short(e.Venue), e.Symbol, e.Side, e.Qty, e.Price)
}

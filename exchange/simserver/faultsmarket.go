package simserver

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Faults of the exchange itself: its clock, its rules, its contracts.

func skewClock(s *State, a *armed) {
	s.Clock.skew = milliseconds(a.Millis)
	if a.ForMS > 0 {
		s.Faults.armAfter(a, a.ForMS, Fault{Kind: a.Kind})
	}
}

// closeForMaintenance refuses everything and cuts every connection.
func closeForMaintenance(s *State, a *armed) {
	if s.Faults.closed == nil {
		s.Faults.closed = map[*Segment]exchange.Time{}
	}
	for _, seg := range s.Segments.list {
		if a.segment == nil || a.segment == seg {
			s.Faults.closed[seg] = s.Clock.Wall() + exchange.UnixMilli(a.Millis)
		}
	}
	dropConnections(s, a)
}

// Closed reports maintenance of a segment, or of all when none is named: nothing is
// answered, nobody is let in.
func (l *Faults) Closed(seg *Segment) bool {
	if seg != nil || len(l.closed) == 0 {
		return l.clock.Wall() < l.closed[seg]
	}
	return !slices.ContainsFunc(l.segments.list, func(s *Segment) bool { return !l.Closed(s) })
}

// concerned are the instruments that a fault is for.
func (s *State) concerned(a *armed) []*Market {
	var out []*Market
	for _, m := range s.markets {
		if m.Segment != nil && (a.segment == nil || a.segment == m.Segment) && (a.Symbol == "" || a.Symbol == m.In.Symbol) {
			out = append(out, m)
		}
	}
	return out
}

// changeFilter replaces filters. They may only become coarser: what the venue
// behind the door enforces stays.
func changeFilter(s *State, a *armed) {
	for _, m := range s.concerned(a) {
		if t := a.rules.Tick; !t.IsZero() {
			m.Rules.Tick, m.Rules.MinPrice = t, t
		}
		if st := a.rules.Step; !st.IsZero() {
			m.Rules.Step, m.Rules.MinQty = st, decimal.Max(m.Rules.MinQty, st)
		}
		if n := a.rules.MinNotional; !n.IsZero() {
			m.Rules.MinNotional = n
		}
		m.announce()
	}
}

// delist halts a symbol: its orders are canceled and its positions settled at
// the mark. With ms it only announces that first, by the date.
func delist(s *State, a *armed) {
	for _, m := range s.concerned(a) {
		if a.Millis > 0 {
			m.Rules.Ends = millis(s.Clock.Wall()) + a.Millis
			m.announce()
			s.Faults.armAfter(a, a.Millis, Fault{Kind: a.Kind, Market: m.Segment.Name, Symbol: m.In.Symbol})
			continue
		}
		m.Rules.Halted = true
		for _, acc := range s.accounts {
			acc.endSymbol(m)
		}
		m.announce()
	}
}

// deleverage closes the whole position of every account at the mark.
func deleverage(s *State, a *armed) {
	for _, m := range s.concerned(a) {
		for _, acc := range s.accounts {
			acc.matching.closeAtMark(m)
		}
	}
}

func changeFunding(s *State, a *armed) {
	for _, m := range s.concerned(a) {
		if m.In.Perp() {
			m.hours = a.Hours
			m.due = m.boundary(s.Clock.now)
		}
	}
}

// boundary is the next settlement after t at the changed interval.
func (m *Market) boundary(t exchange.Time) exchange.Time {
	every := exchange.Time(m.hours) * exchange.Hour
	return t - t%every + every
}

// refund makes the feed follow a changed funding interval: marks tell the next
// settlement, the feed's own settlements are left out, and those of the new
// interval are made, at the running rate. The rate is per interval, so it
// changes with its length. It reports whether ev is to be left out.
func (s *State) refund(m *Market, ev *exchange.Event) bool {
	switch ev.Kind {
	case exchange.KindFunding:
		return true
	case exchange.KindMark:
		if ev.Hours > 0 {
			ev.Rate = ev.Rate * exchange.E8(m.hours) / exchange.E8(ev.Hours)
		}
		if m.due <= ev.Time {
			settled := exchange.Event{Kind: exchange.KindFunding, Instrument: m.In.ID, Time: ev.Time, VenueTime: m.due, Rate: m.Mark.Rate, Mark: m.Mark.Mark, Hours: m.hours}
			m.due = m.boundary(ev.Time)
			s.showEvent(m, &settled)
		}
		ev.NextFunding, ev.Hours = m.due, m.hours
	}
	return false
}

package simserver

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Faults of the exchange itself: its clock, its rules, its contracts.

func skewClock(s *sim, a *armed) {
	s.skew = milliseconds(a.Millis)
	if a.ForMS > 0 {
		s.desk.follow(s, a, a.ForMS, Fault{Kind: a.Kind})
	}
}

// closeForMaintenance refuses everything and cuts every connection.
func closeForMaintenance(s *sim, a *armed) {
	for _, m := range api.Markets {
		if a.market == 0 || a.market == m {
			s.desk.closedUntil[m] = s.wall() + exchange.UnixMilli(a.Millis)
		}
	}
	dropConnections(s, a)
}

// concerned are the instruments that a fault is for.
func (s *sim) concerned(a *armed) []*market {
	var out []*market
	for _, m := range s.markets {
		if (a.market == 0 || a.market == api.Of(m.in.Venue)) && (a.Symbol == "" || a.Symbol == m.in.Symbol) {
			out = append(out, m)
		}
	}
	return out
}

// changeFilter replaces filters. They may only become coarser: what the venue
// behind the door enforces stays.
func changeFilter(s *sim, a *armed) {
	for _, m := range s.concerned(a) {
		if t := a.rules.tick; !t.IsZero() {
			m.rules.tick, m.rules.minPrice = t, t
		}
		if st := a.rules.step; !st.IsZero() {
			m.rules.step, m.rules.minQty = st, decimal.Max(m.rules.minQty, st)
		}
		if n := a.rules.minNotional; !n.IsZero() {
			m.rules.minNotional = n
		}
		s.announceContract(m)
	}
}

// delist halts a symbol: its orders are cancelled and its positions settled at
// the mark. With ms it only announces that first, by the delivery date.
func delist(s *sim, a *armed) {
	for _, m := range s.concerned(a) {
		if a.Millis > 0 {
			m.rules.delivery = millis(s.wall()) + a.Millis
			s.announceContract(m)
			s.desk.follow(s, a, a.Millis, Fault{Kind: a.Kind, Market: api.Of(m.in.Venue).String(), Symbol: m.in.Symbol})
			continue
		}
		m.rules.status = "SETTLING"
		if api.Of(m.in.Venue) == api.Spot {
			m.rules.status = "BREAK"
		}
		for _, acc := range s.accounts {
			acc.wind(m)
		}
		s.announceContract(m)
	}
}

// wind ends what an account has in a symbol that is delisted.
func (a *account) wind(m *market) {
	for _, o := range a.openOrders(api.Of(m.in.Venue), m) {
		o.expiry = "7"
		_ = a.cancel(o, "delisted") // it was open a moment ago
	}
	a.expireAlgos(m, "The symbol is delisted.")
	a.closing = "settlement"
	a.closeAtMark(m)
	a.closing = ""
}

// closeAtMark closes the whole position with an order that nobody sent.
func (a *account) closeAtMark(m *market) {
	if q := a.venue.Position(m.in.ID).Qty.Abs(); m.in.Perp() && q > 0 {
		a.venue.Deleverage(m.in.ID, q, a.s.now)
		a.drain()
	}
}

// deleverage closes the whole position of every account at the mark.
func deleverage(s *sim, a *armed) {
	for _, m := range s.concerned(a) {
		for _, acc := range s.accounts {
			acc.closeAtMark(m)
		}
	}
}

func changeFunding(s *sim, a *armed) {
	for _, m := range s.concerned(a) {
		if m.in.Perp() {
			m.hours = a.Hours
			m.due = m.boundary(s.now)
		}
	}
}

// boundary is the next settlement after t at the changed interval.
func (m *market) boundary(t exchange.Time) exchange.Time {
	every := exchange.Time(m.hours) * exchange.Hour
	return t - t%every + every
}

// refund makes the feed follow a changed funding interval: marks tell the next
// settlement, the feed's own settlements are left out, and those of the new
// interval are made, at the running rate. The rate is per interval, so it
// changes with its length. It reports whether ev is to be left out.
func (s *sim) refund(m *market, ev *exchange.Event) bool {
	switch ev.Kind {
	case exchange.KindFunding:
		return true
	case exchange.KindMark:
		if ev.Hours > 0 {
			ev.Rate = ev.Rate * exchange.E8(m.hours) / exchange.E8(ev.Hours)
		}
		if m.due <= ev.Time {
			settled := exchange.Event{Kind: exchange.KindFunding, Instrument: m.in.ID, Time: ev.Time, VenueTime: m.due, Rate: m.mark.Rate, Mark: m.mark.Mark, Hours: m.hours}
			m.due = m.boundary(ev.Time)
			s.show(m, &settled)
		}
		ev.NextFunding, ev.Hours = m.due, m.hours
	}
	return false
}

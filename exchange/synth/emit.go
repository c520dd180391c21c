package synth

import (
	"io"

	"github.com/perilune/perilune/exchange"
)

// idsPerStep is how many update ids of a book one step uses up.
const idsPerStep = 64

// Next fills ev with the next event. Within a step come first the settlements
// that fall on it, then instrument after instrument: its prints, its book, its
// mark price, what was liquidated.
func (m *Market) Next(ev *exchange.Event) error {
	for {
		if m.opt.Until != 0 && m.now() > m.opt.Until {
			return io.EOF
		}
		if m.at == len(m.venues) {
			m.turn()
			continue
		}
		if m.settling {
			v := &m.venues[m.at]
			m.at++
			if v.perp != nil && v.perp.settled.Time == m.now() {
				m.settlement(ev, v)
				return nil
			}
			continue
		}
		if m.emit(ev, &m.venues[m.at]) {
			return nil
		}
	}
}

// turn goes from the settlements to the instruments, and from them to the next
// step.
func (m *Market) turn() {
	m.at, m.part = 0, 0
	if m.settling = !m.settling; m.settling {
		m.k++
		m.advance()
	}
}

// emit fills ev with the next event of v in this step, or goes on to the next
// instrument and returns false.
func (m *Market) emit(ev *exchange.Event, v *venue) bool {
	prints := v.prints
	if m.k == m.first {
		prints = 0
	}
	n := m.part
	m.part++
	switch {
	case v.over(m.now()):
		m.at, m.part = m.at+1, 0
		return false
	case n < prints:
		m.stamp(ev, v, exchange.KindTrade, n)
		m.print(ev, v, n)
	case n == prints:
		m.stamp(ev, v, exchange.KindDiff, n)
		m.book(ev, v)
	case n == prints+1 && m.marks(v):
		m.stamp(ev, v, exchange.KindMark, n)
		v.perp.report(ev, v)
	case m.k != m.first && v.crowded.pending():
		m.stamp(ev, v, exchange.KindLiquidation, prints+1)
		v.crowded.report(ev, v)
	default:
		m.at, m.part = m.at+1, 0
		return false
	}
	return true
}

// stamp sets what every event has. The parts of a slot follow each other by a
// sixteenth of it.
func (m *Market) stamp(ev *exchange.Event, v *venue, kind exchange.Kind, part int) {
	ev.Kind, ev.Instrument = kind, v.in.ID
	ev.Time = m.now() + exchange.Time(m.at)*m.slot + exchange.Time(part)*(m.slot/16)
	ev.VenueTime = ev.Time
	ev.Synthetic, ev.More = false, false
}

// marks reports whether v has a mark price to tell at this step.
func (m *Market) marks(v *venue) bool {
	t := m.now()
	return v.perp != nil && (m.k == m.first || t/markEvery != (t-m.opt.Step)/markEvery)
}

func (p *perp) report(ev *exchange.Event, v *venue) {
	ev.Mark = e8(p.mark)
	ev.Index = e8(v.asset.index * float64(v.in.Multiplier))
	ev.Rate = p.estimate()
	ev.NextFunding = p.next
	if p.next == never {
		ev.NextFunding = 0
	}
	ev.Hours = p.rule.Hours
}

func (m *Market) settlement(ev *exchange.Event, v *venue) {
	s := v.perp.settled
	ev.Kind, ev.Instrument, ev.Synthetic = exchange.KindFunding, v.in.ID, false
	ev.Time, ev.VenueTime = s.Time, s.Time
	ev.Rate, ev.Mark, ev.Hours = s.Rate, s.Mark, s.Hours
	ev.More = true // the first instrument of the step follows at the same time
}

// book fills ev with a snapshot at the first step and with a diff later. Update
// ids are a function of the step; they link as the venue's do.
func (m *Market) book(ev *exchange.Event, v *venue) {
	was, is := &v.ladders[(m.k+1)&1], &v.ladders[m.k&1]
	mass := v.thickness(m)
	v.shape.build(&is.bids, exchange.Buy, v.bid, m.k, mass)
	v.shape.build(&is.asks, exchange.Sell, v.ask, m.k, mass)
	ev.LastID = (m.k + 1) * idsPerStep
	if m.k == m.first {
		ev.Kind = exchange.KindSnapshot
		ev.FirstID, ev.PrevID = 0, 0
		ev.Bids, ev.Asks = is.bids[:], is.asks[:]
		return
	}
	ev.FirstID, ev.PrevID = ev.LastID-idsPerStep+1, -1
	if v.perp != nil || v.abroad != nil {
		ev.PrevID = ev.LastID - idsPerStep
	}
	v.bidsB = diff(v.bidsB[:0], &was.bids, &is.bids, exchange.Buy)
	v.asksB = diff(v.asksB[:0], &was.asks, &is.asks, exchange.Sell)
	ev.Bids, ev.Asks = v.bidsB, v.asksB
}

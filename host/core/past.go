package core

import (
	"cmp"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/bars"
)

// looked is how far the past of a market is known that comes by a KindPast.
type looked struct {
	asked bool   // a strategy looked for it, and it was asked for
	told  bool   // it came
	fault string // what of it can't be had
}

// isPastHere reports whether nothing of a market's past is still to come.
func (mk *markets) isPastHere(m *market) bool { return !mk.pastComes || m.looked.told }

// lookBack has a market's past read before that of others, because a strategy looks for it.
func (mk *markets) lookBack(m *market) {
	if mk.reading != nil || !mk.pastComes || m.in == nil || m.looked.told || m.looked.asked {
		return
	}
	m.looked.asked = true
	mk.emit(-1, WantPast{m.in.ID})
}

// onPast takes the past of an instrument. One that comes while strategies run goes before what
// was seen meanwhile. Nobody is paid what was settled then, and no bar of it is shown.
func (bb *barBuilder) onPast(ev *exchange.Event) {
	m := &bb.markets.list[ev.Instrument]
	if p := ev.Past; p != nil {
		m.recallSettled(p.Settled)
		for _, x := range p.Premiums {
			m.funding.Premium(x.Time, x.Rate)
		}
		if bb.phase.running {
			bb.precede(m, p.Bars)
		} else {
			bb.begin(m, p.Bars)
		}
	}
	m.looked.told, m.looked.fault = true, ev.Reason
	if bb.phase.running {
		bb.warmUp()
		bb.strategies.notifyWatchers(Callback{Handler: OnPast, Instrument: ev.Instrument})
	}
}

// tellPasts tells strategies that start of every past that is here, after their own start.
func (ss *strategies) tellPasts(mk *markets) {
	if !ss.Heard(OnPast) {
		return
	}
	ss.drain()
	for i := range mk.list {
		if mk.isPastHere(&mk.list[i]) {
			ss.notifyWatchers(Callback{Handler: OnPast, Instrument: mk.list[i].in.ID})
			ss.drain()
		}
	}
}

// recallSettled puts rates among those that are known, each once.
func (m *market) recallSettled(past []exchange.Settled) {
	list := slices.Concat(past, m.settled)
	slices.SortStableFunc(list, func(a, b exchange.Settled) int { return cmp.Compare(a.Time, b.Time) })
	list = slices.CompactFunc(list, func(a, b exchange.Settled) bool { return a.Time == b.Time })
	m.settled = list[max(0, len(list)-keepSettled):]
}

// begin takes the bars of a past before anything was seen. Longer ones that the venue has
// itself go before those that are put together of the market's own.
func (bb *barBuilder) begin(m *market, list []exchange.Bar) {
	for _, fed := range [...]bool{false, true} {
		for i := range list {
			if (list[i].Interval == m.fed) == fed {
				bb.onBar(m, &exchange.Event{Kind: exchange.KindBar, Instrument: m.in.ID, VenueTime: list[i].Time, Bar: list[i]})
			}
		}
	}
	bb.candles.closed = bb.candles.closed[:0] // nobody was there to be shown them
}

// precede puts the bars of a past before those that were seen. What was traded then is left
// out of how a schedule counts the market: it is not what trades while it works.
func (bb *barBuilder) precede(m *market, list []exchange.Bar) {
	var own []exchange.Bar
	for _, b := range list {
		if b.Interval == m.fed && b.Close != 0 && (len(m.bars) == 0 || b.Time < m.bars[0].Time) {
			own = append(own, b)
		}
	}
	m.bars = slices.Concat(own, m.bars)
	m.bars = m.bars[max(0, len(m.bars)-2*bars.Keep):]
	for _, s := range m.built {
		s.Precede(ofLength(list, s.Length()))
	}
	for i, was := range m.merged {
		s := bars.New(m.in, was.Length(), bb.now)
		for _, b := range ofLength(list, was.Length()) {
			if b.Time <= bb.now {
				s.Recall(&b, bb.now+1)
			}
		}
		for j := range m.bars {
			s.Bar(&m.bars[j], nil)
		}
		m.merged[i] = s
	}
}

func ofLength(list []exchange.Bar, length exchange.Time) (out []exchange.Bar) {
	for _, b := range list {
		if b.Interval == length {
			out = append(out, b)
		}
	}
	return out
}

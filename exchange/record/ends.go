package record

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// endsAfter is how far behind the others the end of a feed must lie to count: the
// files of one recording do not stop at the same moment.
const endsAfter = 5 * exchange.Second

// ends is what becomes of books whose feed is over while others go on. Nobody
// knows such a market any more: it has no liquidity, and is declared lost.
type ends struct {
	over  []*head                 // feeds that have ended; each keeps its last event
	gaps  []exchange.InstrumentID // to be declared lost before the next event
	held  bool                    // the first head's event was not given out yet
	ended []endedBook
}

// endedBook is an instrument whose book nothing keeps up since some time.
type endedBook struct {
	id exchange.InstrumentID
	at exchange.Time
}

// bookKinds tells from which events an instrument's book comes.
type bookKinds uint8

const (
	fromDepth bookKinds = 1 << iota
	fromTicker
)

// note remembers which books the head's feed keeps up.
func (h *head) note() {
	var k bookKinds
	switch h.ev.Kind {
	case exchange.KindSnapshot, exchange.KindDiff:
		k = fromDepth
	case exchange.KindTicker:
		k = fromTicker
	default:
		return
	}
	if h.ev.Instrument == h.id && h.known&k != 0 {
		return
	}
	if h.kinds == nil {
		h.kinds = map[exchange.InstrumentID]bookKinds{}
	}
	h.kinds[h.ev.Instrument] |= k
	h.id, h.known = h.ev.Instrument, h.kinds[h.ev.Instrument]
}

// gap takes the next lost book.
func (m *merged) gap(ev *exchange.Event) {
	*ev = exchange.Event{Kind: exchange.KindGap, Instrument: m.ends.gaps[0], Time: m.heads[0].ev.Time,
		Reason: "its recording has ended", More: m.instants}
	m.ends.gaps, m.ends.held = m.ends.gaps[1:], true
}

// bury looks after feeds that ended long enough before now, and reports whether
// books were lost with them: those that no other feed keeps up.
func (m *merged) bury(now exchange.Time) bool {
	e := &m.ends
	left := e.over[:0]
	for _, h := range e.over {
		if now < h.ev.Time+endsAfter {
			left = append(left, h)
			continue
		}
		for id, kinds := range h.kinds { // order does not matter: sorted below
			if !m.kept(id, kinds) {
				e.gaps = append(e.gaps, id)
				e.ended = append(e.ended, endedBook{id, h.ev.Time})
			}
		}
	}
	e.over = left
	slices.Sort(e.gaps)
	slices.SortFunc(e.ended, func(a, b endedBook) int { return int(a.id - b.id) })
	return len(e.gaps) > 0
}

// kept reports whether a feed that goes on keeps up a book as one that ended did.
// One of best quotes does not stand in for one of depth.
func (m *merged) kept(id exchange.InstrumentID, was bookKinds) bool {
	for _, h := range m.heads {
		if k := h.kinds[id]; k&fromDepth != 0 || was&fromDepth == 0 && k != 0 {
			return true
		}
	}
	return false
}

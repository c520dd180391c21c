package core

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution/schedule"
)

// askAgain is how long after a failure a market's past is not asked for again.
const askAgain = 10 * exchange.Minute

// pastVolume is what is known of a market's volume beside what the session saw.
type pastVolume struct {
	given *schedule.Profile // nil: none
	asked exchange.Time     // of the venue; 0: not
	told  bool
	fault bool // it could not tell
}

// giveProfiles makes the given profiles those of their instruments.
func (mk *markets) giveProfiles(list []*schedule.Profile) {
	for _, p := range list {
		for i := range mk.list {
			if m := &mk.list[i]; m.in.FullKey() == p.Symbol || m.in.Key() == p.Symbol {
				m.past.given = p
			}
		}
	}
}

// VolumeCurve implements schedule.Port. Other markets of the same kind stand in
// for one that has not been seen for long enough.
func (mk *markets) VolumeCurve(id exchange.InstrumentID, start, interval exchange.Time, slices int) intent.Curve {
	var others []*schedule.History
	for i := range mk.list {
		if m := &mk.list[i]; m.in.ID != id && m.in.Venue == mk.list[id].in.Venue {
			others = append(others, &m.volume)
		}
	}
	m := &mk.list[id]
	return schedule.Follow(m.past.given, &m.volume, others, start, interval, slices)
}

// Learning implements schedule.Port.
func (mk *markets) Learning(id exchange.InstrumentID, start, interval exchange.Time, slices int) bool {
	m := &mk.list[id]
	p := &m.past
	switch {
	case !mk.tellsPast || p.given != nil && p.given.Unfit(start) == "" || p.told && !p.fault:
		return false
	case m.volume.Days(start, interval, slices) >= schedule.LeastDays:
		return false
	case mk.reading != nil:
	case p.asked == 0 || p.fault && mk.now >= p.asked+askAgain:
		p.asked, p.told, p.fault = mk.now, false, false
		mk.emit(-1, WantVolume{id})
	}
	return !p.told
}

// onVolume takes what a venue tells of the days before.
func (mk *markets) onVolume(m *market, ev *exchange.Event) {
	p := &m.past
	p.told, p.fault = true, ev.Volumes == nil
	if p.fault {
		mk.logAbout(intent.Warn, -1, About{Instrument: m.in.Key()}, fmt.Sprintf("the past volume of %s can't be had: %s", m.in.Key(), ev.Reason))
		return
	}
	m.volume.Told(ev.VenueTime, ev.Volumes.Length, ev.Volumes.Qty)
}

package live

import (
	"time"

	"github.com/perilune/perilune/exchange"
)

// interestEvery is how often the open interest of a contract is asked for, unless there
// are more than sixty: one is asked for in a second, which is a small part of what any venue allows.
const (
	interestEvery = time.Minute
	interestApart = time.Second
)

// pollInterest asks for the open interest of one contract after the other.
func (m *Market) pollInterest() {
	var contracts []*track
	for _, t := range m.tracks {
		if t.in.Perp() {
			contracts = append(contracts, t)
		}
	}
	for len(contracts) > 0 {
		for _, t := range contracts {
			if err := m.askInterest(t); err != nil && m.ctx.Err() == nil {
				m.notice(t.in.ID, "open interest of %s: %v", t.in.Key(), err)
			}
			if pause(m.ctx, interestApart) != nil {
				return
			}
		}
		if pause(m.ctx, interestEvery-time.Duration(len(contracts))*interestApart) != nil {
			return
		}
	}
}

func (m *Market) askInterest(t *track) error {
	ev, err := m.o.Ask.Interest(m.ctx, t.in)
	if err != nil {
		return err
	}
	ev.Kind, ev.Instrument = exchange.KindOpenInterest, t.in.ID
	if m.impossible(t, &ev) {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	m.post(&ev)
	return nil
}

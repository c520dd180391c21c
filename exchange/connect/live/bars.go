package live

import (
	"context"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// openingOf is when the candle of an event opened.
func openingOf(ev *exchange.Event) exchange.Time { return ev.VenueTime - ev.Bar.Interval }

// bar sends a finished candle, once. One that follows a hole is left to fillBars, which
// fetches it with those that are missing. One that is older than the last but one is
// of a venue that was reset.
func (t *track) bar(m *Market, ev *exchange.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !m.has(connect.Bars) || ev.Bar.Interval != m.o.Data.Bars {
		return
	}
	opened := openingOf(ev)
	if opened < t.barred-m.o.Data.Bars {
		t.barred, t.firstBar = 0, 0
	}
	if t.barred == 0 || opened == t.barred+m.o.Data.Bars {
		t.sendBar(m, ev)
	}
}

// sendBar sends a candle that is later than the last one; t is locked.
func (t *track) sendBar(m *Market, ev *exchange.Event) {
	if opened := openingOf(ev); opened > t.barred {
		if t.barred = opened; t.firstBar == 0 {
			t.firstBar = opened
		}
		m.post(ev)
	}
}

// barGrace is how long after its end a candle is waited for: a quiet market may say
// nothing at the close.
const barGrace = 5 * exchange.Second

// overdue reports whether a candle should have been finished.
func (t *track) overdue(m *Market, now exchange.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.barred != 0 && now > t.barred+2*m.o.Data.Bars+barGrace && now > t.barTry
}

// fillBars asks for the candles that the streams did not bring.
func (m *Market) fillBars() {
	for _, t := range m.tracks {
		now := m.o.Now()
		if !t.overdue(m, now) {
			continue
		}
		if err := m.fillBar(t, now); err != nil && m.ctx.Err() == nil {
			m.notice(t.in.ID, "bars of %s: %v", t.in.Key(), err)
		}
	}
}

func (m *Market) fillBar(t *track, now exchange.Time) error {
	t.mu.Lock()
	missing := int((now - t.barred) / m.o.Data.Bars)
	t.barTry = now + exchange.Minute
	t.mu.Unlock()
	list, err := m.bars(m.ctx, t.in, m.o.Data.Bars, min(missing+1, m.o.MostBars))
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range list {
		t.sendBar(m, &list[i])
	}
	return nil
}

// bars returns the last candles that are finished, oldest first. The clocks need not agree,
// but all that ended some time ago surely are.
func (m *Market) bars(ctx context.Context, in *exchange.Instrument, length exchange.Time, most int) ([]exchange.Event, error) {
	list, err := m.o.Ask.Bars(ctx, in, length, most)
	now := m.o.Now()
	for len(list) > 0 && list[len(list)-1].VenueTime+barGrace > now {
		list = list[:len(list)-1]
	}
	return m.possible(m.tracks[in.ID], list), err
}

package live

import (
	"context"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// Past implements connect.Market: settled funding rates, what else there is (premiums), and
// finished candles, those of DataOptions.Past first. VenueTime is when each was settled or
// closed. What it returns is not posted, and nothing is both.
func (m *Market) Past(ctx context.Context, id exchange.InstrumentID) ([]exchange.Event, error) {
	t := m.track(id)
	if t == nil {
		return nil, fmt.Errorf("the past of instrument %d: want 0 to %d", id, len(m.tracks)-1)
	}
	out, err := m.past(ctx, t)
	if err != nil {
		err = fmt.Errorf("the past of %s: %w", t.in.Key(), err)
	}
	return out, err
}

func (m *Market) past(ctx context.Context, t *track) (out []exchange.Event, err error) {
	ask := &m.o.Ask
	if t.in.FundingHours > 0 && m.has(connect.Marks) {
		if ask.Settled != nil {
			if out, err = m.pastSettled(ctx, t); err != nil {
				return nil, err
			}
		}
		if ask.Past != nil {
			more, err := ask.Past(ctx, t.in)
			if err != nil {
				return out, err
			}
			out = append(out, m.possible(t, more)...)
		}
	}
	if !m.has(connect.Bars) || ask.Bars == nil {
		return out, nil
	}
	for _, length := range m.o.Data.Past {
		if length == m.o.Data.Bars {
			continue
		}
		list, err := m.bars(ctx, t.in, length, m.o.MostBars)
		if err != nil {
			return out, err
		}
		out = append(out, list...)
	}
	bars, err := m.pastBars(ctx, t)
	return append(out, bars...), err
}

func (m *Market) pastBars(ctx context.Context, t *track) (out []exchange.Event, err error) {
	list, err := m.bars(ctx, t.in, m.o.Data.Bars, m.o.MostBars)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range list {
		opened := openingOf(&list[i])
		if t.firstBar != 0 && opened >= t.firstBar {
			break // the stream brought it meanwhile
		}
		out = append(out, list[i])
		t.barred = max(t.barred, opened)
	}
	return out, nil
}

// lookback is of how much time rates that were settled are looked back on at least: three
// weeks tell what a contract usually pays.
const lookback = 21 * exchange.Day

// pastSettled returns the rates of before the first settlement that the marks announce: those
// are sent by settle, whenever this is asked.
func (m *Market) pastSettled(ctx context.Context, t *track) (out []exchange.Event, err error) {
	t.mu.Lock()
	hours := exchange.Time(max(t.hours, 1)) * exchange.Hour
	t.mu.Unlock()
	rows, err := m.o.Ask.Settled(ctx, []*exchange.Instrument{t.in}, 0, max(m.o.Settled, int(lookback/hours)))
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var before exchange.Time
	for _, ev := range rows {
		ev.VenueTime = onMinute(ev.VenueTime)
		if ev.Instrument != t.in.ID || ev.VenueTime <= before || t.announced != 0 && ev.VenueTime > t.announced-near || m.impossible(t, &ev) {
			continue
		}
		if ev.Hours == 0 {
			ev.Hours = t.hours
			if h := int((ev.VenueTime - before) / exchange.Hour); before != 0 && h >= 1 && h <= 24 {
				ev.Hours = h
			}
		}
		before, t.settled = ev.VenueTime, max(t.settled, ev.VenueTime)
		out = append(out, ev)
	}
	return out, nil
}

// onMinute takes the milliseconds off that a settlement took.
func onMinute(t exchange.Time) exchange.Time {
	return (t + exchange.Minute/2) / exchange.Minute * exchange.Minute
}

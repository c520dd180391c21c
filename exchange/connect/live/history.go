package live

import (
	"context"
	"fmt"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// History implements connect.Market: by instrument, settled funding rates, what else there
// is (premiums), and finished candles, those of DataOptions.Past first. VenueTime is when
// each was settled or closed. What it returns is not posted, and nothing is both. An instrument
// whose past can't be had has none; the error names the first such.
func (m *Market) History(ctx context.Context) ([]exchange.Event, error) {
	past := make([][]exchange.Event, len(m.tracks))
	errs := make([]error, len(m.tracks))
	var wg sync.WaitGroup
	slots := make(chan struct{}, m.o.Workers)
	for i, t := range m.tracks {
		wg.Go(func() {
			slots <- struct{}{}
			past[i], errs[i] = m.past(ctx, t)
			<-slots
		})
	}
	wg.Wait()
	var out []exchange.Event
	var failed error
	for i := range past {
		out = append(out, past[i]...)
		if failed == nil && errs[i] != nil {
			failed = fmt.Errorf("the past of %s: %w", m.tracks[i].in.Key(), errs[i])
		}
	}
	return out, failed
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
			out = append(out, more...)
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
	posted := t.barred // by the stream, meanwhile
	for i := range list {
		opened := openingOf(&list[i])
		if posted != 0 && opened >= posted {
			break
		}
		out = append(out, list[i])
		t.barred = max(t.barred, opened)
	}
	return out, nil
}

func (m *Market) pastSettled(ctx context.Context, t *track) (out []exchange.Event, err error) {
	rows, err := m.o.Ask.Settled(ctx, []*exchange.Instrument{t.in}, 0, m.o.Settled)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var before exchange.Time
	for _, ev := range rows {
		ev.VenueTime = onMinute(ev.VenueTime)
		if ev.Instrument != t.in.ID || ev.VenueTime <= t.settled {
			continue
		}
		if ev.Hours == 0 {
			ev.Hours = t.hours
			if h := int((ev.VenueTime - before) / exchange.Hour); before != 0 && h >= 1 && h <= 24 {
				ev.Hours = h
			}
		}
		before, t.settled = ev.VenueTime, ev.VenueTime
		out = append(out, ev)
	}
	return out, nil
}

// onMinute takes the milliseconds off that a settlement took.
func onMinute(t exchange.Time) exchange.Time {
	return (t + exchange.Minute/2) / exchange.Minute * exchange.Minute
}

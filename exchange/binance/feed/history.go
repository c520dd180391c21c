package feed

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
)

// secondsBetween is the spacing of looks at what is due.
const secondsBetween = time.Second

// settledBack is how many settled funding rates of an instrument are looked back
// on: a month of eight-hour intervals.
const settledBack = 90

// History returns what a strategy looks back on from the start, oldest first by
// instrument: settled funding rates and premiums of the last half hour, and
// finished candles when Data has Bars, those of Options.Past first.
// VenueTime is when each was settled or closed. What it returns is not posted,
// and nothing is both. An instrument whose past can't be had has none; the error
// names the first such.
func (m *Market) History(ctx context.Context) ([]exchange.Event, error) {
	past := make([][]exchange.Event, len(m.tracks))
	errs := make([]error, len(m.tracks))
	var wg sync.WaitGroup
	slots := make(chan struct{}, m.o.Fetchers)
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
	if t.in.FundingHours > 0 && m.o.Data&connect.Marks != 0 {
		if out, err = m.pastSettled(ctx, t); err != nil {
			return nil, err
		}
		premiums, err := m.pastPremiums(ctx, t)
		if err != nil {
			return out, err
		}
		out = append(out, premiums...)
	}
	if m.o.Data&connect.Bars == 0 {
		return out, nil
	}
	for _, length := range m.o.Past {
		if length == m.o.Interval || intervals[length] == "" {
			continue
		}
		list, err := m.rest.klines(ctx, t.in, length, mostBars, m.o.Now())
		if err != nil {
			return out, err
		}
		for i := range list {
			if ev, ok := list[i].event(t.in, length); ok {
				out = append(out, ev)
			}
		}
	}
	bars, err := m.pastBars(ctx, t)
	return append(out, bars...), err
}

func (m *Market) pastBars(ctx context.Context, t *track) (out []exchange.Event, err error) {
	list, err := m.rest.klines(ctx, t.in, m.o.Interval, mostBars, m.o.Now())
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	posted := t.barred // by the stream, meanwhile
	for i := range list {
		k := &list[i]
		if posted != 0 && k.opened >= posted {
			break
		}
		if ev, ok := k.event(t.in, m.o.Interval); ok {
			out = append(out, ev)
			t.barred = max(t.barred, k.opened)
		}
	}
	return out, nil
}

func (m *Market) pastSettled(ctx context.Context, t *track) (out []exchange.Event, err error) {
	rows, err := fetchRows[settlement](ctx, m.rest, api.Of(t.in.Venue), "/fundingRate",
		url.Values{"symbol": {t.in.Symbol}, "limit": {strconv.Itoa(settledBack)}})
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var before exchange.Time
	for i := range rows {
		at := onMinute(milli(rows[i].Time))
		if at <= t.settled {
			continue
		}
		hours := t.hours
		if h := int((at - before) / exchange.Hour); before != 0 && h >= 1 && h <= 24 {
			hours = h
		}
		before, t.settled = at, at
		out = append(out, exchange.Event{Kind: exchange.KindFunding, Instrument: t.in.ID, VenueTime: at,
			Rate: e8(rows[i].Rate), Mark: e8(rows[i].Mark), Hours: hours})
	}
	return out, nil
}

// onMinute takes the milliseconds off that a settlement took.
func onMinute(t exchange.Time) exchange.Time {
	return (t + exchange.Minute/2) / exchange.Minute * exchange.Minute
}

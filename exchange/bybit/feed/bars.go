package feed

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/payload"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// mostBars is how many candles are asked for: one page.
const mostBars = 1000

// bars returns the newest candles, oldest first. The venue lists the newest first, and the
// one that is not finished too.
func (c *catalogue) bars(ctx context.Context, in *exchange.Instrument, length exchange.Time, most int) (out []exchange.Event, err error) {
	name := payload.Interval(length)
	if name == "" {
		return nil, nil
	}
	q := c.question(api.Of(in.Venue), "list candles of "+in.Symbol, "/v5/market/kline",
		url.Values{"symbol": {in.Symbol}, "interval": {name}, "limit": {strconv.Itoa(min(most+1, mostBars))}})
	err = c.client.Pages(ctx, q, func(raw []byte) error {
		var k payload.Candle
		if err := k.Row(raw); err != nil {
			return err
		}
		ev, err := k.Event(in, length)
		if err == nil {
			out = append(out, ev)
		}
		return err
	})
	slices.Reverse(out)
	return out, err
}

// mostSettled is how many settlements the venue tells of at once. Source: the manual,
// /v5/market/funding/history: limit [1, 200], and endTime alone gives those up to it.
const mostSettled = 200

// settled returns settlements of perpetuals, oldest first of each. The mark that they were
// for is not told.
func (c *catalogue) settled(ctx context.Context, list []*exchange.Instrument, since exchange.Time, most int) (out []exchange.Event, failed error) {
	if most == 0 {
		most = 3 // what is looked for is the newest, and startTime alone is refused
	}
	for _, in := range list {
		one, err := c.settledOf(ctx, in, most)
		for _, ev := range one {
			if ev.VenueTime >= since {
				out = append(out, ev)
			}
		}
		failed = errors.Join(failed, err)
	}
	return out, failed
}

// settledOf asks until there are so many, or no more.
func (c *catalogue) settledOf(ctx context.Context, in *exchange.Instrument, most int) (out []exchange.Event, err error) {
	for end := exchange.Time(0); len(out) < most; {
		want := min(most-len(out), mostSettled)
		page, err := c.settledPage(ctx, in, want, end)
		out = slices.Concat(page, out)
		if err != nil || len(page) < want || end != 0 && page[0].VenueTime > end {
			return out, err
		}
		end = page[0].VenueTime - exchange.Millisecond
	}
	return out, nil
}

// settledPage asks for the newest up to a time; 0: now.
func (c *catalogue) settledPage(ctx context.Context, in *exchange.Instrument, most int, end exchange.Time) (out []exchange.Event, err error) {
	query := url.Values{"symbol": {in.Symbol}, "limit": {strconv.Itoa(most)}}
	if end > 0 {
		query.Set("endTime", strconv.FormatInt(int64(end/exchange.Millisecond), 10))
	}
	q := c.question(api.Of(in.Venue), "list funding of "+in.Symbol, "/v5/market/funding/history", query)
	err = c.client.Pages(ctx, q, func(raw []byte) (err error) {
		ev := exchange.Event{Kind: exchange.KindFunding, Instrument: in.ID}
		f := jsonscan.Object(raw)
		for f.Next() && err == nil {
			switch string(f.Key()) {
			case "fundingRate":
				ev.Rate, err = fixed.E8(f.Word())
			case "fundingRateTimestamp":
				ev.VenueTime = exchange.UnixMilli(f.Int())
			}
		}
		if err == nil {
			err = f.Err()
		}
		if err == nil {
			out = append(out, ev)
		}
		return err
	})
	slices.Reverse(out) // the venue lists the newest first
	return out, err
}

package feed

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
)

// intervals are the lengths of candles by the venue's names.
var intervals = map[exchange.Time]string{
	exchange.Minute: "1", 3 * exchange.Minute: "3", 5 * exchange.Minute: "5", 15 * exchange.Minute: "15", 30 * exchange.Minute: "30",
	exchange.Hour: "60", 2 * exchange.Hour: "120", 4 * exchange.Hour: "240", 6 * exchange.Hour: "360", 12 * exchange.Hour: "720", exchange.Day: "D",
}

func intervalOf(name string) exchange.Time {
	for length, n := range intervals { // order does not matter: names are unique
		if n == name {
			return length
		}
	}
	return 0
}

// candle is one as the venue writes it.
type candle struct {
	start                          exchange.Time
	open, high, low, close, volume string
}

func (k *candle) event(in *exchange.Instrument, length exchange.Time) (ev exchange.Event, err error) {
	b := exchange.Bar{Interval: length}
	for _, p := range []struct {
		text string
		to   *exchange.Ticks
	}{{k.open, &b.Open}, {k.high, &b.High}, {k.low, &b.Low}, {k.close, &b.Close}} {
		if *p.to, err = fixed.Ticks([]byte(p.text), in.Tick); err != nil || *p.to <= 0 {
			return ev, fmt.Errorf("candle of %s at %s: price %q: %w", in.Key(), k.start, p.text, err)
		}
	}
	volume, err := decimal.NewFromString(k.volume)
	if err != nil || length == 0 || k.start <= 0 {
		return ev, fmt.Errorf("candle of %s at %s: volume %q", in.Key(), k.start, k.volume)
	}
	b.Volume = volume.InexactFloat64()
	return exchange.Event{Kind: exchange.KindBar, Instrument: in.ID, VenueTime: k.start + length, Bar: b}, nil
}

// mostBars is how many candles are looked back on: one page.
const mostBars = 1000

// bars returns the candles that are finished, oldest first. The venue lists the newest
// first, and the one that is not finished too.
func (c *Catalogue) bars(ctx context.Context, in *exchange.Instrument, length, now exchange.Time) (out []exchange.Event, err error) {
	q := client.Request{Venue: in.Venue, What: "list candles of " + in.Symbol, Path: "/v5/market/kline", Open: true, Count: client.Free, Priority: limit.Query,
		Query: url.Values{"category": {string(api.Of(in.Venue))}, "symbol": {in.Symbol}, "interval": {intervals[length]}, "limit": {strconv.Itoa(mostBars)}}}
	err = c.client.Pages(ctx, q, func(raw []byte) error {
		var k candle
		f, n := jsonscan.Array(raw), 0
		for to := []*string{nil, &k.open, &k.high, &k.low, &k.close, &k.volume}; f.Next() && n < len(to); n++ {
			if n == 0 {
				k.start = exchange.UnixMilli(f.Int())
			} else {
				*to[n] = f.Text()
			}
		}
		if f.Err() != nil {
			return f.Err()
		}
		if k.start+length > now {
			return nil
		}
		ev, err := k.event(in, length)
		out = append(out, ev)
		return err
	})
	slices.Reverse(out)
	return out, err
}

// settled returns the newest settlements of a perpetual, oldest first; limit at most 200.
// The mark that they were for is not told.
func (c *Catalogue) settled(ctx context.Context, in *exchange.Instrument, most int) (out []exchange.Event, err error) {
	q := client.Request{Venue: in.Venue, What: "list funding of " + in.Symbol, Path: "/v5/market/funding/history", Open: true, Count: client.Free, Priority: limit.Query,
		Query: url.Values{"category": {string(api.Of(in.Venue))}, "symbol": {in.Symbol}, "limit": {strconv.Itoa(most)}}}
	err = c.client.Pages(ctx, q, func(raw []byte) (err error) {
		ev := exchange.Event{Kind: exchange.KindFunding, Instrument: in.ID, Hours: in.FundingHours}
		f := jsonscan.Object(raw)
		for f.Next() && err == nil {
			switch string(f.Key()) {
			case "fundingRate":
				ev.Rate, err = fixed.E8(f.Word())
			case "fundingRateTimestamp":
				ev.VenueTime = exchange.UnixMilli(f.Int())
			}
		}
		out = append(out, ev)
		if err == nil {
			err = f.Err()
		}
		return err
	})
	slices.SortStableFunc(out, func(a, b exchange.Event) int { return int(a.VenueTime/exchange.Second - b.VenueTime/exchange.Second) })
	for i := 1; i < len(out); i++ {
		if h := int((out[i].VenueTime - out[i-1].VenueTime) / exchange.Hour); h >= 1 && h <= 24 {
			out[i].Hours = h
		}
	}
	return out, err
}

package feed

import (
	"context"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/deribit/payload"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
)

// mostBars is how many candles one question is for. Source: the manual tells no bound; more
// than 5 000 were never seen.
const mostBars = 1000

// mostRates is how many hours of funding one question is for: a month. Source: the manual,
// "get_funding_rate_history".
const mostRates = 744

func milli(t exchange.Time) int64 { return int64(t / exchange.Millisecond) }

// bars returns the newest candles, oldest first; they come by columns.
func (c *catalogue) bars(ctx context.Context, in *exchange.Instrument, length exchange.Time, most int) (out []exchange.Event, err error) {
	name := payload.Resolution(length)
	if name == "" {
		return nil, nil
	}
	now := c.client.Now()
	q := client.Request{Venue: in.Venue, What: "list candles of " + in.Symbol, Method: "public/get_tradingview_chart_data", Count: client.Free, Priority: limit.Query,
		Params: client.Params{"instrument_name": in.Symbol, "resolution": name, "start_timestamp": milli(now - exchange.Time(min(most, mostBars))*length), "end_timestamp": milli(now)}}
	result, err := c.client.Do(ctx, q)
	if err != nil {
		return nil, err
	}
	columns := map[string][]byte{}
	f := jsonscan.Object(result)
	for f.Next() {
		columns[string(f.Key())] = f.Raw()
	}
	if f.Err() != nil {
		return nil, q.Garbled(f.Err())
	}
	if status := string(columns["status"]); status == `"no_data"` {
		return nil, nil
	}
	list, err := candles(in, columns)
	if err != nil {
		return nil, q.Garbled(err)
	}
	for i := range list {
		ev, err := list[i].Event(in, length)
		if err != nil {
			return nil, q.Garbled(err)
		}
		out = append(out, ev)
	}
	return out, nil
}

// candles puts columns together.
func candles(in *exchange.Instrument, columns map[string][]byte) (out []payload.Candle, err error) {
	for _, column := range []struct {
		name string
		read func(k *payload.Candle, f *jsonscan.Fields) error
	}{
		{"ticks", func(k *payload.Candle, f *jsonscan.Fields) error { k.Tick = exchange.UnixMilli(f.Int()); return nil }},
		{"open", func(k *payload.Candle, f *jsonscan.Fields) error { return price(in, f, &k.Open) }},
		{"high", func(k *payload.Candle, f *jsonscan.Fields) error { return price(in, f, &k.High) }},
		{"low", func(k *payload.Candle, f *jsonscan.Fields) error { return price(in, f, &k.Low) }},
		{"close", func(k *payload.Candle, f *jsonscan.Fields) error { return price(in, f, &k.Close) }},
		{"volume", func(k *payload.Candle, f *jsonscan.Fields) error { k.Volume = f.Decimal().InexactFloat64(); return nil }},
		{"cost", func(k *payload.Candle, f *jsonscan.Fields) error { k.Cost = f.Decimal().InexactFloat64(); return nil }},
	} {
		f, n := jsonscan.Array(columns[column.name]), 0
		for ; f.Next(); n++ {
			if column.name == "ticks" {
				out = append(out, payload.Candle{})
			}
			if n == len(out) {
				break
			}
			if err := column.read(&out[n], &f); err != nil {
				return nil, err
			}
		}
		if f.Err() != nil || n != len(out) {
			return nil, fmt.Errorf("%d of %q (%w), and %d ticks", n, column.name, f.Err(), len(out))
		}
	}
	return out, nil
}

func price(in *exchange.Instrument, f *jsonscan.Fields, to *exchange.Ticks) (err error) {
	n, exact := in.Tick.Exact(f.Decimal())
	if *to = exchange.Ticks(n); !exact {
		err = fmt.Errorf("price %s in steps of %s", f.Raw(), in.Tick)
	}
	return err
}

// settled returns what funding came to hour by hour, oldest first. The mark of an hour is
// not told: it is near the index of its end, which is taken.
func (c *catalogue) settled(ctx context.Context, list []*exchange.Instrument, since exchange.Time, most int) (out []exchange.Event, err error) {
	now := c.client.Now()
	if since == 0 {
		since = now - exchange.Time(min(most, mostRates))*exchange.Hour
	}
	end := max(now, since+exchange.Day) // what settled may be ahead of the clock that requests are stamped by
	for _, in := range list {
		q := client.Request{Venue: in.Venue, What: "list funding of " + in.Symbol, Method: "public/get_funding_rate_history", Count: client.Free, Priority: limit.Query,
			Params: client.Params{"instrument_name": in.Symbol, "start_timestamp": milli(since), "end_timestamp": milli(end)}}
		err := c.rows(ctx, q, func(raw []byte) (err error) {
			ev := exchange.Event{Kind: exchange.KindFunding, Instrument: in.ID, Hours: in.FundingHours}
			f := jsonscan.Object(raw)
			for f.Next() && err == nil {
				switch string(f.Key()) {
				case "timestamp":
					ev.VenueTime = exchange.UnixMilli(f.Int())
				case "interest_1h":
					ev.Rate = exchange.E8FromDecimal(f.Decimal())
				case "index_price":
					ev.Mark, err = fixed.E8(f.Raw())
				}
			}
			out = append(out, ev)
			if err == nil {
				err = f.Err()
			}
			return err
		})
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// Package feed is the live market data of OKX, and the catalogue of what it lists.
//
// Books come by their stream alone: a subscription begins with a snapshot of 400 levels, so
// a book that can't be believed is subscribed to anew. The touch is bbo-tbt, every 10 ms.
// Marks, indices and funding are three channels, which become one event.
package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
	"github.com/perilune/perilune/exchange/okx/payload"
)

// catalogue asks what the types list.
type catalogue struct {
	o         connect.DataOptions
	endpoints api.Endpoints
	client    *client.Client
}

// List asks the segments that the patterns name for their instruments.
func List(ctx context.Context, e api.Endpoints, o connect.DataOptions, patterns []string) (*live.Catalogue, error) {
	o.Defaults(3, time.Second) // of an address
	if payload.Interval(o.Bars) == "" {
		return nil, fmt.Errorf("live market data: bars of %s: want 1, 3, 5, 15 or 30 minutes, 1, 2, 4, 6 or 12 hours, or a day", exchange.BarLength(o.Bars))
	}
	e, err := e.Complete()
	if err != nil {
		return nil, err
	}
	cl, err := client.New(client.Options{Endpoints: e, Throttle: o.Access.Throttle})
	if err != nil {
		return nil, err
	}
	c := &catalogue{o: o, endpoints: e, client: cl}
	return live.Browse(ctx, live.Shop{House: api.House, Segments: api.Names, List: c.list, Survey: c.survey, Open: c.open}, patterns)
}

// question is one that needs no key.
func question(v exchange.Venue, what, path string, count client.Count, query url.Values) client.Request {
	return client.Request{Venue: v, What: what, Path: path, Open: true, Count: count, Priority: limit.Query, Query: query}
}

// list asks what a segment lists. A row that can't be understood is left out and told of.
func (c *catalogue) list(ctx context.Context, segment string) (out connect.Listings, err error) {
	t := api.Type(strings.ToUpper(segment))
	out, err = Instruments(ctx, c.client, t, func(text string) {
		c.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: text})
	})
	if err == nil && t == api.Spot {
		c.loans(ctx, out)
	}
	if err != nil || t != api.Swap {
		return out, err
	}
	bySymbol := make(map[string]*exchange.Instrument, len(out))
	for i := range out {
		bySymbol[out[i].Instrument.Symbol] = out[i].Instrument
	}
	q := question(t.Venue(), "list funding rates", "/api/v5/public/funding-rate", client.Funding, url.Values{"instId": {"ANY"}})
	err = c.client.Rows(ctx, q, func(raw []byte) error {
		symbol := ""
		f := jsonscan.Object(raw)
		for f.Next() {
			if string(f.Key()) == "instId" {
				symbol = f.Text()
			}
		}
		if in := bySymbol[symbol]; in != nil && f.Err() == nil {
			return fundingFrom(in, raw)
		}
		return f.Err()
	})
	return out, err
}

// Instruments asks what a type lists; problem is told of each row that can't be understood.
func Instruments(ctx context.Context, c *client.Client, t api.Type, problem func(string)) (connect.Listings, error) {
	out, _, err := CodedInstruments(ctx, c, t, problem)
	return out, err
}

// CodedInstruments is Instruments with the numbers (instIdCode) by which orders of the private
// stream name them, by symbol.
func CodedInstruments(ctx context.Context, c *client.Client, t api.Type, problem func(string)) (out connect.Listings, codes map[string]int64, err error) {
	codes = map[string]int64{}
	q := question(t.Venue(), "list instruments", "/api/v5/public/instruments", client.Listing, url.Values{"instType": {string(t)}})
	seen, n := map[string]bool{}, 0
	err = c.Rows(ctx, q, func(raw []byte) error {
		n++
		l, err := Listed(raw)
		if err == nil && seen[l.Instrument.Symbol] {
			err = fmt.Errorf("%s is there twice", l.Instrument.Symbol)
		}
		if err == nil && l.Instrument.Venue != t.Venue() {
			err = fmt.Errorf("%s is of %s", l.Instrument.Symbol, l.Instrument.Venue)
		}
		if err != nil {
			problem(fmt.Sprintf("instrument %d of %s: %v", n, t, err))
			return nil
		}
		seen[l.Instrument.Symbol] = true
		out = append(out, l)
		f := jsonscan.Object(raw)
		for f.Next() {
			if string(f.Key()) == "instIdCode" {
				codes[l.Instrument.Symbol] = f.Int()
			}
		}
		return f.Err()
	})
	return out, codes, err
}

// together is how many families one question about tiers may name.
const together = 5

// steps asks for the margin steps of contracts.
func (c *catalogue) steps(ctx context.Context, t api.Type, list []*exchange.Instrument) error {
	prices := map[string]decimal.Decimal{}
	err := c.client.Rows(ctx, question(t.Venue(), "list mark prices", "/api/v5/public/mark-price", client.Listing, url.Values{"instType": {string(t)}}), func(raw []byte) error {
		var r struct {
			Symbol string          `json:"instId"`
			Price  jsonscan.Amount `json:"markPx"`
		}
		err := json.Unmarshal(raw, &r)
		prices[r.Symbol] = r.Price.Decimal
		return err
	})
	if err != nil {
		return err
	}
	var families []string
	tiers := map[string][]tier{}
	for _, in := range list {
		if f := payload.IndexOf(in); !slices.Contains(families, f) {
			families = append(families, f)
		}
	}
	for names := range slices.Chunk(families, together) {
		q := question(t.Venue(), "list margin steps", "/api/v5/public/position-tiers", client.Funding, url.Values{"instType": {string(t)}, "tdMode": {"cross"}, "instFamily": {strings.Join(names, ",")}})
		err := c.client.Rows(ctx, q, func(raw []byte) error {
			var r tier
			err := json.Unmarshal(raw, &r)
			if r.Family == "" {
				r.Family = r.Pair
			}
			tiers[r.Family] = append(tiers[r.Family], r)
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, in := range list {
		brackets(in, tiers[payload.IndexOf(in)], prices[in.Symbol])
	}
	return nil
}

// mostBars is how many candles one page has.
const mostBars = 300

// bars returns the newest candles, oldest first. The venue lists the newest first, and the
// one that is not finished too.
func (c *catalogue) bars(ctx context.Context, in *exchange.Instrument, length exchange.Time, most int) (out []exchange.Event, err error) {
	name := payload.Interval(length)
	if name == "" {
		return nil, nil
	}
	d := payload.NewDecoder(nil)
	q := question(in.Venue, "list candles of "+in.Symbol, "/api/v5/market/candles", client.Candles, url.Values{"instId": {in.Symbol}, "bar": {name}})
	err = c.client.Pages(ctx, q, min(most+1, mostBars), func(raw []byte) (string, bool, error) {
		ev, done, err := d.Candle(in, length, raw)
		if err == nil && done && len(out) < most {
			out = append(out, ev)
		}
		return fmt.Sprint(int64((ev.VenueTime - length) / exchange.Millisecond)), len(out) >= most, err
	})
	slices.Reverse(out)
	return out, err
}

// mostSettled is how many settlements one page has.
const mostSettled = 100

// settled returns settlements of perpetuals, oldest first of each. realizedRate is what was
// paid. The mark that they were for is not told.
func (c *catalogue) settled(ctx context.Context, list []*exchange.Instrument, since exchange.Time, most int) (out []exchange.Event, failed error) {
	if most == 0 {
		most = 3 // what is looked for is the newest
	}
	for _, in := range list {
		var one []exchange.Event
		q := question(in.Venue, "list funding of "+in.Symbol, "/api/v5/public/funding-rate-history", client.Funding, url.Values{"instId": {in.Symbol}})
		err := c.client.Pages(ctx, q, min(most, mostSettled), func(raw []byte) (string, bool, error) {
			ev, err := settlement(in, raw)
			if err == nil && ev.VenueTime >= since && len(one) < most {
				one = append(one, ev)
			}
			return fmt.Sprint(int64(ev.VenueTime / exchange.Millisecond)), len(one) >= most || ev.VenueTime < since, err
		})
		slices.Reverse(one) // the venue lists the newest first
		out = append(out, one...)
		failed = errors.Join(failed, err)
	}
	return out, failed
}

func settlement(in *exchange.Instrument, raw []byte) (ev exchange.Event, err error) {
	ev = exchange.Event{Kind: exchange.KindFunding, Instrument: in.ID}
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "realizedRate":
			ev.Rate, err = fixed.E8(f.Word())
		case "fundingTime":
			ev.VenueTime = exchange.UnixMilli(f.Int())
		}
	}
	if err == nil {
		err = f.Err()
	}
	if err == nil && ev.VenueTime <= 0 {
		err = errors.New("a settlement without its fundingTime")
	}
	return ev, err
}

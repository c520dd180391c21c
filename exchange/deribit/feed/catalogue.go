// Package feed is the live market data of Deribit, and the catalogue of what it lists.
//
// One websocket carries the channels of all segments. Books come by their channels alone:
// a subscription begins with the whole book. What is public has the interval of 100 ms;
// books are raw, every change by itself, for whoever has signed in.
package feed

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/deribit/payload"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/sign"
)

// catalogue asks what the segments list.
type catalogue struct {
	o         connect.DataOptions
	endpoints api.Endpoints
	client    *client.Client
	key       func() (sign.Key, error) // that raw books are had with; nil: they are not
}

// List asks the segments that the patterns name for their instruments. key reads the one that
// raw books are had with, when the market is opened; nil: books come every 100 ms.
func List(ctx context.Context, e api.Endpoints, o connect.DataOptions, patterns []string, key func() (sign.Key, error)) (*live.Catalogue, error) {
	o.Defaults(100, 5*time.Minute)
	if payload.Resolution(o.Bars) == "" {
		return nil, fmt.Errorf("live market data: bars of %s: want 1, 3, 5, 10, 15 or 30 minutes, 1, 2, 3, 6 or 12 hours, or a day", exchange.BarLength(o.Bars))
	}
	for _, p := range patterns {
		if n := strings.Count(p, "-"); n == 3 && (strings.HasSuffix(p, "-C") || strings.HasSuffix(p, "-P")) {
			return nil, fmt.Errorf("symbol %q: options are not traded here: want a spot market, a perpetual or a future", p)
		}
	}
	e, err := e.Complete()
	if err != nil {
		return nil, err
	}
	cl, err := client.New(client.Options{Endpoints: e, Throttle: o.Access.Throttle})
	if err != nil {
		return nil, err
	}
	c := &catalogue{o: o, endpoints: e, client: cl, key: key}
	return live.Browse(ctx, live.Shop{House: api.House, Segments: api.Names, List: c.list, Survey: c.survey, Open: c.open}, patterns)
}

// list asks what a segment lists. A row that can't be understood is left out and told of.
func (c *catalogue) list(ctx context.Context, segment string) (out connect.Listings, err error) {
	kind := "future"
	if segment == string(api.Spot) {
		kind = "spot"
	}
	q := client.Request{Venue: api.Segment(segment).Venue(), What: "list instruments", Method: "public/get_instruments", Count: client.Listings, Priority: limit.Query,
		Params: client.Params{"currency": "any", "kind": kind, "expired": false}}
	seen, n := map[string]bool{}, 0
	err = c.rows(ctx, q, func(raw []byte) error {
		n++
		l, used, err := decodeListing(api.Segment(segment), raw)
		if !used {
			return nil
		}
		if err == nil && seen[l.Instrument.Symbol] {
			err = fmt.Errorf("%s is there twice", l.Instrument.Symbol)
		}
		if err != nil {
			c.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("instrument %d of %s: %v", n, segment, err)})
			return nil
		}
		seen[l.Instrument.Symbol] = true
		out = append(out, l)
		return nil
	})
	return out, err
}

// rows asks for a list and hands on its rows.
func (c *catalogue) rows(ctx context.Context, q client.Request, row func(raw []byte) error) error {
	result, err := c.client.Do(ctx, q)
	if err != nil {
		return err
	}
	list := jsonscan.Array(result)
	for list.Next() {
		if err := row(list.Raw()); err != nil {
			return q.Garbled(err)
		}
	}
	if list.Err() != nil {
		return q.Garbled(list.Err())
	}
	return nil
}

// Package feed is the live market data of Bybit, and the catalogue of what it lists.
//
// Books come by their streams alone: a subscription begins with a snapshot, so a book that
// can't be believed is subscribed to anew. Prices of the touch are the stream of one level,
// which all categories have; the tickers of contracts bring mark, index, funding and open
// interest.
package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/bybit/payload"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/limit"
)

// catalogue asks what the categories list.
type catalogue struct {
	o         connect.DataOptions
	endpoints api.Endpoints
	client    *client.Client
}

// List asks the categories that the patterns name for their instruments.
func List(ctx context.Context, e api.Endpoints, o connect.DataOptions, patterns []string) (*live.Catalogue, error) {
	o.Defaults(500, 5*time.Minute) // of one domain
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

// list asks what a category lists. A row that can't be understood is left out and told of.
func (c *catalogue) list(ctx context.Context, segment string) (out connect.Listings, err error) {
	category := api.Category(segment)
	q := c.question(category, "list instruments", "/v5/market/instruments-info", url.Values{"limit": {"1000"}})
	seen, n := map[string]bool{}, 0
	err = c.client.Pages(ctx, q, func(raw []byte) error {
		n++
		l, err := decodeListing(category, raw)
		if err == nil && seen[l.Instrument.Symbol] {
			err = fmt.Errorf("%s is there twice", l.Instrument.Symbol)
		}
		if err != nil {
			c.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("instrument %d of %s: %v", n, category, err)})
			return nil
		}
		seen[l.Instrument.Symbol] = true
		out = append(out, l)
		return nil
	})
	if err == nil && category == api.Spot {
		c.loans(ctx, out)
	}
	return out, err
}

// question is one that needs no key.
func (c *catalogue) question(category api.Category, what, path string, query url.Values) client.Request {
	query.Set("category", string(category))
	return client.Request{Venue: category.Venue(), What: what, Path: path, Open: true, Count: client.Free, Priority: limit.Query, Query: query}
}

// steps asks for the margin steps of a contract.
func (c *catalogue) steps(ctx context.Context, in *exchange.Instrument) error {
	var rows []risk
	q := c.question(api.Of(in.Venue), "list risk limits of "+in.Symbol, "/v5/market/risk-limit", url.Values{"symbol": {in.Symbol}})
	err := c.client.Pages(ctx, q, func(raw []byte) error {
		var r risk
		err := json.Unmarshal(raw, &r)
		rows = append(rows, r)
		return err
	})
	brackets(in, rows)
	return err
}

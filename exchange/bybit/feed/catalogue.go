// Package feed is the live market data of Bybit, and the catalogue of what it lists.
//
// Books come by their streams alone: a subscription begins with a snapshot, so a book that
// can't be believed is subscribed to anew. Prices of the touch are the stream of one level,
// which all categories have; the tickers of contracts bring mark, index and funding.
package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/wire"
)

// Catalogue is what some categories list. It is not safe for concurrent use.
type Catalogue struct {
	o          connect.DataOptions
	endpoints  api.Endpoints
	client     *client.Client
	categories []api.Category // that were asked
	listings   []listing
	turnover   map[string]float64 // by key, in USDT; nil until it is needed
}

var _ connect.Catalogue = (*Catalogue)(nil)

// List asks the categories that the patterns name for their instruments.
func List(ctx context.Context, e api.Endpoints, o connect.DataOptions, patterns []string) (*Catalogue, error) {
	if o.Data == 0 {
		o.Data = connect.AllData
	}
	if o.Bars == 0 {
		o.Bars = exchange.Minute
	}
	if intervals[o.Bars] == "" {
		return nil, fmt.Errorf("live market data: bars of %s: want 1, 3, 5, 15 or 30 minutes, 1, 2, 4, 6 or 12 hours, or a day", time.Duration(o.Bars))
	}
	if o.Notice == nil {
		o.Notice = func(connect.Notice) {}
	}
	if o.Access.Attempts == nil {
		o.Access.Attempts = wire.NewAttempts(500, 5*time.Minute)
	}
	e, err := e.Complete()
	if err != nil {
		return nil, err
	}
	cl, err := client.New(client.Options{Endpoints: e, Throttle: o.Access.Throttle})
	if err != nil {
		return nil, err
	}
	c := &Catalogue{o: o, endpoints: e, client: cl}
	return c, c.ask(ctx, patterns)
}

// ask lists the categories that patterns name, each once.
func (c *Catalogue) ask(ctx context.Context, patterns []string) error {
	names, err := connect.SegmentsOf(api.House, api.Names, patterns)
	if err != nil {
		return fmt.Errorf("live market data: %w", err)
	}
	for _, name := range names {
		if slices.Contains(c.categories, api.Category(name)) {
			continue
		}
		if err := c.list(ctx, api.Category(name)); err != nil {
			return fmt.Errorf("live market data: %w", err)
		}
		c.categories = append(c.categories, api.Category(name))
	}
	return nil
}

func (c *Catalogue) list(ctx context.Context, category api.Category) error {
	q := c.question(category, "list instruments", "/v5/market/instruments-info", url.Values{"limit": {"1000"}})
	seen, n := map[string]bool{}, 0
	return c.client.Pages(ctx, q, func(raw []byte) error {
		n++
		l, err := decodeListing(category, raw)
		if err == nil && seen[l.instrument.Symbol] {
			err = fmt.Errorf("%s is there twice", l.instrument.Symbol)
		}
		if err != nil {
			c.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("instrument %d of %s: %v", n, category, err)})
			return nil
		}
		seen[l.instrument.Symbol] = true
		c.listings = append(c.listings, l)
		return nil
	})
}

// question is one that needs no key.
func (c *Catalogue) question(category api.Category, what, path string, query url.Values) client.Request {
	query.Set("category", string(category))
	return client.Request{Venue: category.Venue(), What: what, Path: path, Open: true, Count: client.Free, Priority: limit.Query, Query: query}
}

// Instruments implements connect.Catalogue.
func (c *Catalogue) Instruments() []exchange.Instrument {
	out := make([]exchange.Instrument, len(c.listings))
	for i := range c.listings {
		out[i] = c.listings[i].instrument
	}
	return out
}

func (c *Catalogue) listed() connect.Listings {
	out := make(connect.Listings, len(c.listings))
	for i := range c.listings {
		l := &c.listings[i]
		out[i] = connect.Listing{Instrument: &l.instrument, Trading: l.trading(), Status: l.status}
	}
	return out
}

// Choose implements connect.Catalogue.
func (c *Catalogue) Choose(ctx context.Context, patterns []string, top int) ([]string, error) {
	keys, err := c.listed().Choose(ctx, api.House, patterns, top, c.measure)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	return keys, nil
}

// measure asks for the turnover of all that is listed, once. It is in quote, and in coin
// for inverse contracts.
func (c *Catalogue) measure(ctx context.Context) (map[string]float64, error) {
	if c.turnover != nil {
		return c.turnover, nil
	}
	turnover, last := map[string]float64{}, map[string]decimal.Decimal{}
	for _, category := range c.categories {
		err := c.client.Pages(ctx, c.question(category, "list tickers", "/v5/market/tickers", url.Values{}), func(raw []byte) error {
			var t struct {
				Symbol   string          `json:"symbol"`
				Last     jsonscan.Amount `json:"lastPrice"`
				Turnover jsonscan.Amount `json:"turnover24h"`
			}
			if err := json.Unmarshal(raw, &t); err != nil {
				return err
			}
			key := string(category) + ":" + t.Symbol
			last[key] = t.Last.Decimal
			if category == api.Inverse {
				t.Turnover.Decimal = t.Turnover.Mul(t.Last.Decimal)
			}
			turnover[key] = t.Turnover.InexactFloat64()
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for i := range c.listings {
		in := &c.listings[i].instrument
		turnover[in.Key()] *= connect.InUSDT(string(api.Spot), last, in.Quote)
	}
	c.turnover = turnover
	return turnover, nil
}

// Open implements connect.Catalogue.
func (c *Catalogue) Open(ctx context.Context, symbols, keep []string, sink connect.Sink) (connect.Market, error) {
	if err := c.ask(ctx, keep); err != nil {
		return nil, err
	}
	places, err := c.listed().Pick(symbols, keep)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	list := make([]exchange.Instrument, len(places))
	halted := map[string]string{} // statuses by key
	for n, i := range places {
		l := &c.listings[i]
		list[n] = l.instrument
		if !l.trading() {
			halted[l.instrument.Key()] = l.status
		}
		if l.instrument.Perp() {
			if err := c.steps(ctx, &list[n]); err != nil {
				return nil, fmt.Errorf("live market data: %w", err)
			}
		}
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	return open(c, u, halted, sink)
}

// steps asks for the margin steps of a contract.
func (c *Catalogue) steps(ctx context.Context, in *exchange.Instrument) error {
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

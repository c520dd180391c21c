package feed

import (
	"context"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/rest"
)

// Catalog is what some markets list, and what of it was traded in the last 24
// hours: enough to choose instruments by, before any is subscribed to. It is not
// safe for concurrent use.
type Catalog struct {
	o        Options
	rest     *public
	markets  []api.Market // that were asked
	listings []Listing
	turnover map[string]float64         // by key, in USDT; nil until it is needed
	last     map[string]decimal.Decimal // price of the last trade, with it
}

// List asks the markets that the patterns name for their rules. Options.Symbols
// is not used. A pattern is a key or a glob over keys, as in path.Match:
// "usdm:*", "spot:BTC*".
func List(ctx context.Context, o Options, patterns []string) (*Catalog, error) {
	o.Symbols = patterns
	if err := o.complete(); err != nil {
		return nil, err
	}
	c := &Catalog{o: o, rest: &public{endpoints: o.Endpoints, client: rest.New(rest.Options{HTTP: o.HTTP, MaxBody: maxBody}), throttle: o.Throttle, now: o.Now}}
	for _, p := range patterns {
		if err := c.ask(ctx, p); err != nil {
			return nil, fmt.Errorf("live market data: %w", err)
		}
	}
	return c, nil
}

// ask fetches the rules of the markets that a pattern names.
func (c *Catalog) ask(ctx context.Context, pattern string) error {
	names, err := connect.SegmentsOf(api.House, marketNames, []string{pattern})
	if err != nil {
		return err
	}
	for _, name := range names {
		market, err := api.ParseMarket(name)
		if err != nil {
			return err
		}
		if slices.Contains(c.markets, market) {
			continue
		}
		list, err := c.rest.listings(ctx, market, c.o.Notice)
		if err != nil {
			return err
		}
		c.markets = append(c.markets, market)
		c.listings = append(c.listings, list...)
	}
	return nil
}

// marketNames are those of api.Markets.
var marketNames = []string{api.Spot.String(), api.USDM.String(), api.COINM.String()}

// Instruments are all that the markets list, trading or not.
func (c *Catalog) Instruments() []exchange.Instrument {
	list := make([]exchange.Instrument, len(c.listings))
	for i := range c.listings {
		list[i] = c.listings[i].Instrument
	}
	return list
}

// Open connects. symbols are keys of instruments, which must be trading; those
// of keep need only be listed, because somebody still holds them. See [Open].
func (c *Catalog) Open(ctx context.Context, symbols, keep []string, sink connect.Sink) (*Market, error) {
	for _, key := range keep {
		if err := c.ask(ctx, key); err != nil {
			return nil, fmt.Errorf("live market data: %w", err)
		}
	}
	places, err := c.listed().Pick(symbols, keep)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	chosen := make([]Listing, len(places))
	for n, i := range places {
		chosen[n] = c.listings[i]
	}
	return c.connect(ctx, chosen, sink)
}

// Choose implements connect.Catalogue.
func (c *Catalog) Choose(ctx context.Context, patterns []string, top int) ([]string, error) {
	keys, err := c.listed().Choose(ctx, api.House, patterns, top, func(ctx context.Context) (map[string]float64, error) {
		err := c.measure(ctx)
		return c.turnover, err
	})
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	return keys, nil
}

// listed are the listings as everybody chooses from them.
func (c *Catalog) listed() connect.Listings {
	out := make(connect.Listings, len(c.listings))
	for i := range c.listings {
		l := &c.listings[i]
		out[i] = connect.Listing{Instrument: &l.Instrument, Trading: l.Trading(), Status: l.Status}
	}
	return out
}

// dayTicker is what ticker/24hr says of a symbol: turnover in quote, or in coin
// on COIN-M.
type dayTicker struct {
	Symbol      string          `json:"symbol"`
	Last        jsonscan.Amount `json:"lastPrice"`
	QuoteVolume jsonscan.Amount `json:"quoteVolume"`
	BaseVolume  jsonscan.Amount `json:"baseVolume"`
}

// measure asks for the turnover of all that is listed, once.
func (c *Catalog) measure(ctx context.Context) error {
	if c.turnover != nil {
		return nil
	}
	turnover := make(map[string]float64)
	last := make(map[string]decimal.Decimal) // by key
	for _, market := range c.markets {
		list, err := fetchRows[dayTicker](ctx, c.rest, market, "/ticker/24hr", nil)
		if err != nil {
			return err
		}
		for _, t := range list {
			key := market.String() + ":" + t.Symbol
			last[key] = t.Last.Decimal
			volume := t.QuoteVolume.Decimal
			if market == api.COINM {
				volume = t.BaseVolume.Mul(t.Last.Decimal)
			}
			turnover[key] = volume.InexactFloat64()
		}
	}
	for i := range c.listings {
		in := &c.listings[i].Instrument
		turnover[in.Key()] *= connect.InUSDT(api.Spot.String(), last, in.Quote)
	}
	c.turnover, c.last = turnover, last
	return nil
}

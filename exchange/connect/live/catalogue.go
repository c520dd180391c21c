package live

import (
	"context"
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// Catalogue is what some segments of a venue list: connect.Catalogue over a Listing of
// each. It is not safe for concurrent use.
type Catalogue struct {
	shop     Shop
	segments []string // that were asked
	listings connect.Listings
	turnover map[string]float64 // by key, in dollars; nil until it is needed
}

var (
	_ connect.Catalogue = (*Catalogue)(nil)
	_ connect.Surveyor  = (*Catalogue)(nil)
)

// Shop is how a venue tells what it lists.
type Shop struct {
	House    string
	Segments []string // all there are, as in keys: without the house
	// List asks for what a segment lists.
	List func(ctx context.Context, segment string) (connect.Listings, error)
	// Turnover asks for what of it was traded in 24 hours, by key, in dollars. nil: as Survey
	// says.
	Turnover func(ctx context.Context, segments []string, listed connect.Listings) (map[string]float64, error)
	// Survey asks how all that is trading stands, in a few questions, in the order of
	// listed; nil: the venue has no such.
	Survey func(ctx context.Context, segments []string, listed connect.Listings) ([]connect.Standing, error)
	// Open connects those that were chosen.
	Open func(ctx context.Context, chosen connect.Listings, sink connect.Sink) (connect.Market, error)
}

// Browse asks the segments that the patterns name, each once.
func Browse(ctx context.Context, s Shop, patterns []string) (*Catalogue, error) {
	c := &Catalogue{shop: s}
	return c, c.ask(ctx, patterns)
}

func (c *Catalogue) ask(ctx context.Context, patterns []string) error {
	names, err := connect.SegmentsOf(c.shop.House, c.shop.Segments, patterns)
	if err != nil {
		return fmt.Errorf("live market data: %w", err)
	}
	for _, name := range names {
		if slices.Contains(c.segments, name) {
			continue
		}
		list, err := c.shop.List(ctx, name)
		if err != nil {
			return fmt.Errorf("live market data: %w", err)
		}
		c.segments = append(c.segments, name)
		c.listings = append(c.listings, list...)
	}
	return nil
}

// Listings are all that was asked for, in the venue's order.
func (c *Catalogue) Listings() connect.Listings { return c.listings }

// Instruments implements connect.Catalogue.
func (c *Catalogue) Instruments() []exchange.Instrument {
	out := make([]exchange.Instrument, len(c.listings))
	for i := range c.listings {
		out[i] = *c.listings[i].Instrument
	}
	return out
}

// Choose implements connect.Catalogue.
func (c *Catalogue) Choose(ctx context.Context, patterns []string, top int) ([]string, error) {
	keys, err := c.listings.Choose(ctx, c.shop.House, patterns, top, c.measure)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	return keys, nil
}

func (c *Catalogue) measure(ctx context.Context) (out map[string]float64, err error) {
	switch {
	case c.turnover != nil:
	case c.shop.Turnover != nil:
		c.turnover, err = c.shop.Turnover(ctx, c.segments, c.listings)
	default:
		list, err := c.Survey(ctx)
		if err != nil {
			return nil, err
		}
		c.turnover = make(map[string]float64, len(list))
		for i := range list {
			c.turnover[list[i].Instrument.Key()] = list[i].Turnover
		}
	}
	return c.turnover, err
}

// Survey implements connect.Surveyor.
func (c *Catalogue) Survey(ctx context.Context) ([]connect.Standing, error) {
	if c.shop.Survey == nil {
		return nil, connect.ErrNoSurvey
	}
	list, err := c.shop.Survey(ctx, c.segments, c.listings)
	if err != nil {
		return nil, fmt.Errorf("survey: %w", err)
	}
	return list, nil
}

// Open implements connect.Catalogue.
func (c *Catalogue) Open(ctx context.Context, symbols, keep []string, sink connect.Sink) (connect.Market, error) {
	chosen, err := c.Pick(ctx, symbols, keep)
	if err != nil {
		return nil, err
	}
	m, err := c.shop.Open(ctx, chosen, sink)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Pick returns the listings of keys; those of keep need not be trading.
func (c *Catalogue) Pick(ctx context.Context, symbols, keep []string) (connect.Listings, error) {
	if len(keep) > 0 {
		if err := c.ask(ctx, keep); err != nil {
			return nil, err
		}
	}
	places, err := c.listings.Pick(symbols, keep)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	chosen := make(connect.Listings, len(places))
	for n, i := range places {
		chosen[n] = c.listings[i]
	}
	return chosen, nil
}

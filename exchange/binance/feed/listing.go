package feed

import (
	"context"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/connect"
)

// listings asks for the rules of a market.
func (r *public) listings(ctx context.Context, market api.Market, notice func(connect.Notice)) ([]Listing, error) {
	body, err := r.get(ctx, market, "/exchangeInfo", nil)
	if err != nil {
		return nil, err
	}
	info, err := DecodeExchangeInfo(market, body)
	if err != nil {
		return nil, err
	}
	for _, p := range info.Problems {
		notice(connect.Notice{Instrument: exchange.NoInstrument, Text: p})
	}
	return info.Listings, r.limits(market, info.RateLimits)
}

// limits takes the limits that the venue states. A test network's may be higher
// than the real ones; they are the truth there.
func (r *public) limits(market api.Market, list []RateLimit) error {
	for _, l := range list {
		meter, ok := weight.MeterOf(weight.PoolOf(market), l.Type, l.Interval, l.IntervalNum)
		if !ok {
			continue
		}
		if err := r.throttle.SetLimit(meter, l.Limit); err != nil {
			return fmt.Errorf("rateLimits of %s: %w", market, err)
		}
	}
	return nil
}

// neutral is a listing as everybody chooses from it.
func (l *Listing) neutral() connect.Listing {
	in := l.Instrument
	return connect.Listing{Instrument: &in, Trading: l.Trading(), Status: l.Status, Ends: l.Delivery}
}

// listings is what a market lists now. fundingInfo tells of those symbols that differ from
// the usual interval alone; of the others nothing is said.
func (v *venue) listings(ctx context.Context, venue exchange.Venue) (connect.Listings, error) {
	market := api.Of(venue)
	list, err := v.list(ctx, market.String())
	if err != nil || market == api.Spot {
		return list, err
	}
	terms, err := fetchRows[fundingTerms](ctx, v.rest, market, "/fundingInfo", nil)
	if err != nil {
		v.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("looking for changes of the rules: %v", err)})
	}
	hours := make(map[string]int, len(terms))
	for _, t := range terms {
		hours[t.Symbol] = t.Hours
	}
	for _, l := range list {
		l.Instrument.FundingHours = hours[l.Instrument.Symbol]
	}
	return list, nil
}

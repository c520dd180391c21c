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

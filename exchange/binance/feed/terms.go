package feed

import (
	"context"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
)

// terms adds what only other endpoints say: funding intervals and bounds, and
// interest. It returns the rows of premiumIndex, by market.
func (v *venue) terms(ctx context.Context, list connect.Listings) (map[api.Market][]premium, error) {
	premiums := make(map[api.Market][]premium)
	for _, market := range []api.Market{api.USDM, api.COINM} {
		byName := make(map[string]*exchange.Instrument)
		for i := range list {
			if in := list[i].Instrument; api.Of(in.Venue) == market {
				byName[in.Symbol] = in
			}
		}
		if len(byName) == 0 {
			continue
		}
		terms, err := fetchRows[fundingTerms](ctx, v.rest, market, "/fundingInfo", nil)
		if err != nil {
			return nil, err
		}
		if premiums[market], err = fetchRows[premium](ctx, v.rest, market, "/premiumIndex", nil); err != nil {
			return nil, err
		}
		applyTerms(byName, terms)
		applyInterest(byName, premiums[market])
	}
	return premiums, nil
}

// firstMarks are the mark prices of premiumIndex.
func firstMarks(u *exchange.Universe, premiums map[api.Market][]premium) (out []exchange.Event) {
	for _, market := range api.Markets {
		for _, p := range premiums[market] {
			in, ok := u.Find(market.Venue(), p.Symbol)
			if !ok {
				continue
			}
			if ev, ok := p.event(in); ok {
				out = append(out, ev)
			}
		}
	}
	return out
}

package feed

import (
	"context"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
)

// load adds what only other endpoints say of the chosen instruments, makes the
// universe, and returns the first mark prices.
func (m *Market) load(ctx context.Context, chosen []Listing) ([]exchange.Event, error) {
	premiums, err := m.terms(ctx, chosen)
	if err != nil {
		return nil, err
	}
	if err := m.number(chosen); err != nil {
		return nil, err
	}
	return m.firstMarks(premiums), nil
}

// terms adds what only other endpoints say: funding intervals and bounds, and
// interest. It returns the rows of premiumIndex, by market.
func (m *Market) terms(ctx context.Context, list []Listing) (map[api.Market][]premium, error) {
	premiums := make(map[api.Market][]premium)
	for _, market := range []api.Market{api.USDM, api.COINM} {
		byName := make(map[string]*exchange.Instrument)
		for i := range list {
			if in := &list[i].Instrument; api.Of(in.Venue) == market {
				byName[in.Symbol] = in
			}
		}
		if len(byName) == 0 {
			continue
		}
		terms, err := fetchRows[fundingTerms](ctx, m.rest, market, "/fundingInfo", nil)
		if err != nil {
			return nil, err
		}
		if premiums[market], err = fetchRows[premium](ctx, m.rest, market, "/premiumIndex", nil); err != nil {
			return nil, err
		}
		applyTerms(byName, terms)
		applyInterest(byName, premiums[market])
	}
	return premiums, nil
}

// number makes the universe, and puts the listings in its order.
func (m *Market) number(chosen []Listing) error {
	list := make([]exchange.Instrument, len(chosen))
	byKey := make(map[string]*Listing, len(chosen))
	for i := range chosen {
		list[i] = chosen[i].Instrument
		byKey[list[i].Key()] = &chosen[i]
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		return err
	}
	m.universe = u
	for _, in := range u.All() {
		l := *byKey[in.Key()]
		l.Instrument = *in
		m.listings = append(m.listings, l)
	}
	return nil
}

func (m *Market) firstMarks(premiums map[api.Market][]premium) (out []exchange.Event) {
	if m.o.Data&connect.Marks == 0 {
		return nil
	}
	for _, market := range api.Markets {
		for _, p := range premiums[market] {
			in, ok := m.universe.Find(market.Venue(), p.Symbol)
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

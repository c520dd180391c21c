package feed

import (
	"context"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// bestTicker is what ticker/bookTicker says of a symbol.
type bestTicker struct {
	Symbol string          `json:"symbol"`
	Bid    jsonscan.Amount `json:"bidPrice"`
	BidQty jsonscan.Amount `json:"bidQty"`
	Ask    jsonscan.Amount `json:"askPrice"`
	AskQty jsonscan.Amount `json:"askQty"`
}

// survey puts four questions to a market, whatever it lists: ticker/24hr, ticker/bookTicker
// and, of contracts, premiumIndex and fundingInfo.
func (v *venue) survey(ctx context.Context, segments []string, listed connect.Listings) ([]connect.Standing, error) {
	turnover, rows, err := v.day(ctx, segments, listed)
	if err != nil {
		return nil, err
	}
	var out []connect.Standing
	place := make(map[string]int) // in out, by key
	for _, l := range listed {
		if l.Trading {
			in := *l.Instrument // the catalogue's own stays as it was
			place[in.Key()] = len(out)
			s := connect.Standing{Instrument: &in, Turnover: turnover[in.Key()]}
			if t := rows[in.Key()]; t != nil {
				t.into(&s)
			}
			out = append(out, s)
		}
	}
	for _, segment := range segments {
		m, err := api.ParseMarket(segment)
		if err != nil {
			return nil, err
		}
		of := func(symbol string) *connect.Standing {
			if i, ok := place[segment+":"+symbol]; ok {
				return &out[i]
			}
			return nil
		}
		if err := v.surveyMarket(ctx, m, of); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (v *venue) surveyMarket(ctx context.Context, m api.Market, of func(symbol string) *connect.Standing) error {
	best, err := fetchRows[bestTicker](ctx, v.rest, m, "/ticker/bookTicker", nil)
	if err != nil {
		return err
	}
	for i := range best {
		if s := of(best[i].Symbol); s != nil {
			s.Bid, s.BidQty, s.Ask, s.AskQty = best[i].Bid.Decimal, best[i].BidQty.Decimal, best[i].Ask.Decimal, best[i].AskQty.Decimal
		}
	}
	if m == api.Spot {
		return nil
	}
	terms, err := fetchRows[fundingTerms](ctx, v.rest, m, "/fundingInfo", nil)
	if err != nil {
		return err
	}
	premiums, err := fetchRows[premium](ctx, v.rest, m, "/premiumIndex", nil)
	if err != nil {
		return err
	}
	byName := make(map[string]*exchange.Instrument, len(premiums))
	for i := range premiums {
		if s := of(premiums[i].Symbol); s != nil {
			byName[premiums[i].Symbol] = s.Instrument
		}
	}
	applyTerms(byName, terms)
	for i := range premiums {
		s := of(premiums[i].Symbol)
		if s == nil {
			continue
		}
		if ev, ok := premiums[i].event(s.Instrument); ok {
			s.Mark, s.Index, s.Rate, s.NextFunding, s.Hours = ev.Mark, ev.Index, ev.Rate, ev.NextFunding, s.Instrument.FundingHours
		}
	}
	return nil
}

package feed

import (
	"context"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
)

var _ connect.Surveyor = (*Catalog)(nil)

// bestTicker is what ticker/bookTicker says of a symbol.
type bestTicker struct {
	Symbol string          `json:"symbol"`
	Bid    jsonscan.Amount `json:"bidPrice"`
	BidQty jsonscan.Amount `json:"bidQty"`
	Ask    jsonscan.Amount `json:"askPrice"`
	AskQty jsonscan.Amount `json:"askQty"`
}

// Survey implements connect.Surveyor by four questions to a market, whatever it lists:
// ticker/24hr, ticker/bookTicker and, of contracts, premiumIndex and fundingInfo.
func (c *Catalog) Survey(ctx context.Context) ([]connect.Standing, error) {
	if err := c.measure(ctx); err != nil {
		return nil, fmt.Errorf("survey: %w", err)
	}
	var out []connect.Standing
	place := make(map[string]int) // in out, by key
	for i := range c.listings {
		l := &c.listings[i]
		if in := &l.Instrument; l.Trading() {
			place[in.Key()] = len(out)
			out = append(out, connect.Standing{Instrument: in, Turnover: c.turnover[in.Key()], Last: c.last[in.Key()]})
		}
	}
	for _, m := range c.markets {
		of := func(symbol string) *connect.Standing {
			if i, ok := place[m.String()+":"+symbol]; ok {
				return &out[i]
			}
			return nil
		}
		if err := c.surveyMarket(ctx, m, of); err != nil {
			return nil, fmt.Errorf("survey: %w", err)
		}
	}
	return out, nil
}

func (c *Catalog) surveyMarket(ctx context.Context, m api.Market, of func(symbol string) *connect.Standing) error {
	best, err := fetchRows[bestTicker](ctx, c.rest, m, "/ticker/bookTicker", nil)
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
	terms, err := fetchRows[fundingTerms](ctx, c.rest, m, "/fundingInfo", nil)
	if err != nil {
		return err
	}
	premiums, err := fetchRows[premium](ctx, c.rest, m, "/premiumIndex", nil)
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
			s.Mark, s.Index, s.Rate, s.NextFunding, s.Hours = ev.Mark, ev.Index, ev.Rate, ev.NextFunding, ev.Hours
		}
	}
	return nil
}

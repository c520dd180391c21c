package feed

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
	"github.com/perilune/perilune/exchange/okx/payload"
)

// standing is a row of tickers, and what is put beside it. volCcy24h is in quote on spot, and
// in coins of contracts. Source: the manual, "Get tickers".
type standing struct {
	Symbol string          `json:"instId"`
	Last   jsonscan.Amount `json:"last"`
	Bid    jsonscan.Amount `json:"bidPx"`
	BidQty jsonscan.Amount `json:"bidSz"`
	Ask    jsonscan.Amount `json:"askPx"`
	AskQty jsonscan.Amount `json:"askSz"`
	Volume jsonscan.Amount `json:"volCcy24h"`
	Units  jsonscan.Amount `json:"vol24h"` // contracts, or coins on spot
	Open   jsonscan.Amount `json:"open24h"`
	High   jsonscan.Amount `json:"high24h"`
	Low    jsonscan.Amount `json:"low24h"`

	mark jsonscan.Amount
	rate *funding
}

// funding is a row of funding-rate. The rate of the settlement after the next is told where the
// method is next_period.
type funding struct {
	Symbol string          `json:"instId"`
	Rate   jsonscan.Amount `json:"fundingRate"`
	Time   jsonscan.Amount `json:"fundingTime"`
	After  string          `json:"nextFundingRate"`
}

// survey asks each segment for its tickers and, of contracts, marks and rates.
func (c *catalogue) survey(ctx context.Context, segments []string, listed connect.Listings) ([]connect.Standing, error) {
	rows, last := map[string]*standing{}, map[string]decimal.Decimal{}
	for _, segment := range segments {
		t := api.Type(strings.ToUpper(segment))
		err := c.tickers(ctx, segment, t, rows)
		if err == nil && t != api.Spot {
			err = c.marks(ctx, segment, t, rows)
		}
		if err == nil && t == api.Swap {
			err = c.rates(ctx, segment, rows)
		}
		if err != nil {
			return nil, err
		}
	}
	for key, r := range rows { // order does not matter: keys differ
		last[strings.ReplaceAll(key, "-", "")] = r.Last.Decimal
	}
	indices, err := c.indices(ctx, listed)
	if err != nil {
		return nil, err
	}
	var out []connect.Standing
	for _, l := range listed {
		r := rows[l.Instrument.Key()]
		if r == nil || !l.Trading {
			continue
		}
		s := r.of(l.Instrument)
		if l.Instrument.Perp() {
			s.Index = indices[payload.IndexOf(l.Instrument)]
		}
		s.Turnover *= connect.InUSDT(strings.ToLower(string(api.Spot)), last, l.Instrument.Quote)
		out = append(out, s)
	}
	return out, nil
}

func (c *catalogue) tickers(ctx context.Context, segment string, t api.Type, rows map[string]*standing) error {
	q := question(t.Venue(), "list tickers", "/api/v5/market/tickers", client.Listing, url.Values{"instType": {string(t)}})
	return c.client.Rows(ctx, q, func(raw []byte) error {
		var r standing
		err := json.Unmarshal(raw, &r)
		rows[segment+":"+r.Symbol] = &r
		return err
	})
}

func (c *catalogue) marks(ctx context.Context, segment string, t api.Type, rows map[string]*standing) error {
	q := question(t.Venue(), "list mark prices", "/api/v5/public/mark-price", client.Listing, url.Values{"instType": {string(t)}})
	return c.client.Rows(ctx, q, func(raw []byte) error {
		var r struct {
			Symbol string          `json:"instId"`
			Price  jsonscan.Amount `json:"markPx"`
		}
		err := json.Unmarshal(raw, &r)
		if s := rows[segment+":"+r.Symbol]; s != nil {
			s.mark = r.Price
		}
		return err
	})
}

// indices are those of all pairs that contracts are of, by name: one question for each
// quote.
func (c *catalogue) indices(ctx context.Context, listed connect.Listings) (map[string]exchange.E8, error) {
	out, asked := map[string]exchange.E8{}, map[string]bool{}
	for _, l := range listed {
		quote := l.Instrument.Quote
		if !l.Instrument.Perp() || asked[quote] {
			continue
		}
		asked[quote] = true
		q := question(l.Instrument.Venue, "list indices", "/api/v5/market/index-tickers", client.Listing, url.Values{"quoteCcy": {quote}})
		err := c.client.Rows(ctx, q, func(raw []byte) error {
			var r struct {
				Name  string          `json:"instId"`
				Price jsonscan.Amount `json:"idxPx"`
			}
			err := json.Unmarshal(raw, &r)
			out[r.Name] = r.Price.E8()
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *catalogue) rates(ctx context.Context, segment string, rows map[string]*standing) error {
	q := question(api.Swap.Venue(), "list funding rates", "/api/v5/public/funding-rate", client.Funding, url.Values{"instId": {"ANY"}})
	return c.client.Rows(ctx, q, func(raw []byte) error {
		var r funding
		err := json.Unmarshal(raw, &r)
		if s := rows[segment+":"+r.Symbol]; s != nil {
			s.rate = &r
		}
		return err
	})
}

// of is how an instrument stands; its turnover is in quote. The venue counts contracts.
func (r *standing) of(in *exchange.Instrument) connect.Standing {
	s := connect.Standing{Instrument: in, Last: r.Last.Decimal, Bid: r.Bid.Decimal, BidQty: r.BidQty.Decimal, Ask: r.Ask.Decimal, AskQty: r.AskQty.Decimal}
	s.Open, s.High, s.Low, s.Volume = r.Open.Decimal, r.High.Decimal, r.Low.Decimal, r.Units.InexactFloat64()
	turnover := r.Volume.Decimal
	if !in.Perp() {
		s.Quote = turnover.InexactFloat64()
	}
	if in.Perp() && !in.Inverse() {
		s.Volume *= in.ContractSize.InexactFloat64()
	}
	if in.Perp() {
		turnover = turnover.Mul(r.Last.Decimal)
		s.Mark = r.mark.E8()
	}
	if in.Perp() && !in.Inverse() {
		s.BidQty, s.AskQty = s.BidQty.Mul(in.ContractSize), s.AskQty.Mul(in.ContractSize)
	}
	s.Turnover = turnover.InexactFloat64()
	if r.rate == nil || in.Dated() {
		return s
	}
	s.Rate, s.Hours = r.rate.Rate.E8(), in.FundingHours
	if ms := r.rate.Time.IntPart(); ms > 0 {
		s.NextFunding = exchange.UnixMilli(ms)
	}
	if after, err := decimal.NewFromString(r.rate.After); err == nil {
		e := exchange.E8FromDecimal(after)
		s.After = &e
	}
	return s
}

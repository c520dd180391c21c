package feed

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// standing is a row of tickers. Turnover is in quote, and in coin of inverse contracts.
// Source: the manual, "Get Tickers".
type standing struct {
	Symbol   string          `json:"symbol"`
	Last     jsonscan.Amount `json:"lastPrice"`
	Bid      jsonscan.Amount `json:"bid1Price"`
	BidQty   jsonscan.Amount `json:"bid1Size"`
	Ask      jsonscan.Amount `json:"ask1Price"`
	AskQty   jsonscan.Amount `json:"ask1Size"`
	Turnover jsonscan.Amount `json:"turnover24h"`
	Volume   jsonscan.Amount `json:"volume24h"` // in quantity: USD of inverse contracts
	Open     jsonscan.Amount `json:"prevPrice24h"`
	High     jsonscan.Amount `json:"highPrice24h"`
	Low      jsonscan.Amount `json:"lowPrice24h"`
	Mark     jsonscan.Amount `json:"markPrice"`
	Index    jsonscan.Amount `json:"indexPrice"`
	Rate     jsonscan.Amount `json:"fundingRate"`
	Next     string          `json:"nextFundingTime"`
	Hours    string          `json:"fundingIntervalHour"`
}

// survey asks for the tickers of each category, one question to each.
func (c *catalogue) survey(ctx context.Context, segments []string, listed connect.Listings) ([]connect.Standing, error) {
	rows, last := map[string]*standing{}, map[string]decimal.Decimal{}
	for _, segment := range segments {
		err := c.client.Pages(ctx, c.question(api.Category(segment), "list tickers", "/v5/market/tickers", url.Values{}), func(raw []byte) error {
			var t standing
			err := json.Unmarshal(raw, &t)
			rows[segment+":"+t.Symbol], last[segment+":"+t.Symbol] = &t, t.Last.Decimal
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	var out []connect.Standing
	for _, l := range listed {
		t := rows[l.Instrument.Key()]
		if t == nil || !l.Trading {
			continue
		}
		in := *l.Instrument
		s := t.of(&in)
		s.Turnover *= connect.InUSDT(string(api.Spot), last, in.Quote)
		out = append(out, s)
	}
	return out, nil
}

// of is how an instrument stands; its turnover is in quote.
func (t *standing) of(in *exchange.Instrument) connect.Standing {
	s := connect.Standing{Instrument: in, Bid: t.Bid.Decimal, BidQty: t.BidQty.Decimal, Ask: t.Ask.Decimal, AskQty: t.AskQty.Decimal, Last: t.Last.Decimal}
	s.Open, s.High, s.Low, s.Volume = t.Open.Decimal, t.High.Decimal, t.Low.Decimal, t.Volume.InexactFloat64()
	turnover := t.Turnover.Decimal
	if in.Inverse() {
		turnover = turnover.Mul(t.Last.Decimal)
	} else {
		s.Quote = turnover.InexactFloat64()
	}
	s.Turnover = turnover.InexactFloat64()
	if !in.Perp() {
		return s
	}
	s.Mark, s.Index = t.Mark.E8(), t.Index.E8()
	if in.Dated() {
		return s
	}
	s.Rate, s.Hours = t.Rate.E8(), in.FundingHours
	if h, err := strconv.Atoi(t.Hours); err == nil && h >= 1 && h <= 24 {
		s.Hours = h
	}
	if ms, err := strconv.ParseInt(t.Next, 10, 64); err == nil && ms > 0 {
		s.NextFunding = exchange.UnixMilli(ms)
	}
	return s
}

package feed

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
)

// standing is a row of summaries. Source: the manual, "get_book_summary_by_currency".
type standing struct {
	Name    string           `json:"instrument_name"`
	Bid     jsonscan.Amount  `json:"bid_price"`
	Ask     jsonscan.Amount  `json:"ask_price"`
	Last    jsonscan.Amount  `json:"last"`
	Mark    jsonscan.Amount  `json:"mark_price"`
	Index   jsonscan.Amount  `json:"estimated_delivery_price"`
	Volume  jsonscan.Amount  `json:"volume_usd"`
	Coins   jsonscan.Amount  `json:"volume"`
	High    jsonscan.Amount  `json:"high"`
	Low     jsonscan.Amount  `json:"low"`
	Change  *jsonscan.Amount `json:"price_change"` // percent
	Funding jsonscan.Amount  `json:"funding_8h"`
}

// survey asks for summaries, by currency: the base of inverse contracts, and what linear ones
// and spot are quoted in. What a perpetual pays is told as what it has paid in the last eight
// hours: the rate of the moment is nothing most of the time, and jumps.
func (c *catalogue) survey(ctx context.Context, _ []string, listed connect.Listings) (out []connect.Standing, err error) {
	var currencies []string
	for _, l := range listed {
		if s := l.Instrument.Settle(); !slices.Contains(currencies, s) {
			currencies = append(currencies, s)
		}
	}
	rows := map[string]*standing{}
	for _, currency := range currencies {
		q := client.Request{What: "list summaries of " + currency, Method: "public/get_book_summary_by_currency", Params: client.Params{"currency": currency}, Count: client.Free, Priority: limit.Query}
		if err := c.rows(ctx, q, func(raw []byte) error {
			var r standing
			err := json.Unmarshal(raw, &r)
			rows[r.Name] = &r
			return err
		}); err != nil {
			return nil, err
		}
	}
	for _, l := range listed {
		if r := rows[l.Instrument.Symbol]; r != nil && l.Trading {
			out = append(out, r.of(l.Instrument))
		}
	}
	return out, nil
}

func (r *standing) of(in *exchange.Instrument) connect.Standing {
	s := connect.Standing{Instrument: in, Bid: r.Bid.Decimal, Ask: r.Ask.Decimal, Last: r.Last.Decimal, Turnover: r.Volume.InexactFloat64()}
	s.High, s.Low, s.Volume = r.High.Decimal, r.Low.Decimal, r.Coins.InexactFloat64()
	if r.Change != nil { // the price of a day ago is told by the change since alone
		if factor := r.Change.Shift(-2).Add(decimal.NewFromInt(1)); factor.IsPositive() {
			s.Open = r.Last.DivRound(factor, 12)
		}
	}
	if in.Inverse() && in.ContractSize.IsPositive() {
		s.Volume = r.Volume.Div(in.ContractSize).InexactFloat64()
	} else if exchange.IsDollar(in.Quote) {
		s.Quote = r.Volume.InexactFloat64()
	}
	if in.Perp() {
		s.Mark, s.Index = exchange.E8FromDecimal(r.Mark.Decimal), exchange.E8FromDecimal(r.Index.Decimal)
	}
	if in.FundingHours > 0 {
		s.Rate, s.Hours = exchange.E8FromDecimal(r.Funding.Decimal), 8
	}
	return s
}

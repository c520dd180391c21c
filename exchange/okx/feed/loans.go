package feed

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
)

// loans puts what the venue lends to everybody into the markets on spot. An account has its own
// rates and limits, and lends in one mode only: it is asked. Source: the manual, "Get interest
// rate and loan quota": rates are by the day.
func (c *catalogue) loans(ctx context.Context, list connect.Listings) {
	lent := map[string]exchange.Lending{}
	q := question(api.Spot.Venue(), "list what is lent", "/api/v5/public/interest-rate-loan-quota", client.Funding, nil)
	err := c.client.Rows(ctx, q, func(raw []byte) error { return decodeQuota(raw, lent) })
	if err != nil {
		c.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("what is lent on spot: %v: nothing is borrowed", err)})
		return
	}
	for i := range list {
		list[i].Instrument.Lending = lent[list[i].Instrument.Base]
	}
}

// day is how many hours a rate of the quotas is for.
var day = decimal.NewFromInt(24)

func decodeQuota(raw []byte, into map[string]exchange.Lending) error {
	var r struct {
		Basic []struct {
			Coin string          `json:"ccy"`
			Rate jsonscan.Amount `json:"rate"`
			Most jsonscan.Amount `json:"quota"`
		} `json:"basic"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	for _, c := range r.Basic {
		if !c.Rate.IsNegative() {
			into[c.Coin] = exchange.Lending{Rate: c.Rate.DivRound(day, 16), Most: c.Most.Decimal}
		}
	}
	return nil
}

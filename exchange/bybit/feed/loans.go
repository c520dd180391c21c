package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// lentSome marks a market where coins are lent until how many is asked for.
var lentSome = decimal.New(1, -18)

// loans puts what the venue lends to accounts of no rank into the markets of unified accounts
// on spot. An account may have other terms: it is asked for its own. Source: the manual,
// "Get VIP Margin Data", which needs no key; marginTrading of "Get Instruments Info".
func (c *catalogue) loans(ctx context.Context, list connect.Listings) {
	lends := false
	for i := range list {
		lends = lends || list[i].Instrument.Lends()
	}
	if !lends {
		return
	}
	q := c.question(api.Spot, "list what is lent", "/v5/spot-margin-trade/data", url.Values{"vipLevel": {"No VIP"}})
	raw, err := c.client.Do(ctx, q)
	lent := map[string]exchange.Lending{}
	if err == nil {
		lent, err = decodeLoans(raw)
	}
	if err != nil {
		c.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("what is lent on spot: %v: nothing is borrowed", err)})
	}
	for i := range list {
		if in := list[i].Instrument; in.Lends() {
			in.Lending = lent[in.Base]
		}
	}
}

// decodeLoans is what is lent, by coin.
func decodeLoans(raw []byte) (map[string]exchange.Lending, error) {
	var ranks struct {
		List []struct {
			Rank  string `json:"vipLevel"`
			Coins []struct {
				Coin string          `json:"currency"`
				Lent bool            `json:"borrowable"`
				Rate jsonscan.Amount `json:"hourlyBorrowRate"`
				Most jsonscan.Amount `json:"maxBorrowingAmount"`
			} `json:"list"`
		} `json:"vipCoinList"`
	}
	if err := json.Unmarshal(raw, &ranks); err != nil {
		return nil, err
	}
	out := map[string]exchange.Lending{}
	for _, rank := range ranks.List {
		for _, coin := range rank.Coins {
			if coin.Lent && rank.Rank == "No VIP" && !coin.Rate.IsNegative() {
				out[coin.Coin] = exchange.Lending{Rate: coin.Rate.Decimal, Most: coin.Most.Decimal}
			}
		}
	}
	return out, nil
}

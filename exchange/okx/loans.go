package okx

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
)

// together is how many instruments a question about loans may name.
const together = 5

// loans puts what the account itself may borrow into the markets on spot: nothing but in
// multi-currency margin with auto-borrow switched on. There a sale of what is not there
// borrows by itself; the balance of the coin goes below zero, and bills of type 7 charge
// interest. Sources: the manual, "Get interest rate" (by the hour), "Get maximum loan of
// instrument", "Set auto loan", "Bills details".
func (a *signedIn) loans(ctx context.Context, list []exchange.Instrument) error {
	var symbols []string
	for i := range list {
		if list[i].Lends() {
			symbols = append(symbols, list[i].Symbol)
		}
	}
	if len(symbols) == 0 {
		return nil
	}
	c, err := a.Config(ctx)
	if err != nil {
		return err
	}
	own := map[string]exchange.Lending{}
	if c.Level == "3" && c.Borrows {
		if own, err = a.lent(ctx, symbols); err != nil {
			return err
		}
	}
	for i := range list {
		if list[i].Lends() {
			list[i].Lending = own[list[i].Base]
		}
	}
	return nil
}

// lent is what can be borrowed to sell, by coin, with what is owed already.
func (a *signedIn) lent(ctx context.Context, symbols []string) (map[string]exchange.Lending, error) {
	out := map[string]exchange.Lending{}
	ask := func(what, path string, query url.Values, row func(raw []byte) error) error {
		return a.Rows(ctx, client.Request{What: what, Path: path, Count: client.Settings, Priority: limit.Query, Query: query}, row)
	}
	rates := map[string]decimal.Decimal{}
	err := ask("ask what loans cost", "/api/v5/account/interest-rate", nil, func(raw []byte) error {
		var r struct {
			Coin string          `json:"ccy"`
			Rate jsonscan.Amount `json:"interestRate"`
		}
		err := json.Unmarshal(raw, &r)
		rates[r.Coin] = r.Rate.Decimal
		return err
	})
	if err != nil {
		return nil, err
	}
	balances, err := a.Balances(ctx, api.Trading)
	if err != nil {
		return nil, err
	}
	owed := map[string]decimal.Decimal{}
	for _, b := range balances {
		owed[b.Asset] = decimal.Max(decimal.Zero, b.Total.Neg())
	}
	for names := range slices.Chunk(symbols, together) {
		err := ask("ask what can be borrowed", "/api/v5/account/max-loan", url.Values{"instId": {strings.Join(names, ",")}, "mgnMode": {"cross"}}, func(raw []byte) error {
			var r struct {
				Coin string          `json:"ccy"`
				Side string          `json:"side"`
				Most jsonscan.Amount `json:"maxLoan"`
			}
			err := json.Unmarshal(raw, &r)
			if rate, ok := rates[r.Coin]; ok && r.Side == "sell" && !rate.IsNegative() {
				out[r.Coin] = exchange.Lending{Rate: rate, Most: r.Most.Add(owed[r.Coin])}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

package bybit

import (
	"context"
	"net/url"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// loans puts what the account itself may borrow into the markets on spot that lend: nothing
// where spot margin is switched off. A sale borrows with isLeverage=1; what it lacks is
// spotBorrow in the wallet, bears interest by the hour (type INTEREST of the transaction log),
// and is brought back by coins that are bought. Source: the manual, "Get Status And Leverage"
// of spot margin trade, "Get Collateral Info", "Place Order".
func (a *signedIn) loans(ctx context.Context, list []exchange.Instrument) error {
	lends := false
	for i := range list {
		lends = lends || list[i].Lends()
	}
	if !lends {
		return nil
	}
	on, err := a.lending(ctx)
	if err != nil {
		return err
	}
	var lent struct {
		List []struct {
			Coin string          `json:"currency"`
			Lent bool            `json:"borrowable"`
			Rate jsonscan.Amount `json:"hourlyBorrowRate"`
			Most jsonscan.Amount `json:"maxBorrowingAmount"`
			Owed jsonscan.Amount `json:"borrowAmount"`
			Left jsonscan.Amount `json:"availableToBorrow"`
		} `json:"list"`
	}
	if on {
		if err := a.ask(ctx, "ask what can be borrowed", "/v5/account/collateral-info", url.Values{}, &lent); err != nil {
			return err
		}
	}
	own := map[string]exchange.Lending{}
	for _, c := range lent.List {
		if most := decimal.Min(c.Most.Decimal, c.Owed.Add(c.Left.Decimal)); c.Lent && !c.Rate.IsNegative() {
			own[c.Coin] = exchange.Lending{Rate: c.Rate.Decimal, Most: most}
		}
	}
	for i := range list {
		if list[i].Lends() {
			list[i].Lending = own[list[i].Base]
		}
	}
	return nil
}

// lending says whether the account may borrow.
func (a *signedIn) lending(ctx context.Context) (on bool, err error) {
	var state struct {
		On string `json:"spotMarginMode"`
	}
	err = a.ask(ctx, "ask about spot margin", "/v5/spot-margin-trade/state", nil, &state)
	return state.On == "1", err
}

package account

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/oms"
)

// Balances implements oms.Account: see the package's comment. What the session's settlement
// will move is taken from the positions, which keep it also when they are closed.
func (a *Account) Balances(ctx context.Context, w exchange.Wallet) (out []oms.Balance, err error) {
	if w != api.Wallet {
		q := client.Request{What: "list balances of " + string(w)}
		return nil, q.Call().Fault(exchange.ErrRefused, fmt.Errorf("want %s", api.Wallet))
	}
	unsettled := map[string]decimal.Decimal{}
	if err := a.positions(ctx, api.House, func(p *position) { unsettled[p.asset] = unsettled[p.asset].Add(p.unsettled()) }); err != nil {
		return nil, err
	}
	s, err := a.Summaries(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range s.Currencies {
		b := oms.Balance{Wallet: w, Asset: c.Name, Total: c.Balance.Add(unsettled[c.Name]), Free: decimal.Max(decimal.Zero, c.Available.Decimal), Grain: grain}
		if !b.Total.IsZero() {
			out = append(out, b)
		}
	}
	return out, nil
}

// grain is what the rounding of a balance, and of what some positions have made, may come
// to: amounts have 8 places, those of dollars 6.
var grain = decimal.New(1, -7)

// Positions implements oms.Account.
func (a *Account) Positions(ctx context.Context, v exchange.Venue) (out []oms.Position, err error) {
	if isSpot(v) {
		return nil, nil
	}
	err = a.positions(ctx, v, func(p *position) {
		if p.Venue == v && !p.Qty.IsZero() {
			out = append(out, p.Position)
		}
	})
	return out, err
}

func (a *Account) positions(ctx context.Context, v exchange.Venue, each func(*position)) error {
	_, err := a.rows(ctx, a.question(v, "list positions", "private/get_positions", client.Params{"currency": "any", "kind": "future"}), "", func(raw []byte) error {
		p, err := decodePosition(raw)
		if err == nil && p.Venue != "" {
			each(&p)
		}
		return err
	})
	return err
}

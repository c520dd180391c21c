package intent

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// MaintainRequest asks for the shorts of a derivatives wallet to be kept from
// liquidation with money of the spot wallet, and for what neither wallet needs to
// be shared out between them, so that another pair can be opened.
//
// A distance is the rise in price that would liquidate, as a fraction, were all
// positions shorts that rise together: (equity - maintenance) / (exposure +
// maintenance).
type MaintainRequest struct {
	Wallet exchange.Wallet
	Asset  string // what margins it: USDT
	// Cash is the wallet that money comes from and goes back to; empty: where spot
	// markets trade.
	Cash   exchange.Wallet
	Target decimal.Decimal // the distance to open with and to restore
	Soft   decimal.Decimal // below it, cash of the spot wallet becomes margin
	// Hard is where pairs are made smaller, when cash can't bring the distance
	// back to it.
	Hard    decimal.Decimal
	Reserve decimal.Decimal // of the spot wallet that stays there, in Asset
}

// Validate says what makes no sense, or nil.
func (r *MaintainRequest) Validate() error {
	switch {
	case r.Wallet == r.Cash || r.Asset != "USDT":
		return fmt.Errorf("wallet: only USDT in a wallet of linear contracts can be kept, got %s in %s", r.Asset, r.Wallet)
	case !r.Hard.IsPositive() || r.Soft.LessThan(r.Hard) || r.Target.LessThanOrEqual(r.Soft):
		return fmt.Errorf("want 0 < hard <= soft < target, got hard %s, soft %s, target %s", r.Hard, r.Soft, r.Target)
	case r.Target.GreaterThan(decimal.NewFromInt(10)):
		return fmt.Errorf("target: want a fraction of at most 10 (0.5 is a rise of 50 %%), got %s", r.Target)
	case r.Reserve.IsNegative():
		return fmt.Errorf("reserve: want 0 or more, got %s", r.Reserve)
	}
	return nil
}

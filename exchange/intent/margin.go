package intent

import (
	"fmt"
	"slices"
	"strings"

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
	Asset  string // what margins it; "": what all linear contracts of the wallet are margined with
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

// ChooseAsset fills Asset in, or says why it can't be what the wallet is maintained
// with.
func (r *MaintainRequest) ChooseAsset(u *exchange.Universe) error {
	var all []string
	for _, in := range u.All() {
		if in.Contract == exchange.Linear && in.Wallet == r.Wallet.Within(u.House()) && !slices.Contains(all, in.Settle()) {
			all = append(all, in.Settle())
		}
	}
	switch {
	case len(all) == 0:
		return fmt.Errorf("wallet: no linear contract is margined in the %s wallet", r.Wallet)
	case r.Asset == "" && len(all) > 1:
		return fmt.Errorf("asset: contracts of the %s wallet are margined with %s: say which is meant", r.Wallet, strings.Join(all, " and "))
	case r.Asset == "":
		r.Asset = all[0]
	case !slices.Contains(all, r.Asset):
		return fmt.Errorf("asset: contracts of the %s wallet are margined with %s, got %s", r.Wallet, strings.Join(all, " and "), r.Asset)
	}
	return nil
}

// Validate says what makes no sense, or nil.
func (r *MaintainRequest) Validate() error {
	switch {
	case r.Wallet == r.Cash:
		return fmt.Errorf("wallet: %s is where spot markets trade: want one that contracts are margined in and money is moved to", r.Wallet)
	case !r.Hard.IsPositive() || r.Soft.LessThan(r.Hard) || r.Target.LessThanOrEqual(r.Soft):
		return fmt.Errorf("want 0 < hard <= soft < target, got hard %s, soft %s, target %s", r.Hard, r.Soft, r.Target)
	case r.Target.GreaterThan(decimal.NewFromInt(10)):
		return fmt.Errorf("target: want a fraction of at most 10 (0.5 is a rise of 50 %%), got %s", r.Target)
	case r.Reserve.IsNegative():
		return fmt.Errorf("reserve: want 0 or more, got %s", r.Reserve)
	}
	return nil
}

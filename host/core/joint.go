package core

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// In a wallet whose assets back all of its positions together, each asset counts for a part
// of its worth, and what is owed or needed in it for more. The sums are the venue's: see the
// margin of Binance's multi-assets mode. Rates move with prices, so what the session's markets
// price is counted at their prices and the rest not at all.

// joint is the standing of such a wallet, in units of what one more of an asset would count
// for. What is no collateral, or has no price, stands by itself.
func (wl *wallets) joint(wallet exchange.Wallet, asset string, pool []exchange.Collateral) exchange.Margin {
	sum, unit := exchange.Margin{}, decimal.Zero
	for _, c := range pool {
		worth := wl.worth(c.Asset)
		if c.Asset == asset {
			unit = worth.Mul(c.Held)
		}
		m := wl.alone(wallet, c.Asset)
		held, owed := worth.Mul(c.Held), worth.Mul(c.Owed)
		sum.Equity = sum.Equity.Add(decimal.Min(m.Equity.Mul(held), m.Equity.Mul(owed)))
		sum.Exposure = sum.Exposure.Add(m.Exposure.Mul(owed))
		sum.Initial = sum.Initial.Add(m.Initial.Mul(owed))
		sum.Maintenance = sum.Maintenance.Add(m.Maintenance.Mul(owed))
	}
	if !unit.IsPositive() {
		return wl.alone(wallet, asset)
	}
	for _, part := range [...]*decimal.Decimal{&sum.Equity, &sum.Exposure, &sum.Initial, &sum.Maintenance} {
		*part = part.DivRound(unit, 16)
	}
	own := decimal.Min(wl.acct.holding(wallet, asset).total, wl.alone(wallet, asset).Equity)
	sum.Movable = decimal.Max(decimal.Zero, decimal.Min(own, sum.Equity.Sub(sum.Initial)))
	return sum
}

// backs reports whether an asset of a wallet stands behind a contract, and what one of the
// contract's own counts for in it.
func (wl *wallets) backs(wallet exchange.Wallet, asset string, in *exchange.Instrument) (rate decimal.Decimal, ok bool) {
	one := decimal.NewFromInt(1)
	if in.Wallet != wallet {
		return one, false
	}
	var held, owed decimal.Decimal
	for _, c := range wl.u.Collateral(wallet) {
		if c.Asset == asset {
			held = wl.worth(asset).Mul(c.Held)
		}
		if c.Asset == in.Settle() {
			owed = wl.worth(c.Asset).Mul(c.Owed)
		}
	}
	if !held.IsPositive() || !owed.IsPositive() {
		return one, in.Settle() == asset
	}
	return owed.DivRound(held, 16), true
}

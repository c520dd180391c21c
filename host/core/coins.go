package core

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/execution"
)

// keeps reports whether a pair has its coins of an asset in a wallet.
func (cl *claims) keeps(m *execution.Machine, wallet exchange.Wallet, asset string) bool {
	spot := cl.u.Get(m.Pair.Spot)
	return !m.Pair.State.Done() && spot.Wallet == wallet && spot.Base == asset
}

// held is how many free coins of a wallet belong to pairs other than one:
// whoever sold them would leave a short without its hedge. What a pair sold too many
// makes no other one's coins more.
func (cl *claims) held(wallet exchange.Wallet, asset string, except exchange.PairID) decimal.Decimal {
	sum := decimal.Zero
	for _, m := range cl.pairs.list {
		if m.Pair.ID != except && m.Pair.SpotQty.IsPositive() && cl.keeps(m, wallet, asset) {
			sum = sum.Add(m.Pair.SpotQty)
		}
	}
	if sum.IsZero() {
		return sum
	}
	for _, o := range cl.orders.open { // what they are selling is locked already
		in := cl.u.Get(o.Instrument)
		if o.Pair != 0 && o.Pair != except && !in.Perp() && in.Wallet == wallet && in.Base == asset && o.Side == exchange.Sell {
			sum = sum.Sub(in.QtyDecimal(o.Leaves()))
		}
	}
	return sum
}

// Owed implements execution.Port.
func (cl *claims) Owed(spot exchange.InstrumentID, pair exchange.PairID) decimal.Decimal {
	sum, in := decimal.Zero, cl.u.Get(spot)
	for _, m := range cl.pairs.list {
		if m.Pair.ID != pair && m.Pair.SpotQty.IsNegative() && cl.keeps(m, in.Wallet, in.Base) {
			sum = sum.Sub(m.Pair.SpotQty)
		}
	}
	return sum
}

// unbacked is how many coins of pairs a wallet does not have, and no pair owes.
func (cl *claims) unbacked(wallet exchange.Wallet, asset string) decimal.Decimal {
	sum := cl.acct.holding(wallet, asset).total.Neg()
	for _, m := range cl.pairs.list {
		if cl.keeps(m, wallet, asset) {
			sum = sum.Add(m.Pair.SpotQty)
		}
	}
	return decimal.Max(decimal.Zero, sum)
}

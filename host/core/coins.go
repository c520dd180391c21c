package core

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// held is how many free coins of the spot wallet belong to pairs other than one:
// whoever sold them would leave a short without its hedge. What a pair sold too many
// makes no other one's coins more.
func (c *Core) held(asset string, except exchange.PairID) decimal.Decimal {
	sum := decimal.Zero
	for _, m := range c.machines {
		if m.Pair.ID != except && m.Pair.SpotQty.IsPositive() && !m.Pair.State.Done() && c.u.Get(m.Pair.Spot).Base == asset {
			sum = sum.Add(m.Pair.SpotQty)
		}
	}
	if sum.IsZero() {
		return sum
	}
	for _, o := range c.orders.open { // what they are selling is locked already
		in := c.u.Get(o.Instrument)
		if o.Pair != 0 && o.Pair != except && in.Market == exchange.Spot && in.Base == asset && o.Side == exchange.Sell {
			sum = sum.Sub(in.QtyDecimal(o.Leaves()))
		}
	}
	return sum
}

// Owed implements execution.Port.
func (c *Core) Owed(spot exchange.InstrumentID, pair exchange.PairID) decimal.Decimal {
	sum, coin := decimal.Zero, c.u.Get(spot).Base
	for _, m := range c.machines {
		if m.Pair.ID != pair && m.Pair.SpotQty.IsNegative() && !m.Pair.State.Done() && c.u.Get(m.Pair.Spot).Base == coin {
			sum = sum.Sub(m.Pair.SpotQty)
		}
	}
	return sum
}

// unbacked is how many coins of pairs the spot wallet does not have, and no pair owes.
func (c *Core) unbacked(asset string) decimal.Decimal {
	sum := c.acct.holding(exchange.Spot, asset).total.Neg()
	for _, m := range c.machines {
		if !m.Pair.State.Done() && c.u.Get(m.Pair.Spot).Base == asset {
			sum = sum.Add(m.Pair.SpotQty)
		}
	}
	return decimal.Max(decimal.Zero, sum)
}

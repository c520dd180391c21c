package oms

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// cost is what the open part of a position was bought for, kept as a sum and not as an
// average, so that what is closed and what is left add up: the signed Σ quantity×price,
// or Σ contracts×size/price where they are inverse.
type cost struct {
	sum   decimal.Decimal
	known bool // it is that of the whole position
}

// places is where a quotient is rounded: finer than any asset of a venue.
const places = 16

// worth is a signed quantity at a price.
func worth(in *exchange.Instrument, qty exchange.Lots, price decimal.Decimal) decimal.Decimal {
	if in.Inverse() {
		return in.QtyDecimal(qty).Mul(in.ContractSize).DivRound(price, places)
	}
	return in.QtyDecimal(qty).Mul(price)
}

// enter takes the average price of a position from the venue, whose word is rounded: it
// counts where nothing better is known.
func (b *balances) enter(in *exchange.Instrument, entry decimal.Decimal) {
	if entry.IsPositive() && !b.costs[in.ID].known {
		b.costs[in.ID] = cost{worth(in, b.positions[in.ID], entry), true}
	}
}

// portion is the part of the cost that closing takes out of a position.
func (c *cost) portion(held, closing exchange.Lots) decimal.Decimal {
	return c.sum.Mul(decimal.NewFromInt(int64(closing))).DivRound(decimal.NewFromInt(int64(held)), places).Neg()
}

// closes is how much of a position a trade closes, signed as the trade.
func closes(held, qty exchange.Lots) exchange.Lots {
	switch {
	case held > 0 && qty < 0:
		return max(qty, -held)
	case held < 0 && qty > 0:
		return min(qty, -held)
	}
	return 0
}

// trade adds a trade to what was held.
func (c *cost) trade(in *exchange.Instrument, held, qty exchange.Lots, price exchange.Ticks) {
	if held == 0 {
		*c = cost{known: true}
	}
	closing := closes(held, qty)
	if closing != 0 {
		c.sum = c.sum.Sub(c.portion(held, closing))
	}
	if held+closing == 0 {
		*c = cost{known: true}
	}
	if rest := qty - closing; rest != 0 {
		c.sum = c.sum.Add(worth(in, rest, in.PriceDecimal(price)))
	}
}

// closing is the profit of what a trade closes, at the average price of what is held;
// known is false where nobody has told that.
func (b *balances) closing(in *exchange.Instrument, f *exchange.Fill) (profit decimal.Decimal, known bool) {
	held, c := b.positions[in.ID], &b.costs[in.ID]
	closing := closes(held, exchange.Lots(f.Side)*f.Qty)
	switch {
	case closing == 0:
		return decimal.Zero, true
	case !c.known:
		return decimal.Zero, false
	}
	profit = c.portion(held, closing).Add(worth(in, closing, in.PriceDecimal(f.Price)))
	if !in.Inverse() {
		profit = profit.Neg() // a linear contract is worth more the higher the price
	}
	return profit, true
}

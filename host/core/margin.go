package core

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Margin returns what one asset of a derivatives wallet holds and has to back,
// over all strategies: the wallet is the account's.
func (p *Port) Margin(wallet exchange.Market, asset string) exchange.Margin {
	return p.c.standing(wallet, asset)
}

func (c *Core) standing(wallet exchange.Market, asset string) exchange.Margin {
	total := c.acct.holding(wallet, asset).total
	m := exchange.Margin{Equity: total.Add(c.unrealised(wallet, asset)), Initial: c.margin(wallet, asset)}
	for i := range c.acct.pos {
		in := c.u.Get(exchange.InstrumentID(i))
		if in.Market != wallet || in.Settle() != asset || c.acct.pos[i].qty == 0 {
			continue
		}
		size := c.exposure(in, c.acct.pos[i].qty.Abs(), c.markPrice(in))
		b := in.Bracket(size)
		m.Exposure = m.Exposure.Add(size)
		m.Maintenance = m.Maintenance.Add(decimal.Max(decimal.Zero, size.Mul(b.MMR).Sub(b.Cum)))
	}
	m.Movable = decimal.Max(decimal.Zero, decimal.Min(total, m.Equity).Sub(m.Initial))
	return m
}

package core

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A difference between our books and the venue's account is never traded on: what
// it touches is held, people and strategies are told, and the venue is asked until
// its own records explain it. Two things are held:
//
//   - an instrument whose position the venue has otherwise, by its order manager's
//     word (CommandHold with an Instrument): no order is made in it at all;
//   - the pairs of a coin of which the spot wallet has less than they hold, after a
//     correction of the wallet that nothing explains.

// suspend sets or, with "", lifts the hold on an instrument.
func (c *Core) suspend(id exchange.InstrumentID, why string) {
	m := &c.markets[id]
	if m.held == why {
		return
	}
	first := m.held == ""
	m.held = why
	switch {
	case why == "":
		c.log(intent.Warn, -1, m.in.Key()+": the account agrees with the venue's again: orders pass")
	case first:
		c.log(intent.Error, -1, c.holdOf(id, id)+"; it is asked for again")
		c.withdraw(id)
	}
	c.rehold()
}

// withdraw takes back what strategies have resting in an instrument.
func (c *Core) withdraw(id exchange.InstrumentID) {
	for _, o := range c.orders.open {
		if o.Instrument == id && o.Pair == 0 {
			c.Cancel(o.ID)
		}
	}
}

// lack is a coin of which a wallet has less than its pairs hold.
type lack struct {
	wallet exchange.Wallet
	coin   string
	by     decimal.Decimal
}

// doubt looks whether a wallet still has the coins of all pairs, after a
// correction that nothing explains.
func (c *Core) doubt(wallet exchange.Wallet, coin string) {
	if slices.ContainsFunc(c.lacking, func(l lack) bool { return l.wallet == wallet && l.coin == coin }) {
		return // it is looked at with every change of the account
	}
	if by := c.missing(wallet, coin); by.IsPositive() {
		c.lacking = append(c.lacking, lack{wallet, coin, by})
		c.log(intent.Error, -1, fmt.Sprintf("the %s wallet has %s %s less than its pairs hold: they make no order until the coins are there again", wallet, by, coin))
		c.rehold()
	}
}

// missing is how many coins of all pairs a wallet does not have. What is less
// than a lot of each is rounding.
func (c *Core) missing(wallet exchange.Wallet, coin string) decimal.Decimal {
	sum, dust := decimal.Zero, decimal.Zero
	for _, m := range c.machines {
		if c.keeps(m, wallet, coin) && m.Pair.SpotQty.IsPositive() {
			sum, dust = sum.Add(m.Pair.SpotQty), dust.Add(c.u.Get(m.Pair.Spot).QtyDecimal(1))
		}
	}
	by := sum.Sub(c.acct.holding(wallet, coin).total)
	if by.LessThanOrEqual(dust) {
		return decimal.Zero
	}
	return by
}

// covered looks at what was lacking again, after the account changed.
func (c *Core) covered() {
	changed := false
	for i := range c.lacking {
		by := c.missing(c.lacking[i].wallet, c.lacking[i].coin)
		changed = changed || !by.Equal(c.lacking[i].by)
		c.lacking[i].by = by
	}
	if !changed {
		return
	}
	c.lacking = slices.DeleteFunc(c.lacking, func(l lack) bool {
		if l.by.IsZero() {
			c.log(intent.Warn, -1, fmt.Sprintf("the %s wallet has the %s of its pairs again: they go on", l.wallet, l.coin))
		}
		return l.by.IsZero()
	})
	c.rehold()
}

// rehold tells every machine whether it is held.
func (c *Core) rehold() {
	for _, m := range c.machines {
		if m.Pair.State.Done() {
			continue
		}
		why := c.holdOf(m.Pair.Spot, m.Pair.Perp)
		for _, l := range c.lacking {
			if c.keeps(m, l.wallet, l.coin) {
				why = fmt.Sprintf("held: the %s wallet has %s %s less than its pairs hold", l.wallet, l.by, l.coin)
			}
		}
		if why != "" {
			m.Hold(c, why)
		} else {
			m.Release(c)
		}
		c.guard(m)
	}
}

// holdOf says why nothing may trade in one of two instruments; "" when it may.
func (c *Core) holdOf(spot, perp exchange.InstrumentID) string {
	for _, id := range [...]exchange.InstrumentID{perp, spot} {
		if m := &c.markets[id]; m.held != "" {
			return m.in.Key() + " is held: " + m.held
		}
	}
	return ""
}

// Held lists why instruments and pairs are held, for a status line.
func (c *Core) Held() []string {
	var out []string
	for i := range c.markets {
		if id := c.markets[i].in.ID; c.markets[i].held != "" {
			out = append(out, c.holdOf(id, id))
		}
	}
	for _, l := range c.lacking {
		out = append(out, fmt.Sprintf("%s %s are missing in the %s wallet", l.by, l.coin, l.wallet))
	}
	return out
}

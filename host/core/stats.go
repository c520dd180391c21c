package core

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Stats counts what a session did. Money is in the account's currency.
type Stats struct {
	PairsOpened, PairsClosed int
	Reloads, ReloadsRefused  int
	Errors, Gaps             int
	Funding, Fees, Insurance decimal.Decimal
	Interest                 decimal.Decimal // charged on borrowed coins; negative
	// Others is the part of Funding, Fees, Insurance and Interest that is no strategy's: of trades
	// by hand, and of positions that were there before.
	Others          struct{ Funding, Fees, Insurance, Interest decimal.Decimal }
	MaxUnhedged     decimal.Decimal
	MaxUnhedgedTime exchange.Time

	boot []bootEffect
}

func (s *Stats) measure(p *intent.Pair) {
	s.MaxUnhedged = decimal.Max(s.MaxUnhedged, p.MaxUnhedged)
	s.MaxUnhedgedTime = max(s.MaxUnhedgedTime, p.MaxUnhedgedTime)
}

// sample reports the equity and shows it to the gate.
func (c *Core) sample() {
	if !c.wallets.priced() {
		return // it is tried again at the next event
	}
	c.sampleAt = c.now - c.now%c.cfg.SampleEvery + c.cfg.SampleEvery
	if len(c.acct.holdings) == 0 {
		return
	}
	equity := c.wallets.Equity()
	c.emit(-1, c.samples.keep(EquitySampled{equity.Round(8)}))
	if why := c.gate.Observe(c.now, equity); why != "" {
		c.halted(why)
		c.strategies.drain()
	}
	c.strategies.saveStates()
	for _, s := range c.strategies.list {
		c.strategies.checkAwake(s)
	}
}

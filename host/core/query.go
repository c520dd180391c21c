package core

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Universe returns the instruments of the session.
func (c *Core) Universe() *exchange.Universe { return c.u }

// Stats returns the counters so far, with what the live pairs measured.
func (c *Core) Stats() Stats {
	s := c.stats
	for _, m := range c.pairs.list {
		s.measure(&m.Pair)
	}
	s.boot = nil
	return s
}

// Fills is the number of executions of our own orders.
func (c *Core) Fills() int { return c.executions.fills }

// Halted returns why the kill latch is tripped, or "".
func (c *Core) Halted() string { return c.gate.Killed() }

// Paused returns why a strategy is paused, or "".
func (ss *strategies) Paused(strategy int) string { return ss.list[strategy].paused }

// Asleep returns why nothing can wake a strategy any more, or "".
func (ss *strategies) Asleep(strategy int) string { return ss.list[strategy].asleep }

// UnderWay says in a few words what a session that is ending waits for.
func (c *Core) UnderWay() string {
	busy := 0
	for _, m := range c.pairs.list {
		if m.Busy() {
			busy++
		}
	}
	switch n := len(c.orders.open); {
	case n > 0 && busy > 0:
		return fmt.Sprintf("%d orders to be answered and %d pairs to be balanced", n, busy)
	case n > 0:
		return fmt.Sprintf("%d orders to be answered", n)
	case busy > 0:
		return fmt.Sprintf("%d pairs to be balanced", busy)
	}
	return "the venue's last answers"
}

// StrategyName returns a strategy's name, also of one of an earlier run, or "host"
// for -1.
func (ss *strategies) StrategyName(i int32) string {
	if gone := int(i) - len(ss.list); gone >= 0 && gone < len(ss.absent) {
		return ss.absent[gone]
	}
	if i < 0 || int(i) >= len(ss.list) {
		return "host"
	}
	return ss.list[i].Name()
}

// Listens reports whether a strategy has a handler.
func (ss *strategies) Listens(strategy int32, h Handler) bool {
	return strategy >= 0 && int(strategy) < len(ss.list) && ss.list[strategy].wants[h]
}

// Watches reports whether a strategy is told of an instrument's market.
func (ss *strategies) Watches(strategy int32, id exchange.InstrumentID) bool {
	return strategy >= 0 && int(strategy) < len(ss.list) && ss.list[strategy].watches[id]
}

// OpenPairs returns copies of the pairs that are not done.
func (ps *pairs) OpenPairs() []intent.Pair {
	var out []intent.Pair
	for _, m := range ps.list {
		if !m.Pair.State.Done() {
			out = append(out, m.Pair)
		}
	}
	return out
}

// PairBasis is what a pair made on prices so far, with what is open valued at
// mid and mark: without funding, and before every fee.
func (cl *claims) PairBasis(p *intent.Pair) decimal.Decimal {
	spot, perp := cl.u.Get(p.Spot), cl.u.Get(p.Perp)
	mid, _ := cl.markets.mid(spot)
	if perp.Inverse() {
		return cl.coinWorth(p, mid).Sub(p.Funding.Mul(mid)).Add(p.Fees)
	}
	held := p.SpotQty.Mul(mid).Add(perp.QtyDecimal(p.PerpQty).Mul(cl.markets.markPrice(perp)))
	return p.SpotCost.Add(p.PerpCost).Add(held).Add(p.Fees.Sub(p.FeesInQuote))
}

// AllPairs returns copies of every pair that is still known.
func (ps *pairs) AllPairs() []intent.Pair {
	var out []intent.Pair
	for _, m := range ps.list {
		out = append(out, m.Pair)
	}
	return out
}

// Residual is a pair's unhedged coins; see execution.Machine.Residual.
func (c *Core) Residual(id exchange.PairID) decimal.Decimal {
	if m := c.pairs.machine(id); m != nil {
		return m.Residual(c.driver.port)
	}
	return decimal.Zero
}

// AccountPosition is the sum of all fills in an instrument, whoever asked.
func (wl *wallets) AccountPosition(id exchange.InstrumentID) exchange.Position {
	return wl.acct.pos[id].view(wl.u.Get(id))
}

// AccountCost is the exact signed cost of the open part of a position, in quote,
// or in coin for an inverse contract.
func (wl *wallets) AccountCost(id exchange.InstrumentID) decimal.Decimal { return wl.acct.pos[id].cost }

// Holdings returns the total of every asset of every wallet.
func (wl *wallets) Holdings() []RestoredBalance {
	var out []RestoredBalance
	for _, h := range wl.acct.holdings {
		out = append(out, RestoredBalance{h.wallet, h.asset, h.total})
	}
	return out
}

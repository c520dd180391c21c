package core

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Seq is the number of the last event.
func (c *Core) Seq() uint64 { return c.seq }

// Universe returns the instruments of the session.
func (c *Core) Universe() *exchange.Universe { return c.u }

// Stats returns the counters so far, with what the live pairs measured.
func (c *Core) Stats() Stats {
	s := c.stats
	for _, m := range c.machines {
		s.measure(&m.Pair)
	}
	s.boot = nil
	return s
}

// Fills is the number of executions of our own orders.
func (c *Core) Fills() int { return c.fills }

// Halted returns why the kill latch is tripped, or "".
func (c *Core) Halted() string { return c.gate.Killed() }

// Paused returns why a strategy is paused, or "".
func (c *Core) Paused(strategy int) string { return c.slots[strategy].paused }

// Asleep returns why nothing can wake a strategy any more, or "".
func (c *Core) Asleep(strategy int) string { return c.slots[strategy].asleep }

// UnderWay says in a few words what a session that is ending waits for.
func (c *Core) UnderWay() string {
	busy := 0
	for _, m := range c.machines {
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
func (c *Core) StrategyName(i int32) string {
	if gone := int(i) - len(c.slots); gone >= 0 && gone < len(c.absent) {
		return c.absent[gone].name
	}
	if i < 0 || int(i) >= len(c.slots) {
		return "host"
	}
	return c.slots[i].Name()
}

// Listens reports whether a strategy has a handler.
func (c *Core) Listens(strategy int32, h Handler) bool {
	return strategy >= 0 && int(strategy) < len(c.slots) && c.slots[strategy].wants[h]
}

// Watches reports whether a strategy is told of an instrument's market.
func (c *Core) Watches(strategy int32, id exchange.InstrumentID) bool {
	return strategy >= 0 && int(strategy) < len(c.slots) && c.slots[strategy].watches[id]
}

// OpenPairs returns copies of the pairs that are not done.
func (c *Core) OpenPairs() []intent.Pair {
	var out []intent.Pair
	for _, m := range c.machines {
		if !m.Pair.State.Done() {
			out = append(out, m.Pair)
		}
	}
	return out
}

// PairBasis is what a pair made on prices so far, with what is open valued at
// mid and mark: without funding, and before every fee.
func (c *Core) PairBasis(p *intent.Pair) decimal.Decimal {
	spot, perp := c.u.Get(p.Spot), c.u.Get(p.Perp)
	mid, _ := c.mid(spot)
	if perp.Inverse() {
		return c.coinWorth(p, mid).Sub(p.Funding.Mul(mid)).Add(p.Fees)
	}
	held := p.SpotQty.Mul(mid).Add(perp.QtyDecimal(p.PerpQty).Mul(c.markPrice(perp)))
	return p.SpotCost.Add(p.PerpCost).Add(held).Add(p.Fees.Sub(p.FeesInQuote))
}

// AllPairs returns copies of every pair that is still known.
func (c *Core) AllPairs() []intent.Pair {
	var out []intent.Pair
	for _, m := range c.machines {
		out = append(out, m.Pair)
	}
	return out
}

// Residual is a pair's unhedged coins; see execution.Machine.Residual.
func (c *Core) Residual(id exchange.PairID) decimal.Decimal {
	if m := c.machine(id); m != nil {
		return m.Residual(c)
	}
	return decimal.Zero
}

// AccountPosition is the sum of all fills in an instrument, whoever asked.
func (c *Core) AccountPosition(id exchange.InstrumentID) exchange.Position {
	return c.acct.pos[id].view(c.u.Get(id))
}

// AccountCost is the exact signed cost of the open part of a position, in quote,
// or in coin for an inverse contract.
func (c *Core) AccountCost(id exchange.InstrumentID) decimal.Decimal { return c.acct.pos[id].cost }

// Holdings returns the total of every asset of every wallet.
func (c *Core) Holdings() []RestoredBalance {
	var out []RestoredBalance
	for _, h := range c.acct.holdings {
		out = append(out, RestoredBalance{h.wallet, h.asset, h.total})
	}
	return out
}

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

// Unhedged is what the legs of all pairs differ by, valued at the coins' prices, and the
// pairs that are unhedged by more, or for longer, than they may be.
func (c *Core) Unhedged() (value decimal.Decimal, beyond []intent.Pair) {
	for _, m := range c.pairs.list {
		off, late := m.Unhedged(c.driver.port)
		if value = value.Add(off); late {
			beyond = append(beyond, m.Pair)
		}
	}
	return value, beyond
}

// Residual is a pair's unhedged coins; see execution.Machine.Residual.
func (c *Core) Residual(id exchange.PairID) decimal.Decimal {
	if m := c.pairs.machine(id); m != nil {
		return m.Residual(c.driver.port)
	}
	return decimal.Zero
}

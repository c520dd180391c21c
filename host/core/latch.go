package core

import (
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/risk"
)

// Latch is the kill latch of one strategy, which it tripped itself: of it only orders that
// reduce pass. Like the session's it survives a restart, or a restart would be a way around
// it, and a person lifts it.
type Latch struct{ Strategy, Reason string }

// latches are those of strategies, also of those that do not run now.
type latches struct {
	list       []Latch
	strategies *strategies
}

// Latched returns why the latch of a strategy is tripped; "": it is not, or it is nobody's.
func (l *latches) Latched(strategy int) string {
	if len(l.list) == 0 || strategy < 0 || strategy >= len(l.strategies.list) {
		return ""
	}
	return latchOf(l.list, l.strategies.list[strategy].Name())
}

// Of is why a strategy's latch is tripped; "": it is not.
func (b *HaltChanged) Of(strategy string) string { return latchOf(b.Strategies, strategy) }

func latchOf(list []Latch, strategy string) string {
	for _, l := range list {
		if l.Strategy == strategy {
			return l.Reason
		}
	}
	return ""
}

// latch trips the latch of a strategy: its openings end, those of its own working orders that
// would open are canceled, and it is told. Its stops stay: they only reduce.
func (c steering) latch(s *instance, reason string) {
	if c.Latched(int(s.index)) != "" {
		return
	}
	c.latches.list = append(c.latches.list, Latch{s.Name(), reason})
	c.emit(s.index, haltsNow(c.Core))
	c.log(intent.Error, s.index, LatchedLine+reason)
	for _, m := range c.pairs.list {
		if m.Pair.Strategy == s.index {
			m.Halt(c.driver.port, reason)
			c.driver.snoozeIdle(m)
		}
	}
	for o := range c.orders.plainOf(s.index) {
		if !c.entry.reducesOwn(o) {
			c.entry.Cancel(o.ID)
		}
	}
	c.strategies.notify(s.index, Callback{Handler: OnHalt, Reason: reason})
}

// unlatch is the reverse of latch.
func (c steering) unlatch(s *instance) {
	before := len(c.latches.list)
	c.latches.list = slices.DeleteFunc(c.latches.list, func(l Latch) bool { return l.Strategy == s.Name() })
	if len(c.latches.list) < before {
		c.emit(s.index, haltsNow(c.Core))
		c.log(intent.Warn, s.index, "resumed: its kill latch is lifted")
	}
}

// haltsNow is what is latched, whole: the ledger keeps the newest.
func haltsNow(c *Core) *HaltChanged {
	return &HaltChanged{Reason: c.gate.Killed(), Strategies: slices.Clone(c.latches.list)}
}

// passesLatch refuses what a strategy with a tripped latch may not send. An order of its own
// has to reduce what the strategy itself holds: the account's position is not its affair. One
// of a pair is measured as by the gate.
func (en *orderEntry) passesLatch(o *exchange.Order, m risk.Market) error {
	why := en.latches.Latched(int(o.Strategy))
	if why == "" {
		return nil
	}
	if o.Pair == 0 && en.reducesOwn(o) || o.Pair != 0 && risk.Reducing(o, m.Position, m.Pending) {
		return nil
	}
	return &risk.Denied{Rule: "kill latch", Detail: "of the strategy: " + why}
}

// reducesOwn reports whether an order can only shrink what its strategy holds.
func (en *orderEntry) reducesOwn(o *exchange.Order) bool {
	return risk.Reducing(o, en.claims.filled(o.Strategy, o.Instrument), en.orders.pendingOf(o))
}

// pendingOf is what the strategy's own working orders beside an order may still fill, on
// its side of its instrument, signed.
func (t *orderTable) pendingOf(order *exchange.Order) exchange.Lots {
	var q exchange.Lots
	for _, o := range t.open {
		if o.Instrument == order.Instrument && o.Side == order.Side && o.Strategy == order.Strategy && o.Pair == 0 && o.ID != order.ID {
			q += exchange.Lots(o.Side) * o.Leaves()
		}
	}
	return q
}

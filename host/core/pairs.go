package core

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

func (c *Core) machine(id exchange.PairID) *execution.Machine {
	if id == 0 {
		return nil
	}
	for _, m := range c.machines {
		if m.Pair.ID == id {
			return m
		}
	}
	return nil
}

// step runs a machine and keeps one with nothing to do from spinning.
func (c *Core) step(m *execution.Machine) {
	m.Step(c)
	c.guard(m)
}

func (c *Core) guard(m *execution.Machine) {
	if d, armed := m.Deadline(); armed && d <= c.now {
		m.Snooze(c.now + exchange.Second/4)
	}
}

func (c *Core) runMachines(id exchange.InstrumentID) {
	for _, m := range c.machines {
		if (m.Pair.Spot == id || m.Pair.Perp == id) && !m.Pair.State.Done() && m.Watching() {
			c.step(m)
		}
	}
}

// record reports a pair's state for the ledger. It goes with every fill, so
// that a pair's row is never older than its fills.
func (c *Core) record(m *execution.Machine) {
	c.emit(m.Pair.Strategy, PairChanged{&SavedPair{m.Pair, m.Request}})
}

// Changed implements execution.Port.
func (c *Core) Changed(m *execution.Machine) {
	p := m.Pair
	c.record(m)
	before := c.told[p.ID]
	c.told[p.ID] = p.State
	if p.State == intent.PairOpen && before == intent.PairOpening {
		c.stats.PairsOpened++
	}
	if p.State == intent.PairClosed && before != intent.PairClosed {
		c.stats.PairsClosed++
	}
	for _, k := range c.keepers {
		k.dirty = true
	}
	c.stats.measure(&p)
	if news := m.News(); news != "" {
		c.log(intent.Warn, p.Strategy, c.describe(m))
	}
	c.tell(p.Strategy, Notice{Handler: OnPair, Pair: &p})
	if p.State.Done() && !before.Done() {
		if m.Leaves(c) {
			c.log(intent.Warn, p.Strategy, c.describe(m))
		}
		c.retire(p.ID)
	}
}

// retire notes that a pair is over, and forgets the one that has been over for
// longest.
func (c *Core) retire(id exchange.PairID) {
	c.over = append(c.over, id)
	if len(c.over) <= keepMachines {
		return
	}
	old := c.over[0]
	c.over = c.over[1:]
	for i, m := range c.machines {
		if m.Pair.ID == old && m.Pair.State.Done() {
			delete(c.told, old)
			c.machines = append(c.machines[:i:i], c.machines[i+1:]...)
			return
		}
	}
}

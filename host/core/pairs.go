package core

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

func (ps *pairs) machine(id exchange.PairID) *execution.Machine {
	if id == 0 {
		return nil
	}
	for _, m := range ps.list {
		if m.Pair.ID == id {
			return m
		}
	}
	return nil
}

// step runs a machine and keeps one with nothing to do from spinning.
func (pd *pairDriver) step(m *execution.Machine) {
	m.Step(pd.port)
	pd.guard(m)
}

func (pd *pairDriver) guard(m *execution.Machine) {
	if d, armed := m.Deadline(); armed && d <= pd.now {
		m.Snooze(pd.now + exchange.Second/4)
	}
}

func (pd *pairDriver) runMachines(id exchange.InstrumentID) {
	for _, m := range pd.pairs.list {
		if (m.Pair.Spot == id || m.Pair.Perp == id) && !m.Pair.State.Done() && m.Watching() {
			pd.step(m)
		}
	}
}

// record reports a pair's state for the ledger. It goes with every fill, so
// that a pair's row is never older than its fills.
func (pd *pairDriver) record(m *execution.Machine) {
	pd.emit(m.Pair.Strategy, PairChanged{&SavedPair{m.Pair, m.Request}})
}

// Changed implements execution.Port.
func (pd *pairDriver) Changed(m *execution.Machine) {
	p := m.Pair
	pd.record(m)
	before := pd.pairs.told[p.ID]
	pd.pairs.told[p.ID] = p.State
	if p.State == intent.PairOpen && before == intent.PairOpening {
		pd.stats.PairsOpened++
	}
	if p.State == intent.PairClosed && before != intent.PairClosed {
		pd.stats.PairsClosed++
	}
	pd.managers.disturb()
	pd.stats.measure(&p)
	if news := m.News(); news != "" {
		pd.log(intent.Warn, p.Strategy, pd.describe(m))
	}
	pd.strategies.tell(p.Strategy, Notice{Handler: OnPair, Pair: &p})
	if p.State.Done() && !before.Done() {
		if m.Leaves(pd.port) {
			pd.log(intent.Warn, p.Strategy, pd.describe(m))
		}
		pd.pairs.retire(p.ID)
	}
}

// retire notes that a pair is over, and forgets the one that has been over for
// longest.
func (ps *pairs) retire(id exchange.PairID) {
	ps.over = append(ps.over, id)
	if len(ps.over) <= keepMachines {
		return
	}
	old := ps.over[0]
	ps.over = ps.over[1:]
	for i, m := range ps.list {
		if m.Pair.ID == old && m.Pair.State.Done() {
			delete(ps.told, old)
			ps.list = append(ps.list[:i:i], ps.list[i+1:]...)
			return
		}
	}
}

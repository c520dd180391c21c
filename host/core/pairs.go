package core

import (
	"fmt"

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

// stepPair runs a machine and keeps one with nothing to do from spinning.
func (pd *pairDriver) stepPair(m *execution.Machine) {
	m.Step(pd.port)
	pd.snoozeIdle(m)
}

func (pd *pairDriver) snoozeIdle(m *execution.Machine) {
	if d, armed := m.Deadline(); armed && d <= pd.now {
		m.Snooze(pd.now + exchange.Second/4)
	}
}

func (pd *pairDriver) runMachines(id exchange.InstrumentID) {
	for _, m := range pd.pairs.list {
		if m.Trades(id) && !m.Pair.State.Done() && m.Watching() {
			pd.stepPair(m)
		}
	}
}

// recordPair reports a pair's state for the ledger. It goes with every fill, so
// that a pair's row is never older than its fills.
func (pd *pairDriver) recordPair(m *execution.Machine) {
	pd.emit(m.Pair.Strategy, PairChanged{&SavedPair{m.Pair, m.Request}})
}

// Changed implements execution.Port.
func (pd *pairDriver) Changed(m *execution.Machine) {
	p := m.Pair
	pd.recordPair(m)
	before := pd.pairs.reported[p.ID]
	pd.pairs.reported[p.ID] = p.State
	if p.State == intent.PairOpen && before == intent.PairOpening {
		pd.stats.PairsOpened++
	}
	if p.State == intent.PairClosed && before != intent.PairClosed {
		pd.stats.PairsClosed++
	}
	pd.managers.disturb()
	pd.stats.measure(&p)
	if news := m.News(); news != "" {
		pd.logAbout(intent.Warn, p.Strategy, About{Pair: p.ID}, pd.describe(m))
	}
	if choice := m.Choice(); choice != "" {
		pd.logAbout(intent.Info, p.Strategy, About{Pair: p.ID}, fmt.Sprintf("pair %d: %s", p.ID, choice))
	}
	pd.strategies.notify(p.Strategy, Callback{Handler: OnPair, Pair: &p})
	if p.State.Done() && !before.Done() {
		if m.Leaves(pd.port) {
			pd.logAbout(intent.Warn, p.Strategy, About{Pair: p.ID}, pd.describe(m))
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
			delete(ps.reported, old)
			ps.list = append(ps.list[:i:i], ps.list[i+1:]...)
			return
		}
	}
}

// transferring is the pair whose transfer this is.
func (ps *pairs) transferring(id uint64) *execution.Machine {
	for _, m := range ps.list {
		if mv := &m.Pair.Coin.Move; mv.ID == id && mv.Flying() {
			return m
		}
	}
	return nil
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

// AllPairs returns copies of every pair that is still known.
func (ps *pairs) AllPairs() []intent.Pair {
	var out []intent.Pair
	for _, m := range ps.list {
		out = append(out, m.Pair)
	}
	return out
}

// describe words where a pair stands: what it is doing, on what, what it holds, and
// what it waits for.
func (pd *pairDriver) describe(m *execution.Machine) string {
	p, perp := &m.Pair, pd.u.Get(m.Pair.Perp)
	text := fmt.Sprintf("pair %d on %s is %s with %s %s and %s %s", p.ID, perp.Key(), p.State,
		p.SpotQty, perp.Base, perp.QtyDecimal(p.PerpQty), perp.Key())
	if mv := &p.Coin.Move; mv.Flying() {
		text += fmt.Sprintf(", transfer %d of %s %s to %s under way", mv.ID, mv.Coins, perp.Base, mv.To)
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

func (pd *pairDriver) openPair(s *instance, id exchange.PairID, r intent.PairRequest) {
	pd.pairs.last = id
	m := execution.NewMachine(id, s.index, r, pd.port)
	pd.pairs.list = append(pd.pairs.list, m)
	pd.Changed(m)
	pd.stepPair(m)
}

func (pd *pairDriver) closePair(s *instance, r intent.CloseRequest) {
	for _, m := range pd.pairs.list {
		if m.Pair.ID != r.Pair {
			continue
		}
		if err := m.StartClose(pd.port, r); err != nil {
			pd.logAbout(intent.Warn, s.index, About{Pair: r.Pair}, err.Error())
			return
		}
		pd.stepPair(m)
	}
}

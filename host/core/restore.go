package core

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
	"github.com/perilune/perilune/host/execution/schedule"
)

// Restore is the state an interrupted session left in its ledger.
type Restore struct {
	Time         exchange.Time
	LastOrder    exchange.OrderID
	LastPair     exchange.PairID
	LastTransfer uint64 // transfers
	LastQuestion uint64 // questions to the advisor
	Balances     []RestoredBalance
	Fills        []RestoredFill // all of the session, oldest first
	Pairs        []SavedPair    // that are not done
	LastSchedule exchange.ScheduleID
	Schedules    []schedule.Saved     // that are not done
	Conditionals []intent.Conditional `json:",omitempty"` // that are not over, by group
	Transit      []exchange.Transfer  // sent and not arrived
	Orders       []exchange.Order     // that the venue may still have; Filled is the sum of Fills
	Absent       []string             // strategies that do not run now, but hold or held something; their indices follow
	Halted       string               // why the kill latch was tripped; "": it was not
	Latches      []Latch              `json:",omitempty"` // those of strategies that are tripped
	Signals      []string             `json:",omitempty"` // ids of the last ones that were told, oldest first

	// What a core has that goes on beside another one, and no ledger keeps: see Onlooker.Standing.
	Running  bool              `json:",omitempty"` // its strategies were started
	Timers   []RestoredTimer   `json:",omitempty"`
	Managers []RestoredManager `json:",omitempty"`
}

// RestoredBalance is the total of one asset of one wallet.
type RestoredBalance struct {
	Wallet exchange.Wallet
	Asset  string
	Total  decimal.Decimal
}

// RestoredFill is a fill and whose it was.
type RestoredFill struct {
	Time     exchange.Time // when it was traded
	Strategy int32
	Pair     exchange.PairID
	Fill     exchange.Fill
}

// resuming puts a new core where an earlier session left off.
type resuming struct{ *Core }

func (c resuming) restore(r *Restore) {
	if r == nil {
		return
	}
	c.now = r.Time
	c.orders.last, c.pairs.last, c.transfers.last, c.advisors.last = r.LastOrder, r.LastPair, r.LastTransfer, r.LastQuestion
	for _, name := range r.Absent {
		c.strategies.absent, c.claims.owners = append(c.strategies.absent, name), append(c.claims.owners, newHolder())
	}
	for i := range r.Fills {
		f := &r.Fills[i]
		c.seen.addExecution(&f.Fill)
		in := c.u.Get(f.Fill.Instrument)
		var venue *decimal.Decimal
		if in.Perp() {
			venue = &f.Fill.Realised
		}
		c.acct.pos[in.ID].fill(in, &f.Fill, venue)
		c.claims.credit(f.Strategy, f.Pair, &f.Fill)
		if f.Fill.Reason == liquidation {
			c.insurance.noteClosedBy(in, f.Time, f.Strategy, f.Pair, &f.Fill)
		}
	}
	for _, b := range r.Balances {
		c.acct.holding(b.Wallet, b.Asset).total = b.Total
	}
	for _, id := range r.Signals {
		c.signals.note(id)
	}
	if r.Halted != "" {
		c.gate.Kill(r.Halted)
	}
	c.latches.list = slices.Clone(r.Latches)
	for i := range r.Transit {
		t := &r.Transit[i]
		c.transfers.flying = append(c.transfers.flying, *t)
		held := c.acct.inTransit(t.Asset)
		held.total = held.total.Add(t.Amount)
		c.acct.moving[t.ID] = t.Amount
	}
	for i := range r.Orders {
		o := r.Orders[i]
		c.orders.addOrder(&o)
	}
	for _, p := range r.Pairs {
		c.pairs.list = append(c.pairs.list, execution.Resume(p.Pair, p.Request, c.now))
		c.pairs.reported[p.Pair.ID] = p.Pair.State
		c.reportCutOpening(&p.Pair)
	}
	c.schedules.restore(r, c.now)
	c.conditionals.restore(r, c.now)
	c.adopt(r)
	c.resumeRunning(r)
}

// reportCutOpening names a pair whose opening an interruption ended: what it was
// decided on is old, so it is balanced and not taken up again.
func (c resuming) reportCutOpening(p *intent.Pair) {
	if p.State != intent.PairOpening {
		return
	}
	c.stats.boot = append(c.stats.boot, bootEffect{p.Strategy, &LogLine{Level: intent.Warn,
		Text: fmt.Sprintf("pair %d on %s was being opened when the session was interrupted: it holds %s %s of the %s %s that were asked for, is balanced and stays as large as it is",
			p.ID, c.u.Get(p.Perp).Key(), p.SpotQty, c.u.Get(p.Spot).Base, p.Notional, c.u.Get(p.Spot).Quote)}})
}

// adopt gives the orders that an earlier run left at the venue to the machines that
// sent them.
func (c resuming) adopt(r *Restore) {
	for _, o := range c.orders.open {
		c.conditionals.adopt(o, r)
		if m := c.pairs.machine(o.Pair); m != nil {
			m.Adopt(o)
		}
		if m := c.schedules.get(o.Schedule); m != nil {
			m.Adopt(o)
		}
	}
}

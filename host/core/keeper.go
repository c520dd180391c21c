package core

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

// keeper is an execution.Keeper in its place: the port that it acts through, and
// what tells when it must look again.
type keeper struct {
	*Core
	execution.Keeper
	strategy int32 // that asked; -1: the configuration
	dirty    bool  // money or positions have changed
	alarms   []exchange.E8
}

// alarmStep is the rise of a mark that makes a keeper look again.
const alarmStep = 200 // half a per cent

func (c *Core) keeperOf(wallet exchange.Wallet) *keeper {
	for _, k := range c.keepers {
		if k.Request.Wallet == wallet {
			return k
		}
	}
	return nil
}

// cash is the wallet that spot markets trade from: where money waits.
func (c *Core) cash() exchange.Wallet {
	for _, in := range c.u.All() {
		if !in.Perp() {
			return in.Wallet
		}
	}
	return ""
}

// inverse reports whether inverse contracts are margined in a wallet.
func (c *Core) inverse(wallet exchange.Wallet) bool {
	return slices.ContainsFunc(c.u.All(), func(in *exchange.Instrument) bool { return in.Inverse() && in.Wallet == wallet })
}

// keepable says why a wallet can't be kept as asked, or nil.
func (c *Core) keepable(strategy int32, r *intent.MaintainRequest) error {
	r.Wallet, r.Cash = r.Wallet.Within(c.u.House()), r.Cash.Within(c.u.House())
	if r.Cash == "" {
		r.Cash = c.cash()
	}
	if err := r.Validate(); err != nil {
		return err
	}
	if !c.u.Margined(exchange.Linear, r.Wallet, r.Asset) {
		return fmt.Errorf("wallet: no contract is margined with %s in the %s wallet", r.Asset, r.Wallet)
	}
	if k := c.keeperOf(r.Wallet); k != nil && k.strategy != strategy {
		return fmt.Errorf("the %s wallet is kept by %s already", r.Wallet, c.StrategyName(k.strategy))
	}
	return nil
}

// keep starts to keep a wallet, or changes how.
func (c *Core) keep(strategy int32, r intent.MaintainRequest) {
	if err := c.keepable(strategy, &r); err != nil {
		c.log(intent.Error, strategy, "keep: "+err.Error())
		return
	}
	k := c.keeperOf(r.Wallet)
	if k == nil {
		k = &keeper{Core: c, strategy: strategy, alarms: make([]exchange.E8, c.u.Len())}
		c.keepers = append(c.keepers, k)
	}
	k.Request, k.dirty = r, true
}

// runKeepers gives every keeper its turn, at the end of a step.
func (c *Core) runKeepers() {
	for _, k := range c.keepers {
		if d, armed := k.Deadline(); k.dirty || armed && d <= k.now {
			k.look()
		}
	}
}

// concern notes which keepers must look again.
func (c *Core) concern(ev *exchange.Event) {
	for _, k := range c.keepers {
		k.dirty = k.dirty || k.concerned(ev)
	}
}

// concerned reports whether an event could have changed what a keeper decides.
// Marks are many, so they count only once they have risen.
func (k *keeper) concerned(ev *exchange.Event) bool {
	switch ev.Kind {
	case exchange.KindMark:
		return k.acct.pos[ev.Instrument].qty != 0 && k.u.Get(ev.Instrument).Wallet == k.Request.Wallet && ev.Mark >= k.alarms[ev.Instrument]
	case exchange.KindFill, exchange.KindTransfer, exchange.KindBalance, exchange.KindFundingPaid:
		return true
	}
	return false
}

func (k *keeper) look() {
	k.dirty = false
	for i := range k.alarms {
		k.alarms[i] = k.markets[i].mark.Mark + k.markets[i].mark.Mark/alarmStep
	}
	if k.looks() && k.priced() {
		k.Keeper.Step(k)
	}
	if d, armed := k.Keeper.Deadline(); armed && d <= k.now { // nothing could be decided: what is held has no price now
		k.Snooze(k.now + exchange.Second)
	}
}

// looks reports whether the keeper is at work. One that is not wants to be woken
// for nothing: a session that ends would never come past its deadline.
func (k *keeper) looks() bool { return k.running && !k.stopping }

// Deadline is that of the keeper, while it is at work.
func (k *keeper) Deadline() (exchange.Time, bool) {
	if !k.looks() {
		return 0, false
	}
	return k.Keeper.Deadline()
}

// The rest of execution.KeeperPort.

func (k *keeper) Standing(wallet exchange.Wallet, asset string) exchange.Margin {
	return k.standing(wallet, asset)
}

func (k *keeper) Cash(asset string) decimal.Decimal { return k.balance(k.Request.Cash, asset).Free }

func (k *keeper) Shorts(wallet exchange.Wallet) []execution.Short {
	var out []execution.Short
	for _, m := range k.machines {
		in := k.u.Get(m.Pair.Perp)
		if m.Pair.State.Done() || in.Wallet != wallet {
			continue
		}
		mark := k.markPrice(in)
		value := in.QtyDecimal(-m.Pair.PerpQty).Mul(mark)
		s := execution.Short{Pair: m.Pair.ID, State: m.Pair.State, Value: value, Loss: value.Sub(m.Pair.PerpCost)}
		if m.Pair.State == intent.PairClosing {
			s.Closing = value.Sub(in.QtyDecimal(m.Pair.Keep).Mul(mark))
		}
		out = append(out, s)
	}
	return out
}

func (k *keeper) Move(asset string, from, to exchange.Wallet, amount decimal.Decimal) uint64 {
	before := k.lastMove
	k.transfer(exchange.Transfer{Strategy: k.strategy, Asset: asset, From: from, To: to, Amount: amount})
	if k.lastMove == before {
		return 0
	}
	return k.lastMove
}

func (k *keeper) Shrink(id exchange.PairID, value decimal.Decimal, reason string) error {
	m := k.machine(id)
	err := m.StartClose(k.Core, intent.CloseRequest{Pair: id, Notional: value.Round(2), Patience: 1, Reason: reason})
	if err != nil {
		return err
	}
	what := "all of it"
	if m.Pair.Keep > 0 {
		what = value.StringFixed(0) + " USDT of it"
	}
	k.Say(true, fmt.Sprintf("pair %d on %s gives up %s: %s", id, k.u.Get(m.Pair.Perp).Key(), what, reason))
	k.step(m)
	return nil
}

func (k *keeper) Say(warn bool, text string) {
	level := intent.Info
	if warn {
		level = intent.Warn
	}
	k.log(level, k.strategy, text)
}

// MaintainMargin stages the maintaining of a wallet; see intent.MaintainRequest.
func (p *Port) MaintainMargin(r intent.MaintainRequest) error {
	if err := p.c.keepable(p.slot.index, &r); err != nil {
		return err
	}
	p.stage(&stagedMaintain{r})
	return nil
}

// Headroom is the value of one leg of a pair for which a maintained wallet and spot have the
// money, at once and once the wallets are shared out; false when it is not kept. A
// coin-margined pair brings its own margin: spot alone has to pay.
func (p *Port) Headroom(wallet exchange.Wallet) (now, soon decimal.Decimal, ok bool) {
	wallet = wallet.Within(p.c.u.House())
	k := p.c.keeperOf(wallet)
	if k == nil && p.c.inverse(wallet) {
		now = execution.SpotRoom(p.c.balance(p.c.cash(), "USDT").Free)
		return now, now, true
	}
	if k == nil {
		return decimal.Zero, decimal.Zero, false
	}
	now, soon = k.Keeper.Room(k)
	return now, soon, true
}

// HaltReason returns why nothing may be opened, or "".
func (p *Port) HaltReason() string { return p.c.Halted() }

package core

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

// marginManager manager is an execution.MarginManager in its place: the port that it acts through, and
// what tells when it must look again.
type marginManager struct {
	*managerDoor
	execution.MarginManager
	strategy int32 // that asked; -1: the configuration
	dirty    bool  // money or positions have changed
	alarms   []exchange.E8
}

// alarmStep is the rise of a mark that makes a margin manager look again.
const alarmStep = 200 // half a per cent

func (mm *marginManagers) managerOf(wallet exchange.Wallet) *marginManager {
	for _, k := range mm.list {
		if k.Request.Wallet == wallet {
			return k
		}
	}
	return nil
}

// cashOf is the wallet that spot markets of a wallet's house trade from: where its
// money waits. "" when there is none.
func (mm *marginManagers) cashOf(wallet exchange.Wallet) exchange.Wallet {
	for _, in := range mm.u.All() {
		if !in.Perp() && in.Wallet.House() == wallet.House() {
			return in.Wallet
		}
	}
	return ""
}

// coinsPaidWith finds the wallet and the asset that buy the coins of pairs whose inverse
// contracts are margined in a wallet; false when there are none.
func (mm *marginManagers) coinsPaidWith(wallet exchange.Wallet) (cash exchange.Wallet, asset string, ok bool) {
	pairs := mm.u.Pairs(func(in *exchange.Instrument) bool { return in.Inverse() && in.Wallet == wallet })
	if len(pairs) == 0 {
		return "", "", false
	}
	return pairs[0].Spot.Wallet, pairs[0].Spot.Quote, true
}

// checkRequest says why a wallet can't be kept as asked, or nil.
func (mm *marginManagers) checkRequest(strategy int32, r *intent.MaintainRequest) error {
	r.Wallet, r.Cash = r.Wallet.Within(mm.u.House()), r.Cash.Within(mm.u.House())
	if r.Cash == "" {
		r.Cash = mm.cashOf(r.Wallet)
	}
	if err := r.ChooseAsset(mm.u); err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
	}
	if k := mm.managerOf(r.Wallet); k != nil && k.strategy != strategy {
		return fmt.Errorf("the %s wallet is kept by %s already", r.Wallet, mm.strategies.StrategyName(k.strategy))
	}
	return nil
}

// maintain starts to keep a wallet, or changes how.
func (mm *marginManagers) maintain(strategy int32, r intent.MaintainRequest) {
	if err := mm.checkRequest(strategy, &r); err != nil {
		mm.log(intent.Error, strategy, "keep: "+err.Error())
		return
	}
	k := mm.managerOf(r.Wallet)
	if k == nil {
		k = &marginManager{managerDoor: mm.managerDoor, strategy: strategy, alarms: make([]exchange.E8, mm.u.Len())}
		mm.list = append(mm.list, k)
	}
	k.Request, k.dirty = r, true
}

// runKeepers gives every margin manager its turn, at the end of a step.
func (mm *marginManagers) run() {
	for _, k := range mm.list {
		if d, armed := k.Deadline(); k.dirty || armed && d <= k.now {
			k.look()
		}
	}
}

// transferEnded tells them the end of a transfer.
func (mm *marginManagers) transferEnded(id uint64, failed bool) {
	for _, k := range mm.list {
		k.Arrived(id, failed)
	}
}

// disturb makes all of them look again: a pair changed.
func (mm *marginManagers) disturb() {
	for _, k := range mm.list {
		k.dirty = true
	}
}

// noteEvent notes which margin managers must look again.
func (mm *marginManagers) noteEvent(ev *exchange.Event) {
	for _, k := range mm.list {
		k.dirty = k.dirty || k.concerned(ev)
	}
}

// concerned reports whether an event could have changed what a margin manager decides.
// Marks are many, so they count only once they have risen.
func (k *marginManager) concerned(ev *exchange.Event) bool {
	switch ev.Kind {
	case exchange.KindMark:
		return k.acct.pos[ev.Instrument].qty != 0 && k.u.Get(ev.Instrument).Wallet == k.Request.Wallet && ev.Mark >= k.alarms[ev.Instrument]
	case exchange.KindFill, exchange.KindTransfer, exchange.KindBalance, exchange.KindFundingPaid, exchange.KindMargin:
		return true
	}
	return false
}

func (k *marginManager) look() {
	k.dirty = false
	for i := range k.alarms {
		k.alarms[i] = k.markets.list[i].mark.Mark + k.markets.list[i].mark.Mark/alarmStep
	}
	if k.looks() && k.wallets.priced() {
		k.MarginManager.Step(k)
	}
	if d, armed := k.MarginManager.Deadline(); armed && d <= k.now { // nothing could be decided: what is held has no price now
		k.Snooze(k.now + exchange.Second)
	}
}

// looks reports whether the margin manager is at work. One that is not wants to be woken
// for nothing: a session that ends would never come past its deadline.
func (k *marginManager) looks() bool { return k.phase.running && !k.phase.stopping }

// Deadline is that of the margin manager, while it is at work.
func (k *marginManager) Deadline() (exchange.Time, bool) {
	if !k.looks() {
		return 0, false
	}
	return k.MarginManager.Deadline()
}

// The rest of execution.MarginPort.

func (k *marginManager) Standing(wallet exchange.Wallet, asset string) exchange.Margin {
	return k.wallets.standing(wallet, asset)
}

func (k *marginManager) Cash(asset string) decimal.Decimal {
	return k.wallets.balance(k.Request.Cash, asset).Free
}

func (k *marginManager) Shorts(wallet exchange.Wallet) []execution.Short {
	return k.driver.shortsOf(k.markets, func(in *exchange.Instrument) bool { return in.Wallet == wallet && !k.acct.pos[in.ID].isolated() })
}

func (k *marginManager) Move(asset string, from, to exchange.Wallet, amount decimal.Decimal) uint64 {
	before := k.transfers.last
	k.transfers.transfer(exchange.Transfer{Strategy: k.strategy, Asset: asset, From: from, To: to, Amount: amount})
	if k.transfers.last == before {
		return 0
	}
	return k.transfers.last
}

func (k *marginManager) Shrink(id exchange.PairID, value decimal.Decimal, reason string) error {
	m := k.pairs.machine(id)
	err := m.StartClose(k.driver.port, intent.CloseRequest{Pair: id, Notional: value.Round(2), Patience: 1, Reason: reason})
	if err != nil {
		return err
	}
	what := "all of it"
	if m.Pair.Keep > 0 {
		what = value.StringFixed(0) + " " + k.Request.Asset + " of it"
	}
	k.Log(true, fmt.Sprintf("pair %d on %s gives up %s: %s", id, k.u.Get(m.Pair.Perp).Key(), what, reason))
	k.driver.stepPair(m)
	return nil
}

func (k *marginManager) Log(warn bool, text string) {
	level := intent.Info
	if warn {
		level = intent.Warn
	}
	k.log(level, k.strategy, text)
}

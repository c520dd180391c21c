package core

import (
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

// flying remembers the transfers whose end the venue has not told.
type flying []exchange.Transfer

func (l flying) find(asset string, from, to exchange.Wallet) (exchange.Transfer, bool) {
	for _, t := range l {
		if t.Asset == asset && t.From == from && t.To == to {
			return t, true
		}
	}
	return exchange.Transfer{}, false
}

// land removes a transfer; false: it is none of ours, or its end was told before.
func (l *flying) land(id uint64) bool {
	for i, t := range *l {
		if t.ID == id {
			*l = append((*l)[:i:i], (*l)[i+1:]...)
			return true
		}
	}
	return false
}

// Move implements execution.Port.
func (tr *transfers) Move(m *execution.Machine, from, to exchange.Wallet, coins decimal.Decimal) (exchange.Transfer, error) {
	asset := tr.u.Get(m.Pair.Perp).Settle()
	if t, busy := tr.flying.find(asset, from, to); busy {
		return exchange.Transfer{}, fmt.Errorf("transfer %d of %s from %s to %s is under way: one at a time", t.ID, asset, from, to)
	}
	free := tr.claims.Movable(m)
	if from == tr.u.Get(m.Pair.Spot).Wallet {
		free = tr.claims.Free(m.Pair.Spot, m.Pair.ID)
	}
	t := exchange.Transfer{ID: tr.last + 1, Strategy: m.Pair.Strategy, Asset: asset, From: from, To: to}
	t.Amount = decimal.Min(coins, free)
	if tr.mark != nil {
		t.Amount = tr.mark(t.Amount, t.ID)
	}
	if !t.Amount.IsPositive() {
		return t, fmt.Errorf("nothing to move from %s to %s: %s %s are free", from, to, free, asset)
	}
	tr.sendMove(&t, m.Pair.ID)
	return t, nil
}

// sendMove books a transfer as on its way and sends it.
func (tr *transfers) sendMove(t *exchange.Transfer, pair exchange.PairID) {
	tr.last = t.ID
	tr.flying = append(tr.flying, *t)
	postings := tr.acct.depart(t)
	sent := *t
	tr.emit(t.Strategy, SendTransfer{&sent})
	tr.emitMove("transfer_out", &sent, pair, postings)
}

// moved tells the pair whose transfer ended.
func (tr *transfers) moved(t *exchange.Transfer) {
	if m := tr.pairs.transferring(t.ID); m != nil {
		m.Moved(tr.driver.port, t)
		tr.driver.snoozeIdle(m)
		if t.Failed && t.From == tr.u.Get(m.Pair.Spot).Wallet {
			tr.crossing.soldMeanwhile(m)
		}
	}
}

func (tr *transfers) transfer(t exchange.Transfer) {
	free := tr.wallets.movable(t.From, t.Asset)
	if !tr.u.HasMargin(t.From) {
		free = free.Sub(tr.claims.held(t.From, t.Asset, 0))
	} else if tr.u.MarginedWith(exchange.Inverse, t.From, t.Asset) {
		free = decimal.Min(free, tr.claims.unclaimed(t.From, t.Asset))
	}
	if other, busy := tr.flying.find(t.Asset, t.From, t.To); busy && tr.pairs.transferring(other.ID) != nil {
		tr.log(intent.Error, t.Strategy, fmt.Sprintf("transfer of %s %s from %s to %s refused: transfer %d of a pair is under way there",
			t.Amount, t.Asset, t.From, t.To, other.ID))
		return
	}
	if !t.Amount.IsPositive() || t.Amount.GreaterThan(free) {
		tr.log(intent.Error, t.Strategy, fmt.Sprintf("transfer of %s %s from %s to %s refused: %s is free",
			t.Amount, t.Asset, t.From, t.To, free))
		return
	}
	t.ID = tr.last + 1
	tr.sendMove(&t, 0)
}

func (tr *transfers) emitMove(kind string, t *exchange.Transfer, pair exchange.PairID, postings []exchange.Posting) {
	tr.emit(t.Strategy, Booked{&Txn{Kind: kind, Ref: strconv.FormatUint(t.ID, 10), Strategy: t.Strategy, Pair: pair,
		Postings: postings, Transfer: t}})
}

// onTransfer takes the end of a transfer; a failed one goes back to where it
// came from.
func (tr *transfers) onTransfer(ev *exchange.Event) {
	t := *ev.Transfer
	told := t
	var pair exchange.PairID
	if m := tr.pairs.transferring(t.ID); m != nil {
		pair = m.Pair.ID
	}
	if !tr.flying.land(t.ID) {
		tr.log(intent.Warn, -1, fmt.Sprintf("venue speaks of transfer %d, which is not under way", t.ID))
		return
	}
	tr.emit(t.Strategy, TransferEnded{&told})
	kind := "transfer_in"
	if t.Failed {
		kind = "transfer_back"
		t.To = t.From
		tr.log(intent.Error, t.Strategy, fmt.Sprintf("transfer %d failed: %s", t.ID, t.Reason))
	}
	tr.emitMove(kind, &t, pair, tr.acct.arrive(&t))
	tr.moved(&told)
	tr.managers.transferEnded(t.ID, t.Failed)
}

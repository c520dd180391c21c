package execution

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// The constants of the transfer machine.
const (
	moveTries = 5                    // in a row; then the batch is given up
	moveLate  = 3 * exchange.Second  // without a word: unknown, and what can be hedged otherwise is
	moveLost  = 15 * exchange.Second // without a word: the opening is given up
	movePause = exchange.Minute      // between tries after moveTries failed
)

// retryPause is how long after a failure the next try may be: 1, 2, 4, 8 seconds, and
// then a minute, because a lane that failed so often is closed.
func retryPause(v *intent.Move) exchange.Time {
	if v.Failures >= moveTries {
		return movePause
	}
	return exchange.Second << (v.Failures - 1)
}

// late and lost leave a part of the time that coins may be unhedged for mending it.
func (td *trade) late() exchange.Time { return min(moveLate, td.Request.MaxUnhedgedTime/4) }
func (td *trade) lost() exchange.Time { return min(moveLost, td.Request.MaxUnhedgedTime/2) }

// ship sends coins to the wallet of the other leg, or says in the pair's reason why not now.
func (cm *coinMover) ship(p Port, now exchange.Time, fromLeg, toLeg int, coins decimal.Decimal) bool {
	mv, from, to := &cm.Pair.Coin.Move, cm.wallet(p, fromLeg), cm.wallet(p, toLeg)
	if mv.State == intent.MoveFailed && now < mv.Next {
		cm.wake = mv.Next
		return false
	}
	t, err := p.Move(cm.self, from, to, coins)
	if err != nil {
		cm.Pair.Reason = err.Error()
		cm.wake = now + exchange.Second
		return false
	}
	failures := mv.Failures
	if mv.From != from {
		failures = 0
	}
	*mv = intent.Move{State: intent.MoveSent, ID: t.ID, From: from, To: to, Coins: t.Amount, Sent: now, Failures: failures}
	addCoins(&cm.Pair, fromLeg, t.Amount.Neg())
	cm.wake = now + cm.late()
	cm.reasons.report(p)
	return true
}

// addCoins adds coins to what the pair has in the wallet of a leg.
func addCoins(p *intent.Pair, leg int, coins decimal.Decimal) {
	if leg == legSpot {
		p.SpotQty = p.SpotQty.Add(coins)
	} else {
		p.Coin.Margin = p.Coin.Margin.Add(coins)
	}
}

func (td *trade) wallet(p Port, leg int) exchange.Wallet {
	if leg == legSpot {
		return p.Instrument(td.Pair.Spot).Wallet
	}
	return p.Instrument(td.Pair.Perp).Wallet
}

func (td *trade) legOf(p Port, wallet exchange.Wallet) int {
	if wallet == td.wallet(p, legSpot) {
		return legSpot
	}
	return legPerp
}

// Moved tells the machine how its transfer ended.
func (m *Machine) Moved(p Port, t *exchange.Transfer) {
	mv := &m.Pair.Coin.Move
	if mv.ID != t.ID || !mv.Flying() {
		return
	}
	m.balancer.attempts = 0
	from, to := m.legOf(p, mv.From), m.legOf(p, mv.To)
	if t.Failed {
		addCoins(&m.Pair, from, mv.Coins)
		m.mover.moveFailed(p, t.Reason)
	} else {
		addCoins(&m.Pair, to, t.Amount)
		addCoins(&m.Pair, from, mv.Coins.Sub(t.Amount)) // what the venue's desk cut off to mark it
		m.mover.landed(p, to)
		*mv = intent.Move{}
	}
	m.reasons.report(p)
	m.Step(p)
}

// moveFailed puts the next try off. An opening gives up after a few: its coins
// are sold where they are. A closing goes on with the coins sent ahead, which
// leaves nothing unhedged while the lane is closed.
func (cm *coinMover) moveFailed(p Port, why string) {
	mv := &cm.Pair.Coin.Move
	mv.State, mv.Why = intent.MoveFailed, why
	mv.Failures++
	mv.Next = p.Now() + retryPause(mv)
	cm.Pair.Reason = fmt.Sprintf("transfer %d from %s to %s failed: %s", mv.ID, mv.From, mv.To, why)
	if cm.Pair.Coin.Stranded == 0 && cm.legOf(p, mv.From) == legPerp {
		cm.Pair.Coin.Stranded = p.Now()
	}
	if mv.Failures < moveTries {
		return
	}
	cm.coin.ahead = true
	if cm.Pair.State == intent.PairOpening && cm.cut == "" {
		cm.cut = fmt.Sprintf("%d transfers in a row failed: %s", mv.Failures, why)
	}
}

// watchMove notes that a transfer is late. Nothing is sent again: only the venue's
// word ends it.
func (cm *coinMover) watchMove(p Port, now exchange.Time) {
	mv := &cm.Pair.Coin.Move
	if mv.State == intent.MoveSent && now >= mv.Sent+cm.late() {
		mv.State = intent.MoveUnknown
		cm.Pair.Reason = fmt.Sprintf("transfer %d from %s to %s is late", mv.ID, mv.From, mv.To)
		cm.reasons.report(p)
	}
	if cm.Pair.State == intent.PairOpening && cm.cut == "" && now >= mv.Sent+cm.lost() {
		cm.cut = fmt.Sprintf("transfer %d from %s to %s had no answer for %s", mv.ID, mv.From, mv.To, span(now-mv.Sent))
	}
	switch {
	case mv.State == intent.MoveSent:
		cm.wake = mv.Sent + cm.late()
	case now < mv.Sent+cm.lost():
		cm.wake = mv.Sent + cm.lost()
	default:
		cm.wake = now + movePause
	}
}

func span(t exchange.Time) string { return fmt.Sprintf("%.1f s", float64(t)/float64(exchange.Second)) }

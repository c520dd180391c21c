package execution

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// MoveState is where the transfer of a coin-margined pair stands.
type MoveState uint8

const (
	MoveNone    MoveState = iota
	MoveSent              // its row is in the ledger and the venue has it, or will
	MoveUnknown           // no word for longer than it should take: it is neither lost nor done
	MoveFailed            // the coins are back where they came from; the next try waits until Next
)

// Move is the one transfer that a coin-margined pair may have under way. A pair
// never sends a transfer again whose end it does not know: coins could move twice.
type Move struct {
	State    MoveState
	ID       uint64
	From, To exchange.Wallet
	Coins    decimal.Decimal
	Sent     exchange.Time
	Failures int           // in a row
	Next     exchange.Time // when a failed one may be tried again
	Why      string        `json:",omitempty"` // the last one failed
}

// Flying reports whether coins have left one wallet and not reached the other.
func (v *Move) Flying() bool { return v.State == MoveSent || v.State == MoveUnknown }

// The constants of the transfer machine.
const (
	moveTries = 5                    // in a row; then the batch is given up
	moveLate  = 3 * exchange.Second  // without a word: unknown, and what can be hedged otherwise is
	moveLost  = 15 * exchange.Second // without a word: the opening is given up
	movePause = exchange.Minute      // between tries after moveTries failed
)

// pause is how long after a failure the next try may be: 1, 2, 4, 8 seconds, and
// then a minute, because a lane that failed so often is closed.
func (v *Move) pause() exchange.Time {
	if v.Failures >= moveTries {
		return movePause
	}
	return exchange.Second << (v.Failures - 1)
}

// late and lost leave a part of the time that coins may be unhedged for mending it.
func (m *Machine) late() exchange.Time { return min(moveLate, m.Request.MaxUnhedgedTime/4) }
func (m *Machine) lost() exchange.Time { return min(moveLost, m.Request.MaxUnhedgedTime/2) }

// ship sends coins to the wallet of the other leg, or says in the pair's reason why not now.
func (m *Machine) ship(p Port, now exchange.Time, fromLeg, toLeg int, coins decimal.Decimal) bool {
	mv, from, to := &m.Pair.Coin.Move, m.wallet(p, fromLeg), m.wallet(p, toLeg)
	if mv.State == MoveFailed && now < mv.Next {
		m.wake = mv.Next
		return false
	}
	t, err := p.Move(m, from, to, coins)
	if err != nil {
		m.Pair.Reason = err.Error()
		m.wake = now + exchange.Second
		return false
	}
	failures := mv.Failures
	if mv.From != from {
		failures = 0
	}
	*mv = Move{State: MoveSent, ID: t.ID, From: from, To: to, Coins: t.Amount, Sent: now, Failures: failures}
	m.Pair.hold(fromLeg, t.Amount.Neg())
	m.wake = now + m.late()
	m.tell(p)
	return true
}

// hold adds coins to what the pair has in the wallet of a leg.
func (p *Pair) hold(leg int, coins decimal.Decimal) {
	if leg == legSpot {
		p.SpotQty = p.SpotQty.Add(coins)
	} else {
		p.Coin.Margin = p.Coin.Margin.Add(coins)
	}
}

func (m *Machine) wallet(p Port, leg int) exchange.Wallet {
	if leg == legSpot {
		return p.Instrument(m.Pair.Spot).Wallet
	}
	return p.Instrument(m.Pair.Perp).Wallet
}

func (m *Machine) legOf(p Port, wallet exchange.Wallet) int {
	if wallet == m.wallet(p, legSpot) {
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
	m.attempts = 0
	from, to := m.legOf(p, mv.From), m.legOf(p, mv.To)
	if t.Failed {
		m.Pair.hold(from, mv.Coins)
		m.moveFailed(p, t.Reason)
	} else {
		m.Pair.hold(to, t.Amount)
		m.Pair.hold(from, mv.Coins.Sub(t.Amount)) // what the venue's desk cut off to mark it
		m.landed(p, to)
		*mv = Move{}
	}
	m.tell(p)
	m.Step(p)
}

// moveFailed puts the next try off. An opening gives up after a few: its coins
// are sold where they are. A closing goes on with the coins sent ahead, which
// leaves nothing unhedged while the lane is closed.
func (m *Machine) moveFailed(p Port, why string) {
	mv := &m.Pair.Coin.Move
	mv.State, mv.Why = MoveFailed, why
	mv.Failures++
	mv.Next = p.Now() + mv.pause()
	m.Pair.Reason = fmt.Sprintf("transfer %d from %s to %s failed: %s", mv.ID, mv.From, mv.To, why)
	if m.Pair.Coin.Stranded == 0 && m.legOf(p, mv.From) == legPerp {
		m.Pair.Coin.Stranded = p.Now()
	}
	if mv.Failures < moveTries {
		return
	}
	m.coin.ahead = true
	if m.Pair.State == PairOpening && m.cut == "" {
		m.cut = fmt.Sprintf("%d transfers in a row failed: %s", mv.Failures, why)
	}
}

// watchMove notes that a transfer is late. Nothing is sent again: only the venue's
// word ends it.
func (m *Machine) watchMove(p Port, now exchange.Time) {
	mv := &m.Pair.Coin.Move
	if mv.State == MoveSent && now >= mv.Sent+m.late() {
		mv.State = MoveUnknown
		m.Pair.Reason = fmt.Sprintf("transfer %d from %s to %s is late", mv.ID, mv.From, mv.To)
		m.tell(p)
	}
	if m.Pair.State == PairOpening && m.cut == "" && now >= mv.Sent+m.lost() {
		m.cut = fmt.Sprintf("transfer %d from %s to %s had no answer for %s", mv.ID, mv.From, mv.To, span(now-mv.Sent))
	}
	switch {
	case mv.State == MoveSent:
		m.wake = mv.Sent + m.late()
	case now < mv.Sent+m.lost():
		m.wake = mv.Sent + m.lost()
	default:
		m.wake = now + movePause
	}
}

func span(t exchange.Time) string { return fmt.Sprintf("%.1f s", float64(t)/float64(exchange.Second)) }

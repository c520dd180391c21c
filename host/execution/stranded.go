package execution

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// The last coins of a coin-margined pair can strand in the COIN-M wallet: transfers
// fail, or other positions of the account stand on them. They are hedged again, and
// brought to spot a part at a time while the short stands. This file bounds how often,
// and says how it ends.

const (
	strandedMost  = 30 * exchange.Minute // hedged; then what is worth no more than a contract stays where it is
	strandedNaked = 10 * exchange.Minute // the same, when it can't be hedged either
	mostBacks     = 3                    // contracts are bought back so often, and then only once coins arrived
)

// strand notes that coins are hedged again because they can't be brought to spot.
func (m *Machine) strand(now exchange.Time) {
	m.coin.ahead = true
	if m.Pair.Coin.Stranded == 0 {
		m.Pair.Coin.Stranded = now
	}
}

// hedgeStranded hedges coins that can't be brought to spot. When that is refused too, the
// refusal alone would not say what the pair waits for.
func (m *Machine) hedgeStranded(p Port, now exchange.Time, o *exchange.Order) bool {
	m.strand(now)
	if err := m.try(p, now, o); err != nil {
		m.Pair.Reason = err.Error() + "; " + m.strandedWord(p)
	}
	return true
}

// coverAgain buys contracts back alone, from the market or inside the account, and counts
// how often it does so though coins are stranded.
func (m *Machine) coverAgain(p Port, now exchange.Time, cover *exchange.Order) {
	again := m.coin.ahead && m.Pair.Coin.Stranded != 0
	if again {
		m.coin.backs++
	}
	if m.refused >= settlePause && m.settleHidden(p, cover) {
		return
	}
	if m.sendBoth(p, now, cover); again && !m.legs[legPerp].live {
		m.coin.backs--
	}
}

// landed is called when coins arrived. They are not stranded any more if half of what is
// left could follow: a few are freed by buying contracts back, whatever stands on the
// others.
func (m *Machine) landed(p Port, leg int) {
	left, _ := m.Collateral(p.Instrument(m.Pair.Perp), m.coinPrice(p))
	if leg == legSpot && p.Movable(m).GreaterThanOrEqual(left.Mul(half)) {
		if m.Pair.Coin.Stranded != 0 {
			m.Pair.Reason = m.Pair.Cause // what it waited for is here
		}
		m.Pair.Coin.Stranded, m.coin.backs = 0, 0
	}
}

// strandedWaits keeps a short that can only be hedged again from being bought back once
// more. It reports false while that may still be tried.
func (m *Machine) strandedWaits(p Port, now exchange.Time) bool {
	if m.coin.backs < mostBacks {
		return false
	}
	m.later(now+movePause, m.strandedWord(p))
	return true
}

// givesUp reports that what is left is worth no more than about a contract, and that
// it could not be brought to spot for so long that it stays where it is.
func (m *Machine) givesUp(p Port, now exchange.Time) bool {
	since := m.Pair.Coin.Stranded
	if since == 0 || m.Pair.State == intent.PairOpen || m.Pair.Coin.Move.Flying() || m.Pair.PerpQty > 0 || m.coinPrice(p).IsZero() {
		return false
	}
	naked := m.Pair.PerpQty == 0 && m.unhedgedAt != 0 && now >= max(since, m.unhedgedAt)+strandedNaked
	if !naked && now < since+strandedMost {
		return false
	}
	return m.contracts(p, m.Pair.NetCoins())-m.Pair.PerpQty <= 1 && !m.sellableOnSpot(p, decimal.Zero)
}

// worthSweeping reports whether coins that no short needs can be sold once they are on
// spot.
func (m *Machine) worthSweeping(p Port, away decimal.Decimal) bool {
	return m.worthMoving(p, away).IsPositive() && m.sellableOnSpot(p, away)
}

// sellableOnSpot reports whether the coins on spot, and so many more, make an order.
func (m *Machine) sellableOnSpot(p Port, more decimal.Decimal) bool {
	spot := p.Instrument(m.Pair.Spot)
	coins := more.Add(decimal.Max(decimal.Zero, m.Pair.SpotQty))
	return tradable(spot, m.touch(p), exchange.Lots(spot.Lot.Floor(coins)))
}

// strandedWord says what is waited for.
func (m *Machine) strandedWord(p Port) string {
	perp := p.Instrument(m.Pair.Perp)
	coins, _ := m.Collateral(perp, m.coinPrice(p))
	coins = coins.Round(8)
	text := fmt.Sprintf("%s %s%s in the %s wallet can't be brought to spot yet, %s", coins, perp.Base, m.worth(p, coins), perp.Wallet, m.strandedWhy())
	if m.Pair.PerpQty < 0 {
		text += fmt.Sprintf("; a short of %s %s hedges them", perp.QtyDecimal(-m.Pair.PerpQty), perp.Key())
	}
	return text
}

func (m *Machine) strandedWhy() string {
	if mv := &m.Pair.Coin.Move; mv.State == intent.MoveFailed {
		return fmt.Sprintf("%d transfers in a row failed with %q", mv.Failures, mv.Why)
	}
	return "because other positions stand on them"
}

// strandedText says what is left of a pair that gave up, where, and why.
func (m *Machine) strandedText(p Port) string {
	base, in := p.Instrument(m.Pair.Spot).Base, m.Pair.InMargin().Round(8)
	text := fmt.Sprintf("%s %s%s are left in the %s wallet: they could not be brought to spot, %s", in, base, m.worth(p, in),
		p.Instrument(m.Pair.Perp).Wallet, m.strandedWhy())
	if m.Pair.SpotQty.GreaterThanOrEqual(p.Instrument(m.Pair.Spot).QtyDecimal(1)) {
		text += fmt.Sprintf("; %s %s are left on spot%s", m.Pair.SpotQty, base, m.unsold(p, m.Pair.SpotQty))
	}
	return text
}

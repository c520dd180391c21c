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
func (cm *coinMover) strand(now exchange.Time) {
	cm.coin.ahead = true
	if cm.Pair.Coin.Stranded == 0 {
		cm.Pair.Coin.Stranded = now
	}
}

// hedgeStranded hedges coins that can't be brought to spot. When that is refused too, the
// refusal alone would not say what the pair waits for.
func (cn *coinLeg) hedgeStranded(p Port, now exchange.Time, o *exchange.Order) bool {
	cn.mover.strand(now)
	if err := cn.tryBalancing(p, now, o); err != nil {
		cn.Pair.Reason = err.Error() + "; " + cn.mover.strandedWord(p)
	}
	return true
}

// coverAgain buys contracts back alone, from the market or inside the account, and counts
// how often it does so though coins are stranded.
func (cn *coinLeg) coverAgain(p Port, now exchange.Time, cover *exchange.Order) {
	again := cn.coin.ahead && cn.Pair.Coin.Stranded != 0
	if again {
		cn.coin.backs++
	}
	if cn.taker.refused >= settlePause && cn.balancer.settleHidden(p, cover) {
		return
	}
	if cn.taker.sendBoth(p, now, cover); again && !cn.working.legs[legPerp].live {
		cn.coin.backs--
	}
}

// landed is called when coins arrived. They are not stranded any more if half of what is
// left could follow: a few are freed by buying contracts back, whatever stands on the
// others.
func (cm *coinMover) landed(p Port, leg int) {
	left, _ := cm.Pair.Collateral(p.Instrument(cm.Pair.Perp), cm.coinPrice(p))
	if leg == legSpot && p.Movable(cm.self).GreaterThanOrEqual(left.Mul(half)) {
		if cm.Pair.Coin.Stranded != 0 {
			cm.Pair.Reason = cm.Pair.Cause // what it waited for is here
		}
		cm.Pair.Coin.Stranded, cm.coin.backs = 0, 0
	}
}

// strandedWaits keeps a short that can only be hedged again from being bought back once
// more. It reports false while that may still be tried.
func (cn *coinLeg) strandedWaits(p Port, now exchange.Time) bool {
	if cn.coin.backs < mostBacks {
		return false
	}
	cn.later(now, now+movePause, cn.mover.strandedWord(p))
	return true
}

// givesUp reports that what is left is worth no more than about a contract, and that
// it could not be brought to spot for so long that it stays where it is.
func (cm *coinMover) givesUp(p Port, now exchange.Time) bool {
	since := cm.Pair.Coin.Stranded
	if since == 0 || cm.Pair.State == intent.PairOpen || cm.Pair.Coin.Move.Flying() || cm.Pair.PerpQty > 0 || cm.coinPrice(p).IsZero() {
		return false
	}
	naked := cm.Pair.PerpQty == 0 && cm.unhedgedAt != 0 && now >= max(since, cm.unhedgedAt)+strandedNaked
	if !naked && now < since+strandedMost {
		return false
	}
	return cm.contracts(p, cm.Pair.NetCoins())-cm.Pair.PerpQty <= 1 && !cm.sellableOnSpot(p, decimal.Zero)
}

// worthSweeping reports whether coins that no short needs can be sold once they are on
// spot.
func (cm *coinMover) worthSweeping(p Port, away decimal.Decimal) bool {
	return cm.worthMoving(p, away).IsPositive() && cm.sellableOnSpot(p, away)
}

// sellableOnSpot reports whether the coins on spot, and so many more, make an order.
func (td *trade) sellableOnSpot(p Port, more decimal.Decimal) bool {
	spot := p.Instrument(td.Pair.Spot)
	coins := more.Add(decimal.Max(decimal.Zero, td.Pair.SpotQty))
	return tradable(spot, td.touch(p), exchange.Lots(spot.Lot.Floor(coins)))
}

// strandedWord says what is waited for.
func (cm *coinMover) strandedWord(p Port) string {
	perp := p.Instrument(cm.Pair.Perp)
	coins, _ := cm.Pair.Collateral(perp, cm.coinPrice(p))
	coins = coins.Round(8)
	text := fmt.Sprintf("%s %s%s in the %s wallet can't be brought to spot yet, %s", coins, perp.Base, cm.worth(p, coins), perp.Wallet, cm.strandedWhy())
	if cm.Pair.PerpQty < 0 {
		text += fmt.Sprintf("; a short of %s %s hedges them", perp.QtyDecimal(-cm.Pair.PerpQty), perp.Key())
	}
	return text
}

func (cm *coinMover) strandedWhy() string {
	if mv := &cm.Pair.Coin.Move; mv.State == intent.MoveFailed {
		return fmt.Sprintf("%d transfers in a row failed with %q", mv.Failures, mv.Why)
	}
	return "because other positions stand on them"
}

// strandedText says what is left of a pair that gave up, where, and why.
func (cm *coinMover) strandedText(p Port) string {
	base, in := p.Instrument(cm.Pair.Spot).Base, cm.Pair.InMargin().Round(8)
	text := fmt.Sprintf("%s %s%s are left in the %s wallet: they could not be brought to spot, %s", in, base, cm.worth(p, in),
		p.Instrument(cm.Pair.Perp).Wallet, cm.strandedWhy())
	if cm.Pair.SpotQty.GreaterThanOrEqual(p.Instrument(cm.Pair.Spot).QtyDecimal(1)) {
		text += fmt.Sprintf("; %s %s are left on spot%s", cm.Pair.SpotQty, base, cm.reasons.unsold(p, cm.Pair.SpotQty))
	}
	return text
}

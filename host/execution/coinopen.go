package execution

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// lookEvery is how often a pair that is held looks at what the price made of a
// contract, and busyEvery how often one that waits for another pair looks again.
const (
	lookEvery = 5 * exchange.Minute
	busyEvery = exchange.Second
)

// openCoin starts the next slice: coins are bought on spot, moved to the COIN-M
// wallet, and sold short as contracts. With a buffer there both legs go at once,
// and the transfer only makes the buffer good.
func (cn *coinLeg) openCoin(p Port, now exchange.Time) {
	why := cn.enough(now)
	if cn.repay(p, now) {
		return
	}
	if why == "" && cn.replenish(p, now) {
		return
	}
	if why != "" || cn.left(p) == 0 {
		if cn.Pair.PerpQty == 0 && cn.sweep(p, now) {
			return
		}
		cn.taker.finishOpen(p, now, why)
		if cn.Pair.State == intent.PairOpen {
			cn.wake = now + busyEvery
		}
		return
	}
	if !cn.taker.ready(p, now) {
		return
	}
	if !p.Quiet(cn.self) {
		cn.later(now, now+busyEvery, "another pair is at work with the same coins")
		return
	}
	if ask, bid, ok := cn.taker.openPrices(p, now); ok {
		cn.slice(p, now, ask, bid)
	}
}

// left is how many lots of contracts are still to be sold.
func (cn *coinLeg) left(p Port) exchange.Lots {
	n := exchange.Lots(cn.Request.Notional.Div(cn.unit(p)).IntPart())
	return max(0, n-cn.Pair.PerpQty.Abs())
}

func (cn *coinLeg) slice(p Port, now exchange.Time, ask, bid exchange.Ticks) {
	coins, contracts := cn.sizeCoin(p, ask, bid)
	if !tradable(p.Instrument(cn.Pair.Spot), ask, coins) || contracts == 0 {
		cn.cut = fmt.Sprintf("a slice of %s %s is too little: %s", cn.Request.Batch, p.Instrument(cn.Pair.Spot).Quote, tooSmall(p.Instrument(cn.Pair.Spot), ask, coins))
		if contracts == 0 {
			cn.cut = fmt.Sprintf("a slice of %s %s is less than a contract", cn.Request.Batch, p.Instrument(cn.Pair.Spot).Quote)
		}
		cn.wake = now
		return
	}
	buy := cn.working.order(p, legSpot, exchange.Buy, coins, ask)
	sell := cn.working.order(p, legPerp, exchange.Sell, contracts, bid)
	if cn.Request.Buffer.IsPositive() && p.Check(sell) == nil {
		cn.taker.sendBoth(p, now, buy, sell)
		return
	}
	arriving := p.Instrument(cn.Pair.Spot).QtyDecimal(coins).Mul(decimal.NewFromInt(1).Sub(p.TakerFee(cn.Pair.Spot)))
	if err := p.CheckWith(sell, arriving); err != nil {
		cn.taker.putOff(now)
		cn.later(now, cn.taker.notBefore, err.Error())
		return
	}
	cn.taker.sendBoth(p, now, buy)
}

// sizeCoin returns the lots of one slice. The contracts decide: coins are bought
// for them, for both fees, and for what the last slice left missing.
func (cn *coinLeg) sizeCoin(p Port, ask, bid exchange.Ticks) (coins, contracts exchange.Lots) {
	spot, perp, one := p.Instrument(cn.Pair.Spot), p.Instrument(cn.Pair.Perp), decimal.NewFromInt(1)
	keep, res := one.Sub(p.TakerFee(cn.Pair.Spot)), cn.Pair.NetCoins()
	each := cn.unit(p).DivRound(perp.PriceDecimal(bid), 16).Mul(one.Add(p.TakerFee(cn.Pair.Perp)))
	contracts = min(cn.left(p), exchange.Lots(cn.Request.Batch.Div(cn.unit(p)).IntPart()))
	room := cn.Request.MaxUnhedged.Sub(res.Abs().Mul(spot.PriceDecimal(ask))).DivRound(spot.PriceDecimal(ask), 12)
	contracts = min(contracts, exchange.Lots(room.Mul(keep).Add(res).DivRound(each, 8).IntPart()))
	if contracts <= 0 {
		return 0, 0
	}
	need := each.Mul(decimal.NewFromInt(int64(contracts))).Sub(res)
	return exchange.Lots(spot.Lot.Ceil(need.DivRound(keep, 12))), contracts
}

// replenish moves coins that a slice left on spot to where they back the short.
func (cn *coinLeg) replenish(p Port, now exchange.Time) bool {
	if cn.stopping || cn.Pair.PerpQty == 0 || cn.contracts(p, cn.Pair.SpotQty) <= 0 {
		return false
	}
	if cn.mover.ship(p, now, legSpot, legPerp, cn.Pair.SpotQty) {
		return true
	}
	return cn.Pair.State == intent.PairOpening // an opening waits; who holds looks after itself
}

// holdCoin looks after a pair that is open and hedged.
func (cn *coinLeg) holdCoin(p Port, now exchange.Time) {
	cn.wake = now + lookEvery
	if cn.Pair.PerpQty == 0 { // liquidated, or taken away
		if !cn.sweep(p, now) {
			cn.taker.finishClose(p, now)
		}
		return
	}
	if cn.repay(p, now) || cn.replenish(p, now) {
		return
	}
	cn.wake = min(max(cn.wake, now+busyEvery), now+lookEvery)
}

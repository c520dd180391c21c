package execution

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// shutCoin starts the next closing slice: contracts are bought back, the coins
// that they free are moved to spot, and sold there. Coins that are on spot
// already are sold while the contracts are bought.
func (cn *coinLeg) shutCoin(p Port, now exchange.Time) {
	if cn.Pair.PerpQty == 0 {
		if !cn.sweep(p, now) {
			cn.taker.finishClose(p, now)
		}
		return
	}
	if cn.repay(p, now) {
		return
	}
	if cn.stopping {
		cn.wake = 0
		return
	}
	if !cn.taker.ready(p, now) {
		return
	}
	if !p.Quiet(cn.self) {
		cn.later(now, now+busyEvery, "another pair is at work with the same coins")
		return
	}
	if bid, ask, ok := cn.taker.closePrices(p, now); ok {
		cn.closeSlice(p, now, bid, ask)
	}
}

func (cn *coinLeg) closeSlice(p Port, now exchange.Time, bid, ask exchange.Ticks) {
	spot, perp := p.Instrument(cn.Pair.Spot), p.Instrument(cn.Pair.Perp)
	res := cn.Pair.NetCoins()
	room := cn.Request.MaxUnhedged.Sub(res.Abs().Mul(spot.PriceDecimal(bid)))
	contracts := exchange.Lots(decimal.Min(cn.Request.Batch, room).Div(cn.unit(p)).IntPart())
	contracts = min(-cn.Pair.PerpQty, max(1, contracts))
	cover := cn.working.order(p, legPerp, exchange.Buy, contracts, ask)
	freed := perp.BaseQty(ask, contracts).Add(res)
	if lots := exchange.Lots(spot.Lot.Floor(cn.sellable(p, decimal.Min(freed, cn.Pair.SpotQty)))); cn.contracts(p, cn.Pair.SpotQty) > 0 && tradable(spot, bid, lots) {
		if part := cn.contracts(p, spot.QtyDecimal(lots)); part < contracts {
			cover.Qty = max(1, part)
		}
		cn.taker.sendBoth(p, now, cover, cn.working.order(p, legSpot, exchange.Sell, lots, bid))
		return
	}
	if cn.coin.ahead && !cn.mover.givesUp(p, now) && (cn.sendAhead(p, now, freed) || cn.strandedWaits(p, now)) {
		return
	}
	cn.coverAgain(p, now, cover)
}

// sendAhead moves coins to spot while the short still hedges them, never more
// than half of what backs it. It is how a closing goes on after transfers failed:
// a lane that is closed then leaves nothing unhedged. Less than a contract goes ahead
// only to see whether the lane is open again.
func (cn *coinLeg) sendAhead(p Port, now exchange.Time, coins decimal.Decimal) bool {
	equity, _ := cn.Pair.Collateral(p.Instrument(cn.Pair.Perp), cn.coinPrice(p))
	away := decimal.Min(coins, equity.Mul(half), p.Movable(cn.self))
	if cn.contracts(p, away) == 0 && (cn.Pair.Coin.Stranded == 0 || !cn.worthMoving(p, away).IsPositive()) {
		return false
	}
	cn.mover.ship(p, now, legPerp, legSpot, away)
	return true
}

// sweep sells what coins are left of a pair without a short, bringing them to spot
// first; it reports false when no more of them can be sold.
func (cn *coinLeg) sweep(p Port, now exchange.Time) bool {
	spot := p.Instrument(cn.Pair.Spot)
	if !p.Book(cn.Pair.Spot).Ready() {
		cn.wake = now + batchEvery
		return true
	}
	o := cn.balancer.takingOrder(p, legSpot, exchange.Sell, cn.sellable(p, cn.Pair.SpotQty), false)
	if o != nil && !tradable(spot, o.Price, o.Qty) {
		o = nil
	}
	owing := cn.owing(p)
	away := cn.worthMoving(p, decimal.Min(cn.Pair.InMargin(), p.Movable(cn.self)))
	if o == nil && owing.IsPositive() && !away.IsPositive() {
		o = cn.balancer.buyBack(p, owing, false)
	}
	if o == nil && (cn.gone != "" || cn.mover.givesUp(p, now)) {
		cn.gone = cn.mover.strandedText(p)
		return false
	}
	if o == nil && owing.IsZero() && !cn.mover.worthSweeping(p, away) && cn.mover.worthSweeping(p, cn.Pair.InMargin()) {
		cn.mover.strand(now)
		cn.later(now, now+movePause, cn.mover.strandedWord(p))
		return true
	}
	if o == nil && (!away.IsPositive() || owing.IsZero() && !cn.sellableOnSpot(p, away)) {
		return cn.balancer.lacks(p, now)
	}
	switch {
	case now < cn.taker.notBefore:
		cn.wake = cn.taker.notBefore
	case o == nil:
		cn.mover.ship(p, now, legPerp, legSpot, away)
	default:
		if err := p.Check(o); err != nil {
			cn.taker.putOff(now)
			cn.later(now, cn.taker.notBefore, err.Error())
			break
		}
		cn.had = cn.stake()
		cn.working.send(p, legSpot, o)
	}
	return true
}

// touch is the best bid on spot.
func (td *trade) touch(p Port) exchange.Ticks {
	bid, _ := p.Book(td.Pair.Spot).Level(exchange.Buy, 1)
	return bid.Price
}

// coinResult is what a flat coin-margined pair made, in quote; coins that could
// not be sold count at mid. Funding and the short's profit were in coins, and
// were sold with the others.
func (td *trade) coinResult(p Port) decimal.Decimal {
	c := &td.Pair.Coin
	c.Result = td.Pair.Funding.Add(td.Pair.Insurance).Sub(c.Sold).Sub(c.Fees)
	sum := td.Pair.SpotCost.Sub(td.Pair.FeesInQuote)
	if price, ok := td.spotMid(p); ok {
		sum = sum.Add(td.Pair.NetCoins().Mul(price))
	}
	return sum.Round(8)
}

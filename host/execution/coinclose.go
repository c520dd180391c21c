package execution

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// shutCoin starts the next closing slice: contracts are bought back, the coins
// that they free are moved to spot, and sold there. Coins that are on spot
// already are sold while the contracts are bought.
func (m *Machine) shutCoin(p Port, now exchange.Time) {
	if m.Pair.PerpQty == 0 {
		if !m.sweep(p, now) {
			m.finishClose(p, now)
		}
		return
	}
	if m.repay(p, now) {
		return
	}
	if m.stopping {
		m.wake = 0
		return
	}
	if !m.ready(p, now) {
		return
	}
	if !p.Quiet(m) {
		m.later(now+busyEvery, "another pair is at work with the same coins")
		return
	}
	if bid, ask, ok := m.closePrices(p, now); ok {
		m.closeSlice(p, now, bid, ask)
	}
}

func (m *Machine) closeSlice(p Port, now exchange.Time, bid, ask exchange.Ticks) {
	spot, perp := p.Instrument(m.Pair.Spot), p.Instrument(m.Pair.Perp)
	res := m.Pair.NetCoins()
	room := m.Request.MaxUnhedged.Sub(res.Abs().Mul(spot.PriceDecimal(bid)))
	contracts := exchange.Lots(decimal.Min(m.Request.Batch, room).Div(m.unit(p)).IntPart())
	contracts = min(-m.Pair.PerpQty, max(1, contracts))
	cover := m.order(p, legPerp, exchange.Buy, contracts, ask)
	freed := perp.BaseQty(ask, contracts).Add(res)
	if lots := exchange.Lots(spot.Lot.Floor(m.sellable(p, decimal.Min(freed, m.Pair.SpotQty)))); m.contracts(p, m.Pair.SpotQty) > 0 && tradable(spot, bid, lots) {
		if part := m.contracts(p, spot.QtyDecimal(lots)); part < contracts {
			cover.Qty = max(1, part)
		}
		m.sendBoth(p, now, cover, m.order(p, legSpot, exchange.Sell, lots, bid))
		return
	}
	if m.coin.ahead && !m.givesUp(p, now) && (m.sendAhead(p, now, freed) || m.strandedWaits(p, now)) {
		return
	}
	m.coverAgain(p, now, cover)
}

// sendAhead moves coins to spot while the short still hedges them, never more
// than half of what backs it. It is how a closing goes on after transfers failed:
// a lane that is closed then leaves nothing unhedged. Less than a contract goes ahead
// only to see whether the lane is open again.
func (m *Machine) sendAhead(p Port, now exchange.Time, coins decimal.Decimal) bool {
	equity, _ := m.Collateral(p.Instrument(m.Pair.Perp), m.coinPrice(p))
	away := decimal.Min(coins, equity.Mul(half), p.Movable(m))
	if m.contracts(p, away) == 0 && (m.Pair.Coin.Stranded == 0 || !m.worthMoving(p, away).IsPositive()) {
		return false
	}
	m.ship(p, now, legPerp, legSpot, away)
	return true
}

// sweep sells what coins are left of a pair without a short, bringing them to spot
// first; it reports false when no more of them can be sold.
func (m *Machine) sweep(p Port, now exchange.Time) bool {
	spot := p.Instrument(m.Pair.Spot)
	if !p.Book(m.Pair.Spot).Ready() {
		m.wake = now + batchEvery
		return true
	}
	o := m.taking(p, legSpot, exchange.Sell, m.sellable(p, m.Pair.SpotQty), false)
	if o != nil && !tradable(spot, o.Price, o.Qty) {
		o = nil
	}
	owing := m.owing(p)
	away := m.worthMoving(p, decimal.Min(m.Pair.InMargin(), p.Movable(m)))
	if o == nil && owing.IsPositive() && !away.IsPositive() {
		o = m.buyBack(p, owing, false)
	}
	if o == nil && (m.gone != "" || m.givesUp(p, now)) {
		m.gone = m.strandedText(p)
		return false
	}
	if o == nil && owing.IsZero() && !m.worthSweeping(p, away) && m.worthSweeping(p, m.Pair.InMargin()) {
		m.strand(now)
		m.later(now+movePause, m.strandedWord(p))
		return true
	}
	if o == nil && (!away.IsPositive() || owing.IsZero() && !m.sellableOnSpot(p, away)) {
		return m.lacks(p, now)
	}
	switch {
	case now < m.notBefore:
		m.wake = m.notBefore
	case o == nil:
		m.ship(p, now, legPerp, legSpot, away)
	default:
		if err := p.Check(o); err != nil {
			m.putOff(now)
			m.later(m.notBefore, err.Error())
			break
		}
		m.had = m.stake()
		m.send(p, legSpot, o)
	}
	return true
}

// touch is the best bid on spot.
func (m *Machine) touch(p Port) exchange.Ticks {
	bid, _ := p.Book(m.Pair.Spot).Level(exchange.Buy, 1)
	return bid.Price
}

// coinResult is what a flat coin-margined pair made, in quote; coins that could
// not be sold count at mid. Funding and the short's profit were in coins, and
// were sold with the others.
func (m *Machine) coinResult(p Port) decimal.Decimal {
	c := &m.Pair.Coin
	c.Result = m.Pair.Funding.Add(m.Pair.Insurance).Sub(c.Sold).Sub(c.Fees)
	sum := m.Pair.SpotCost.Sub(m.Pair.FeesInQuote)
	if price, ok := m.spotMid(p); ok {
		sum = sum.Add(m.Pair.NetCoins().Mul(price))
	}
	return sum.Round(8)
}

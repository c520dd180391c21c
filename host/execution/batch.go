package execution

import (
	"cmp"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// open starts the next opening batch when everything allows it.
func (m *Machine) open(p Port, now exchange.Time) {
	if why := m.enough(now); why != "" {
		m.finishOpen(p, now, why)
		return
	}
	if m.reached(p) {
		m.finishOpen(p, now, "")
		return
	}
	if m.makes(now) && m.quote(p, now) {
		return
	}
	if !m.ready(p, now) {
		return
	}
	ask, bid, ok := m.openPrices(p, now)
	if !ok {
		return
	}
	spotLots, perpLots := m.sizeOpen(p, ask, bid)
	spot, perp := p.Instrument(m.Pair.Spot), p.Instrument(m.Pair.Perp)
	if !tradable(spot, ask, spotLots) || !tradable(perp, bid, perpLots) {
		why := tooSmall(spot, ask, spotLots)
		if tradable(spot, ask, spotLots) {
			why = tooSmall(perp, bid, perpLots)
		}
		m.finishOpen(p, now, "what is left to open is too little: "+why)
		return
	}
	buy := m.order(p, legSpot, exchange.Buy, spotLots, ask)
	sell := m.order(p, legPerp, exchange.Sell, perpLots, bid)
	m.sendBoth(p, now, buy, sell)
}

// enough says why no further batch is opened, or "".
func (m *Machine) enough(now exchange.Time) string {
	switch {
	case m.cut != "":
		return m.cut
	case m.stopping:
		return "the session is ending"
	case now >= m.Pair.Opened+m.Request.Timeout:
		return "time to open is over"
	}
	return ""
}

// reached reports whether what is left to open is too little for an order.
func (m *Machine) reached(p Port) bool {
	if m.Pair.PerpQty == 0 {
		return false
	}
	perp := p.Instrument(m.Pair.Perp)
	bid, ok := p.Book(m.Pair.Perp).Level(exchange.Buy, 1)
	if !ok || m.far(perp, bid.Price) {
		return false
	}
	left := m.Request.Notional.Sub(perp.Notional(bid.Price, m.Pair.PerpQty.Abs()))
	return !tradable(perp, bid.Price, exchange.Lots(perp.Lot.Floor(left.Div(perp.PriceDecimal(bid.Price)))))
}

// far rules out, in floats, that the size is nearly reached: a pair that waits is
// asked at every change of a book, and decimals allocate.
func (m *Machine) far(perp *exchange.Instrument, price exchange.Ticks) bool {
	if m.goal == 0 {
		m.goal = exchange.Float(m.Request.Notional)
		m.least = 4 * exchange.Float(perp.MinNotional)
	}
	left := m.goal - perp.NotionalFloat(price, m.Pair.PerpQty.Abs())
	return left > m.goal/100 && left > m.least && left > 4*perp.NotionalFloat(price, max(1, perp.MinQty))
}

// sizeOpen returns the lots of one batch. The perpetual's lots decide; the spot
// leg is grossed up for the fee that is taken in coin, so that net coins cover
// the short, and the last batch's residual is carried in.
func (m *Machine) sizeOpen(p Port, ask, bid exchange.Ticks) (spotLots, perpLots exchange.Lots) {
	spot, perp := p.Instrument(m.Pair.Spot), p.Instrument(m.Pair.Perp)
	left := m.Request.Notional.Sub(perp.Notional(bid, m.Pair.PerpQty.Abs()))
	value := decimal.Min(m.Request.Batch, left)
	perpLots = exchange.Lots(perp.Lot.Floor(value.Div(perp.PriceDecimal(bid))))
	keep, res := decimal.NewFromInt(1).Sub(m.spotFee(p)), m.Residual(p)
	need := perp.BaseQty(bid, perpLots).Sub(res)
	if !need.IsPositive() {
		return 0, perpLots
	}
	spotLots = exchange.Lots(spot.Lot.Ceil(need.DivRound(keep, 12)))
	// If one leg fills alone, its whole value is unhedged: the fee's gross-up and
	// a perpetual below spot must not carry that over the bound.
	room := m.Request.MaxUnhedged.Sub(res.Abs().Mul(spot.PriceDecimal(ask)))
	if most := exchange.Lots(spot.Lot.Floor(room.Div(spot.PriceDecimal(ask)))); spotLots > most {
		spotLots = most
		perpLots = lotsOf(perp, spot.QtyDecimal(most).Mul(keep).Add(res))
	}
	return spotLots, perpLots
}

// lotsOf is how many whole lots of a linear instrument a number of coins makes.
func lotsOf(in *exchange.Instrument, coins decimal.Decimal) exchange.Lots {
	return exchange.Lots(in.Lot.Floor(coins.DivRound(decimal.NewFromInt(in.Multiplier), 12)))
}

// finishOpen ends the opening with whatever was reached. A residual that was
// carried to the next slice is balanced first.
func (m *Machine) finishOpen(p Port, now exchange.Time, why string) {
	if m.unbalanced(p) {
		m.cut, m.balancing = cmp.Or(why, "its size is reached"), true
		m.balance(p, now)
		return
	}
	m.Pair.State = intent.PairOpen
	if m.Pair.PerpQty == 0 {
		m.Pair.State, m.Pair.Closed, m.Pair.Realised = intent.PairFailed, now, m.result(p)
		if m.Pair.Reason != "" && m.Pair.Reason != why {
			why += ": " + m.Pair.Reason
		}
	}
	m.Pair.Reason = why
	if m.Pair.State == intent.PairFailed {
		m.nameLeft(p)
	}
	m.wake = 0
	m.tell(p)
}

// openPrices are what the legs of an opening are sent at, or ok is false: the
// books or the basis do not allow it yet, and it is tried again.
func (m *Machine) openPrices(p Port, now exchange.Time) (ask, bid exchange.Ticks, ok bool) {
	ask, bid, ok = m.levels(p, now, exchange.Sell)
	if ok && m.Request.MinBasis != nil && m.basis(p, bid, ask) < *m.Request.MinBasis {
		m.later(now+batchEvery, "basis is below min_basis")
		return 0, 0, false
	}
	return ask, bid, ok
}

// closePrices is openPrices for a closing, which any basis is good for once its
// patience has ended.
func (m *Machine) closePrices(p Port, now exchange.Time) (bid, ask exchange.Ticks, ok bool) {
	bid, ask, ok = m.levels(p, now, exchange.Buy)
	patient := now < m.closeAt+m.Close.Patience
	if ok && m.Close.MaxBasis != nil && patient && m.basis(p, ask, bid) > *m.Close.MaxBasis {
		m.later(min(now+batchEvery, m.closeAt+m.Close.Patience), "")
		return 0, 0, false
	}
	return bid, ask, ok
}

// levels are the prices to trade at: on a side of the spot book, and on the
// opposite one of the perpetual's.
func (m *Machine) levels(p Port, now exchange.Time, side exchange.Side) (spot, perp exchange.Ticks, ok bool) {
	s, ok1 := p.Book(m.Pair.Spot).Level(side, m.Request.Level)
	f, ok2 := p.Book(m.Pair.Perp).Level(side.Opposite(), m.Request.Level)
	if !ok1 || !ok2 {
		m.later(now+batchEvery, fmt.Sprintf("no level %d on both books", m.Request.Level))
		return 0, 0, false
	}
	return s.Price, f.Price, true
}

// shut starts the next closing batch, or ends the pair when it is flat.
func (m *Machine) shut(p Port, now exchange.Time) {
	spot := p.Instrument(m.Pair.Spot)
	touch, ok := p.Book(m.Pair.Spot).Level(exchange.Buy, m.Request.Level)
	coins := exchange.Lots(spot.Lot.Floor(m.Pair.SpotQty))
	if ok && m.Pair.PerpQty >= 0 && !tradable(spot, touch.Price, coins) {
		m.finishClose(p, now)
		return
	}
	if m.Pair.Keep > 0 && m.Pair.PerpQty.Abs() <= m.Pair.Keep {
		m.finishPart(p)
		return
	}
	if m.stopping {
		m.wake = 0
		return
	}
	if m.makes(now) && m.quote(p, now) {
		return
	}
	if !m.ready(p, now) {
		return
	}
	bid, ask, ok := m.closePrices(p, now)
	if !ok {
		return
	}
	spotLots, perpLots := m.sizeClose(p, bid, ask)
	var legs []*exchange.Order
	if tradable(spot, bid, spotLots) {
		legs = append(legs, m.order(p, legSpot, exchange.Sell, spotLots, bid))
	}
	if perpLots > 0 && m.reducible(p, exchange.Buy, p.Instrument(m.Pair.Perp).BaseQty(1, perpLots)) {
		legs = append(legs, m.order(p, legPerp, exchange.Buy, perpLots, ask))
	}
	if len(legs) == 0 && m.Pair.PerpQty < 0 {
		m.settle(p, now, perpLots)
		return
	}
	if len(legs) == 0 && m.lacks(p, now) {
		return
	}
	if len(legs) == 0 {
		m.finishClose(p, now)
		return
	}
	if last := legs[len(legs)-1]; m.refused >= settlePause && m.settleHidden(p, last) {
		return
	}
	m.sendBoth(p, now, legs...)
}

// sizeClose returns the lots of one closing batch: spot keeps exactly what the
// short that remains needs. A remainder that spot could not sell is not left.
func (m *Machine) sizeClose(p Port, bid, ask exchange.Ticks) (spotLots, perpLots exchange.Lots) {
	spot, perp := p.Instrument(m.Pair.Spot), p.Instrument(m.Pair.Perp)
	short := m.Pair.PerpQty.Abs()
	coin := decimal.Max(perp.PriceDecimal(ask), spot.PriceDecimal(bid).Mul(decimal.NewFromInt(perp.Multiplier)))
	room := m.Request.MaxUnhedged.Sub(m.Residual(p).Abs().Mul(spot.PriceDecimal(bid)))
	most := exchange.Lots(perp.Lot.Floor(room.Div(coin)))
	perpLots = min(short-m.Pair.Keep, max(1, exchange.Lots(perp.Lot.Floor(decimal.Min(m.Request.Batch, room).Div(coin)))))
	if stay := lotsOf(spot, perp.BaseQty(ask, short-perpLots)); stay > 0 && !tradable(spot, bid, stay) {
		if m.Pair.Keep > 0 {
			m.closeWhole(wholeWord(spot, bid, stay))
		}
		perpLots = short
		if perpLots > most {
			perpLots = (short + 1) / 2
		}
	}
	stay := perp.BaseQty(ask, short-perpLots)
	return lotsOf(spot, m.sellable(p, m.Pair.SpotQty.Sub(stay))), perpLots
}

// sellable is the part of the pair's coins that is there. A grain can be missing,
// when a fill that was told too late made another pair sell too much; that must
// not keep the rest from being sold.
func (m *Machine) sellable(p Port, coins decimal.Decimal) decimal.Decimal {
	return decimal.Min(coins, p.Free(m.Pair.Spot, m.Pair.ID))
}

// finishPart ends a closing that leaves a part of the pair open.
func (m *Machine) finishPart(p Port) {
	m.updateBasis()
	m.Pair.State, m.Pair.Keep, m.Close = intent.PairOpen, 0, nil
	if m.Pair.Reason == m.Pair.Cause {
		m.Pair.Reason = ""
	}
	m.Pair.Cause = ""
	m.wake = 0
	m.tell(p)
}

// When buying a hidden short back fails for another reason, it is settled after so many
// attempts to balance, or once refusals put the next batch off for so long: as a new
// position it needs margin that may not be there.
const (
	settleTries = 8
	settlePause = 4 * refusedPause
)

// settleHidden has the part of a purchase settled inside the account that the venue
// takes for a new position.
func (m *Machine) settleHidden(p Port, o *exchange.Order) bool {
	if o.Leg != legPerp+1 || o.Side != exchange.Buy || m.Pair.PerpQty >= 0 {
		return false
	}
	lots := min(o.Qty, -m.Pair.PerpQty, p.Position(m.Pair.Perp)+o.Qty)
	return lots > 0 && p.Settle(m, lots)
}

// settle has a rest of the short that the venue takes no order for bought back inside
// the account: it is below the smallest order, and another position hides it, so that
// buying it back would be a new position. Whoever holds that position takes it over.
func (m *Machine) settle(p Port, now exchange.Time, lots exchange.Lots) {
	if p.Settle(m, lots) {
		return
	}
	perp := p.Instrument(m.Pair.Perp)
	m.later(now+batchEvery, fmt.Sprintf("%s %s of the short are below the smallest order, another position hides them from the venue, and there is no price to settle them at",
		perp.QtyDecimal(lots), perp.Key()))
}

// finishClose ends a pair that is flat. What could not be sold is named.
func (m *Machine) finishClose(p Port, now exchange.Time) {
	m.updateBasis()
	m.Pair.Reason = joined(m.Pair.Cause, m.Pair.Reason)
	m.nameLeft(p)
	m.Pair.State, m.Pair.Closed, m.Pair.Realised = intent.PairClosed, now, m.result(p)
	m.wake = 0
	m.tell(p)
}

// result is what a flat pair made, in quote; dust counts at mid.
func (m *Machine) result(p Port) decimal.Decimal {
	if m.inverse(p) {
		return m.coinResult(p)
	}
	sum := m.Pair.SpotCost.Add(m.Pair.PerpCost).Add(m.Pair.Funding).Add(m.Pair.Insurance).Sub(m.Pair.FeesInQuote)
	if price, ok := m.spotMid(p); ok {
		sum = sum.Add(m.Pair.SpotQty.Mul(price))
	}
	return sum.Round(8)
}

// sendBoth checks every leg before it sends the first one: a leg that would be
// refused must not leave the other alone in the market.
func (m *Machine) sendBoth(p Port, now exchange.Time, legs ...*exchange.Order) {
	for _, o := range legs {
		if err := p.Check(o); err != nil {
			m.putOff(now)
			m.later(m.notBefore, err.Error())
			return
		}
	}
	m.had = m.stake()
	m.remember(p)
	m.attempts, m.Pair.Reason = 0, m.Pair.Cause
	for _, o := range legs {
		m.send(p, int(o.Leg)-1, o)
	}
}

// ready reports whether a new batch may start: both books live and changed
// since the last one, which took what they showed.
func (m *Machine) ready(p Port, now exchange.Time) bool {
	spot, perp := p.Book(m.Pair.Spot), p.Book(m.Pair.Perp)
	if !spot.Ready() || !perp.Ready() {
		m.later(now+batchEvery, "a book is not live")
		return false
	}
	if now < m.notBefore {
		m.later(m.notBefore, "")
		return false
	}
	moved := m.seen[legSpot] != spot.LastID() && m.seen[legPerp] != perp.LastID()
	if m.lastBatch != 0 && !moved && now < m.lastBatch+batchEvery {
		m.later(m.lastBatch+batchEvery, "")
		return false
	}
	return true
}

func (m *Machine) remember(p Port) {
	m.seen = [2]int64{p.Book(m.Pair.Spot).LastID(), p.Book(m.Pair.Perp).LastID()}
}

// later sets when to look again, and why nothing was done now.
func (m *Machine) later(at exchange.Time, why string) {
	if m.Pair.State == intent.PairOpening {
		at = min(at, m.Pair.Opened+m.Request.Timeout)
	}
	m.wake = at
	if why != "" {
		m.Pair.Reason = why
	}
}

// basis is perp/spot - 1 at two prices, on comparable units.
func (m *Machine) basis(p Port, perpPrice, spotPrice exchange.Ticks) float64 {
	perp, spot := p.Instrument(m.Pair.Perp), p.Instrument(m.Pair.Spot)
	return perp.PriceFloat(perpPrice)/float64(perp.Multiplier)/spot.PriceFloat(spotPrice) - 1
}

// updateBasis derives the executed basis of both directions.
func (m *Machine) updateBasis() {
	if m.turn[legSpot].coins > 0 && m.turn[legPerp].coins > 0 {
		m.Pair.OpenBasis = m.turn[legPerp].price()/m.turn[legSpot].price() - 1
	}
	if m.back[legSpot].coins > 0 && m.back[legPerp].coins > 0 {
		m.Pair.CloseBasis = m.back[legPerp].price()/m.back[legSpot].price() - 1
	}
}

package execution

import (
	"cmp"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// open starts the next opening batch when everything allows it.
func (tk *taker) open(p Port, now exchange.Time) {
	if why := tk.enough(now); why != "" {
		tk.finishOpen(p, now, why)
		return
	}
	if tk.reached(p) {
		tk.finishOpen(p, now, "")
		return
	}
	if tk.makes(now) && tk.maker.quote(p, now) {
		return
	}
	if !tk.ready(p, now) {
		return
	}
	ask, bid, ok := tk.openPrices(p, now)
	if !ok {
		return
	}
	spotLots, perpLots := tk.sizeOpen(p, ask, bid)
	spot, perp := p.Instrument(tk.Pair.Spot), p.Instrument(tk.Pair.Perp)
	if !tradable(spot, ask, spotLots) || !tradable(perp, bid, perpLots) {
		why := tooSmall(spot, ask, spotLots)
		if tradable(spot, ask, spotLots) {
			why = tooSmall(perp, bid, perpLots)
		}
		tk.finishOpen(p, now, "what is left to open is too little: "+why)
		return
	}
	buy := tk.working.order(p, legSpot, exchange.Buy, spotLots, ask)
	sell := tk.working.order(p, legPerp, exchange.Sell, perpLots, bid)
	tk.sendBoth(p, now, buy, sell)
}

// enough says why no further batch is opened, or "".
func (td *trade) enough(now exchange.Time) string {
	switch {
	case td.cut != "":
		return td.cut
	case td.stopping:
		return "the session is ending"
	case now >= td.Pair.Opened+td.Request.Timeout:
		return "time to open is over"
	}
	return ""
}

// reached reports whether what is left to open is too little for an order.
func (tk *taker) reached(p Port) bool {
	if tk.Pair.PerpQty == 0 {
		return false
	}
	perp := p.Instrument(tk.Pair.Perp)
	bid, ok := p.Book(tk.Pair.Perp).Level(exchange.Buy, 1)
	if !ok || tk.far(perp, bid.Price) {
		return false
	}
	left := tk.Request.Notional.Sub(perp.Notional(bid.Price, tk.Pair.PerpQty.Abs()))
	return !tradable(perp, bid.Price, exchange.Lots(perp.Lot.Floor(left.Div(perp.PriceDecimal(bid.Price)))))
}

// far rules out, in floats, that the size is nearly reached: a pair that waits is
// asked at every change of a book, and decimals allocate.
func (tk *taker) far(perp *exchange.Instrument, price exchange.Ticks) bool {
	if tk.goal == 0 {
		tk.goal = exchange.Float(tk.Request.Notional)
		tk.least = 4 * exchange.Float(perp.MinNotional)
	}
	left := tk.goal - perp.NotionalFloat(price, tk.Pair.PerpQty.Abs())
	return left > tk.goal/100 && left > tk.least && left > 4*perp.NotionalFloat(price, max(1, perp.MinQty))
}

// sizeOpen returns the lots of one batch. The perpetual's lots decide; the spot
// leg is grossed up for the fee that is taken in coin, so that net coins cover
// the short, and the last batch's residual is carried in.
func (tk *taker) sizeOpen(p Port, ask, bid exchange.Ticks) (spotLots, perpLots exchange.Lots) {
	spot, perp := p.Instrument(tk.Pair.Spot), p.Instrument(tk.Pair.Perp)
	left := tk.Request.Notional.Sub(perp.Notional(bid, tk.Pair.PerpQty.Abs()))
	value := decimal.Min(tk.Request.Batch, left)
	perpLots = exchange.Lots(perp.Lot.Floor(value.Div(perp.PriceDecimal(bid))))
	keep, res := decimal.NewFromInt(1).Sub(tk.spotFee(p)), tk.Residual(p)
	need := perp.BaseQty(bid, perpLots).Sub(res)
	if !need.IsPositive() {
		return 0, perpLots
	}
	spotLots = exchange.Lots(spot.Lot.Ceil(need.DivRound(keep, 12)))
	// If one leg fills alone, its whole value is unhedged: the fee's gross-up and
	// a perpetual below spot must not carry that over the bound.
	room := tk.Request.MaxUnhedged.Sub(res.Abs().Mul(spot.PriceDecimal(ask)))
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
func (tk *taker) finishOpen(p Port, now exchange.Time, why string) {
	if tk.balancer.unbalanced(p) {
		tk.cut, tk.balancing = cmp.Or(why, "its size is reached"), true
		tk.balancer.balance(p, now)
		return
	}
	tk.endOpen(p, now, why, tk.Pair.PerpQty == 0)
}

// endOpen is finishOpen of a pair whose legs are level.
func (tk *taker) endOpen(p Port, now exchange.Time, why string, empty bool) {
	tk.Pair.State = intent.PairOpen
	if empty {
		tk.Pair.State, tk.Pair.Closed, tk.Pair.Realised = intent.PairFailed, now, tk.result(p)
		if tk.Pair.Reason != "" && tk.Pair.Reason != why {
			why += ": " + tk.Pair.Reason
		}
	}
	tk.Pair.Reason = why
	if tk.Pair.State == intent.PairFailed {
		tk.reasons.nameLeft(p)
	}
	tk.wake = 0
	tk.reasons.report(p)
}

// openPrices are what the legs of an opening are sent at, or ok is false: the
// books or the basis do not allow it yet, and it is tried again.
func (tk *taker) openPrices(p Port, now exchange.Time) (ask, bid exchange.Ticks, ok bool) {
	ask, bid, ok = tk.levels(p, now, exchange.Sell)
	if ok && tk.Request.MinBasis != nil && tk.basis(p, bid, ask) < *tk.Request.MinBasis {
		tk.later(now, now+batchEvery, "basis is below min_basis")
		return 0, 0, false
	}
	return ask, bid, ok
}

// closePrices is openPrices for a closing, which any basis is good for once its
// patience has ended.
func (tk *taker) closePrices(p Port, now exchange.Time) (bid, ask exchange.Ticks, ok bool) {
	bid, ask, ok = tk.levels(p, now, exchange.Buy)
	patient := now < tk.closeAt+tk.Close.Patience
	if ok && tk.Close.MaxBasis != nil && patient && tk.basis(p, ask, bid) > *tk.Close.MaxBasis {
		tk.later(now, min(now+batchEvery, tk.closeAt+tk.Close.Patience), "")
		return 0, 0, false
	}
	return bid, ask, ok
}

// levels are the prices to trade at: on a side of the spot book, and on the
// opposite one of the perpetual's.
func (tk *taker) levels(p Port, now exchange.Time, side exchange.Side) (spot, perp exchange.Ticks, ok bool) {
	s, ok1 := p.Book(tk.Pair.Spot).Level(side, tk.Request.Level)
	f, ok2 := p.Book(tk.Pair.Perp).Level(side.Opposite(), tk.Request.Level)
	if !ok1 || !ok2 {
		tk.later(now, now+batchEvery, fmt.Sprintf("no level %d on both books", tk.Request.Level))
		return 0, 0, false
	}
	return s.Price, f.Price, true
}

// shut starts the next closing batch, or ends the pair when it is flat.
func (tk *taker) shut(p Port, now exchange.Time) {
	spot := p.Instrument(tk.Pair.Spot)
	touch, ok := p.Book(tk.Pair.Spot).Level(exchange.Buy, tk.Request.Level)
	coins := exchange.Lots(spot.Lot.Floor(tk.Pair.SpotQty))
	if ok && tk.Pair.PerpQty >= 0 && !tradable(spot, touch.Price, coins) {
		tk.finishClose(p, now)
		return
	}
	if tk.Pair.Keep > 0 && tk.Pair.PerpQty.Abs() <= tk.Pair.Keep {
		tk.finishPart(p)
		return
	}
	if tk.stopping {
		tk.wake = 0
		return
	}
	if tk.makes(now) && tk.maker.quote(p, now) {
		return
	}
	if !tk.ready(p, now) {
		return
	}
	bid, ask, ok := tk.closePrices(p, now)
	if !ok {
		return
	}
	spotLots, perpLots := tk.sizeClose(p, bid, ask)
	var legs []*exchange.Order
	if tradable(spot, bid, spotLots) {
		legs = append(legs, tk.working.order(p, legSpot, exchange.Sell, spotLots, bid))
	}
	if perpLots > 0 && tk.balancer.reducible(p, exchange.Buy, p.Instrument(tk.Pair.Perp).BaseQty(1, perpLots)) {
		legs = append(legs, tk.working.order(p, legPerp, exchange.Buy, perpLots, ask))
	}
	if len(legs) == 0 && tk.Pair.PerpQty < 0 {
		tk.settleRest(p, now, perpLots)
		return
	}
	if len(legs) == 0 && tk.balancer.lacks(p, now) {
		return
	}
	if len(legs) == 0 {
		tk.finishClose(p, now)
		return
	}
	if last := legs[len(legs)-1]; tk.refused >= settlePause && tk.balancer.settleHidden(p, last) {
		tk.settled(now)
		return
	}
	tk.sendBoth(p, now, legs...)
}

// sizeClose returns the lots of one closing batch: spot keeps exactly what the
// short that remains needs. A remainder that spot could not sell is not left.
func (tk *taker) sizeClose(p Port, bid, ask exchange.Ticks) (spotLots, perpLots exchange.Lots) {
	spot, perp := p.Instrument(tk.Pair.Spot), p.Instrument(tk.Pair.Perp)
	short := tk.Pair.PerpQty.Abs()
	coin := decimal.Max(perp.PriceDecimal(ask), spot.PriceDecimal(bid).Mul(decimal.NewFromInt(perp.Multiplier)))
	room := tk.Request.MaxUnhedged.Sub(tk.Residual(p).Abs().Mul(spot.PriceDecimal(bid)))
	most := exchange.Lots(perp.Lot.Floor(room.Div(coin)))
	perpLots = min(short-tk.Pair.Keep, max(1, exchange.Lots(perp.Lot.Floor(decimal.Min(tk.Request.Batch, room).Div(coin)))))
	if stay := lotsOf(spot, perp.BaseQty(ask, short-perpLots)); stay > 0 && !tradable(spot, bid, stay) {
		if tk.Pair.Keep > 0 {
			tk.closeWhole(wholeWord(spot, bid, stay))
		}
		perpLots = short
		if perpLots > most {
			perpLots = (short + 1) / 2
		}
	}
	stay := perp.BaseQty(ask, short-perpLots)
	return lotsOf(spot, tk.sellable(p, tk.Pair.SpotQty.Sub(stay))), perpLots
}

// sellable is the part of the pair's coins that is there. A grain can be missing,
// when a fill that was told too late made another pair sell too much; that must
// not keep the rest from being sold.
func (td *trade) sellable(p Port, coins decimal.Decimal) decimal.Decimal {
	return decimal.Min(coins, p.Free(td.Pair.Spot, td.Pair.ID))
}

// finishPart ends a closing that leaves a part of the pair open.
func (tk *taker) finishPart(p Port) {
	tk.updateBasis()
	tk.Pair.State, tk.Pair.Keep, tk.Close = intent.PairOpen, 0, nil
	if tk.Pair.Reason == tk.Pair.Cause {
		tk.Pair.Reason = ""
	}
	tk.Pair.Cause = ""
	tk.wake = 0
	tk.reasons.report(p)
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
func (ba *balancer) settleHidden(p Port, o *exchange.Order) bool {
	if o.Leg != legPerp+1 || o.Side != exchange.Buy || ba.Pair.PerpQty >= 0 {
		return false
	}
	lots := min(o.Qty, -ba.Pair.PerpQty, p.Position(ba.Pair.Perp)+o.Qty)
	return lots > 0 && p.SettleShort(ba.self, lots)
}

// settleRest has a rest of the short that the venue takes no order for bought back inside
// the account: it is below the smallest order, and another position hides it, so that
// buying it back would be a new position. Whoever holds that position takes it over.
func (tk *taker) settleRest(p Port, now exchange.Time, lots exchange.Lots) {
	if p.SettleShort(tk.self, lots) {
		return
	}
	perp := p.Instrument(tk.Pair.Perp)
	tk.later(now, now+batchEvery, fmt.Sprintf("%s %s of the short are below the smallest order, another position hides them from the venue, and there is no price to settle them at",
		perp.QtyDecimal(lots), perp.Key()))
}

// finishClose ends a pair that is flat. What could not be sold is named.
func (tk *taker) finishClose(p Port, now exchange.Time) {
	tk.updateBasis()
	tk.Pair.Reason = joined(tk.Pair.Cause, tk.Pair.Reason)
	tk.reasons.nameLeft(p)
	tk.Pair.State, tk.Pair.Closed, tk.Pair.Realised = intent.PairClosed, now, tk.result(p)
	tk.wake = 0
	tk.reasons.report(p)
}

// result is what a flat pair made, in quote; dust counts at mid.
func (td *trade) result(p Port) decimal.Decimal {
	if td.inverse(p) {
		return td.coinResult(p)
	}
	if td.Pair.Spread.Is() {
		return td.spreadResult(p)
	}
	sum := td.Pair.SpotCost.Add(td.Pair.PerpCost).Add(td.Pair.Funding).Add(td.Pair.Insurance).Sub(td.Pair.FeesInQuote)
	if price, ok := td.spotMid(p); ok {
		sum = sum.Add(td.Pair.SpotQty.Mul(price))
	}
	return sum.Round(8)
}

// sendBoth checks every leg before it sends the first one: a leg that would be
// refused must not leave the other alone in the market.
func (tk *taker) sendBoth(p Port, now exchange.Time, legs ...*exchange.Order) {
	for _, o := range legs {
		if err := p.Check(o); err != nil {
			tk.putOff(now)
			tk.later(now, tk.notBefore, err.Error())
			return
		}
	}
	tk.had = tk.stake()
	tk.remember(p)
	tk.balancer.attempts, tk.Pair.Reason = 0, tk.Pair.Cause
	for _, o := range legs {
		tk.working.send(p, int(o.Leg)-1, o)
	}
}

// ready reports whether a new batch may start: both books live and changed
// since the last one, which took what they showed.
func (tk *taker) ready(p Port, now exchange.Time) bool {
	spot, perp := p.Book(tk.Pair.Spot), p.Book(tk.Pair.Perp)
	if !spot.Ready() || !perp.Ready() {
		tk.later(now, now+batchEvery, "a book is not live")
		return false
	}
	if now < tk.notBefore {
		tk.later(now, tk.notBefore, "")
		return false
	}
	moved := tk.seen[legSpot] != spot.LastID() && tk.seen[legPerp] != perp.LastID()
	if tk.lastBatch != 0 && !moved && now < tk.lastBatch+batchEvery {
		tk.later(now, tk.lastBatch+batchEvery, "")
		return false
	}
	return true
}

func (tk *taker) remember(p Port) {
	tk.seen = [2]int64{p.Book(tk.Pair.Spot).LastID(), p.Book(tk.Pair.Perp).LastID()}
}

// later sets when to look again, and why nothing was done now.
func (td *trade) later(now, at exchange.Time, why string) {
	if td.Pair.State == intent.PairOpening {
		at = before(now, at, td.Pair.Opened+td.Request.Timeout)
	}
	td.wake = at
	if why != "" {
		td.Pair.Reason = why
	}
}

// before is the earlier of a time and an end that is to come: one that has passed has been
// looked at, and would have it looked at again and again.
func before(now, at, end exchange.Time) exchange.Time {
	if end <= now {
		return at
	}
	return min(at, end)
}

// basis is perp/spot - 1 at two prices, on comparable units.
func (td *trade) basis(p Port, perpPrice, spotPrice exchange.Ticks) float64 {
	perp, spot := p.Instrument(td.Pair.Perp), p.Instrument(td.Pair.Spot)
	return perp.PriceFloat(perpPrice)/float64(perp.Multiplier)/(spot.PriceFloat(spotPrice)/float64(spot.Multiplier)) - 1
}

// updateBasis derives the executed basis of both directions.
func (td *trade) updateBasis() {
	if td.turn[legSpot].coins > 0 && td.turn[legPerp].coins > 0 {
		td.Pair.OpenBasis = td.turn[legPerp].price()/td.turn[legSpot].price() - 1
	}
	if td.back[legSpot].coins > 0 && td.back[legPerp].coins > 0 {
		td.Pair.CloseBasis = td.back[legPerp].price()/td.back[legSpot].price() - 1
	}
}

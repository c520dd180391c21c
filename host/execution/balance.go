package execution

import (
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Residual is how many coins more are held on spot than are sold on the
// perpetual; negative when the short is the larger.
func (td *trade) Residual(p Port) decimal.Decimal {
	if td.Pair.Spread.Is() {
		return td.Pair.Spread.Net()
	}
	perp := p.Instrument(td.Pair.Perp)
	if perp.Inverse() {
		return td.Pair.NetCoins()
	}
	return td.Pair.SpotQty.Add(perp.BaseQty(1, td.Pair.PerpQty))
}

// tolerance is the residual that no order could mend: one lot of the coarser leg,
// or half a contract.
func (ba *balancer) tolerance(p Port) decimal.Decimal {
	if ba.inverse(p) {
		if price := ba.coinPrice(p); price.IsPositive() {
			return ba.unit(p).Mul(half).DivRound(price, 12)
		}
		return decimal.Zero
	}
	spot, perp := p.Instrument(ba.Pair.Spot), p.Instrument(ba.Pair.Perp)
	return decimal.Max(spot.QtyDecimal(1), perp.BaseQty(1, 1))
}

// measure keeps the largest and the longest exposure seen, as of what was traded at a time.
func (ba *balancer) measure(p Port, at exchange.Time) {
	res := ba.Residual(p).Abs()
	if ba.Pair.Spread.Is() {
		ba.off = ba.self.spread.mendable(p)
	} else if ba.inverse(p) {
		ba.off = ba.surplus(p) != 0
	} else {
		_, past := ba.past(p)
		ba.off = res.GreaterThan(ba.tolerance(p)) || past.IsPositive()
	}
	if !ba.off {
		ba.hedged(at)
		return
	}
	ba.exposed(p.Now(), at)
	if price, ok := ba.spotMid(p); ok {
		if v := res.Mul(price).Round(8); v.GreaterThan(ba.Pair.MaxUnhedged) {
			ba.Pair.MaxUnhedged = v
		}
	}
}

// Unhedged is the value of the residual, and whether that is more, or stands for longer,
// than the pair's limits allow.
func (m *Machine) Unhedged(p Port) (value decimal.Decimal, beyond bool) {
	if m.Pair.State.Done() {
		return decimal.Zero, false
	}
	if price, ok := m.spotMid(p); ok {
		value = m.Residual(p).Abs().Mul(price).Round(8)
	}
	late := m.exposedAt != 0 && p.Now() > m.exposedAt+m.Request.MaxUnhedgedTime+m.spread.grace()
	return value, late || value.GreaterThan(m.Request.MaxUnhedged)
}

// Hedges reports whether an order only brings the legs of the pair closer: it is on the
// side that mends what they differ by, and no larger than that by more than a lot.
func (m *Machine) Hedges(p Port, o *exchange.Order) bool {
	res, in := m.Residual(p), p.Instrument(o.Instrument)
	if res.IsZero() || (o.Side == exchange.Sell) != res.IsPositive() {
		return false
	}
	price := o.Price
	if best, ok := p.Book(o.Instrument).Level(-o.Side, 1); ok && price == 0 {
		price = best.Price
	}
	if price == 0 {
		return false
	}
	return in.BaseQty(price, o.Qty-1).LessThanOrEqual(res.Abs())
}

// exposed says that the pair is unhedged, by a trade of a time. What is done about it in
// time counts from when we know, and what is told of it from the trade.
func (td *trade) exposed(now, at exchange.Time) {
	if td.unhedgedAt == 0 {
		td.unhedgedAt = now
	}
	if td.exposedAt == 0 || at < td.exposedAt {
		td.exposedAt = at
	}
	td.Pair.Spread.Since = td.exposedAt
}

// hedged says that the pair is hedged, by a trade of a time. Trades of two venues may be
// told of in another order than they happened in.
func (td *trade) hedged(at exchange.Time) {
	if td.exposedAt == 0 {
		return
	}
	td.Pair.MaxUnhedgedTime = max(td.Pair.MaxUnhedgedTime, at-td.exposedAt, td.exposedAt-at)
	td.unhedgedAt, td.exposedAt, td.Pair.Spread.Since = 0, 0, 0
}

// unbalanced reports whether the residual is beyond tolerance and large enough
// for an order to mend.
func (ba *balancer) unbalanced(p Port) bool { return ba.off && ba.mends(p) }

func (ba *balancer) mends(p Port) bool {
	res := ba.Residual(p)
	if !ba.mendable(p, res) {
		ba.off = false
		ba.hedged(p.Now())
		return false
	}
	if ba.unhedgedAt == 0 {
		ba.exposed(p.Now(), p.Now())
	}
	return true
}

// past returns the leg that went beyond flat, and how many coins of it the next order
// may mend, if the venue would take it. Only a fill that is told after its order's
// last word goes that far. With both legs beyond flat the one goes first that brings
// them closer, and no more of it than may be unhedged.
func (ba *balancer) past(p Port) (which int, coins decimal.Decimal) {
	if ba.Pair.PerpQty <= 0 && !ba.Pair.SpotQty.IsNegative() {
		return legSpot, decimal.Zero
	}
	perp, spot := ba.pastPerp(p), ba.pastSpot(p)
	which, coins = legSpot, spot
	res := ba.Residual(p)
	if perp.IsPositive() && (spot.IsZero() || !res.IsNegative()) {
		which, coins = legPerp, perp
	}
	if price, ok := ba.spotMid(p); ok && coins.IsPositive() {
		coins = decimal.Min(coins, res.Abs().Add(ba.Request.MaxUnhedged.DivRound(price, 12)))
	}
	return which, coins
}

// pastPerp is a long of the perpetual, if it can be sold.
func (ba *balancer) pastPerp(p Port) decimal.Decimal {
	if ba.Pair.PerpQty <= 0 {
		return decimal.Zero
	}
	coins := p.Instrument(ba.Pair.Perp).BaseQty(1, ba.Pair.PerpQty)
	if !ba.reducible(p, exchange.Sell, coins) {
		return decimal.Zero
	}
	return coins
}

// pastSpot is how many coins were sold too many, if they can be bought back.
func (ba *balancer) pastSpot(p Port) decimal.Decimal {
	if !ba.Pair.SpotQty.IsNegative() {
		return decimal.Zero
	}
	spot := p.Instrument(ba.Pair.Spot)
	ask, ok := p.Book(ba.Pair.Spot).Level(exchange.Sell, 1)
	if ok && !tradable(spot, ask.Price, lotsOf(spot, ba.Pair.SpotQty.Neg())) {
		return decimal.Zero
	}
	return ba.Pair.SpotQty.Neg()
}

// mendable reports whether the pair is out of balance by more than a lot, and
// whether the venue would take an order that mends it: an order for coins must
// reach the minimum notional, and one that only reduces is exempt.
func (ba *balancer) mendable(p Port, res decimal.Decimal) bool {
	if _, past := ba.past(p); past.IsPositive() {
		return true
	}
	if res.Abs().LessThanOrEqual(ba.tolerance(p)) {
		return false
	}
	if res.IsNegative() {
		return ba.Pair.PerpQty < 0 && ba.reducible(p, exchange.Buy, res.Neg())
	}
	spot := p.Instrument(ba.Pair.Spot)
	bid, ok := p.Book(ba.Pair.Spot).Level(exchange.Buy, 1)
	return !ok || tradable(spot, bid.Price, lotsOf(spot, decimal.Min(res, ba.Pair.SpotQty)))
}

// reducible reports whether the venue would let an order reduce the perpetual. It
// nets the positions of all strategies: what another one's position hides from it
// counts as a new position.
func (ba *balancer) reducible(p Port, side exchange.Side, coins decimal.Decimal) bool {
	perp := p.Instrument(ba.Pair.Perp)
	lots := min(lotsOf(perp, coins), ba.Pair.PerpQty.Abs())
	if p.Position(ba.Pair.Perp)*exchange.Lots(side)+lots <= 0 {
		return true
	}
	far, ok := p.Book(ba.Pair.Perp).Level(side.Opposite(), 1)
	return !ok || tradable(perp, far.Price, lots)
}

// balance sends the one order that brings the legs level.
func (ba *balancer) balance(p Port, now exchange.Time) {
	last := ba.unhedgedAt + ba.Request.MaxUnhedgedTime
	if due := ba.nextTry(last); now < due {
		ba.wake = due
		return
	}
	if ba.lacks(p, now) {
		return
	}
	o := ba.repair(p, now >= last)
	if o != nil && ba.working.legs[o.Leg-1].live { // what rests there must be back first
		ba.working.pull(p, int(o.Leg)-1)
		if o = nil; now >= last {
			o = ba.chase(p, ba.Residual(p), true)
		}
	}
	if o == nil {
		ba.wake = now + retryEvery
		return
	}
	if ba.attempts >= settleTries && ba.settleHidden(p, o) {
		return
	}
	ba.tried = now
	if err := p.Check(o); err != nil {
		ba.Pair.Reason = err.Error()
		ba.attempts++
		ba.wake = ba.nextTry(last)
		return
	}
	ba.attempts++
	ba.working.send(p, int(o.Leg)-1, o)
}

// nextTry is when the next attempt to balance is due: at once at first, then at
// intervals, and at the time bound whatever the interval. A venue that refuses
// again and again is asked less and less often.
func (ba *balancer) nextTry(last exchange.Time) exchange.Time {
	if ba.attempts == 0 {
		return 0
	}
	next := ba.tried + retryEvery<<min(max(0, ba.attempts-quickTries), 8)
	if ba.tried < last {
		next = min(next, last)
	}
	return next
}

// repair chooses between chasing the lagging leg, which keeps the trade, and
// unwinding the leading one, which gives it up. Closing and resyncing only ever
// reduce; opening chases while the basis still pays for it.
func (ba *balancer) repair(p Port, hard bool) *exchange.Order {
	if which, past := ba.past(p); past.IsPositive() {
		if which == legPerp {
			return ba.takingOrder(p, which, exchange.Sell, past, hard)
		}
		keep := decimal.NewFromInt(1).Sub(p.TakerFee(ba.Pair.Spot))
		return ba.takingOrder(p, which, exchange.Buy, past.DivRound(keep, 12), hard)
	}
	res := ba.Residual(p)
	chase := ba.Pair.State == intent.PairOpening && ba.enough(p.Now()) == "" && !hard && ba.attempts < chaseAttempts && ba.worthChasing(p)
	if chase {
		if o := ba.chase(p, res, false); o != nil {
			return o
		}
	}
	if res.IsPositive() {
		return ba.takingOrder(p, legSpot, exchange.Sell, ba.sellable(p, decimal.Min(res, ba.Pair.SpotQty)), hard)
	}
	short := p.Instrument(ba.Pair.Perp).BaseQty(1, -ba.Pair.PerpQty)
	return ba.takingOrder(p, legPerp, exchange.Buy, decimal.Min(res.Neg(), short), hard)
}

// chase adds to the lagging leg; nil when the venue would not take so little.
func (ba *balancer) chase(p Port, res decimal.Decimal, hard bool) *exchange.Order {
	var o *exchange.Order
	if res.IsPositive() {
		o = ba.takingOrder(p, legPerp, exchange.Sell, res, hard)
	} else {
		keep := decimal.NewFromInt(1).Sub(p.TakerFee(ba.Pair.Spot))
		o = ba.takingOrder(p, legSpot, exchange.Buy, res.Neg().DivRound(keep, 12), hard)
	}
	if o == nil || !tradable(p.Instrument(o.Instrument), o.Price, o.Qty) {
		return nil
	}
	return o
}

// worthChasing compares the basis at the touch with what the request asked for.
// The leg that rested has its price already.
func (ba *balancer) worthChasing(p Port) bool {
	if ba.Request.MinBasis == nil {
		return true
	}
	bid, ok1 := p.Book(ba.Pair.Perp).Level(exchange.Buy, 1)
	ask, ok2 := p.Book(ba.Pair.Spot).Level(exchange.Sell, 1)
	if ba.working.quoted && ba.restLeg == intent.PerpLeg {
		bid.Price = ba.working.legs[legPerp].price
	} else if ba.working.quoted {
		ask.Price = ba.working.legs[legSpot].price
	}
	return ok1 && ok2 && ba.basis(p, bid.Price, ask.Price) >= *ba.Request.MinBasis-chaseBudget
}

// takingOrder makes an IOC order that takes the other side's touch, a step deeper
// with each attempt, never beyond the collar around mid.
func (ba *balancer) takingOrder(p Port, which int, side exchange.Side, coins decimal.Decimal, hard bool) *exchange.Order {
	in := p.Instrument(ba.Pair.Spot)
	if which == legPerp {
		in = p.Instrument(ba.Pair.Perp)
	}
	return ba.takingLots(p, which, side, lotsOf(in, coins), hard)
}

// takingLots is taking for a number of lots.
func (ba *balancer) takingLots(p Port, which int, side exchange.Side, lots exchange.Lots, hard bool) *exchange.Order {
	id := ba.Pair.Spot
	if which == legPerp {
		id = ba.Pair.Perp
	}
	price, ok := ba.takingPrice(p, id, side, hard)
	if !ok {
		return nil
	}
	if in := p.Instrument(id); in.MaxQty > 0 {
		lots = min(lots, in.MaxQty)
	}
	if lots <= 0 {
		return nil
	}
	return ba.working.order(p, which, side, lots, price)
}

// takingPrice is what the next attempt may pay; false without a live book.
func (ba *balancer) takingPrice(p Port, id exchange.InstrumentID, side exchange.Side, hard bool) (exchange.Ticks, bool) {
	b := p.Book(id)
	if !b.Ready() {
		return 0, false
	}
	near, _ := b.Level(side, 1)
	far, _ := b.Level(side.Opposite(), 1)
	mid := float64(near.Price+far.Price) / 2
	reach := float64(ba.attempts+1) * chaseStep * mid
	limit := collar * mid
	if hard {
		reach, limit = hardCollar*mid, hardCollar*mid
	}
	price := float64(far.Price) + float64(side)*reach
	if side == exchange.Buy {
		price = min(price, mid+limit)
	} else {
		price = max(price, mid-limit)
	}
	if side == exchange.Buy { // a part of a tick is rounded towards taking
		price = math.Ceil(price)
	}
	return exchange.Ticks(price), true
}

package execution

import (
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Residual is how many coins more are held on spot than are sold on the
// perpetual; negative when the short is the larger.
func (m *Machine) Residual(p Port) decimal.Decimal {
	perp := p.Instrument(m.Pair.Perp)
	if perp.Inverse() {
		return m.Pair.NetCoins()
	}
	return m.Pair.SpotQty.Add(perp.BaseQty(1, m.Pair.PerpQty))
}

// tolerance is the residual that no order could mend: one lot of the coarser leg,
// or half a contract.
func (m *Machine) tolerance(p Port) decimal.Decimal {
	if m.inverse(p) {
		if price := m.coinPrice(p); price.IsPositive() {
			return m.unit(p).Mul(half).DivRound(price, 12)
		}
		return decimal.Zero
	}
	spot, perp := p.Instrument(m.Pair.Spot), p.Instrument(m.Pair.Perp)
	return decimal.Max(spot.QtyDecimal(1), perp.BaseQty(1, 1))
}

// measure keeps the largest and the longest exposure seen.
func (m *Machine) measure(p Port) {
	res := m.Residual(p).Abs()
	if m.inverse(p) {
		m.off = m.surplus(p) != 0
	} else {
		_, past := m.past(p)
		m.off = res.GreaterThan(m.tolerance(p)) || past.IsPositive()
	}
	if !m.off {
		m.hedged(p.Now())
		return
	}
	if m.unhedgedAt == 0 {
		m.unhedgedAt = p.Now()
	}
	if price, ok := m.spotMid(p); ok {
		if v := res.Mul(price).Round(8); v.GreaterThan(m.Pair.MaxUnhedged) {
			m.Pair.MaxUnhedged = v
		}
	}
}

func (m *Machine) hedged(now exchange.Time) {
	if m.unhedgedAt == 0 {
		return
	}
	m.Pair.MaxUnhedgedTime = max(m.Pair.MaxUnhedgedTime, now-m.unhedgedAt)
	m.unhedgedAt = 0
}

// unbalanced reports whether the residual is beyond tolerance and large enough
// for an order to mend.
func (m *Machine) unbalanced(p Port) bool { return m.off && m.mends(p) }

func (m *Machine) mends(p Port) bool {
	res := m.Residual(p)
	if !m.mendable(p, res) {
		m.off = false
		m.hedged(p.Now())
		return false
	}
	if m.unhedgedAt == 0 {
		m.unhedgedAt = p.Now()
	}
	return true
}

// past returns the leg that went beyond flat, and how many coins of it the next order
// may mend, if the venue would take it. Only a fill that is told after its order's
// last word goes that far. With both legs beyond flat the one goes first that brings
// them closer, and no more of it than may be unhedged.
func (m *Machine) past(p Port) (which int, coins decimal.Decimal) {
	if m.Pair.PerpQty <= 0 && !m.Pair.SpotQty.IsNegative() {
		return legSpot, decimal.Zero
	}
	perp, spot := m.pastPerp(p), m.pastSpot(p)
	which, coins = legSpot, spot
	res := m.Residual(p)
	if perp.IsPositive() && (spot.IsZero() || !res.IsNegative()) {
		which, coins = legPerp, perp
	}
	if price, ok := m.spotMid(p); ok && coins.IsPositive() {
		coins = decimal.Min(coins, res.Abs().Add(m.Request.MaxUnhedged.DivRound(price, 12)))
	}
	return which, coins
}

// pastPerp is a long of the perpetual, if it can be sold.
func (m *Machine) pastPerp(p Port) decimal.Decimal {
	if m.Pair.PerpQty <= 0 {
		return decimal.Zero
	}
	coins := p.Instrument(m.Pair.Perp).BaseQty(1, m.Pair.PerpQty)
	if !m.reducible(p, exchange.Sell, coins) {
		return decimal.Zero
	}
	return coins
}

// pastSpot is how many coins were sold too many, if they can be bought back.
func (m *Machine) pastSpot(p Port) decimal.Decimal {
	if !m.Pair.SpotQty.IsNegative() {
		return decimal.Zero
	}
	spot := p.Instrument(m.Pair.Spot)
	ask, ok := p.Book(m.Pair.Spot).Level(exchange.Sell, 1)
	if ok && !tradable(spot, ask.Price, lotsOf(spot, m.Pair.SpotQty.Neg())) {
		return decimal.Zero
	}
	return m.Pair.SpotQty.Neg()
}

// mendable reports whether the pair is out of balance by more than a lot, and
// whether the venue would take an order that mends it: an order for coins must
// reach the minimum notional, and one that only reduces is exempt.
func (m *Machine) mendable(p Port, res decimal.Decimal) bool {
	if _, past := m.past(p); past.IsPositive() {
		return true
	}
	if res.Abs().LessThanOrEqual(m.tolerance(p)) {
		return false
	}
	if res.IsNegative() {
		return m.Pair.PerpQty < 0 && m.reducible(p, exchange.Buy, res.Neg())
	}
	spot := p.Instrument(m.Pair.Spot)
	bid, ok := p.Book(m.Pair.Spot).Level(exchange.Buy, 1)
	return !ok || tradable(spot, bid.Price, lotsOf(spot, decimal.Min(res, m.Pair.SpotQty)))
}

// reducible reports whether the venue would let an order reduce the perpetual. It
// nets the positions of all strategies: what another one's position hides from it
// counts as a new position.
func (m *Machine) reducible(p Port, side exchange.Side, coins decimal.Decimal) bool {
	perp := p.Instrument(m.Pair.Perp)
	lots := min(lotsOf(perp, coins), m.Pair.PerpQty.Abs())
	if p.Position(m.Pair.Perp)*exchange.Lots(side)+lots <= 0 {
		return true
	}
	far, ok := p.Book(m.Pair.Perp).Level(side.Opposite(), 1)
	return !ok || tradable(perp, far.Price, lots)
}

// balance sends the one order that brings the legs level.
func (m *Machine) balance(p Port, now exchange.Time) {
	last := m.unhedgedAt + m.Request.MaxUnhedgedTime
	if due := m.nextTry(last); now < due {
		m.wake = due
		return
	}
	if m.lacks(p, now) {
		return
	}
	o := m.repair(p, now >= last)
	if o != nil && m.legs[o.Leg-1].live { // what rests there must be back first
		m.pull(p, int(o.Leg)-1)
		if o = nil; now >= last {
			o = m.chase(p, m.Residual(p), true)
		}
	}
	if o == nil {
		m.wake = now + retryEvery
		return
	}
	if m.attempts >= settleTries && m.settleHidden(p, o) {
		return
	}
	m.tried = now
	if err := p.Check(o); err != nil {
		m.Pair.Reason = err.Error()
		m.attempts++
		m.wake = m.nextTry(last)
		return
	}
	m.attempts++
	m.send(p, int(o.Leg)-1, o)
}

// nextTry is when the next attempt to balance is due: at once at first, then at
// intervals, and at the time bound whatever the interval. A venue that refuses
// again and again is asked less and less often.
func (m *Machine) nextTry(last exchange.Time) exchange.Time {
	if m.attempts == 0 {
		return 0
	}
	next := m.tried + retryEvery<<min(max(0, m.attempts-quickTries), 8)
	if m.tried < last {
		next = min(next, last)
	}
	return next
}

// repair chooses between chasing the lagging leg, which keeps the trade, and
// unwinding the leading one, which gives it up. Closing and resyncing only ever
// reduce; opening chases while the basis still pays for it.
func (m *Machine) repair(p Port, hard bool) *exchange.Order {
	if which, past := m.past(p); past.IsPositive() {
		if which == legPerp {
			return m.taking(p, which, exchange.Sell, past, hard)
		}
		keep := decimal.NewFromInt(1).Sub(p.TakerFee(m.Pair.Spot))
		return m.taking(p, which, exchange.Buy, past.DivRound(keep, 12), hard)
	}
	res := m.Residual(p)
	chase := m.Pair.State == intent.PairOpening && m.enough(p.Now()) == "" && !hard && m.attempts < chaseAttempts && m.worthChasing(p)
	if chase {
		if o := m.chase(p, res, false); o != nil {
			return o
		}
	}
	if res.IsPositive() {
		return m.taking(p, legSpot, exchange.Sell, m.sellable(p, decimal.Min(res, m.Pair.SpotQty)), hard)
	}
	short := p.Instrument(m.Pair.Perp).BaseQty(1, -m.Pair.PerpQty)
	return m.taking(p, legPerp, exchange.Buy, decimal.Min(res.Neg(), short), hard)
}

// chase adds to the lagging leg; nil when the venue would not take so little.
func (m *Machine) chase(p Port, res decimal.Decimal, hard bool) *exchange.Order {
	var o *exchange.Order
	if res.IsPositive() {
		o = m.taking(p, legPerp, exchange.Sell, res, hard)
	} else {
		keep := decimal.NewFromInt(1).Sub(p.TakerFee(m.Pair.Spot))
		o = m.taking(p, legSpot, exchange.Buy, res.Neg().DivRound(keep, 12), hard)
	}
	if o == nil || !tradable(p.Instrument(o.Instrument), o.Price, o.Qty) {
		return nil
	}
	return o
}

// worthChasing compares the basis at the touch with what the request asked for.
// The leg that rested has its price already.
func (m *Machine) worthChasing(p Port) bool {
	if m.Request.MinBasis == nil {
		return true
	}
	bid, ok1 := p.Book(m.Pair.Perp).Level(exchange.Buy, 1)
	ask, ok2 := p.Book(m.Pair.Spot).Level(exchange.Sell, 1)
	if m.quoted && m.maker == intent.PerpLeg {
		bid.Price = m.legs[legPerp].price
	} else if m.quoted {
		ask.Price = m.legs[legSpot].price
	}
	return ok1 && ok2 && m.basis(p, bid.Price, ask.Price) >= *m.Request.MinBasis-chaseBudget
}

// taking makes an IOC order that takes the other side's touch, a step deeper
// with each attempt, never beyond the collar around mid.
func (m *Machine) taking(p Port, which int, side exchange.Side, coins decimal.Decimal, hard bool) *exchange.Order {
	in := p.Instrument(m.Pair.Spot)
	if which == legPerp {
		in = p.Instrument(m.Pair.Perp)
	}
	return m.takingLots(p, which, side, lotsOf(in, coins), hard)
}

// takingLots is taking for a number of lots.
func (m *Machine) takingLots(p Port, which int, side exchange.Side, lots exchange.Lots, hard bool) *exchange.Order {
	id := m.Pair.Spot
	if which == legPerp {
		id = m.Pair.Perp
	}
	in, b := p.Instrument(id), p.Book(id)
	if !b.Ready() {
		return nil
	}
	near, _ := b.Level(side, 1)
	far, _ := b.Level(side.Opposite(), 1)
	mid := float64(near.Price+far.Price) / 2
	reach := float64(m.attempts+1) * chaseStep * mid
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
	if in.MaxQty > 0 {
		lots = min(lots, in.MaxQty)
	}
	if lots <= 0 {
		return nil
	}
	if side == exchange.Buy { // a part of a tick is rounded towards taking
		price = math.Ceil(price)
	}
	return m.order(p, which, side, lots, exchange.Ticks(price))
}

package execution

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A venue may tell a fill after it said that its order had none. What was sold in
// between is then sold twice, with coins of others that lay in the same wallet. This
// file is how a pair gives such coins back, and how one gets on whose coins are gone.

// owing is how many coins of others the pair has sold; less than a lot counts as
// nothing.
func (td *trade) owing(p Port) decimal.Decimal {
	if td.Pair.SpotQty.GreaterThan(p.Instrument(td.Pair.Spot).QtyDecimal(-1)) {
		return decimal.Zero
	}
	return td.Pair.SpotQty.Neg()
}

// worthMoving is an amount that a transfer is worth: what is below a lot on spot could
// not be sold there.
func (td *trade) worthMoving(p Port, coins decimal.Decimal) decimal.Decimal {
	if coins.LessThan(p.Instrument(td.Pair.Spot).QtyDecimal(1)) {
		return decimal.Zero
	}
	return coins
}

// buyBack is an order for coins that the pair owes, fee included; nil when the venue
// would not take so little.
func (ba *balancer) buyBack(p Port, coins decimal.Decimal, hard bool) *exchange.Order {
	keep := decimal.NewFromInt(1).Sub(p.TakerFee(ba.Pair.Spot))
	o := ba.takingOrder(p, legSpot, exchange.Buy, coins.DivRound(keep, 12), hard)
	if o == nil || !tradable(p.Instrument(o.Instrument), o.Price, o.Qty) {
		return nil
	}
	return o
}

// restore buys missing coins of a coin-margined pair that has sold others', or whose
// contracts went past flat: buying contracts back instead would leave the wallet short
// of coins, and selling those past flat first would unhedge still more.
func (cn *coinLeg) restore(p Port, missing decimal.Decimal, hard bool) *exchange.Order {
	if cn.contracts(p, missing) <= 0 {
		return nil
	}
	if owing := cn.owing(p); owing.IsPositive() {
		return cn.balancer.buyBack(p, decimal.Min(missing, owing), hard)
	}
	if cn.Pair.PerpQty > 0 {
		return cn.balancer.buyBack(p, missing, hard)
	}
	return nil
}

// pastContracts is how many lots of contracts beyond flat may be sold at once: what
// else is unhedged counts.
func (cn *coinLeg) pastContracts(p Port) exchange.Lots {
	price := cn.coinPrice(p)
	room := cn.Request.MaxUnhedged.Add(cn.Pair.NetCoins().Mul(price)) // coins too many are mended by it
	return min(cn.Pair.PerpQty, max(1, exchange.Lots(room.Div(cn.unit(p)).IntPart())))
}

// repay brings coins of a coin-margined pair back to spot, where it sold others'. It
// reports whether a transfer is on its way, or is waited for.
func (cn *coinLeg) repay(p Port, now exchange.Time) bool {
	away := cn.worthMoving(p, decimal.Min(cn.owing(p), cn.Pair.InMargin(), p.Movable(cn.self)))
	if !away.IsPositive() {
		return false
	}
	return cn.mover.ship(p, now, legPerp, legSpot, away) || cn.Pair.State != intent.PairOpen
}

// lacks reports whether coins that are to be sold are not in the wallet. While another
// pair owes them they are waited for; if nobody does they are gone, and a pair without
// a short has nothing more to do.
func (ba *balancer) lacks(p Port, now exchange.Time) bool {
	want := ba.Pair.SpotQty
	if !ba.inverse(p) {
		want = decimal.Min(want, ba.Residual(p))
	}
	spot := p.Instrument(ba.Pair.Spot)
	bid, ok := p.Book(ba.Pair.Spot).Level(exchange.Buy, 1)
	if !ok || !tradable(spot, bid.Price, lotsOf(spot, want)) {
		return false
	}
	there := ba.sellable(p, want)
	if tradable(spot, bid.Price, lotsOf(spot, there)) {
		return false
	}
	missing := want.Sub(decimal.Max(decimal.Zero, there))
	who := "and nobody owes them"
	owed := p.Owed(ba.Pair.Spot, ba.Pair.ID).IsPositive()
	if owed {
		who = "another pair sold them and brings them back"
	}
	text := fmt.Sprintf("%s %s%s are not in the wallet, %s", missing, spot.Base, ba.worth(p, missing), who)
	if !owed && ba.Pair.PerpQty == 0 && ba.Pair.State != intent.PairOpening {
		ba.gone = text
		ba.balancing, ba.off = false, false
		ba.hedged(now)
		ba.taker.finishClose(p, now)
		return true
	}
	told := ba.working.lack != 0
	ba.working.lack = min(max(exchange.Second, 2*ba.working.lack), exchange.Minute)
	ba.wake, ba.Pair.Reason = now+ba.working.lack, text
	if !told {
		ba.reasons.report(p)
	}
	return true
}

// leftover words what a pair that is over still holds, or "": what is below a lot could
// never be traded.
func (rs *reasons) leftover(p Port) string {
	if rs.Pair.Spread.Is() {
		return rs.self.spread.leftover(p)
	}
	spot, perp := p.Instrument(rs.Pair.Spot), p.Instrument(rs.Pair.Perp)
	coins := rs.Pair.SpotQty
	if perp.Inverse() {
		coins = coins.Add(rs.Pair.InMargin())
	}
	text := rs.gone
	if text == "" && coins.Abs().GreaterThanOrEqual(spot.QtyDecimal(1)) {
		verb := "are left"
		if coins.IsNegative() {
			verb = "are owed to the account"
		}
		text = fmt.Sprintf("%s %s %s%s", coins.Abs(), spot.Base, verb, rs.unsold(p, coins))
	}
	if rs.Pair.PerpQty != 0 {
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf("%s %s are left, which other positions hide from the venue", perp.QtyDecimal(rs.Pair.PerpQty), perp.Key())
	}
	return text
}

// unsold says why an order for coins is not sent, if it is their size: at the price
// that orders are made at, as far as the book still shows one.
func (rs *reasons) unsold(p Port, coins decimal.Decimal) string {
	spot, side := p.Instrument(rs.Pair.Spot), exchange.Buy
	if coins.IsNegative() {
		side = exchange.Sell
	}
	touch, ok := p.Book(rs.Pair.Spot).Level(side, rs.Request.Level)
	lots := lotsOf(spot, coins.Abs())
	if !ok || tradable(spot, touch.Price, lots) {
		return ""
	}
	return ": " + tooSmall(spot, touch.Price, lots)
}

func (td *trade) worth(p Port, coins decimal.Decimal) string {
	price, ok := td.spotMid(p)
	if !ok {
		return ""
	}
	return fmt.Sprintf(", worth %s %s,", coins.Abs().Mul(price).Round(2), p.Instrument(td.Pair.Spot).Quote)
}

// nameLeft adds to the reason of a pair that ends what it could not sell.
func (rs *reasons) nameLeft(p Port) {
	text := rs.leftover(p)
	if text == "" {
		return
	}
	rs.Pair.Reason = joined(rs.Pair.Reason, text)
}

// Leaves reports whether a pair that is over still holds something that it could not
// sell, and not what it was to keep.
func (m *Machine) Leaves(p Port) bool {
	return m.Pair.State.Done() && m.reasons.leftover(p) != "" && !m.spread.sparesAll(p)
}

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
func (m *Machine) owing(p Port) decimal.Decimal {
	if m.Pair.SpotQty.GreaterThan(p.Instrument(m.Pair.Spot).QtyDecimal(-1)) {
		return decimal.Zero
	}
	return m.Pair.SpotQty.Neg()
}

// worthMoving is an amount that a transfer is worth: what is below a lot on spot could
// not be sold there.
func (m *Machine) worthMoving(p Port, coins decimal.Decimal) decimal.Decimal {
	if coins.LessThan(p.Instrument(m.Pair.Spot).QtyDecimal(1)) {
		return decimal.Zero
	}
	return coins
}

// buyBack is an order for coins that the pair owes, fee included; nil when the venue
// would not take so little.
func (m *Machine) buyBack(p Port, coins decimal.Decimal, hard bool) *exchange.Order {
	keep := decimal.NewFromInt(1).Sub(p.TakerFee(m.Pair.Spot))
	o := m.taking(p, legSpot, exchange.Buy, coins.DivRound(keep, 12), hard)
	if o == nil || !tradable(p.Instrument(o.Instrument), o.Price, o.Qty) {
		return nil
	}
	return o
}

// restore buys missing coins of a coin-margined pair that has sold others', or whose
// contracts went past flat: buying contracts back instead would leave the wallet short
// of coins, and selling those past flat first would unhedge still more.
func (m *Machine) restore(p Port, missing decimal.Decimal, hard bool) *exchange.Order {
	if m.contracts(p, missing) <= 0 {
		return nil
	}
	if owing := m.owing(p); owing.IsPositive() {
		return m.buyBack(p, decimal.Min(missing, owing), hard)
	}
	if m.Pair.PerpQty > 0 {
		return m.buyBack(p, missing, hard)
	}
	return nil
}

// pastContracts is how many lots of contracts beyond flat may be sold at once: what
// else is unhedged counts.
func (m *Machine) pastContracts(p Port) exchange.Lots {
	price := m.coinPrice(p)
	room := m.Request.MaxUnhedged.Add(m.Pair.NetCoins().Mul(price)) // coins too many are mended by it
	return min(m.Pair.PerpQty, max(1, exchange.Lots(room.Div(m.unit(p)).IntPart())))
}

// repay brings coins of a coin-margined pair back to spot, where it sold others'. It
// reports whether a transfer is on its way, or is waited for.
func (m *Machine) repay(p Port, now exchange.Time) bool {
	away := m.worthMoving(p, decimal.Min(m.owing(p), m.Pair.InMargin(), p.Movable(m)))
	if !away.IsPositive() {
		return false
	}
	return m.ship(p, now, legPerp, legSpot, away) || m.Pair.State != intent.PairOpen
}

// lacks reports whether coins that are to be sold are not in the wallet. While another
// pair owes them they are waited for; if nobody does they are gone, and a pair without
// a short has nothing more to do.
func (m *Machine) lacks(p Port, now exchange.Time) bool {
	want := m.Pair.SpotQty
	if !m.inverse(p) {
		want = decimal.Min(want, m.Residual(p))
	}
	spot := p.Instrument(m.Pair.Spot)
	bid, ok := p.Book(m.Pair.Spot).Level(exchange.Buy, 1)
	if !ok || !tradable(spot, bid.Price, lotsOf(spot, want)) {
		return false
	}
	there := m.sellable(p, want)
	if tradable(spot, bid.Price, lotsOf(spot, there)) {
		return false
	}
	missing := want.Sub(decimal.Max(decimal.Zero, there))
	who := "and nobody owes them"
	owed := p.Owed(m.Pair.Spot, m.Pair.ID).IsPositive()
	if owed {
		who = "another pair sold them and brings them back"
	}
	text := fmt.Sprintf("%s %s%s are not in the wallet, %s", missing, spot.Base, m.worth(p, missing), who)
	if !owed && m.Pair.PerpQty == 0 && m.Pair.State != intent.PairOpening {
		m.gone = text
		m.balancing, m.off = false, false
		m.hedged(now)
		m.finishClose(p, now)
		return true
	}
	told := m.lack != 0
	m.lack = min(max(exchange.Second, 2*m.lack), exchange.Minute)
	m.wake, m.Pair.Reason = now+m.lack, text
	if !told {
		m.tell(p)
	}
	return true
}

// leftover words what a pair that is over still holds, or "": what is below a lot could
// never be traded.
func (m *Machine) leftover(p Port) string {
	spot, perp := p.Instrument(m.Pair.Spot), p.Instrument(m.Pair.Perp)
	coins := m.Pair.SpotQty
	if perp.Inverse() {
		coins = coins.Add(m.Pair.InMargin())
	}
	text := m.gone
	if text == "" && coins.Abs().GreaterThanOrEqual(spot.QtyDecimal(1)) {
		verb := "are left"
		if coins.IsNegative() {
			verb = "are owed to the account"
		}
		text = fmt.Sprintf("%s %s %s%s", coins.Abs(), spot.Base, verb, m.unsold(p, coins))
	}
	if m.Pair.PerpQty != 0 {
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf("%s %s are left, which other positions hide from the venue", perp.QtyDecimal(m.Pair.PerpQty), perp.Key())
	}
	return text
}

// unsold says why an order for coins is not sent, if it is their size: at the price
// that orders are made at, as far as the book still shows one.
func (m *Machine) unsold(p Port, coins decimal.Decimal) string {
	spot, side := p.Instrument(m.Pair.Spot), exchange.Buy
	if coins.IsNegative() {
		side = exchange.Sell
	}
	touch, ok := p.Book(m.Pair.Spot).Level(side, m.Request.Level)
	lots := lotsOf(spot, coins.Abs())
	if !ok || tradable(spot, touch.Price, lots) {
		return ""
	}
	return ": " + tooSmall(spot, touch.Price, lots)
}

func (m *Machine) worth(p Port, coins decimal.Decimal) string {
	price, ok := m.spotMid(p)
	if !ok {
		return ""
	}
	return fmt.Sprintf(", worth %s %s,", coins.Abs().Mul(price).Round(2), p.Instrument(m.Pair.Spot).Quote)
}

// nameLeft adds to the reason of a pair that ends what it could not sell.
func (m *Machine) nameLeft(p Port) {
	text := m.leftover(p)
	if text == "" {
		return
	}
	m.Pair.Reason = joined(m.Pair.Reason, text)
}

// Leaves reports whether a pair that is over still holds something that it could not
// sell.
func (m *Machine) Leaves(p Port) bool { return m.Pair.State.Done() && m.leftover(p) != "" }

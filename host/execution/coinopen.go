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
func (m *Machine) openCoin(p Port, now exchange.Time) {
	why := m.enough(now)
	if m.repay(p, now) {
		return
	}
	if why == "" && m.replenish(p, now) {
		return
	}
	if why != "" || m.left(p) == 0 {
		if m.Pair.PerpQty == 0 && m.sweep(p, now) {
			return
		}
		m.finishOpen(p, now, why)
		if m.Pair.State == intent.PairOpen {
			m.wake = now + busyEvery
		}
		return
	}
	if !m.ready(p, now) {
		return
	}
	if !p.Quiet(m) {
		m.later(now+busyEvery, "another pair is at work with the same coins")
		return
	}
	if ask, bid, ok := m.openPrices(p, now); ok {
		m.slice(p, now, ask, bid)
	}
}

// left is how many lots of contracts are still to be sold.
func (m *Machine) left(p Port) exchange.Lots {
	n := exchange.Lots(m.Request.Notional.Div(m.unit(p)).IntPart())
	return max(0, n-m.Pair.PerpQty.Abs())
}

func (m *Machine) slice(p Port, now exchange.Time, ask, bid exchange.Ticks) {
	coins, contracts := m.sizeCoin(p, ask, bid)
	if !tradable(p.Instrument(m.Pair.Spot), ask, coins) || contracts == 0 {
		m.cut = fmt.Sprintf("a slice of %s USDT is too little: %s", m.Request.Batch, tooSmall(p.Instrument(m.Pair.Spot), ask, coins))
		if contracts == 0 {
			m.cut = fmt.Sprintf("a slice of %s USDT is less than a contract", m.Request.Batch)
		}
		m.wake = now
		return
	}
	buy := m.order(p, legSpot, exchange.Buy, coins, ask)
	sell := m.order(p, legPerp, exchange.Sell, contracts, bid)
	if m.Request.Buffer.IsPositive() && p.Check(sell) == nil {
		m.sendBoth(p, now, buy, sell)
		return
	}
	arriving := p.Instrument(m.Pair.Spot).QtyDecimal(coins).Mul(decimal.NewFromInt(1).Sub(p.TakerFee(m.Pair.Spot)))
	if err := p.CheckWith(sell, arriving); err != nil {
		m.putOff(now)
		m.later(m.notBefore, err.Error())
		return
	}
	m.sendBoth(p, now, buy)
}

// sizeCoin returns the lots of one slice. The contracts decide: coins are bought
// for them, for both fees, and for what the last slice left missing.
func (m *Machine) sizeCoin(p Port, ask, bid exchange.Ticks) (coins, contracts exchange.Lots) {
	spot, perp, one := p.Instrument(m.Pair.Spot), p.Instrument(m.Pair.Perp), decimal.NewFromInt(1)
	keep, res := one.Sub(p.TakerFee(m.Pair.Spot)), m.Pair.NetCoins()
	each := m.unit(p).DivRound(perp.PriceDecimal(bid), 16).Mul(one.Add(p.TakerFee(m.Pair.Perp)))
	contracts = min(m.left(p), exchange.Lots(m.Request.Batch.Div(m.unit(p)).IntPart()))
	room := m.Request.MaxUnhedged.Sub(res.Abs().Mul(spot.PriceDecimal(ask))).DivRound(spot.PriceDecimal(ask), 12)
	contracts = min(contracts, exchange.Lots(room.Mul(keep).Add(res).DivRound(each, 8).IntPart()))
	if contracts <= 0 {
		return 0, 0
	}
	need := each.Mul(decimal.NewFromInt(int64(contracts))).Sub(res)
	return exchange.Lots(spot.Lot.Ceil(need.DivRound(keep, 12))), contracts
}

// replenish moves coins that a slice left on spot to where they back the short.
func (m *Machine) replenish(p Port, now exchange.Time) bool {
	if m.stopping || m.Pair.PerpQty == 0 || m.contracts(p, m.Pair.SpotQty) <= 0 {
		return false
	}
	if m.ship(p, now, legSpot, legPerp, m.Pair.SpotQty) {
		return true
	}
	return m.Pair.State == intent.PairOpening // an opening waits; who holds looks after itself
}

// holdCoin looks after a pair that is open and hedged.
func (m *Machine) holdCoin(p Port, now exchange.Time) {
	m.wake = now + lookEvery
	if m.Pair.PerpQty == 0 { // liquidated, or taken away
		if !m.sweep(p, now) {
			m.finishClose(p, now)
		}
		return
	}
	if m.repay(p, now) || m.replenish(p, now) {
		return
	}
	m.wake = min(max(m.wake, now+busyEvery), now+lookEvery)
}

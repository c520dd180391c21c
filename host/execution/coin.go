package execution

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// coinWork is what the coin machine need not remember over a restart.
type coinWork struct {
	price    decimal.Decimal // of the perpetual, as last seen
	shedding bool            // long coins are sold and not shorted against
	ahead    bool            // closing sends coins to spot before it buys contracts back
	backs    int             // how often they were hedged again meanwhile
}

// Collateral is the pair's part of the COIN-M wallet's equity at a price, and how
// many of its coins the short stands for. Both are zero for other pairs.
func (m *Machine) Collateral(in *exchange.Instrument, price decimal.Decimal) (equity, short decimal.Decimal) {
	if !in.Inverse() || m.Pair.State.Done() {
		return decimal.Zero, decimal.Zero
	}
	if m.Pair.PerpQty != 0 && price.IsPositive() {
		short = in.Notional(1, -m.Pair.PerpQty).DivRound(price, 16)
	}
	return m.Pair.InMargin().Add(short), short
}

func (m *Machine) inverse(p Port) bool { return p.Instrument(m.Pair.Perp).Inverse() }

// coinPrice is the middle of the perpetual's book, or the last one seen.
func (m *Machine) coinPrice(p Port) decimal.Decimal {
	b, in := p.Book(m.Pair.Perp), p.Instrument(m.Pair.Perp)
	bid, ok1 := b.Level(exchange.Buy, 1)
	ask, ok2 := b.Level(exchange.Sell, 1)
	if ok1 && ok2 {
		m.coin.price = in.PriceDecimal(bid.Price+ask.Price).DivRound(decimal.NewFromInt(2), 12)
	}
	return m.coin.price
}

// unit is the value of one lot of contracts, in quote.
func (m *Machine) unit(p Port) decimal.Decimal { return p.Instrument(m.Pair.Perp).Notional(1, 1) }

// contracts is how many lots come nearest to a number of coins; half of one is none.
func (m *Machine) contracts(p Port, coins decimal.Decimal) exchange.Lots {
	n := coins.Abs().Mul(m.coinPrice(p)).DivRound(m.unit(p), 8).Sub(half).Ceil().IntPart()
	return exchange.Lots(int64(coins.Sign()) * max(0, n))
}

var half = decimal.New(5, -1)

// surplus is how many lots of contracts the pair is short of (positive: coins are
// unhedged) or has too many of. A pair that is held lets the request's own
// thresholds pass.
func (m *Machine) surplus(p Port) exchange.Lots {
	if m.Pair.PerpQty > 0 {
		return -m.Pair.PerpQty
	}
	delta := m.Pair.NetCoins()
	n := m.contracts(p, delta)
	if n == 0 || m.Pair.State != intent.PairOpen || m.balancing {
		return n
	}
	value := delta.Abs().Mul(m.coin.price)
	held := m.unit(p).Mul(decimal.NewFromInt(int64(-m.Pair.PerpQty)))
	if value.LessThanOrEqual(held.Mul(decimal.NewFromFloat(m.Request.RebalanceBP)).Shift(-4)) {
		return 0
	}
	if n > 0 && m.Request.Harvest.IsPositive() {
		if value.LessThan(m.Request.Harvest) {
			return 0
		}
		m.coin.shedding = true
	}
	return n
}

// bookCoin books the perpetual's side of a fill.
func (m *Machine) bookCoin(in *exchange.Instrument, f *exchange.Fill) {
	c := &m.Pair.Coin
	c.Sold = c.Sold.Sub(in.BaseQty(f.Price, exchange.Lots(f.Side)*f.Qty))
	if f.FeeAsset == in.Base {
		c.Margin, c.Fees = c.Margin.Sub(f.Fee), c.Fees.Add(f.Fee)
	}
}

// Settled books a settlement of funding: the pair's part, in the settlement asset.
func (m *Machine) Settled(p Port, amount decimal.Decimal) {
	m.Pair.Funding = m.Pair.Funding.Add(amount)
	m.Pair.Settlements++
	if m.inverse(p) && m.Pair.State == intent.PairOpen {
		m.wake = p.Now() // it moved δ
	}
}

// Insured books the pair's part of what the insurance fund paid, or took, after a
// liquidation, in the settlement asset. It may come after the pair is closed.
func (m *Machine) Insured(p Port, amount decimal.Decimal) {
	m.Pair.Insurance = m.Pair.Insurance.Add(amount)
	switch {
	case m.Pair.State.Done():
		if m.inverse(p) {
			price, _ := m.spotMid(p)
			amount = amount.Mul(price)
		}
		m.Pair.Realised = m.Pair.Realised.Add(amount).Round(8)
	case m.inverse(p):
		m.wake = p.Now() // it moved δ
	}
}

// validateCoin checks what only a coin-margined request can have wrong.
func validateCoin(r *intent.PairRequest, p intent.Markets) error {
	spot, perp := p.Instrument(r.Spot), p.Instrument(r.Perp)
	if !perp.ContractSize.IsPositive() {
		return fmt.Errorf("perp: %s has no contract size: want the USD value of one contract", perp.Key())
	}
	if spot.Quote != "USDT" {
		return fmt.Errorf("spot: %s is quoted in %s: the contracts of %s are worth USD, want a market quoted in USDT", spot.Key(), spot.Quote, perp.Key())
	}
	unit := perp.Notional(1, 1)
	if r.Notional.LessThan(unit) {
		return fmt.Errorf("notional %s is below one contract of %s, which is %s USD", r.Notional, perp.Key(), unit)
	}
	if r.MaxUnhedged.IsZero() {
		r.MaxUnhedged = decimal.NewFromInt(5000)
	}
	if r.Batch.IsZero() {
		r.Batch = decimal.Max(unit, r.MaxUnhedged.Mul(half)) // it stays unhedged for as long as a transfer takes
	}
	if least := unit.Mul(headroom); r.Batch.LessThan(unit) || r.MaxUnhedged.LessThan(least) {
		return fmt.Errorf("batch %s and max_unhedged %s: one contract of %s is %s USD, and needs %s unhedged", r.Batch, r.MaxUnhedged, perp.Key(), unit, least)
	}
	if r.MaxUnhedgedTime == 0 {
		r.MaxUnhedgedTime = 30 * exchange.Second
	}
	if r.Buffer.IsNegative() || r.RebalanceBP < 0 {
		return fmt.Errorf("buffer and rebalance_bp: want 0 or more, got %s and %g", r.Buffer, r.RebalanceBP)
	}
	if !r.Harvest.IsZero() && r.Harvest.LessThan(unit) {
		return fmt.Errorf("harvest %s is below one contract of %s, which is %s USD", r.Harvest, perp.Key(), unit)
	}
	return nil
}

// stepCoin is Step of a coin-margined pair. First what is unhedged, then what is
// under way, and only then something new.
func (m *Machine) stepCoin(p Port, now exchange.Time) {
	mv := &m.Pair.Coin.Move
	if mv.Flying() {
		m.watchMove(p, now)
	}
	if n := m.surplus(p); n != 0 {
		m.measure(p)
		was := m.balancing
		if m.givesUp(p, now) {
			m.gone = m.strandedText(p)
		} else if m.level(p, now, n) {
			return
		}
		m.balancing = was // nothing was tried
	}
	m.off = false
	m.hedged(now)
	if m.balancing {
		m.balancing, m.attempts, m.coin.shedding = false, 0, false
		m.batchDone(p, now)
	}
	if mv.Flying() {
		return // hedged: nothing hurries
	}
	switch m.Pair.State {
	case intent.PairOpening:
		m.openCoin(p, now)
	case intent.PairClosing:
		m.shutCoin(p, now)
	default:
		m.holdCoin(p, now)
	}
}

// level takes one step towards balance: an order, a transfer, or waiting for
// either. It reports false when nothing at all can be done about what is left.
func (m *Machine) level(p Port, now exchange.Time, n exchange.Lots) bool {
	if !m.balancing {
		m.balancing, m.had = true, m.stake()
	}
	last := m.unhedgedAt + m.Request.MaxUnhedgedTime
	if now >= last && m.Pair.State == intent.PairOpening && m.cut == "" {
		m.cut = "unhedged for " + span(m.Request.MaxUnhedgedTime)
	}
	if due := m.nextTry(last); now < due {
		m.wake = due
		return true
	}
	if n > 0 {
		return m.levelLong(p, now, n)
	}
	return m.levelShort(p, now, -n)
}

// levelShort brings a short that is too large back: by buying the coins that an
// opening still wants, otherwise by buying contracts.
func (m *Machine) levelShort(p Port, now exchange.Time, n exchange.Lots) bool {
	hard := now >= m.unhedgedAt+m.Request.MaxUnhedgedTime
	missing := m.Pair.NetCoins().Neg()
	if o := m.restore(p, missing, hard); o != nil {
		return m.take(p, now, o)
	}
	switch {
	case m.Pair.PerpQty > 0: // a fill that was told too late went past flat
		return m.take(p, now, m.takingLots(p, legPerp, exchange.Sell, m.pastContracts(p), hard))
	case m.Pair.PerpQty == 0:
		o := m.taking(p, legSpot, exchange.Buy, missing, hard)
		if o != nil && !tradable(p.Instrument(o.Instrument), o.Price, o.Qty) {
			return false // too little to buy
		}
		return m.take(p, now, o)
	case m.Pair.State == intent.PairOpening && m.enough(now) == "" && !hard && m.attempts < chaseAttempts && m.worthChasing(p):
		keep := decimal.NewFromInt(1).Sub(p.TakerFee(m.Pair.Spot))
		if o := m.taking(p, legSpot, exchange.Buy, missing.DivRound(keep, 12), false); o != nil && tradable(p.Instrument(o.Instrument), o.Price, o.Qty) {
			return m.take(p, now, o)
		}
	}
	return m.take(p, now, m.takingLots(p, legPerp, exchange.Buy, min(n, -m.Pair.PerpQty), hard))
}

// levelLong hedges coins, or sells them.
func (m *Machine) levelLong(p Port, now exchange.Time, n exchange.Lots) bool {
	if m.Pair.State == intent.PairClosing || m.coin.shedding {
		return m.shed(p, now, n)
	}
	mv := &m.Pair.Coin.Move
	if m.attempts >= 2*chaseAttempts { // the short can't be had
		m.coin.shedding, m.attempts = true, 0
		return m.shed(p, now, n)
	}
	if in := min(n, m.contracts(p, m.Pair.InMargin())); in > 0 {
		return m.take(p, now, m.takingLots(p, legPerp, exchange.Sell, in, m.attempts >= chaseAttempts))
	}
	if mv.Flying() {
		return m.bridge(p, now, n)
	}
	if m.cut == "" && !m.stopping && m.ship(p, now, legSpot, legPerp, m.Pair.SpotQty) {
		return true
	}
	if last := m.unhedgedAt + m.Request.MaxUnhedgedTime; m.cut == "" && !m.stopping && now < last {
		m.wake = min(m.wake, last) // the transfer can be tried again in time
		return true
	}
	return m.shed(p, now, n)
}

// bridge hedges coins whose transfer is late, if the COIN-M wallet has the margin.
func (m *Machine) bridge(p Port, now exchange.Time, n exchange.Lots) bool {
	if mv := &m.Pair.Coin.Move; mv.State != intent.MoveUnknown && !m.overdue(now) {
		return true
	}
	o := m.takingLots(p, legPerp, exchange.Sell, n, false)
	if o == nil {
		return m.take(p, now, nil)
	}
	if err := p.Check(o); err != nil {
		m.tried, m.attempts = now, max(1, m.attempts)
		m.wake = min(m.wake, now+exchange.Second)
		m.Pair.Reason = err.Error()
		return true
	}
	return m.take(p, now, o)
}

// overdue reports that transfers failed for as long as one may take.
func (m *Machine) overdue(now exchange.Time) bool {
	return m.Pair.Coin.Move.Failures > 0 && now >= m.unhedgedAt+m.late()
}

// shed sells coins that are not to be hedged: where they are on spot, otherwise
// once they are there. While they can't get there they are hedged after all.
func (m *Machine) shed(p Port, now exchange.Time, n exchange.Lots) bool {
	hard := now >= m.unhedgedAt+m.Request.MaxUnhedgedTime
	mv, spot := &m.Pair.Coin.Move, p.Instrument(m.Pair.Spot)
	coins := m.sellable(p, decimal.Min(m.Pair.NetCoins(), m.Pair.SpotQty))
	if o := m.taking(p, legSpot, exchange.Sell, coins, hard); o != nil && tradable(spot, o.Price, o.Qty) {
		return m.take(p, now, o)
	}
	if mv.Flying() {
		return m.bridge(p, now, n)
	}
	away := decimal.Min(m.Pair.InMargin(), p.Movable(m))
	if o := m.takingLots(p, legPerp, exchange.Sell, n, hard); m.overdue(now) && o != nil && p.Check(o) == nil {
		m.strand(now)
		return m.take(p, now, o)
	}
	if (m.contracts(p, away) > 0 || m.worthSweeping(p, away)) && m.ship(p, now, legPerp, legSpot, away) {
		return true
	}
	if patient := m.unhedgedAt + m.late(); now < patient && mv.State == intent.MoveFailed && mv.Failures < moveTries {
		m.wake = min(mv.Next, patient)
		return true
	}
	if p.Book(m.Pair.Spot).Ready() && (!m.sellableOnSpot(p, m.Pair.InMargin()) ||
		m.Pair.PerpQty == 0 && m.contracts(p, m.Pair.InMargin()) == 0 && mv.State == intent.MoveNone) {
		return false // too little to sell: what the rest of a closing frees comes to it
	}
	return m.hedgeStranded(p, now, m.takingLots(p, legPerp, exchange.Sell, n, hard))
}

// take sends an order that balances, or says when it is tried again.
func (m *Machine) take(p Port, now exchange.Time, o *exchange.Order) bool {
	if err := m.try(p, now, o); err != nil {
		m.Pair.Reason = err.Error()
	}
	return true
}

// try is take without saying why: it returns what refused the order.
func (m *Machine) try(p Port, now exchange.Time, o *exchange.Order) error {
	if o == nil {
		m.wake = now + retryEvery
		return nil
	}
	if m.attempts >= settleTries && m.settleHidden(p, o) {
		return nil
	}
	m.tried = now
	m.attempts++
	if err := p.Check(o); err != nil {
		m.wake = m.nextTry(m.unhedgedAt + m.Request.MaxUnhedgedTime)
		return err
	}
	m.send(p, int(o.Leg)-1, o)
	return nil
}

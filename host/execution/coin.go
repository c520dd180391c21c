package execution

import (
	"fmt"
	"strings"

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

func (td *trade) inverse(p Port) bool { return td.Pair.OfCoin(p.Instrument(td.Pair.Perp)) }

// coinPrice is the middle of the perpetual's book, or the last one seen.
func (td *trade) coinPrice(p Port) decimal.Decimal {
	b, in := p.Book(td.Pair.Perp), p.Instrument(td.Pair.Perp)
	bid, ok1 := b.Level(exchange.Buy, 1)
	ask, ok2 := b.Level(exchange.Sell, 1)
	if ok1 && ok2 {
		td.coin.price = in.PriceDecimal(bid.Price+ask.Price).DivRound(decimal.NewFromInt(2), 12)
	}
	return td.coin.price
}

// unit is the value of one lot of contracts, in quote.
func (td *trade) unit(p Port) decimal.Decimal { return p.Instrument(td.Pair.Perp).Notional(1, 1) }

// contracts is how many lots come nearest to a number of coins; half of one is none.
func (td *trade) contracts(p Port, coins decimal.Decimal) exchange.Lots {
	n := coins.Abs().Mul(td.coinPrice(p)).DivRound(td.unit(p), 8).Sub(half).Ceil().IntPart()
	return exchange.Lots(int64(coins.Sign()) * max(0, n))
}

var half = decimal.New(5, -1)

// surplus is how many lots of contracts the pair is short of (positive: coins are
// unhedged) or has too many of. A pair that is held lets the request's own
// thresholds pass.
func (td *trade) surplus(p Port) exchange.Lots {
	if td.Pair.PerpQty > 0 {
		return -td.Pair.PerpQty
	}
	delta := td.Pair.NetCoins()
	n := td.contracts(p, delta)
	if n == 0 || td.Pair.State != intent.PairOpen || td.balancing {
		return n
	}
	value := delta.Abs().Mul(td.coin.price)
	held := td.unit(p).Mul(decimal.NewFromInt(int64(-td.Pair.PerpQty)))
	if value.LessThanOrEqual(held.Mul(decimal.NewFromFloat(td.Request.RebalanceBP)).Shift(-4)) {
		return 0
	}
	if n > 0 && td.Request.Harvest.IsPositive() {
		if value.LessThan(td.Request.Harvest) {
			return 0
		}
		td.coin.shedding = true
	}
	return n
}

// bookCoin books the perpetual's side of a fill.
func (td *trade) bookCoin(in *exchange.Instrument, f *exchange.Fill) {
	c := &td.Pair.Coin
	c.Sold = c.Sold.Sub(in.BaseQty(f.Price, exchange.Lots(f.Side)*f.Qty))
	if f.FeeAsset == in.Base {
		c.Margin, c.Fees = c.Margin.Sub(f.Fee), c.Fees.Add(f.Fee)
	}
}

// Settled books a settlement of funding: the pair's part, in the settlement asset.
// A spread counts in quote, whatever its legs settle in.
func (m *Machine) Settled(p Port, asset string, amount decimal.Decimal) {
	m.Pair.Funding = m.Pair.Funding.Add(m.spread.inQuote(p, asset, amount))
	m.Pair.Settlements++
	if m.inverse(p) && m.Pair.State == intent.PairOpen {
		m.wake = p.Now() // it moved δ
	}
}

// Insured books the pair's part of what the insurance fund paid, or took, after a
// liquidation, in the settlement asset. It may come after the pair is closed.
func (m *Machine) Insured(p Port, asset string, amount decimal.Decimal) {
	amount = m.spread.inQuote(p, asset, amount)
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
	if !exchange.IsDollar(spot.Quote) {
		return fmt.Errorf("spot: %s is quoted in %s: the contracts of %s are worth USD, want a market quoted in %s", spot.Key(), spot.Quote, perp.Key(), strings.Join(exchange.Dollars, ", "))
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
	if least := unit.Mul(Headroom); r.Batch.LessThan(unit) || r.MaxUnhedged.LessThan(least) {
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
func (cn *coinLeg) stepCoin(p Port, now exchange.Time) {
	mv := &cn.Pair.Coin.Move
	if mv.Flying() {
		cn.mover.watchMove(p, now)
	}
	if n := cn.surplus(p); n != 0 {
		cn.balancer.measure(p, p.Now())
		was := cn.balancing
		if cn.mover.givesUp(p, now) {
			cn.gone = cn.mover.strandedText(p)
		} else if cn.level(p, now, n) {
			return
		}
		cn.balancing = was // nothing was tried
	}
	cn.off = false
	cn.hedged(now)
	if cn.balancing {
		cn.balancing, cn.balancer.attempts, cn.coin.shedding = false, 0, false
		cn.taker.batchDone(p, now)
	}
	if mv.Flying() {
		return // hedged: nothing hurries
	}
	switch cn.Pair.State {
	case intent.PairOpening:
		cn.openCoin(p, now)
	case intent.PairClosing:
		cn.shutCoin(p, now)
	default:
		cn.holdCoin(p, now)
	}
}

// level takes one step towards balance: an order, a transfer, or waiting for
// either. It reports false when nothing at all can be done about what is left.
func (cn *coinLeg) level(p Port, now exchange.Time, n exchange.Lots) bool {
	if !cn.balancing {
		cn.balancing, cn.had = true, cn.stake()
	}
	last := cn.unhedgedAt + cn.Request.MaxUnhedgedTime
	if now >= last && cn.Pair.State == intent.PairOpening && cn.cut == "" {
		cn.cut = "unhedged for " + span(cn.Request.MaxUnhedgedTime)
	}
	if due := cn.balancer.nextTry(last); now < due {
		cn.wake = due
		return true
	}
	if n > 0 {
		return cn.levelLong(p, now, n)
	}
	return cn.levelShort(p, now, -n)
}

// levelShort brings a short that is too large back: by buying the coins that an
// opening still wants, otherwise by buying contracts.
func (cn *coinLeg) levelShort(p Port, now exchange.Time, n exchange.Lots) bool {
	hard := now >= cn.unhedgedAt+cn.Request.MaxUnhedgedTime
	missing := cn.Pair.NetCoins().Neg()
	if o := cn.restore(p, missing, hard); o != nil {
		return cn.sendBalancing(p, now, o)
	}
	switch {
	case cn.Pair.PerpQty > 0: // a fill that was told too late went past flat
		return cn.sendBalancing(p, now, cn.balancer.takingLots(p, legPerp, exchange.Sell, cn.pastContracts(p), hard))
	case cn.Pair.PerpQty == 0:
		o := cn.balancer.takingOrder(p, legSpot, exchange.Buy, missing, hard)
		if o != nil && !tradable(p.Instrument(o.Instrument), o.Price, o.Qty) {
			return false // too little to buy
		}
		return cn.sendBalancing(p, now, o)
	case cn.Pair.State == intent.PairOpening && cn.enough(now) == "" && !hard && cn.balancer.attempts < chaseAttempts && cn.balancer.worthChasing(p):
		keep := decimal.NewFromInt(1).Sub(p.TakerFee(cn.Pair.Spot))
		if o := cn.balancer.takingOrder(p, legSpot, exchange.Buy, missing.DivRound(keep, 12), false); o != nil && tradable(p.Instrument(o.Instrument), o.Price, o.Qty) {
			return cn.sendBalancing(p, now, o)
		}
	}
	return cn.sendBalancing(p, now, cn.balancer.takingLots(p, legPerp, exchange.Buy, min(n, -cn.Pair.PerpQty), hard))
}

// levelLong hedges coins, or sells them.
func (cn *coinLeg) levelLong(p Port, now exchange.Time, n exchange.Lots) bool {
	if cn.Pair.State == intent.PairClosing || cn.coin.shedding {
		return cn.shed(p, now, n)
	}
	mv := &cn.Pair.Coin.Move
	if cn.balancer.attempts >= 2*chaseAttempts { // the short can't be had
		cn.coin.shedding, cn.balancer.attempts = true, 0
		return cn.shed(p, now, n)
	}
	if in := min(n, cn.contracts(p, cn.Pair.InMargin())); in > 0 {
		return cn.sendBalancing(p, now, cn.balancer.takingLots(p, legPerp, exchange.Sell, in, cn.balancer.attempts >= chaseAttempts))
	}
	if mv.Flying() {
		return cn.bridge(p, now, n)
	}
	if cn.cut == "" && !cn.stopping && cn.mover.ship(p, now, legSpot, legPerp, cn.Pair.SpotQty) {
		return true
	}
	if last := cn.unhedgedAt + cn.Request.MaxUnhedgedTime; cn.cut == "" && !cn.stopping && now < last {
		cn.wake = min(cn.wake, last) // the transfer can be tried again in time
		return true
	}
	return cn.shed(p, now, n)
}

// bridge hedges coins whose transfer is late, if the COIN-M wallet has the margin.
func (cn *coinLeg) bridge(p Port, now exchange.Time, n exchange.Lots) bool {
	if mv := &cn.Pair.Coin.Move; mv.State != intent.MoveUnknown && !cn.overdue(now) {
		return true
	}
	o := cn.balancer.takingLots(p, legPerp, exchange.Sell, n, false)
	if o == nil {
		return cn.sendBalancing(p, now, nil)
	}
	if err := p.Check(o); err != nil {
		cn.balancer.tried, cn.balancer.attempts = now, max(1, cn.balancer.attempts)
		cn.wake = min(cn.wake, now+exchange.Second)
		cn.Pair.Reason = err.Error()
		return true
	}
	return cn.sendBalancing(p, now, o)
}

// overdue reports that transfers failed for as long as one may take.
func (td *trade) overdue(now exchange.Time) bool {
	return td.Pair.Coin.Move.Failures > 0 && now >= td.unhedgedAt+td.late()
}

// shed sells coins that are not to be hedged: where they are on spot, otherwise
// once they are there. While they can't get there they are hedged after all.
func (cn *coinLeg) shed(p Port, now exchange.Time, n exchange.Lots) bool {
	hard := now >= cn.unhedgedAt+cn.Request.MaxUnhedgedTime
	mv, spot := &cn.Pair.Coin.Move, p.Instrument(cn.Pair.Spot)
	coins := cn.sellable(p, decimal.Min(cn.Pair.NetCoins(), cn.Pair.SpotQty))
	if o := cn.balancer.takingOrder(p, legSpot, exchange.Sell, coins, hard); o != nil && tradable(spot, o.Price, o.Qty) {
		return cn.sendBalancing(p, now, o)
	}
	if mv.Flying() {
		return cn.bridge(p, now, n)
	}
	away := decimal.Min(cn.Pair.InMargin(), p.Movable(cn.self))
	if o := cn.balancer.takingLots(p, legPerp, exchange.Sell, n, hard); cn.overdue(now) && o != nil && p.Check(o) == nil {
		cn.mover.strand(now)
		return cn.sendBalancing(p, now, o)
	}
	if (cn.contracts(p, away) > 0 || cn.mover.worthSweeping(p, away)) && cn.mover.ship(p, now, legPerp, legSpot, away) {
		return true
	}
	if patient := cn.unhedgedAt + cn.late(); now < patient && mv.State == intent.MoveFailed && mv.Failures < moveTries {
		cn.wake = min(mv.Next, patient)
		return true
	}
	if p.Book(cn.Pair.Spot).Ready() && (!cn.sellableOnSpot(p, cn.Pair.InMargin()) ||
		cn.Pair.PerpQty == 0 && cn.contracts(p, cn.Pair.InMargin()) == 0 && mv.State == intent.MoveNone) {
		return false // too little to sell: what the rest of a closing frees comes to it
	}
	return cn.hedgeStranded(p, now, cn.balancer.takingLots(p, legPerp, exchange.Sell, n, hard))
}

// sendBalancing sends an order that balances, or says when it is tried again.
func (cn *coinLeg) sendBalancing(p Port, now exchange.Time, o *exchange.Order) bool {
	if err := cn.tryBalancing(p, now, o); err != nil {
		cn.Pair.Reason = err.Error()
	}
	return true
}

// tryBalancing is take without saying why: it returns what refused the order.
func (cn *coinLeg) tryBalancing(p Port, now exchange.Time, o *exchange.Order) error {
	if o == nil {
		cn.wake = now + retryEvery
		return nil
	}
	if cn.balancer.attempts >= settleTries && cn.balancer.settleHidden(p, o) {
		return nil
	}
	cn.balancer.tried = now
	cn.balancer.attempts++
	if err := p.Check(o); err != nil {
		cn.wake = cn.balancer.nextTry(cn.unhedgedAt + cn.Request.MaxUnhedgedTime)
		return err
	}
	cn.working.send(p, int(o.Leg)-1, o)
	return nil
}

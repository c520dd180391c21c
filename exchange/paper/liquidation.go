package paper

import (
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// screen is one position's part of the margin in floats. It rules out a
// liquidation for nearly every mark; what it cannot rule out is decided exactly.
type screen struct {
	inverse     bool
	size        float64 // contract size, for inverse
	brackets    []screenBracket
	qty, cost   float64
	profit, mmr float64 // unrealised profit and maintenance at the last mark
	scale       float64 // of the numbers involved, for the tolerance
}

type screenBracket struct{ cap, mmr, cum float64 }

func newScreen(in *exchange.Instrument) screen {
	r := screen{inverse: in.Inverse(), size: exchange.Float(in.ContractSize)}
	for _, b := range in.Brackets {
		r.brackets = append(r.brackets, screenBracket{exchange.Float(b.Cap), exchange.Float(b.MMR), exchange.Float(b.Cum)})
	}
	return r
}

// at computes the position's part for a mark price.
func (r *screen) at(mark float64) {
	worth := r.qty * mark
	r.profit = worth - r.cost
	if r.inverse {
		worth = r.qty * r.size / mark
		r.profit = r.cost - worth
	}
	worth = math.Abs(worth)
	r.scale = worth + math.Abs(r.cost)
	r.mmr = 0
	for _, b := range r.brackets {
		r.mmr = max(0, worth*b.mmr-b.cum)
		if worth <= b.cap {
			break
		}
	}
}

// rescreen takes note of a changed position; held says whether there was one.
func (s *slot) rescreen(held bool) {
	if s.collateral == nil {
		return
	}
	s.risk.qty, s.risk.cost = s.in.QtyFloat(s.pos.qty), exchange.Float(s.pos.cost)
	s.risk.profit, s.risk.mmr, s.risk.scale = 0, 0, 0
	if now := s.pos.qty != 0; now != held {
		s.collateral.pool.held++
		if !now {
			s.collateral.pool.held -= 2
		}
	}
}

// tolerance is far above what float64 can lose in a sum of a few hundred terms,
// and far below what matters.
const tolerance = 1e-9

// watch is called on every mark of a held instrument.
func (lq *liquidator) watch(s *slot, at exchange.Time) {
	mark := s.mark.Float()
	if s.mark == 0 {
		mid, ok := lq.markets.middle(s)
		if !ok {
			return
		}
		s.stand, mark = mid, exchange.Float(mid)
	}
	s.risk.at(mark)
	if !s.collateral.pool.safe() {
		lq.guard(s.collateral.pool, at)
	}
}

// safe reports that the margin balance is certainly above maintenance. Of a joint wallet,
// whose rates move too, nothing is certain.
func (p *pool) safe() bool {
	if p.owes() {
		return false
	}
	if p.rates != nil {
		return p.held == 0
	}
	float := p.balances[0].float
	excess, scale, left := float, math.Abs(float), p.held
	for _, s := range p.slots {
		if left == 0 {
			break
		}
		if r := &s.risk; r.qty != 0 {
			if r.scale == 0 {
				return false // not yet priced
			}
			excess += r.profit - r.mmr
			scale += r.scale
			left--
		}
	}
	return excess > scale*tolerance
}

// guard decides exactly whether a pool is liquidated, and does it: open orders
// are canceled, and the largest position is closed, again and again until the
// margin balance is above maintenance.
func (lq *liquidator) guard(p *pool, at exchange.Time) {
	lq.payDebts(p, false, at)
	if p.held == 0 && !p.owes() {
		lq.insure(p, at)
		return
	}
	st := lq.margins.standing(p)
	lq.reprice(p)
	if st.balance.GreaterThan(st.maintenance) {
		return
	}
	lq.expireAll(p, at)
	for p.held > 0 && st.balance.LessThanOrEqual(st.maintenance) {
		lq.closeOut(lq.largest(p), at)
		st = lq.margins.standing(p)
	}
	if st.balance.LessThanOrEqual(st.maintenance) {
		lq.buyBack(p, at)
	}
	lq.payDebts(p, true, at)
	lq.insure(p, at)
}

// reprice renews the screens of a pool.
func (lq *liquidator) reprice(p *pool) {
	for _, s := range p.slots {
		if s.pos.qty != 0 && s.risk.scale == 0 {
			s.risk.at(exchange.Float(lq.margins.priceOf(s)))
		}
	}
}

func (lq *liquidator) expireAll(p *pool, at exchange.Time) {
	for _, s := range p.slots {
		for len(s.orders) > 0 {
			lq.registry.finish(s, s.orders[0], exchange.StatusExpired, 0, "the account is in liquidation", at)
		}
	}
}

// largest returns the position with the largest maintenance margin.
func (lq *liquidator) largest(p *pool) *slot {
	var first *slot
	most := decimal.Zero
	for _, s := range p.slots {
		if s.pos.qty == 0 {
			continue
		}
		if m := p.cost(s.collateral.asset, maintenance(s.in, s.pos.qty, lq.margins.priceOf(s))); first == nil || m.GreaterThan(most) {
			first, most = s, m
		}
	}
	return first
}

// closeOut closes a position in the book, and what the book cannot take at the
// mark, but never better than at its liquidation price: a book that lags behind the
// mark makes no gift.
func (lq *liquidator) closeOut(s *slot, at exchange.Time) {
	side := exchange.Sell
	if s.pos.qty < 0 {
		side = exchange.Buy
	}
	limit := worst(side.Opposite())
	if price, ok := lq.margins.liquidatedAt(s); ok {
		limit = toTicks(s, side, price)
	}
	if s.ended.point != atClose {
		lq.closeWithin(s, side, worse(side, lq.closePrice(s, side), limit), at)
		return
	}
	market := &order{Order: exchange.Order{Side: side, Type: exchange.MarketOrder}}
	bound, _ := lq.margins.bound(s, market)
	takes, _ := lq.markets.walk(s, side, bound, s.pos.qty.Abs(), at, lq.opt.Impact)
	for _, t := range takes {
		lq.liquidate(s, side, worse(side, t.Price, limit), t.Qty, at)
		lq.markets.recordTaken(s, side, t, at)
	}
	lq.liquidate(s, side, worse(side, toTicks(s, side, lq.margins.priceOf(s)), limit), s.pos.qty.Abs(), at)
}

// closeWithin closes a position within a bar, whose book is not known: from the
// given price on, as far apart as the levels that the bar is shown as, and what
// they cannot take at the last of them.
func (lq *liquidator) closeWithin(s *slot, side exchange.Side, from exchange.Ticks, at exchange.Time) {
	price := from
	bid, ok1 := lq.markets.level(s, exchange.Buy, 1)
	ask, ok2 := lq.markets.level(s, exchange.Sell, 1)
	middle := (bid.Price + ask.Price) / 2
	if side == exchange.Sell {
		middle = (bid.Price + ask.Price + 1) / 2
	}
	for n := 1; ok1 && ok2 && s.pos.qty != 0; n++ {
		l, ok := lq.markets.level(s, side.Opposite(), n)
		if !ok {
			break
		}
		price = max(1, from+l.Price-middle)
		lq.liquidate(s, side, price, min(l.Qty, s.pos.qty.Abs()), at)
	}
	lq.liquidate(s, side, price, s.pos.qty.Abs(), at)
}

func (lq *liquidator) liquidate(s *slot, side exchange.Side, price exchange.Ticks, q exchange.Lots, at exchange.Time) {
	if q > 0 {
		lq.executions.post(s, nil, exchange.Fill{Side: side, Price: price, Qty: q, Reason: "liquidation"}, at)
	}
}

// insure makes good what a liquidation left below zero: a balance, or in a joint wallet
// what the others can't pay.
func (lq *liquidator) insure(p *pool, at exchange.Time) {
	if p.held > 0 || p.owes() || p.rates != nil && !lq.margins.standing(p).balance.IsNegative() {
		return
	}
	lq.payDebts(p, true, at)
	for _, b := range p.balances {
		if b.total.IsNegative() && !b.lent {
			lq.correct(b, b.total.Neg(), exchange.InsuranceFund+": the wallet was below zero without a position", at)
		}
	}
}

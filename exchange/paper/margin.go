package paper

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// markPrice is the price that margin is computed at: the last mark, or before
// the first one the middle of the book, last seen or now.
func (mg *margins) markPrice(s *slot) (decimal.Decimal, bool) {
	if s.mark > 0 {
		return s.mark.Decimal(), true
	}
	if mid, ok := mg.markets.middle(s); ok {
		s.stand = mid
	}
	return s.stand, s.stand.IsPositive()
}

// priceOf is markPrice for an open position, which is worth its entry price
// while the market has said nothing.
func (mg *margins) priceOf(s *slot) decimal.Decimal {
	if p, ok := mg.markPrice(s); ok {
		return p
	}
	return s.pos.entry(s.in)
}

// maintenance returns the maintenance margin of q at a price, in the settlement
// asset: notional×mmr − cum, in the bracket of the notional (linear) or of the
// coins (inverse).
func maintenance(in *exchange.Instrument, q exchange.Lots, price decimal.Decimal) decimal.Decimal {
	if q == 0 {
		return decimal.Zero
	}
	size := valueAt(in, price, q.Abs())
	b := in.Bracket(size)
	return decimal.Max(decimal.Zero, size.Mul(b.MMR).Sub(b.Cum))
}

// standing is the margin of a pool, in its unit, or of one asset in it.
type standing struct {
	balance     decimal.Decimal // wallet balance + unrealised profit
	maintenance decimal.Decimal
	initial     decimal.Decimal // of positions and open orders
}

// standing adds up what a pool holds and what that backs.
func (mg *margins) standing(p *pool) standing {
	if p.rates == nil {
		return mg.ofAsset(p.balances[0])
	}
	var sum standing
	for _, b := range p.balances {
		st := mg.ofAsset(b)
		sum.balance = sum.balance.Add(p.worth(b.asset, st.balance))
		sum.maintenance = sum.maintenance.Add(p.cost(b.asset, st.maintenance))
		sum.initial = sum.initial.Add(p.cost(b.asset, st.initial))
	}
	return sum
}

// ofAsset is what one balance of a pool holds and what settles in it.
func (mg *margins) ofAsset(b *walletBalance) standing {
	st := standing{balance: b.total}
	if b.lent { // what is owed is backed by the quote
		st.balance = decimal.Max(decimal.Zero, b.total)
	}
	for _, s := range b.pool.slots {
		if s.collateral == b {
			mg.add(&st, s)
		}
	}
	st.initial = st.initial.Add(mg.ordersNeed(b))
	mg.borrowed(b, &st)
	return st
}

// add counts a position and its orders in.
func (mg *margins) add(st *standing, s *slot) {
	if s.pos.qty != 0 {
		price := mg.priceOf(s)
		st.balance = st.balance.Add(s.pos.unrealised(s.in, price))
		st.maintenance = st.maintenance.Add(maintenance(s.in, s.pos.qty, price))
	}
	st.initial = st.initial.Add(mg.initial(s, nil, decimal.Zero))
}

// whole is what a wallet holds of an asset and what settles in it, with what has margin of
// its own.
func (mg *margins) whole(b *walletBalance) standing {
	if b.pool == nil {
		return standing{balance: b.total}
	}
	st := mg.ofAsset(b)
	st.initial = st.initial.Sub(mg.ordersNeed(b)) // counted below
	for _, s := range b.apart {
		st.balance = st.balance.Add(s.collateral.total)
		mg.add(&st, s)
	}
	return st
}

// available is what new orders may use as margin, in the asset of a balance.
func (mg *margins) available(b *walletBalance) decimal.Decimal {
	if b.pool == nil {
		return decimal.Max(decimal.Zero, b.total)
	}
	return b.pool.buys(b.asset, mg.standing(b.pool).available())
}

// movable is what may leave the wallet of a balance.
func (mg *margins) movable(b *walletBalance) decimal.Decimal {
	p := b.pool
	if p.rates == nil {
		return mg.standing(p).movable(b.total)
	}
	rate := p.rates(b.asset).Bid
	if !rate.IsPositive() { // it backs nothing
		return decimal.Max(decimal.Zero, b.total)
	}
	return decimal.Max(decimal.Zero, decimal.Min(b.total, p.in(rate, mg.standing(p).available())))
}

// available is what new orders may use as margin.
func (st standing) available() decimal.Decimal {
	return decimal.Max(decimal.Zero, st.balance.Sub(st.initial))
}

// movable is what may leave a total: unrealised profit may not.
func (st standing) movable(total decimal.Decimal) decimal.Decimal {
	return decimal.Max(decimal.Zero, decimal.Min(total, st.balance).Sub(st.initial))
}

// initial returns the initial margin of an instrument: the larger of what its
// position would be worth with every buy filled and with every sell filled,
// over the leverage. extra, worth so much, counts as an open order; reduce-only
// orders do not count.
func (mg *margins) initial(s *slot, extra *order, worth decimal.Decimal) decimal.Decimal {
	if s.pos.qty == 0 && len(s.orders) == 0 && extra == nil {
		return decimal.Zero
	}
	var sides [2]decimal.Decimal
	count := func(o *order, worth decimal.Decimal) {
		i := 0
		if o.Side == exchange.Sell {
			i = 1
		}
		sides[i] = sides[i].Add(worth)
	}
	for _, o := range s.orders {
		if !o.ReduceOnly {
			count(o, value(s.in, o.Price, o.left()))
		}
	}
	if extra != nil {
		count(extra, worth)
	}
	held := decimal.Zero
	if s.pos.qty != 0 {
		held = valueAt(s.in, mg.priceOf(s), s.pos.qty)
	}
	most := decimal.Max(held.Add(sides[0]).Abs(), held.Sub(sides[1]).Abs())
	return most.DivRound(decimal.NewFromInt(int64(s.leverage)), 16)
}

// margin checks whether a futures order may be opened: by the bracket's
// leverage, and by its cost, which is the initial margin it adds, what it would
// lose at once against the mark, and the taker fee. An order that adds no
// initial margin costs nothing.
func (mg *margins) margin(s *slot, o *order, p plan) *refusal {
	worth := p.worth
	if o.Type == exchange.Limit {
		worth = value(s.in, o.Price, o.left())
	}
	if o.ReduceOnly || worth.IsZero() {
		return nil
	}
	more := mg.initial(s, o, worth).Sub(mg.initial(s, nil, decimal.Zero))
	if !more.IsPositive() {
		return nil
	}
	if r := mg.leverageCap(s, o); r != nil {
		return r
	}
	need := more.Add(mg.openLoss(s, o, p, worth)).Add(worth.Mul(decimal.Max(decimal.Zero, mg.markets.opt.Models.Fees.Taker(s.in))))
	purse := s.purse()
	if free := mg.available(purse).Sub(purse.locked); need.GreaterThan(free) {
		return refused(RuleMargin, "Margin is insufficient: needs %s %s, %s is available", need.Round(8), purse.asset, free.Round(8))
	}
	return nil
}

// openLoss is what the order would be under water once filled as planned.
func (mg *margins) openLoss(s *slot, o *order, p plan, worth decimal.Decimal) decimal.Decimal {
	mark, ok := mg.markPrice(s)
	q := o.left()
	if o.Type == exchange.MarketOrder {
		q = p.got
	}
	if !ok || q == 0 {
		return decimal.Zero
	}
	loss := worth.Sub(valueAt(s.in, mark, q))
	if s.in.Inverse() {
		loss = loss.Neg()
	}
	if o.Side == exchange.Sell {
		loss = loss.Neg()
	}
	return decimal.Max(decimal.Zero, loss)
}

// leverageCap is the largest position that a leverage allows.
func (mg *margins) leverageCap(s *slot, o *order) *refusal {
	price, ok := mg.markPrice(s)
	if !ok {
		return nil
	}
	after := s.pos.qty + exchange.Lots(o.Side)*o.left()
	size := valueAt(s.in, price, after.Abs())
	b := s.in.Bracket(size)
	if b.MaxLeverage == 0 || s.leverage <= b.MaxLeverage {
		return nil
	}
	return refused(RuleLeverage, "Exceeded the maximum allowable position at current leverage: %s at leverage %d, the bracket allows %d",
		size.Round(8), s.leverage, b.MaxLeverage)
}

// liquidationPrice returns the mark at which margin balance and maintenance
// meet, when other is what the wallet holds besides this position: wallet balance
// − maintenance + unrealised profit of the others. The bracket must be the one
// at that price, so each is tried. False: the position cannot be liquidated.
//
//	linear:  LP = (other + cum − cost) / (|q|·mmr − q)
//	inverse: LP = n·C·(mmr + s) / (other + cum + cost)
func liquidationPrice(in *exchange.Instrument, q exchange.Lots, cost, other decimal.Decimal) (decimal.Decimal, bool) {
	brackets := in.Brackets
	if len(brackets) == 0 {
		brackets = []exchange.Bracket{{}}
	}
	for i, b := range brackets {
		price, ok := bracketPrice(in, b, q, cost, other)
		if !ok {
			continue
		}
		size := valueAt(in, price, q.Abs())
		above := i > 0 && size.LessThanOrEqual(brackets[i-1].Cap)
		if !above && (i == len(brackets)-1 || size.LessThanOrEqual(b.Cap)) {
			return price, true
		}
	}
	return decimal.Zero, false
}

func bracketPrice(in *exchange.Instrument, b exchange.Bracket, q exchange.Lots, cost, other decimal.Decimal) (decimal.Decimal, bool) {
	size := in.QtyDecimal(q)
	up, down := other.Add(b.Cum).Sub(cost), size.Abs().Mul(b.MMR).Sub(size)
	if in.Inverse() {
		up = size.Abs().Mul(b.MMR).Add(size).Mul(in.ContractSize)
		down = other.Add(b.Cum).Add(cost)
	}
	if down.IsZero() || up.Sign() != down.Sign() {
		return decimal.Zero, false
	}
	return up.DivRound(down, 16), true
}

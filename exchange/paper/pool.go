package paper

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// pool is what backs positions together: one asset of a wallet, all assets of a wallet
// that is joint, or the own margin of an isolated position. It is counted in unit.
type pool struct {
	wallet   exchange.Wallet
	unit     string
	balances []*walletBalance
	rates    Rates   // of a joint wallet; nil elsewhere
	slots    []*slot // what it backs, by instrument
	held     int     // how many of them have a position

	walked int // the last instant whose bars were gone through
}

// Rate is what one of an asset counts for in a wallet whose assets back all of its
// positions, in dollars: Bid as collateral, Ask as a debt or as margin that is needed. At
// ExchangeBid it is sold by the venue to pay a debt, at ExchangeAsk bought.
type Rate struct{ Bid, Ask, ExchangeBid, ExchangeAsk decimal.Decimal }

// Rates tell what an asset counts for now; the zero Rate: it is no collateral.
type Rates func(asset string) Rate

// Dollars is what a joint wallet counts in.
const Dollars = "USD"

// worth is what an equity in an asset counts for: the less of both rates.
// Source: Binance, "How to Calculate Margin in Multi-Assets Mode".
func (p *pool) worth(asset string, equity decimal.Decimal) decimal.Decimal {
	if p.rates == nil {
		return equity
	}
	r := p.rates(asset)
	return decimal.Min(equity.Mul(r.Bid), equity.Mul(r.Ask))
}

// cost is what margin that an asset needs counts for.
func (p *pool) cost(asset string, need decimal.Decimal) decimal.Decimal {
	if p.rates == nil || need.IsZero() {
		return need
	}
	return need.Mul(p.rates(asset).Ask)
}

// in is how much of an asset has a worth; nothing of one that is no collateral.
func (p *pool) in(rate decimal.Decimal, worth decimal.Decimal) decimal.Decimal {
	switch {
	case p.rates == nil:
		return worth
	case !rate.IsPositive():
		return decimal.Zero
	}
	return worth.DivRound(rate, 16)
}

// buys is how much margin in an asset a worth stands for.
func (p *pool) buys(asset string, worth decimal.Decimal) decimal.Decimal {
	if p.rates == nil {
		return worth
	}
	return p.in(p.rates(asset).Ask, worth)
}

// purse is the balance that a position's margin, fees and profit go to and come from in
// the end.
func (s *slot) purse() *walletBalance {
	if s.collateral.parent != nil {
		return s.collateral.parent
	}
	return s.collateral
}

// isolated reports a position with a margin of its own.
func (s *slot) isolated() bool { return s.collateral != nil && s.collateral.parent != nil }

// whole is what a wallet holds of an asset, with the margin of isolated positions.
func (p *walletBalance) whole() decimal.Decimal {
	sum := p.total
	for _, s := range p.apart {
		sum = sum.Add(s.collateral.total)
	}
	return sum
}

// SetJoint lets all assets of a wallet back all of its positions at rates; nil: each asset
// those that settle in it. It is refused while an instrument of the wallet has isolated
// margin.
func (v *Venue) SetJoint(w exchange.Wallet, rates Rates) error {
	v.cut()
	w = w.Within(v.opt.Universe.House())
	for _, s := range v.markets.slots {
		if s.in.Wallet == w && s.isolated() && rates != nil {
			return fmt.Errorf("%s has isolated margin", s.in.Key())
		}
	}
	v.wallets.regroup(w, rates, v.markets.slots)
	return nil
}

// regroup makes the pools of a wallet anew.
func (ws *wallets) regroup(w exchange.Wallet, rates Rates, slots []*slot) {
	var joint *pool
	if rates != nil {
		joint = &pool{wallet: w, unit: Dollars, rates: rates}
	}
	for _, b := range ws.balances {
		switch {
		case b.wallet != w:
		case joint != nil:
			b.pool, joint.balances = joint, append(joint.balances, b)
		default:
			b.pool = nil
			if len(b.apart) > 0 {
				b.alone()
			}
		}
	}
	for _, s := range slots {
		for ; s != nil; s = s.short {
			if s.collateral != nil && s.in.Wallet == w && !s.isolated() {
				s.collateral.back(s)
			}
		}
	}
}

// back lets a balance stand behind a position too.
func (p *walletBalance) back(s *slot) {
	if p.pool == nil {
		p.alone()
	}
	s.collateral = p
	p.pool.slots = append(p.pool.slots, s)
	slices.SortStableFunc(p.pool.slots, func(a, b *slot) int { return cmp.Compare(a.in.ID, b.in.ID) })
	if s.pos.qty != 0 {
		p.pool.held++
	}
}

// alone makes a balance a pool of its own.
func (p *walletBalance) alone() {
	p.pool = &pool{wallet: p.wallet, unit: p.asset, balances: []*walletBalance{p}}
	p.float = exchange.Float(p.total)
}

// drop takes a position out of what a pool backs.
func (p *pool) drop(s *slot) {
	p.slots = slices.DeleteFunc(p.slots, func(other *slot) bool { return other == s })
}

// SetIsolated gives the positions of the leg's instrument margin of their own, or that of the
// wallet again. It is refused while there is a position or an order, and in a joint wallet.
func (l Leg) SetIsolated(on bool) error {
	if l.s == nil || l.s.collateral == nil {
		return errors.New("the instrument has no margin")
	}
	l.v.cut()
	first := l.v.markets.slots[l.s.in.ID]
	for s := first; s != nil; s = s.short {
		if s.held() || len(s.orders) > 0 {
			return fmt.Errorf("%s has a position or an order", s.in.Key())
		}
	}
	if on && first.collateral.pool.rates != nil {
		return fmt.Errorf("the assets of the %s wallet back all of its positions together", first.in.Wallet)
	}
	for s := first; s != nil; s = s.short {
		if on != s.isolated() {
			s.isolate(on)
		}
	}
	return nil
}

// isolate gives a position margin of its own, or lets it go.
func (s *slot) isolate(on bool) {
	cross := s.purse()
	if !on {
		cross.apart = slices.DeleteFunc(cross.apart, func(other *slot) bool { return other == s })
		cross.back(s)
		return
	}
	cross.pool.drop(s)
	cross.apart = append(cross.apart, s)
	(&walletBalance{wallet: cross.wallet, asset: cross.asset, parent: cross}).back(s)
}

// assign moves money from the wallet to the margin of an isolated position, or back.
func (s *slot) assign(amount decimal.Decimal) {
	s.collateral.credit(amount)
	s.collateral.parent.credit(amount.Neg())
}

// settle books what a fill of a position earned and cost; before is the position before it.
// An isolated position that grows takes its initial margin from the wallet, and gives back
// in proportion when it shrinks, with the profit. A loss beyond that part is its own, and
// what is liquidated is settled within it.
func (s *slot) settle(f *exchange.Fill, before exchange.Lots) {
	if !s.isolated() {
		s.collateral.credit(f.Realised.Sub(f.Fee))
		return
	}
	if f.Reason == "liquidation" {
		s.collateral.credit(f.Realised.Sub(f.Fee))
		if s.pos.qty == 0 && s.collateral.total.IsPositive() {
			s.assign(s.collateral.total.Neg())
		}
		return
	}
	s.purse().credit(f.Fee.Neg())
	opened := f.Qty
	if dq := exchange.Lots(f.Side) * f.Qty; before != 0 && (before > 0) != (dq > 0) {
		opened -= s.release(f, min(f.Qty, before.Abs()), before.Abs())
	}
	if opened > 0 {
		s.assign(value(s.in, f.Price, opened).DivRound(decimal.NewFromInt(int64(s.leverage)), 8))
	}
}

// release gives back the part of an isolated position's margin that so many of its lots
// had, with their profit. It returns them.
func (s *slot) release(f *exchange.Fill, closed, of exchange.Lots) exchange.Lots {
	part := s.collateral.total
	s.collateral.credit(f.Realised)
	if closed == of {
		s.assign(s.collateral.total.Neg())
		return closed
	}
	part = part.Mul(decimal.NewFromInt(int64(closed))).DivRound(decimal.NewFromInt(int64(of)), 8)
	s.assign(decimal.Max(decimal.Zero, part.Add(f.Realised)).Neg())
	return closed
}

// ordersNeed is the margin that orders of isolated positions hold in the wallet.
func (mg *margins) ordersNeed(p *walletBalance) decimal.Decimal {
	sum := decimal.Zero
	for _, s := range p.apart {
		if len(s.orders) > 0 {
			sum = sum.Add(mg.initial(s, nil, decimal.Zero)).Sub(mg.positionNeeds(s))
		}
	}
	return sum
}

// positionNeeds is the initial margin of a position alone.
func (mg *margins) positionNeeds(s *slot) decimal.Decimal {
	if s.pos.qty == 0 {
		return decimal.Zero
	}
	return valueAt(s.in, mg.priceOf(s), s.pos.qty).Abs().DivRound(decimal.NewFromInt(int64(s.leverage)), 16)
}

// exchangeFloor is the balance, in dollars, below which a joint wallet's other assets pay
// the debt. Source: Binance, "Auto Exchange" of the multi-assets mode.
var exchangeFloor = decimal.NewFromInt(-10_000)

// payDebts sells what a joint wallet has for what it owes, of each asset its share: when
// it is liquidated, or when it owes too much.
func (lq *liquidator) payDebts(p *pool, liquidated bool, at exchange.Time) {
	if p.rates == nil {
		return
	}
	for _, debt := range p.balances {
		r := p.rates(debt.asset)
		owed := debt.total.Mul(r.ExchangeAsk)
		if !owed.IsNegative() || !liquidated && owed.GreaterThan(exchangeFloor) {
			continue
		}
		there := decimal.Zero
		for _, b := range p.balances {
			there = there.Add(decimal.Max(decimal.Zero, b.total).Mul(p.rates(b.asset).ExchangeBid))
		}
		if !there.IsPositive() {
			return
		}
		pays := decimal.Min(owed.Neg(), there)
		for _, b := range p.balances {
			if b.total.IsPositive() {
				lq.correct(b, b.total.Mul(pays).DivRound(there, 8).Neg(), exchange.AutoExchange, at)
			}
		}
		lq.correct(debt, pays.DivRound(r.ExchangeAsk, 8), exchange.AutoExchange, at)
	}
}

// correct books what the venue itself does to a balance.
func (lq *liquidator) correct(b *walletBalance, amount decimal.Decimal, reason string, at exchange.Time) {
	b.credit(amount)
	lq.mail.emit(b.wallet, answer{at: at + lq.mail.house, happened: at, kind: exchange.KindBalance, instrument: exchange.NoInstrument,
		wallet: b.wallet, asset: b.asset, amount: amount, reason: reason})
}

// joint is the pool of a wallet whose assets back all of its positions; nil of any other.
func (ws *wallets) joint(w exchange.Wallet) *pool {
	w = w.Within(ws.opt.Universe.House())
	for _, b := range ws.balances {
		if b.wallet == w && b.pool != nil && b.pool.rates != nil {
			return b.pool
		}
	}
	return nil
}

// Wallet is the own margin of an isolated position, without its profit; false for one that
// shares that of the wallet.
func (l Leg) Wallet() (decimal.Decimal, bool) {
	if l.s == nil || !l.s.isolated() {
		return decimal.Zero, false
	}
	return l.s.collateral.total, true
}

// AddMargin adds to the own margin of an isolated position, or takes from it, down to the
// initial margin.
func (l Leg) AddMargin(amount decimal.Decimal) error {
	if l.s == nil || !l.s.isolated() {
		return ErrCross
	}
	l.v.cut()
	s := l.s
	switch {
	case s.pos.qty == 0:
		return ErrNoPosition
	case amount.IsPositive():
		if free := l.v.margins.balance(s.purse()).Free; amount.GreaterThan(free) {
			return fmt.Errorf("%w: %s %s is free", ErrWallet, free, s.purse().asset)
		}
	default:
		st := l.v.margins.standing(s.collateral.pool)
		if free := st.movable(s.collateral.total); amount.Neg().GreaterThan(free) {
			return fmt.Errorf("%w: %s %s can be taken", ErrOwnMargin, free, s.collateral.asset)
		}
	}
	s.assign(amount)
	return nil
}

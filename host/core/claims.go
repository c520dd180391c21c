package core

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
	"github.com/perilune/perilune/host/risk"
)

// ofPairs is the part of a wallet's equity in an asset that belongs to its coin-margined
// pairs, except one.
func (cl *claims) ofPairs(wallet exchange.Wallet, asset string, except exchange.PairID) decimal.Decimal {
	sum := decimal.Zero
	for _, m := range cl.pairs.list {
		in := cl.u.Get(m.Pair.Perp)
		if m.Pair.OfCoin(in) && in.Wallet == wallet && in.Settle() == asset && m.Pair.ID != except {
			equity, _ := m.Pair.Collateral(in, cl.markets.markPrice(in))
			sum = sum.Add(decimal.Max(decimal.Zero, equity))
		}
	}
	return sum
}

// unclaimed is what a wallet of inverse contracts has beyond the coins of its pairs, less the
// margin of the positions and orders that are not theirs. The venue nets positions,
// and so would lend a pair's coins to whoever is long.
func (cl *claims) unclaimed(wallet exchange.Wallet, asset string) decimal.Decimal {
	free := cl.wallets.standing(wallet, asset).Equity.Sub(cl.ofPairs(wallet, asset, 0))
	locked := decimal.Zero
	for _, in := range cl.u.All() {
		if in.Inverse() && in.Wallet == wallet && in.Settle() == asset {
			locked = locked.Add(cl.wallets.exposure(in, cl.outside(in).Abs(), cl.markets.markPrice(in)))
		}
	}
	for _, o := range cl.orders.open {
		if in := cl.u.Get(o.Instrument); in.Inverse() && in.Wallet == wallet && in.Settle() == asset && !o.ReduceOnly && !cl.ofCoin(o.Pair, in) {
			locked = locked.Add(cl.wallets.exposure(in, o.Leaves(), in.PriceDecimal(o.Price)))
		}
	}
	return free.Sub(locked.DivRound(decimal.NewFromInt(int64(cl.cfg.Leverage)), 16))
}

// outside is the account's position without that of pairs that back it with their own
// coins.
func (cl *claims) outside(in *exchange.Instrument) exchange.Lots {
	qty := cl.acct.pos[in.ID].qty
	for _, m := range cl.pairs.list {
		if m.Pair.Perp == in.ID && m.Pair.OfCoin(in) {
			qty -= m.Pair.PerpQty
		}
	}
	return qty
}

// ofCoin reports whether a pair backs its inverse contracts with its own coins.
func (cl *claims) ofCoin(pair exchange.PairID, in *exchange.Instrument) bool {
	m := cl.pairs.machine(pair)
	return m != nil && m.Pair.OfCoin(in)
}

// frees reports whether an order can only free margin. The venue nets positions: a
// purchase of contracts that are not a pair's own looks to it as if it closed the
// pair's short, and would live on the pair's coins.
func (cl *claims) frees(in *exchange.Instrument, o *exchange.Order, m risk.Market) bool {
	if !in.Inverse() || cl.ofCoin(o.Pair, in) {
		return risk.Reducing(o, m.Position, m.Pending)
	}
	alone := *o
	alone.ReduceOnly = false
	return risk.Reducing(&alone, cl.outside(in), m.Pending)
}

// spare is what may back another order of an inverse contract. A pair has its own
// coins, those that are arriving, and as many of the account's as its buffer says.
func (cl *claims) spare(in *exchange.Instrument, pair exchange.PairID, arriving decimal.Decimal) decimal.Decimal {
	free, mine := cl.wallets.balance(in.Wallet, in.Settle()).Free, cl.unclaimed(in.Wallet, in.Settle())
	if m := cl.pairs.machine(pair); m != nil && m.Pair.OfCoin(in) {
		equity, short := m.Pair.Collateral(in, cl.markets.markPrice(in))
		own := equity.Sub(short.DivRound(decimal.NewFromInt(int64(cl.cfg.Leverage)), 16))
		mine = own.Add(decimal.Min(m.Request.Buffer, decimal.Max(decimal.Zero, mine)))
	}
	return decimal.Min(free, mine).Add(arriving)
}

// Movable implements execution.Port: what belongs to other pairs stays.
func (cl *claims) Movable(m *execution.Machine) decimal.Decimal {
	in := cl.u.Get(m.Pair.Perp)
	s := cl.wallets.standing(in.Wallet, in.Settle())
	others := cl.ofPairs(in.Wallet, in.Settle(), m.Pair.ID)
	return decimal.Max(decimal.Zero, decimal.Min(s.Movable, s.Equity.Sub(others)).RoundFloor(8))
}

// Quiet implements execution.Port.
func (cl *claims) Quiet(m *execution.Machine) bool {
	in := cl.u.Get(m.Pair.Perp)
	for _, o := range cl.pairs.list {
		other := cl.u.Get(o.Pair.Perp)
		if o != m && o.Pair.OfCoin(other) && other.Base == in.Base && !o.Pair.State.Done() && o.Busy() {
			return false
		}
	}
	return true
}

// coinWorth is what a coin-margined pair made so far, in quote: cash, and every
// coin that it has anywhere at mid.
func (cl *claims) coinWorth(p *intent.Pair, mid decimal.Decimal) decimal.Decimal {
	equity, _ := p.Collateral(cl.u.Get(p.Perp), cl.markets.markPrice(cl.u.Get(p.Perp)))
	coins := p.SpotQty.Add(p.Moving()).Add(equity)
	return p.SpotCost.Sub(p.FeesInQuote).Add(coins.Mul(mid))
}

// hasCoinsIn reports whether a pair has its coins of an asset in a wallet.
func (cl *claims) hasCoinsIn(m *execution.Machine, wallet exchange.Wallet, asset string) bool {
	spot := cl.u.Get(m.Pair.Spot)
	return !m.Pair.State.Done() && !spot.Perp() && spot.Wallet == wallet && spot.Base == asset
}

// held is how many free coins of a wallet belong to pairs other than one:
// whoever sold them would leave a short without its hedge. What a pair sold too many
// makes no other one's coins more.
func (cl *claims) held(wallet exchange.Wallet, asset string, except exchange.PairID) decimal.Decimal {
	sum := decimal.Zero
	for _, m := range cl.pairs.list {
		if m.Pair.ID != except && m.Pair.SpotQty.IsPositive() && cl.hasCoinsIn(m, wallet, asset) {
			sum = sum.Add(m.Pair.SpotQty)
		}
	}
	if sum.IsZero() {
		return sum
	}
	return sum.Sub(cl.selling(wallet, asset, func(m *execution.Machine) bool { // is locked already
		return m.Pair.ID != except && cl.hasCoinsIn(m, wallet, asset)
	}))
}

// selling is how many coins of a wallet the open orders of some pairs sell.
func (cl *claims) selling(wallet exchange.Wallet, asset string, whose func(*execution.Machine) bool) decimal.Decimal {
	sum := decimal.Zero
	for _, o := range cl.orders.open {
		in, m := cl.u.Get(o.Instrument), cl.pairs.machine(o.Pair)
		if m != nil && whose(m) && !in.Perp() && in.Wallet == wallet && in.Base == asset && o.Side == exchange.Sell {
			sum = sum.Add(in.QtyDecimal(o.Leaves()))
		}
	}
	return sum
}

// Owed implements execution.Port.
func (cl *claims) Owed(spot exchange.InstrumentID, pair exchange.PairID) decimal.Decimal {
	sum, in := decimal.Zero, cl.u.Get(spot)
	for _, m := range cl.pairs.list {
		if m.Pair.ID != pair && m.Pair.SpotQty.IsNegative() && cl.hasCoinsIn(m, in.Wallet, in.Base) {
			sum = sum.Sub(m.Pair.SpotQty)
		}
	}
	return sum
}

// unbacked is how many coins of pairs a wallet does not have, and no pair owes.
func (cl *claims) unbacked(wallet exchange.Wallet, asset string) decimal.Decimal {
	sum := cl.has(wallet, asset).Neg()
	for _, m := range cl.pairs.list {
		if cl.hasCoinsIn(m, wallet, asset) {
			sum = sum.Add(m.Pair.SpotQty)
		}
	}
	return decimal.Max(decimal.Zero, sum)
}

// missing is how many coins of all pairs a wallet does not have. What is less
// than a lot of each is rounding.
func (cl *claims) missing(wallet exchange.Wallet, coin string) decimal.Decimal {
	sum, dust := decimal.Zero, decimal.Zero
	for _, m := range cl.pairs.list {
		if cl.hasCoinsIn(m, wallet, coin) && m.Pair.SpotQty.IsPositive() {
			sum, dust = sum.Add(m.Pair.SpotQty), dust.Add(cl.u.Get(m.Pair.Spot).QtyDecimal(1))
		}
	}
	by := sum.Sub(cl.has(wallet, coin))
	if by.LessThanOrEqual(dust) {
		return decimal.Zero
	}
	return by
}

// Free implements execution.Port.
func (cl *claims) Free(spot exchange.InstrumentID, pair exchange.PairID) decimal.Decimal {
	in := cl.u.Get(spot)
	if m := cl.pairs.machine(pair); m != nil && m.Request.Borrow && m.Pair.Perp == spot {
		return cl.borrowable(in)
	}
	free, lent := cl.wallets.balance(in.Wallet, in.Base).Free, decimal.Zero
	if in.Lends() { // an order that borrows locks nobody's coins
		lent = cl.borrowing(in.Wallet, in.Base)
	}
	if owed := cl.owed(in.Wallet, in.Base); owed.IsPositive() { // what a wallet has is less by it
		free = decimal.Max(decimal.Zero, cl.acct.holding(in.Wallet, in.Base).total.Add(owed).Sub(cl.wallets.lockedSpot(in.Wallet, in.Base)).Add(lent).Sub(cl.wallets.margin(in.Wallet, in.Base)))
	} else if !cl.u.HasMargin(in.Wallet) {
		free = free.Add(lent)
	}
	return free.Sub(cl.held(in.Wallet, in.Base, pair))
}

// sells says why a pair can't sell the coins of its short leg, or nil. They are coins of the
// account that no pair holds, or has yet to sell, or borrowed ones where that was asked for.
// staged is what the callback asked for before.
func (cl *claims) sells(r *intent.PairRequest, staged []staged) error {
	in := cl.u.Get(r.Perp)
	price := cl.markets.markPrice(in)
	if in.Perp() || !price.IsPositive() {
		return nil
	}
	taken := cl.unsold(in, r.Borrow)
	for _, st := range staged {
		if other, ok := st.(*stagedPair); ok && other.request.Borrow == r.Borrow {
			taken = taken.Add(cl.toSell(&other.request, in.Wallet, in.Base))
		}
	}
	if r.Borrow {
		return cl.lends(r, in, r.Notional.DivRound(price, 8), taken)
	}
	need, free := r.Notional.DivRound(price, 8), cl.Free(in.ID, 0).Sub(taken)
	if need.LessThanOrEqual(free) {
		return nil
	}
	how := "none are borrowed"
	if in.Lends() {
		how = "and none are borrowed without borrow = true"
	}
	text := fmt.Sprintf("short %s: notional %s takes %s %s, and the %s wallet has %s that are free and belong to no pair: coins are sold that the account has, %s",
		in.Key(), r.Notional, need, in.Base, in.Wallet, decimal.Max(decimal.Zero, free).RoundFloor(8), how)
	if taken.IsPositive() {
		text += fmt.Sprintf("; another %s are for pairs that are being opened", taken.Round(8))
	}
	return errors.New(text)
}

// unsold is how many coins of a wallet the pairs that are being opened have yet to sell: free
// ones, or those that they borrow.
func (cl *claims) unsold(of *exchange.Instrument, borrow bool) decimal.Decimal {
	wallet, asset := of.Wallet, of.Base
	sum := decimal.Zero
	for _, m := range cl.pairs.list {
		if whole := cl.toSell(&m.Request, wallet, asset); m.Pair.State == intent.PairOpening && m.Request.Borrow == borrow && whole.IsPositive() {
			locked := cl.selling(wallet, asset, func(x *execution.Machine) bool { return x == m })
			sum = sum.Add(decimal.Max(decimal.Zero, whole.Add(m.Pair.Spread.Legs[intent.ShortLeg].Coins).Sub(locked)))
		}
	}
	return sum
}

// toSell is how many coins of a wallet a pair sells when it is opened whole.
func (cl *claims) toSell(r *intent.PairRequest, wallet exchange.Wallet, asset string) decimal.Decimal {
	in := cl.u.Get(r.Perp)
	price := cl.markets.markPrice(in)
	if in.Perp() || in.Wallet != wallet || in.Base != asset || !price.IsPositive() {
		return decimal.Zero
	}
	return r.Notional.DivRound(price, 8)
}

// spreadBasis is PairBasis of a spread: every leg has a price of its own, and a difference
// between them that was paid for is no profit. A leg without a price has that of another.
func (cl *claims) spreadBasis(p *intent.Pair) decimal.Decimal {
	sum, unpriced, any := p.Fees.Sub(p.FeesInQuote).Sub(p.Interest), decimal.Zero, decimal.Zero
	for i := range p.Spread.Legs {
		h := &p.Spread.Legs[i]
		if h.Instrument == exchange.NoInstrument {
			continue
		}
		in := cl.u.Get(h.Instrument)
		price := cl.markets.markPrice(in)
		if !in.Perp() {
			price, _ = cl.markets.mid(in)
		}
		one := decimal.NewFromInt(in.Multiplier)
		sum = sum.Add(h.Cash)
		if price.IsPositive() {
			any = price.DivRound(one, 12)
			sum = sum.Add(h.Coins.Mul(price).DivRound(one, 12))
		} else {
			unpriced = unpriced.Add(h.Coins)
		}
	}
	return sum.Add(unpriced.Mul(any))
}

// PairBasis is what a pair made on prices so far, with what is open valued at
// mid and mark: without funding and interest, and before every fee.
func (cl *claims) PairBasis(p *intent.Pair) decimal.Decimal {
	spot, perp := cl.u.Get(p.Spot), cl.u.Get(p.Perp)
	if p.Spread.Is() {
		return cl.spreadBasis(p)
	}
	mid, _ := cl.markets.mid(spot)
	if perp.Inverse() {
		return cl.coinWorth(p, mid).Sub(p.Funding.Mul(mid)).Add(p.Fees)
	}
	held := p.SpotQty.Mul(mid).Add(perp.QtyDecimal(p.PerpQty).Mul(cl.markets.markPrice(perp)))
	return p.SpotCost.Add(p.PerpCost).Add(held).Add(p.Fees.Sub(p.FeesInQuote))
}

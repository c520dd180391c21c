package core

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
	"github.com/perilune/perilune/host/risk"
)

// flying remembers the transfers whose end the venue has not told.
type flying []exchange.Transfer

func (l flying) find(asset string, from, to exchange.Wallet) (exchange.Transfer, bool) {
	for _, t := range l {
		if t.Asset == asset && t.From == from && t.To == to {
			return t, true
		}
	}
	return exchange.Transfer{}, false
}

// land removes a transfer; false: it is none of ours, or its end was told before.
func (l *flying) land(id uint64) bool {
	for i, t := range *l {
		if t.ID == id {
			*l = append((*l)[:i:i], (*l)[i+1:]...)
			return true
		}
	}
	return false
}

// ofPairs is the part of a wallet's equity in an asset that belongs to its coin-margined
// pairs, except one.
func (cl *claims) ofPairs(wallet exchange.Wallet, asset string, except exchange.PairID) decimal.Decimal {
	sum := decimal.Zero
	for _, m := range cl.pairs.list {
		in := cl.u.Get(m.Pair.Perp)
		if in.Inverse() && in.Wallet == wallet && in.Settle() == asset && m.Pair.ID != except {
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
		if in := cl.u.Get(o.Instrument); in.Inverse() && in.Wallet == wallet && in.Settle() == asset && !o.ReduceOnly && o.Pair == 0 {
			locked = locked.Add(cl.wallets.exposure(in, o.Leaves(), in.PriceDecimal(o.Price)))
		}
	}
	return free.Sub(locked.DivRound(decimal.NewFromInt(int64(cl.cfg.Leverage)), 16))
}

// outside is the account's position without that of pairs.
func (cl *claims) outside(in *exchange.Instrument) exchange.Lots {
	qty := cl.acct.pos[in.ID].qty
	for _, m := range cl.pairs.list {
		if m.Pair.Perp == in.ID {
			qty -= m.Pair.PerpQty
		}
	}
	return qty
}

// frees reports whether an order can only free margin. The venue nets positions: a
// purchase of contracts that are not a pair's own looks to it as if it closed the
// pair's short, and would live on the pair's coins.
func (cl *claims) frees(in *exchange.Instrument, o *exchange.Order, m risk.Market) bool {
	if !in.Inverse() || o.Pair != 0 {
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
	if m := cl.pairs.machine(pair); m != nil {
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
		if o != m && other.Inverse() && other.Base == in.Base && !o.Pair.State.Done() && o.Busy() {
			return false
		}
	}
	return true
}

// Move implements execution.Port.
func (tr *transfers) Move(m *execution.Machine, from, to exchange.Wallet, coins decimal.Decimal) (exchange.Transfer, error) {
	asset := tr.u.Get(m.Pair.Perp).Settle()
	if t, busy := tr.flying.find(asset, from, to); busy {
		return exchange.Transfer{}, fmt.Errorf("transfer %d of %s from %s to %s is under way: one at a time", t.ID, asset, from, to)
	}
	free := tr.claims.Movable(m)
	if from == tr.u.Get(m.Pair.Spot).Wallet {
		free = tr.claims.Free(m.Pair.Spot, m.Pair.ID)
	}
	t := exchange.Transfer{ID: tr.last + 1, Strategy: m.Pair.Strategy, Asset: asset, From: from, To: to}
	t.Amount = decimal.Min(coins, free)
	if tr.mark != nil {
		t.Amount = tr.mark(t.Amount, t.ID)
	}
	if !t.Amount.IsPositive() {
		return t, fmt.Errorf("nothing to move from %s to %s: %s %s are free", from, to, free, asset)
	}
	tr.sendMove(&t, m.Pair.ID)
	return t, nil
}

// sendMove books a transfer as on its way and sends it.
func (tr *transfers) sendMove(t *exchange.Transfer, pair exchange.PairID) {
	tr.last = t.ID
	tr.flying = append(tr.flying, *t)
	postings := tr.acct.depart(t)
	sent := *t
	tr.emit(t.Strategy, SendTransfer{&sent})
	tr.emitMove("transfer_out", &sent, pair, postings)
}

// moved tells the pair whose transfer ended.
func (tr *transfers) moved(t *exchange.Transfer) {
	if m := tr.pairs.mover(t.ID); m != nil {
		m.Moved(tr.driver.port, t)
		tr.driver.guard(m)
		if t.Failed && t.From == tr.u.Get(m.Pair.Spot).Wallet {
			tr.crossing.soldMeanwhile(m)
		}
	}
}

// mover is the pair whose transfer this is.
func (ps *pairs) mover(id uint64) *execution.Machine {
	for _, m := range ps.list {
		if mv := &m.Pair.Coin.Move; mv.ID == id && mv.Flying() {
			return m
		}
	}
	return nil
}

// coinWorth is what a coin-margined pair made so far, in quote: cash, and every
// coin that it has anywhere at mid.
func (cl *claims) coinWorth(p *intent.Pair, mid decimal.Decimal) decimal.Decimal {
	equity, _ := p.Collateral(cl.u.Get(p.Perp), cl.markets.markPrice(cl.u.Get(p.Perp)))
	coins := p.SpotQty.Add(p.Moving()).Add(equity)
	return p.SpotCost.Sub(p.FeesInQuote).Add(coins.Mul(mid))
}

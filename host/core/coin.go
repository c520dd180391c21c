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

// claims is the part of a wallet's equity in an asset that belongs to its coin-margined
// pairs, except one.
func (c *Core) claims(wallet exchange.Wallet, asset string, except exchange.PairID) decimal.Decimal {
	sum := decimal.Zero
	for _, m := range c.machines {
		in := c.u.Get(m.Pair.Perp)
		if in.Inverse() && in.Wallet == wallet && in.Settle() == asset && m.Pair.ID != except {
			equity, _ := m.Collateral(in, c.markPrice(in))
			sum = sum.Add(decimal.Max(decimal.Zero, equity))
		}
	}
	return sum
}

// unclaimed is what a wallet of inverse contracts has beyond the coins of its pairs, less the
// margin of the positions and orders that are not theirs. The venue nets positions,
// and so would lend a pair's coins to whoever is long.
func (c *Core) unclaimed(wallet exchange.Wallet, asset string) decimal.Decimal {
	free := c.standing(wallet, asset).Equity.Sub(c.claims(wallet, asset, 0))
	locked := decimal.Zero
	for _, in := range c.u.All() {
		if in.Inverse() && in.Wallet == wallet && in.Settle() == asset {
			locked = locked.Add(c.exposure(in, c.outside(in).Abs(), c.markPrice(in)))
		}
	}
	for _, o := range c.orders.open {
		if in := c.u.Get(o.Instrument); in.Inverse() && in.Wallet == wallet && in.Settle() == asset && !o.ReduceOnly && o.Pair == 0 {
			locked = locked.Add(c.exposure(in, o.Leaves(), in.PriceDecimal(o.Price)))
		}
	}
	return free.Sub(locked.DivRound(decimal.NewFromInt(int64(c.cfg.Leverage)), 16))
}

// outside is the account's position without that of pairs.
func (c *Core) outside(in *exchange.Instrument) exchange.Lots {
	qty := c.acct.pos[in.ID].qty
	for _, m := range c.machines {
		if m.Pair.Perp == in.ID {
			qty -= m.Pair.PerpQty
		}
	}
	return qty
}

// frees reports whether an order can only free margin. The venue nets positions: a
// purchase of contracts that are not a pair's own looks to it as if it closed the
// pair's short, and would live on the pair's coins.
func (c *Core) frees(in *exchange.Instrument, o *exchange.Order, m risk.Market) bool {
	if !in.Inverse() || o.Pair != 0 {
		return risk.Reducing(o, m.Position, m.Pending)
	}
	alone := *o
	alone.ReduceOnly = false
	return risk.Reducing(&alone, c.outside(in), m.Pending)
}

// spare is what may back another order of an inverse contract. A pair has its own
// coins, those that are arriving, and as many of the account's as its buffer says.
func (c *Core) spare(in *exchange.Instrument, pair exchange.PairID, arriving decimal.Decimal) decimal.Decimal {
	free, mine := c.balance(in.Wallet, in.Settle()).Free, c.unclaimed(in.Wallet, in.Settle())
	if m := c.machine(pair); m != nil {
		equity, short := m.Collateral(in, c.markPrice(in))
		own := equity.Sub(short.DivRound(decimal.NewFromInt(int64(c.cfg.Leverage)), 16))
		mine = own.Add(decimal.Min(m.Request.Buffer, decimal.Max(decimal.Zero, mine)))
	}
	return decimal.Min(free, mine).Add(arriving)
}

// Movable implements execution.Port: what belongs to other pairs stays.
func (c *Core) Movable(m *execution.Machine) decimal.Decimal {
	in := c.u.Get(m.Pair.Perp)
	s := c.standing(in.Wallet, in.Settle())
	others := c.claims(in.Wallet, in.Settle(), m.Pair.ID)
	return decimal.Max(decimal.Zero, decimal.Min(s.Movable, s.Equity.Sub(others)).RoundFloor(8))
}

// Quiet implements execution.Port.
func (c *Core) Quiet(m *execution.Machine) bool {
	in := c.u.Get(m.Pair.Perp)
	for _, o := range c.machines {
		other := c.u.Get(o.Pair.Perp)
		if o != m && other.Inverse() && other.Base == in.Base && !o.Pair.State.Done() && o.Busy() {
			return false
		}
	}
	return true
}

// Move implements execution.Port.
func (c *Core) Move(m *execution.Machine, from, to exchange.Wallet, coins decimal.Decimal) (exchange.Transfer, error) {
	asset := c.u.Get(m.Pair.Perp).Settle()
	if t, busy := c.flying.find(asset, from, to); busy {
		return exchange.Transfer{}, fmt.Errorf("transfer %d of %s from %s to %s is under way: one at a time", t.ID, asset, from, to)
	}
	free := c.Movable(m)
	if from == c.u.Get(m.Pair.Spot).Wallet {
		free = c.Free(m.Pair.Spot, m.Pair.ID)
	}
	t := exchange.Transfer{ID: c.lastMove + 1, Strategy: m.Pair.Strategy, Asset: asset, From: from, To: to}
	t.Amount = exchange.Nonce(decimal.Min(coins, free), t.ID)
	if !t.Amount.IsPositive() {
		return t, fmt.Errorf("nothing to move from %s to %s: %s %s are free", from, to, free, asset)
	}
	c.sendMove(&t, m.Pair.ID)
	return t, nil
}

// sendMove books a transfer as on its way and sends it.
func (c *Core) sendMove(t *exchange.Transfer, pair exchange.PairID) {
	c.lastMove = t.ID
	c.flying = append(c.flying, *t)
	postings := c.acct.depart(t)
	sent := *t
	c.emit(t.Strategy, SendTransfer{&sent})
	c.emitMove("transfer_out", &sent, pair, postings)
}

// moved tells the pair whose transfer ended.
func (c *Core) moved(t *exchange.Transfer) {
	if m := c.mover(t.ID); m != nil {
		m.Moved(c, t)
		c.guard(m)
		if t.Failed && t.From == c.u.Get(m.Pair.Spot).Wallet {
			c.soldMeanwhile(m)
		}
	}
}

// mover is the pair whose transfer this is.
func (c *Core) mover(id uint64) *execution.Machine {
	for _, m := range c.machines {
		if mv := &m.Pair.Coin.Move; mv.ID == id && mv.Flying() {
			return m
		}
	}
	return nil
}

// coinWorth is what a coin-margined pair made so far, in quote: cash, and every
// coin that it has anywhere at mid.
func (c *Core) coinWorth(p *intent.Pair, mid decimal.Decimal) decimal.Decimal {
	m := execution.Machine{Pair: *p}
	equity, _ := m.Collateral(c.u.Get(p.Perp), c.markPrice(c.u.Get(p.Perp)))
	coins := p.SpotQty.Add(p.Moving()).Add(equity)
	return p.SpotCost.Sub(p.FeesInQuote).Add(coins.Mul(mid))
}

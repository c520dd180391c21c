package paper

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// position is the open part of a sum of fills. It keeps the cost as a sum and
// not as an average price, so that realised + unrealised is exact whatever the
// entry price is rounded to.
type position struct {
	qty exchange.Lots
	// cost is signed like qty: Σ quantity×price in quote, or
	// Σ contracts×size/price in coin for an inverse contract.
	cost     decimal.Decimal
	realised decimal.Decimal
	changes  []change
}

// change remembers what a position was before one of its fills.
type change struct {
	at     exchange.Time
	before exchange.Lots
}

// remembered is how far back a position can be asked for; a settlement is
// announced within seconds.
const remembered = 10 * exchange.Minute

// value is what q costs at price p, in the unit of position.cost: it is also
// the notional in the settlement asset.
func value(in *exchange.Instrument, p exchange.Ticks, q exchange.Lots) decimal.Decimal {
	if in.Inverse() {
		return in.BaseQty(p, q)
	}
	return in.Notional(p, q)
}

// valueAt is value at a price that need not be a whole number of ticks.
func valueAt(in *exchange.Instrument, price decimal.Decimal, q exchange.Lots) decimal.Decimal {
	if in.Inverse() {
		return in.QtyDecimal(q).Mul(in.ContractSize).DivRound(price, 16)
	}
	return in.QtyDecimal(q).Mul(price)
}

// profit of closing what cost portion for back, which is signed against it.
// Linear: what came back less what it cost. Inverse: the other way round, in
// coin, because a contract is worth fewer coins the higher the price.
func profit(in *exchange.Instrument, portion, back decimal.Decimal) decimal.Decimal {
	if in.Inverse() {
		return portion.Add(back)
	}
	return back.Neg().Sub(portion)
}

// fill adds an execution of dq at p and returns the profit it realised.
func (p *position) fill(in *exchange.Instrument, price exchange.Ticks, dq exchange.Lots, at exchange.Time) decimal.Decimal {
	p.remember(at)
	realised := decimal.Zero
	if p.qty != 0 && (p.qty > 0) != (dq > 0) {
		closing := dq
		if dq.Abs() > p.qty.Abs() {
			closing = -p.qty
		}
		realised = p.close(in, price, closing)
		dq -= closing
	}
	if dq != 0 {
		p.qty += dq
		p.cost = p.cost.Add(value(in, price, dq))
	}
	return realised
}

// close takes q, signed against the position and not larger than it, out at its
// average cost.
func (p *position) close(in *exchange.Instrument, price exchange.Ticks, q exchange.Lots) decimal.Decimal {
	portion := p.cost
	if q != -p.qty {
		portion = p.cost.Mul(decimal.NewFromInt(int64(q.Abs()))).DivRound(decimal.NewFromInt(int64(p.qty.Abs())), 16)
	}
	realised := profit(in, portion, value(in, price, q))
	p.qty += q
	p.cost = p.cost.Sub(portion)
	p.realised = p.realised.Add(realised)
	return realised
}

// unrealised returns the profit of the open part at a positive price.
func (p *position) unrealised(in *exchange.Instrument, price decimal.Decimal) decimal.Decimal {
	if p.qty == 0 {
		return decimal.Zero
	}
	worth := valueAt(in, price, p.qty)
	if in.Inverse() {
		return p.cost.Sub(worth)
	}
	return worth.Sub(p.cost)
}

// entry returns the average entry price: size-weighted, harmonic for inverse.
func (p *position) entry(in *exchange.Instrument) decimal.Decimal {
	if p.qty == 0 || p.cost.IsZero() {
		return decimal.Zero
	}
	q := in.QtyDecimal(p.qty)
	if in.Inverse() {
		return q.Mul(in.ContractSize).DivRound(p.cost, 16)
	}
	return p.cost.DivRound(q, 16)
}

func (p *position) remember(at exchange.Time) {
	if n := len(p.changes); n > 0 && p.changes[0].at < at-2*remembered {
		keep := 0
		for keep < n && p.changes[keep].at < at-remembered {
			keep++
		}
		p.changes = append(p.changes[:0], p.changes[keep:]...)
	}
	p.changes = append(p.changes, change{at, p.qty})
}

// before returns the position just before t: a fill at t itself does not count.
func (p *position) before(t exchange.Time) exchange.Lots {
	q := p.qty
	for i := len(p.changes) - 1; i >= 0 && p.changes[i].at >= t; i-- {
		q = p.changes[i].before
	}
	return q
}

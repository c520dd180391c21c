package core

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

// A position can have margin of its own, apart from its wallet's: isolated margin. The venue
// liquidates it by that alone, however much the wallet has, so it is watched by itself.
// Adding to it is left to people; they are told how much. When they do not, the pairs that
// lean on it are made smaller.

// shares reports an open position that the wallet backs.
func (p *position) shares() bool { return p.qty != 0 && !p.isolated() }

// isolated reports an open position with margin of its own.
func (p *position) isolated() bool { return p.qty != 0 && p.own.IsPositive() }

// apart is the own margin of isolated positions, which the balance of their wallet has in it.
func (wl *wallets) apart(wallet exchange.Wallet, asset string) decimal.Decimal {
	sum := decimal.Zero
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if p := &wl.acct.pos[i]; p.isolated() && in.Wallet == wallet && in.Settle() == asset {
			sum = sum.Add(p.own)
		}
	}
	return sum
}

// ofPosition is what stands behind a position: its own margin, where it has one, or what its
// wallet has for all of them.
func (wl *wallets) ofPosition(in *exchange.Instrument) exchange.Margin {
	p := &wl.acct.pos[in.ID]
	if !p.isolated() {
		return wl.standing(in.Wallet, in.Settle())
	}
	m := exchange.Margin{Equity: p.own.Add(p.unrealised(in, wl.markets.markPrice(in)))}
	m.Exposure, m.Maintenance = wl.needs(in)
	m.Initial = m.Exposure.DivRound(decimal.NewFromInt(int64(wl.cfg.Leverage)), 16)
	m.Movable = decimal.Max(decimal.Zero, decimal.Min(p.own, m.Equity).Sub(m.Initial))
	return m
}

// The distances of an isolated position, as parts of the one that its leverage begins it
// with, which people chose.
var (
	isolatedSoft = decimal.RequireFromString("0.5")  // below it people are told
	isolatedHard = decimal.RequireFromString("0.25") // below it pairs are made smaller
	isolatedCalm = decimal.RequireFromString("0.6")  // above it the matter is over
)

// lookIsolated watches over the positions with margin of their own.
func (co *collateral) lookIsolated() {
	full := decimal.NewFromInt(1).DivRound(decimal.NewFromInt(int64(co.wallets.cfg.Leverage)), 8)
	for i := range co.acct.pos {
		if !co.acct.pos[i].isolated() {
			continue
		}
		in := co.u.Get(exchange.InstrumentID(i))
		m := co.wallets.ofPosition(in)
		d, exposed := execution.Distance(m)
		if !exposed || d.GreaterThanOrEqual(full.Mul(isolatedSoft)) {
			continue
		}
		n := Need{Position: in.Key(), Wallet: in.Wallet, Asset: in.Settle(), Distance: d, Amount: execution.Lacks(m, full).RoundUp(4)}
		if free := co.wallets.movable(in.Wallet, in.Settle()); free.IsPositive() {
			n.Spare = []Spare{{in.Wallet, in.Settle(), free.RoundDown(4)}}
		}
		if at := slices.IndexFunc(co.needs, func(o Need) bool { return o.Position == n.Position }); at >= 0 {
			co.needs[at].Distance, co.needs[at].Amount = n.Distance, n.Amount
		} else {
			co.needs = append(co.needs, n)
			co.log(intent.Warn, -1, n.String()+": add it at the venue")
		}
		if d.LessThan(full.Mul(isolatedHard)) {
			why := fmt.Sprintf("the isolated margin of %s is short: a move of %s %% would liquidate it", n.Position, d.Shift(2).Round(1))
			list := co.driver.shortsOf(co.markets, func(other *exchange.Instrument) bool { return other == in })
			var coin *exchange.Instrument
			if in.Inverse() {
				coin = in
			}
			co.reduce(list, m, full.Mul(isolatedSoft), coin, why)
		}
	}
}

// calmIsolated reports that an isolated position that was told of has enough margin again, or
// is no more.
func (co *collateral) calmIsolated(n *Need) bool {
	in, err := co.u.Lookup(n.Position)
	if err != nil || !co.acct.pos[in.ID].isolated() {
		return true
	}
	full := decimal.NewFromInt(1).DivRound(decimal.NewFromInt(int64(co.wallets.cfg.Leverage)), 8)
	d, exposed := execution.Distance(co.wallets.ofPosition(in))
	return !exposed || d.GreaterThan(full.Mul(isolatedCalm))
}

package core

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Margin returns what one asset of a derivatives wallet holds and has to back,
// over all strategies: the wallet is the account's.
func (p *accountView) Margin(wallet exchange.Wallet, asset string) exchange.Margin {
	return p.c.wallets.standing(wallet.Within(p.c.u.House()), asset)
}

func (wl *wallets) standing(wallet exchange.Wallet, asset string) exchange.Margin {
	total := wl.acct.holding(wallet, asset).total
	m := exchange.Margin{Equity: total.Add(wl.unrealised(wallet, asset)), Initial: wl.margin(wallet, asset)}
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if in.Wallet != wallet || in.Settle() != asset || wl.acct.pos[i].qty == 0 {
			continue
		}
		size := wl.exposure(in, wl.acct.pos[i].qty.Abs(), wl.markets.markPrice(in))
		b := in.Bracket(size)
		m.Exposure = m.Exposure.Add(size)
		m.Maintenance = m.Maintenance.Add(decimal.Max(decimal.Zero, size.Mul(b.MMR).Sub(b.Cum)))
	}
	m.Movable = decimal.Max(decimal.Zero, decimal.Min(total, m.Equity).Sub(m.Initial))
	return m
}

// payable says which wallet lacks the money for a pair, and how much, or nil. A
// pair whose one leg can't be paid would only ever try and fail.
func (wl *wallets) payable(r *intent.PairRequest) error {
	spot, perp := wl.u.Get(r.Spot), wl.u.Get(r.Perp)
	for _, leg := range [...]struct {
		in   *exchange.Instrument
		need decimal.Decimal
	}{
		{spot, r.Notional.DivRound(decimal.NewFromInt(1).Sub(spot.TakerFee), 8)},
		{perp, r.Notional.DivRound(decimal.NewFromInt(int64(wl.cfg.Leverage)), 8).Add(r.Notional.Mul(perp.TakerFee))},
	} {
		if leg.in.Inverse() { // the coins that the spot leg buys are its margin
			continue
		}
		if free := wl.balance(leg.in.Wallet, leg.in.Settle()).Free; leg.need.GreaterThan(free) {
			return fmt.Errorf("notional %s: the %s wallet has %s %s free, and this leg needs %s", r.Notional,
				leg.in.Wallet, free.StringFixed(2), leg.in.Settle(), leg.need.StringFixed(2))
		}
	}
	return nil
}

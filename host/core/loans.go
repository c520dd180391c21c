package core

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/risk"
)

// A venue nets the coins of a wallet: what one pair borrowed and what another one holds of
// the same coin cancel out, and only the difference is a debt that costs interest. Here each
// has its own. All that a pair sold with Borrow is owed by it, whatever coins lie beside it;
// and coins that somebody holds stay theirs to sell, for which the venue then lends what it
// did not have to before. Such an order borrows without asking, because the pair whose
// coins were netted has the permission and was counted against every limit.

// owed is how many coins of a wallet pairs have borrowed.
func (cl *claims) owed(wallet exchange.Wallet, asset string) decimal.Decimal {
	sum := decimal.Zero
	for _, m := range cl.pairs.list {
		if owes := m.Pair.Owes(); owes.IsPositive() {
			if in := cl.u.Get(m.Pair.Perp); in.Wallet == wallet && in.Base == asset {
				sum = sum.Add(owes)
			}
		}
	}
	return sum
}

// has is a wallet's coins with those that pairs borrowed and sold.
func (cl *claims) has(wallet exchange.Wallet, asset string) decimal.Decimal {
	return cl.acct.holding(wallet, asset).total.Add(cl.owed(wallet, asset))
}

// debt is how many coins of a market are owed, by pairs or by the account itself, with what
// orders that borrow may yet sell.
func (cl *claims) debt(in *exchange.Instrument) decimal.Decimal {
	return decimal.Max(cl.owed(in.Wallet, in.Base), cl.acct.holding(in.Wallet, in.Base).total.Neg()).Add(cl.borrowing(in.Wallet, in.Base))
}

// borrowing is how many coins of a wallet orders may yet sell that borrow them.
func (cl *claims) borrowing(wallet exchange.Wallet, asset string) decimal.Decimal {
	sum := decimal.Zero
	for _, o := range cl.orders.open {
		if of := cl.u.Get(o.Instrument); o.Borrow && of.Wallet == wallet && of.Base == asset {
			sum = sum.Add(of.BaseQty(1, o.Leaves()))
		}
	}
	return sum
}

// borrowable is how many more coins of a market the venue lends.
func (cl *claims) borrowable(in *exchange.Instrument) decimal.Decimal {
	return decimal.Max(decimal.Zero, in.Lending.Most.Sub(cl.debt(in)))
}

// borrowed is what all coins that are owed are worth, in the account's currency, with some
// more of one market's.
func (cl *claims) borrowed(in *exchange.Instrument, more decimal.Decimal) decimal.Decimal {
	sum := cl.wallets.Worth(in.Base, more)
	for _, l := range cl.u.Loans() {
		sum = sum.Add(cl.wallets.Worth(l.Base, cl.debt(l)))
	}
	return sum
}

// nets reports whether a sale takes coins that the wallet has netted against what pairs owe.
func (cl *claims) nets(in *exchange.Instrument, o *exchange.Order) bool {
	if in.Perp() || o.Side != exchange.Sell || !in.Lends() || cl.owed(in.Wallet, in.Base).IsZero() {
		return false
	}
	left := cl.acct.holding(in.Wallet, in.Base).total.Sub(cl.wallets.lockedSpot(in.Wallet, in.Base))
	return in.BaseQty(1, o.Qty).GreaterThan(left)
}

// lends says why a pair can't borrow what its short leg sells, or nil. Others that are being
// opened have yet to borrow taken.
func (cl *claims) lends(r *intent.PairRequest, in *exchange.Instrument, need, taken decimal.Decimal) error {
	if most := decimal.Max(decimal.Zero, cl.borrowable(in).Sub(taken)); need.GreaterThan(most) {
		return fmt.Errorf("short %s: notional %s borrows %s %s, and %s lends %s more", in.Key(), r.Notional, need, in.Base, in.Venue, most.RoundFloor(8))
	}
	limits := cl.cfg.Limits
	return limits.Borrow(cl.borrowed(in, need.Add(taken)))
}

// loans is what of an asset of a wallet backs coins that are owed: their value, and the
// margin to take and to keep such a debt.
func (wl *wallets) loans(wallet exchange.Wallet, asset string) (worth, initial, maintenance decimal.Decimal) {
	for _, in := range wl.u.Loans() {
		if in.Wallet != wallet || in.Quote != asset {
			continue
		}
		if total := wl.acct.holding(wallet, in.Base).total; total.IsNegative() {
			worth = worth.Add(wl.coinValue(in, total.Neg()))
		}
	}
	return worth, worth.DivRound(decimal.NewFromInt(int64(wl.cfg.Leverage)), 16), worth.Mul(exchange.LoanMaintenance)
}

// coinValue is what coins are worth at a spot market, in its quote.
func (wl *wallets) coinValue(in *exchange.Instrument, coins decimal.Decimal) decimal.Decimal {
	return coins.Mul(wl.markets.markPrice(in)).DivRound(decimal.NewFromInt(in.Multiplier), 16)
}

// repaid is what an order sets free of a wallet's money by buying back coins that are owed.
func (wl *wallets) repaid(in *exchange.Instrument, o *exchange.Order) decimal.Decimal {
	total := wl.acct.holding(in.Wallet, in.Base).total
	l := wl.u.Loan(in.Wallet, in.Base)
	if l == nil || l.Quote != in.Quote || !total.IsNegative() {
		return decimal.Zero
	}
	worth := wl.coinValue(l, decimal.Min(total.Neg(), in.BaseQty(1, o.Qty)))
	return worth.Add(worth.DivRound(decimal.NewFromInt(int64(wl.cfg.Leverage)), 16))
}

// backed refuses an order that borrows when too little is there to back the debt.
func (en *orderEntry) backed(in *exchange.Instrument, o *exchange.Order) error {
	l := en.u.Loan(in.Wallet, in.Base)
	need := en.wallets.coinValue(l, in.BaseQty(1, o.Qty)).DivRound(decimal.NewFromInt(int64(en.cfg.Leverage)), 16)
	if free := en.wallets.balance(l.Wallet, l.Quote).Free; need.GreaterThan(free) {
		return &risk.Denied{Rule: "balance", Detail: fmt.Sprintf("a loan of %s %s needs %s %s as margin and the %s wallet has %s free",
			in.BaseQty(1, o.Qty), in.Base, need.Round(8), l.Quote, l.Wallet, free.Round(8))}
	}
	return nil
}

// onInterest books what a venue charged on coins that are owed: a part to every pair by what
// it owes, and what none of them does to the account itself.
func (ins *insurance) onInterest(ev *exchange.Event) {
	var owing []closedPart
	whole := ins.acct.holding(ev.Wallet, ev.Asset).total.Neg()
	sum := decimal.Zero
	for _, m := range ins.pairs.list {
		owes := m.Pair.Owes()
		if in := ins.u.Get(m.Pair.Perp); owes.IsPositive() && in.Wallet == ev.Wallet && in.Base == ev.Asset {
			owing, sum = append(owing, closedPart{m.Pair.Strategy, m.Pair.ID, owes}), sum.Add(owes)
		}
	}
	// Interest is on the debt that was, and an order may have made it smaller since.
	if whole = decimal.Max(sum, whole); whole.Sub(sum).GreaterThan(sum.Shift(-3)) || sum.IsZero() {
		owing = append(owing, closedPart{strategy: -1, value: decimal.Max(whole.Sub(sum), decimal.New(1, -8))})
	}
	whole = decimal.Zero
	for i := range owing {
		whole = whole.Add(owing[i].value)
	}
	worth := ins.wallets.Worth(ev.Asset, ev.Amount)
	ins.stats.Interest = ins.stats.Interest.Add(worth)
	left := ev.Amount
	for i := range owing {
		p := &owing[i]
		amount := left
		if i < len(owing)-1 {
			amount = ev.Amount.Mul(p.value).DivRound(whole, 16)
		}
		left = left.Sub(amount)
		if p.strategy < 0 {
			ins.stats.Others.Interest = ins.stats.Others.Interest.Add(ins.wallets.Worth(ev.Asset, amount))
		}
		postings := []exchange.Posting{ins.acct.addToWallet(ev.Wallet, ev.Asset, amount), against("I:interest:"+string(ev.Wallet), ev.Asset, amount)}
		ins.emit(p.strategy, Booked{&Txn{Kind: "interest", Ref: fmt.Sprintf("%d.%d.%d %s", ins.now, ins.seq, i, ev.Reason),
			Strategy: p.strategy, Pair: p.pair, Postings: postings}})
		if m := ins.pairs.machine(p.pair); m != nil {
			m.Charged(ins.driver.port, amount)
			ins.driver.snoozeIdle(m)
			ins.driver.Changed(m)
		}
	}
}

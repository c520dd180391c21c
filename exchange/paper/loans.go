package paper

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// A wallet that lends lets an order with Borrow sell coins that are not there: the balance
// of the coin goes below zero, and is the debt. The quote of the market at which the coin
// is valued backs it: what is owed is taken off its balance at the price of that market,
// and needs margin beside it. At every full hour interest makes the debt larger, and coins
// that are bought make it smaller, whatever they are bought for.

// loan is a coin of a wallet that can be owed.
type loan struct {
	s      *slot          // the market at which it is valued
	coin   *walletBalance // below zero while it is owed
	backed *walletBalance // in the quote
}

// arrange makes the loans of a universe.
func (ln *loans) arrange(mk *markets) {
	for _, in := range ln.opt.Universe.Loans() {
		l := &loan{mk.slots[in.ID], ln.wallets.balanceOf(in.Wallet, in.Base), ln.wallets.balanceOf(in.Wallet, in.Quote)}
		l.coin.lent = true
		l.backed.loans = append(l.backed.loans, l)
		if l.backed.pool == nil {
			l.backed.alone()
		}
		ln.list = append(ln.list, l)
	}
	for _, s := range mk.slots {
		for _, l := range ln.list {
			if s.in.Lends() && s.in.Wallet == l.s.in.Wallet && s.in.Base == l.s.in.Base {
				s.loan = l
			}
		}
	}
}

// owed is how many coins are; with what orders may yet sell.
func (l *loan) owed() decimal.Decimal {
	return decimal.Max(decimal.Zero, l.coin.total.Neg())
}

// owes reports whether the pool backs a debt.
func (p *pool) owes() bool {
	for _, b := range p.balances {
		for _, l := range b.loans {
			if l.coin.total.IsNegative() {
				return true
			}
		}
	}
	return false
}

// coinPrice is what a coin of a market is worth: its last trade, or the middle of its book.
func (mg *margins) coinPrice(s *slot) decimal.Decimal {
	price, _ := mg.reference(s)
	if !price.IsPositive() {
		price = s.stand
	} else {
		s.stand = price
	}
	return price.DivRound(decimal.NewFromInt(s.in.Multiplier), 16)
}

// borrowed takes what a balance backs of loans into its standing.
func (mg *margins) borrowed(p *walletBalance, st *standing) {
	for _, l := range p.loans {
		if !l.coin.total.IsNegative() {
			continue
		}
		worth := l.owed().Mul(mg.coinPrice(l.s))
		st.balance = st.balance.Sub(worth)
		st.initial = st.initial.Add(worth.DivRound(decimal.NewFromInt(int64(l.s.leverage)), 16))
		st.maintenance = st.maintenance.Add(worth.Mul(exchange.LoanMaintenance))
	}
}

// onLoan is by how much more than is free an order on a market that lends may use of a
// balance: coins that may yet be owed, or the money that buying coins back sets free.
func (mg *margins) onLoan(s *slot, o *order, held *walletBalance) decimal.Decimal {
	l := s.loan
	switch {
	case o.Side == exchange.Buy && held == l.backed && l.coin.total.IsNegative():
		back := decimal.Min(l.owed(), coins(s.in, o.left()))
		return back.Mul(mg.coinPrice(l.s)).Mul(one.Add(one.DivRound(decimal.NewFromInt(int64(l.s.leverage)), 16)))
	case o.Side == exchange.Sell && o.Borrow:
		return decimal.Max(decimal.Zero, s.in.Lending.Most.Sub(l.owed()))
	}
	return decimal.Zero
}

// loanMargin refuses a sale whose loan would have too little behind it.
func (mg *margins) loanMargin(s *slot, o *order) *refusal {
	l := s.loan
	more := coins(s.in, o.left()).Sub(decimal.Max(decimal.Zero, l.coin.total.Sub(l.coin.locked)))
	if !more.IsPositive() {
		return nil
	}
	need := more.Mul(mg.coinPrice(l.s)).DivRound(decimal.NewFromInt(int64(l.s.leverage)), 16)
	if free := mg.available(l.backed).Sub(l.backed.locked); need.GreaterThan(free) {
		return refused(RuleMargin, "Margin is insufficient: a loan of %s %s needs %s %s, %s is available", more, s.in.Base, need.Round(8), l.backed.asset, free.Round(8))
	}
	return nil
}

// charge adds interest to every debt, once for each full hour that has come.
func (ln *loans) charge(now exchange.Time) {
	if len(ln.list) == 0 {
		return
	}
	hour := now - now%exchange.Hour
	if ln.charged == 0 {
		ln.charged = hour
	}
	for ; ln.charged < hour; ln.charged += exchange.Hour {
		for _, l := range ln.list {
			ln.chargeLoan(l, ln.charged+exchange.Hour, now)
		}
	}
}

func (ln *loans) chargeLoan(l *loan, hour, now exchange.Time) {
	rate := l.s.in.Lending.Rate
	owed := l.owed()
	amount := owed.Mul(rate).RoundUp(8).Neg()
	if amount.IsZero() {
		return
	}
	l.coin.credit(amount)
	ln.mail.emit(l.coin.wallet, answer{at: now + ln.mail.house, happened: hour, kind: exchange.KindBalance, instrument: exchange.NoInstrument,
		wallet: l.coin.wallet, asset: l.coin.asset, amount: amount,
		reason: fmt.Sprintf("%s: %s %s owed at %s, %s %% an hour", exchange.Interest, owed, l.coin.asset, hour, rate.Shift(2))})
	ln.liquidator.guard(l.backed.pool, now)
}

// watch looks at what backs a loan when its market moved.
func (ln *loans) watch(s *slot, at exchange.Time) {
	if s.loan != nil && s.loan.coin.total.IsNegative() {
		ln.liquidator.guard(s.loan.backed.pool, at)
	}
}

// buyBack makes good all that a pool backs of loans, in the books and then at the
// last price: nothing else is left to close.
func (lq *liquidator) buyBack(p *pool, at exchange.Time) {
	for _, b := range p.balances {
		for _, l := range b.loans {
			lq.buyLoan(l, at)
		}
	}
}

func (lq *liquidator) buyLoan(l *loan, at exchange.Time) {
	price := lq.margins.coinPrice(l.s)
	if !l.coin.total.IsNegative() || !price.IsPositive() {
		return
	}
	rate := lq.opt.Models.Fees.Taker(l.s.in)
	lots := exchange.Lots(l.s.in.Lot.Ceil(l.owed().DivRound(one.Sub(rate), 12).DivRound(decimal.NewFromInt(l.s.in.Multiplier), 12)))
	takes, _ := lq.markets.walk(l.s, exchange.Buy, worst(exchange.Buy), lots, at, lq.opt.Impact)
	for _, t := range takes {
		lq.liquidate(l.s, exchange.Buy, t.Price, t.Qty, at)
		lq.markets.recordTaken(l.s, exchange.Buy, t, at)
		lots -= t.Qty
	}
	lq.liquidate(l.s, exchange.Buy, exchange.Ticks(l.s.in.Tick.Ceil(price.Mul(decimal.NewFromInt(l.s.in.Multiplier)))), lots, at)
}

// Debt is how much of an asset a wallet owes, and what the coins are worth, in it, that it
// backs as owed.
func (v *Venue) Debt(w exchange.Wallet, asset string) (owed, backed decimal.Decimal) {
	b := v.wallets.find(w, asset)
	if b == nil {
		return owed, backed
	}
	if b.lent {
		owed = decimal.Max(decimal.Zero, b.total.Neg())
	}
	for _, l := range b.loans {
		backed = backed.Add(l.owed().Mul(v.margins.coinPrice(l.s)))
	}
	return owed, backed
}

// describe says what can be borrowed; nothing where nothing is lent.
func (ln *loans) describe() []string {
	if len(ln.list) == 0 {
		return nil
	}
	text := fmt.Sprintf("Loans: coins that an order may borrow are sold up to what the venue said it lends; interest at its rate as told at the start, at every full hour, rounded up at 8 places; initial margin by the leverage, %s %% of the value to keep one. A wallet in liquidation buys back last what it owes. Lent are", exchange.LoanMaintenance.Shift(2))
	for i, l := range ln.list {
		if i == 8 {
			text += fmt.Sprintf(" and %d more coins,", len(ln.list)-i)
			break
		}
		text += fmt.Sprintf(" %s %s of %s (%s %% a year),", l.s.in.Lending.Most, l.coin.asset, l.coin.wallet, l.s.in.Lending.Rate.Mul(decimal.NewFromInt(24*365)).Shift(2).Round(2))
	}
	return []string{text[:len(text)-1] + "."}
}

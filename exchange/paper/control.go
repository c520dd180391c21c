package paper

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// What an operator does to an account, beside orders and the market. Everything
// here takes effect at once, without latency.

// Leverage returns the leverage of an instrument.
func (v *Venue) Leverage(id exchange.InstrumentID) int {
	if !v.markets.known(id) {
		return 0
	}
	return v.markets.slots[id].leverage
}

// SetLeverage changes the leverage of an instrument. It is refused when the
// position or the open orders would not have the margin, or the bracket does not
// allow it. Source: the exchange's POST leverage.
func (v *Venue) SetLeverage(id exchange.InstrumentID, leverage int) error {
	if !v.markets.known(id) || leverage < 1 {
		return fmt.Errorf("leverage %d of instrument %d: want a known instrument and 1 or more", leverage, id)
	}
	s := v.markets.slots[id]
	was := s.leverage
	s.lever(leverage)
	if s.collateral == nil || leverage >= was {
		return nil
	}
	if s.isolated() && (s.held() || s.short != nil && s.short.held()) {
		s.lever(was)
		return fmt.Errorf("leverage %d of %s: %w", leverage, s.in.Key(), ErrIsolated)
	}
	if st := v.margins.standing(s.purse().pool); st.initial.GreaterThan(st.balance) {
		s.lever(was)
		return fmt.Errorf("leverage %d of %s: needs %s %s as initial margin, the margin balance is %s",
			leverage, s.in.Key(), st.initial.Round(8), s.purse().pool.unit, st.balance.Round(8))
	}
	return nil
}

// Why something can't be done with the margin of a position.
var (
	ErrIsolated   = errors.New("the leverage of an isolated position can't be lowered")
	ErrCross      = errors.New("the position shares the margin of its wallet")
	ErrNoPosition = errors.New("there is no position")
	ErrWallet     = errors.New("the wallet has too little")
	ErrOwnMargin  = errors.New("the position needs its margin")
)

// lever sets the leverage of an instrument, which its positions share.
func (s *slot) lever(leverage int) {
	for ; s != nil; s = s.short {
		s.leverage = leverage
	}
}

// Deposit adds to a wallet, or takes from it, as the exchange's own operators
// do. It is not announced as an event.
func (v *Venue) Deposit(d Deposit) error { return v.deposit(d) }

// SetTransferLatency changes how long transfers that are sent from now on are
// under way.
func (v *Venue) SetTransferLatency(l Latency) error {
	l, err := l.withDefaults(defaultTransfer)
	if err != nil {
		return fmt.Errorf("paper venue: transfer latency: %w", err)
	}
	v.opt.TransferLatency, v.opt.Models.Transfer = l, l
	return nil
}

// Settle carries out what has reached the venue by now, also what it has no word
// about yet: the departure of a transfer that is still under way.
func (v *Venue) Settle(now exchange.Time) {
	v.cut()
	v.mail.now = max(v.mail.now, now)
	if now >= v.mail.arriving {
		v.mail.arriveBy(now)
	}
}

// Reserve locks an amount of a wallet of coins, or gives back a negative one: for
// orders that the exchange holds before they reach the book.
func (v *Venue) Reserve(w exchange.Wallet, asset string, amount decimal.Decimal) error {
	p := v.wallets.balanceOf(w, asset)
	if free := p.total.Sub(p.locked); amount.GreaterThan(free) {
		return fmt.Errorf("Account has insufficient balance for requested action: needs %s %s, %s is free", amount, asset, free)
	}
	p.locked = p.locked.Add(amount)
	return nil
}

// Reduce lowers the whole quantity of an open limit order, and keeps its place
// in the queue. Source: spot order/amend/keepPriority.
func (v *Venue) Reduce(id exchange.OrderID, qty exchange.Lots) error {
	o := v.registry.open[id]
	if o == nil {
		return fmt.Errorf("order %d is not open", id)
	}
	if qty <= o.Filled || qty >= o.Qty {
		return fmt.Errorf("order %d: quantity %d: want more than the %d that are filled and less than %d", id, qty, o.Filled, o.Qty)
	}
	o.Qty = qty
	v.wallets.relock(v.markets.of(o), o)
	return nil
}

package simserver

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// Stop orders for coins have an id among the others, and lock what they could cost;
// they reach the book when the last price reaches theirs.

// park takes a stop order in and locks its funds.
func (a *Account) park(t *Ticket) (*Order, *Refusal) {
	o := &Order{Market: t.Market, Client: t.Client, Side: t.Side, Kind: t.Kind, Type: t.Type, TIF: t.TIF, policy: t.Policy, Price: t.Price, Qty: t.Qty,
		Stop: t.Stop, rising: t.Rising, Created: a.s.now, Updated: a.s.now, Status: StatusNew, Waits: true, Note: t.Note}
	asset, amount := o.cost()
	if err := a.paper.Reserve(o.Market.In.Wallet, asset, amount); err != nil {
		return nil, a.s.refuse(o.Market, paper.InsufficientBalance, err.Error())
	}
	a.register(o)
	a.parked = append(a.parked, o)
	a.report(o, Opened, nil)
	a.Flush()
	return o, nil
}

// cost is what a stop order locks: for a market order that buys, by its stop
// price.
func (o *Order) cost() (asset string, amount decimal.Decimal) {
	in := o.Market.In
	switch {
	case o.Side == exchange.Sell:
		return in.Base, in.QtyDecimal(o.Qty)
	case o.Kind == exchange.Limit:
		return in.Quote, in.Notional(o.Price, o.Qty)
	}
	return in.Quote, in.QtyDecimal(o.Qty).Mul(o.Stop)
}

// unpark gives back what a stop order has locked.
func (a *Account) unpark(o *Order) {
	asset, amount := o.cost()
	if err := a.paper.Reserve(o.Market.In.Wallet, asset, amount.Neg()); err != nil {
		a.s.opt.Log(err.Error())
	}
	o.Waits = false
	a.parked = slices.DeleteFunc(a.parked, func(other *Order) bool { return other == o })
}

// cancelParked ends a stop order that has not triggered.
func (a *Account) cancelParked(o *Order) {
	a.unpark(o)
	o.Status, o.Updated = StatusCancelled, a.s.now
	a.report(o, Cancelled, nil)
	a.Flush()
}

// runStops sends the stop orders that a market event has brought to their price.
func (a *Account) runStops(m *Market) {
	if len(a.parked) == 0 {
		return
	}
	for _, o := range slices.Clone(a.parked) {
		if o.Market == m && o.Waits && reached(o.rising, o.Stop, m.TriggerPrice(false)) {
			a.release(o)
		}
	}
}

// release sends a stop order to the book under its own id. One that the venue
// refuses then has expired.
func (a *Account) release(o *Order) {
	a.unpark(o)
	o.Worked, o.Updated = a.s.now, a.s.now
	a.report(o, Opened, nil)
	if a.resubmit(o, o.policy, false) != nil {
		o.Status, o.Ended = StatusExpired, EndedByRefusal
		a.report(o, Expired, nil)
	}
	a.Flush()
}

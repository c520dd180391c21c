package paper

import (
	"sort"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Balance returns an asset of a wallet. On spot, Locked is what open orders
// hold. In a derivatives wallet Total is the wallet balance without unrealised
// profit, and Free is what could be transferred out of it.
func (v *Venue) Balance(w exchange.Wallet, asset string) exchange.Balance {
	p := v.wallets.find(w, asset)
	if p == nil {
		return exchange.Balance{}
	}
	return v.margins.balance(p)
}

// balance is what a wallet holds of an asset and how much of it is free.
func (mg *margins) balance(p *walletBalance) exchange.Balance {
	free := p.total.Sub(p.locked)
	if p.pool != nil {
		free = mg.movable(p).Sub(p.locked)
	}
	total := p.whole()
	return exchange.Balance{Total: total, Free: free, Locked: total.Sub(free)}
}

func (ws *wallets) find(w exchange.Wallet, asset string) *walletBalance {
	w = w.Within(ws.opt.Universe.House())
	for _, p := range ws.balances {
		if p.wallet == w && p.asset == asset {
			return p
		}
	}
	return nil
}

// InTransit returns how much of an asset is between wallets.
func (v *Venue) InTransit(asset string) decimal.Decimal {
	sum := decimal.Zero
	for _, t := range v.transfers.transit {
		if t.Asset == asset {
			sum = sum.Add(t.Amount)
		}
	}
	return sum
}

// Balances lists every asset of every wallet that is not zero, by wallet and
// asset.
func (v *Venue) Balances() []Deposit {
	var out []Deposit
	for _, p := range v.wallets.balances {
		if total := p.whole(); !total.IsZero() {
			out = append(out, Deposit{p.wallet, p.asset, total})
		}
	}
	return out
}

// OpenOrders returns copies of the resting orders, by ID.
func (v *Venue) OpenOrders() []exchange.Order {
	out := make([]exchange.Order, 0, len(v.registry.open))
	// order does not matter: sorted below
	for _, o := range v.registry.open {
		c := o.Order
		if c.Status = exchange.StatusAccepted; c.Filled > 0 {
			c.Status = exchange.StatusPartial
		}
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// QueueAhead returns how many lots the queue model puts in front of a resting
// order; false when the order is not resting or its level was never seen.
func (v *Venue) QueueAhead(id exchange.OrderID) (float64, bool) {
	o := v.registry.open[id]
	if o == nil || o.queue.front > 1e300 {
		return 0, false
	}
	return o.queue.front, true
}

// Equity returns the balance of an asset in a wallet, with the unrealised profit
// of the positions that it backs.
func (v *Venue) Equity(w exchange.Wallet, asset string) decimal.Decimal {
	if p := v.wallets.find(w, asset); p != nil {
		return v.margins.whole(p).balance
	}
	return decimal.Zero
}

// Margin is the margin of one asset of a derivatives wallet, in that asset.
type Margin struct {
	Balance     decimal.Decimal // wallet balance + unrealised profit
	Initial     decimal.Decimal // needed by positions and open orders
	Maintenance decimal.Decimal // liquidation when Balance is not above it
	Available   decimal.Decimal // for new orders
}

// Margin returns the margin of an asset of a derivatives wallet, with that of isolated
// positions. Available is what all assets together allow where the wallet is joint.
// Dollars of a joint wallet are all of its assets together; of any other they are zero.
func (v *Venue) Margin(w exchange.Wallet, asset string) Margin {
	if joint := v.wallets.joint(w); joint != nil && asset == Dollars {
		st := v.margins.standing(joint)
		return Margin{st.balance, st.initial, st.maintenance, st.available()}
	}
	p := v.wallets.find(w, asset)
	if p == nil {
		return Margin{}
	}
	st := v.margins.whole(p)
	return Margin{st.balance, st.initial, st.maintenance, v.margins.available(p)}
}

// liquidatedAt is the mark at which the position of an instrument would be liquidated.
func (mg *margins) liquidatedAt(s *slot) (decimal.Decimal, bool) {
	if s.pos.qty == 0 {
		return decimal.Zero, false
	}
	price, p := mg.priceOf(s), s.collateral.pool
	st := mg.standing(p)
	excess := p.buys(s.collateral.asset, st.balance.Sub(st.maintenance))
	other := excess.Sub(s.pos.unrealised(s.in, price)).Add(maintenance(s.in, s.pos.qty, price))
	return liquidationPrice(s.in, s.pos.qty, s.pos.cost, other)
}

// Account returns what the next session needs to continue this one. Money in
// transit is given to the wallet that it is going to.
func (v *Venue) Account() Account {
	a := Account{Balances: v.Balances(), NextTrade: v.executions.nextTrade, NextOrder: v.registry.nextOrder, NextTran: v.funding.nextTran}
	for _, t := range v.transfers.transit {
		a.Balances = append(a.Balances, Deposit{t.To, t.Asset, t.Amount})
	}
	for _, s := range v.markets.slots {
		if s.pos.qty != 0 || !s.pos.realised.IsZero() {
			a.Positions = append(a.Positions, Holding{s.in.ID, v.Position(s.in.ID), s.pos.cost})
		}
	}
	return a
}

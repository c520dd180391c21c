package host

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/core"
)

// Accounts implements control.Reader.
func (d *deskReader) Accounts(ctx context.Context) ([]control.Account, error) {
	var list []core.WalletNow
	if err := d.see(ctx, func(_ *core.Core, on core.Onlooker) { list = on.Wallets() }); err != nil {
		return nil, err
	}
	out := []control.Account{}
	for i := range list {
		w := &list[i]
		at := slices.IndexFunc(out, func(a control.Account) bool { return a.Wallet == string(w.Wallet) })
		if at < 0 {
			out = append(out, control.Account{Venue: d.houseOf(w.Wallet), Wallet: string(w.Wallet)})
			at = len(out) - 1
		}
		a := &out[at]
		free := w.Free
		b := control.Balance{Asset: w.Asset, Total: w.Total, Free: &free}
		if w.Total.IsNegative() {
			owed := w.Total.Neg()
			b.Borrowed = &owed
		}
		if w.Valued {
			b.Value = &w.Value
		}
		a.Balances = append(a.Balances, b)
		if w.Backs {
			a.Margin = worse(a.Margin, &w.Margin)
		}
	}
	return out, nil
}

// houseOf is the house of a wallet.
func (d *deskReader) houseOf(w exchange.Wallet) string {
	for _, in := range d.s.r.core.Universe().All() {
		if in.Wallet == w {
			return in.Venue.House()
		}
	}
	return d.defaultHouse()
}

// worse is the margin that is closer to liquidation: of a wallet whose assets back
// positions of their own.
func worse(was *control.Margin, m *exchange.Margin) *control.Margin {
	if m.Exposure.IsZero() && was != nil {
		return was
	}
	is := &control.Margin{Equity: m.Equity.Round(8), Maintenance: m.Maintenance.Round(8)}
	switch {
	case m.Equity.IsPositive():
		is.Ratio = m.Maintenance.InexactFloat64() / m.Equity.InexactFloat64()
	case m.Maintenance.IsPositive():
		is.Ratio = 1
	}
	if was != nil && was.Ratio > is.Ratio {
		return was
	}
	return is
}

// Positions implements control.Reader.
func (d *deskReader) Positions(ctx context.Context, a control.StrategyArgs) ([]control.Position, error) {
	if err := d.named(a.Strategy); err != nil {
		return nil, err
	}
	var held []core.Held
	err := d.see(ctx, func(_ *core.Core, on core.Onlooker) {
		if a.Strategy == "" {
			held = on.Account()
		} else {
			held = on.Strategy(d.s.r.strategies().Index(a.Strategy))
		}
	})
	return positions(held, a.Strategy), err
}

func positions(held []core.Held, strategy string) []control.Position {
	out := []control.Position{}
	for i := range held {
		in, v := held[i].Instrument, held[i].Value()
		qty := v.Held(in)
		if qty.IsZero() {
			continue // fees took the coins
		}
		p := control.Position{Instrument: in.Key(), Strategy: strategy, Qty: qty, Entry: v.Entry.Round(8), Realised: v.Realised.Round(8)}
		if v.Mark.IsPositive() {
			left := qty.DivRound(in.QtyDecimal(v.Qty), 16)
			worth, gain := v.Notional.Mul(left).Round(8), v.Unrealised.Mul(left).Round(8)
			p.Mark, p.Notional, p.Unrealised = &v.Mark, &worth, &gain
		}
		out = append(out, p)
	}
	return out
}

// Orders implements control.Reader.
func (d *deskReader) Orders(ctx context.Context, a control.OrdersArgs) ([]control.Order, error) {
	if err := d.named(a.Strategy); err != nil {
		return nil, err
	}
	id, err := d.instrument(a.Instrument)
	if err != nil {
		return nil, err
	}
	var list []exchange.Order
	var held []intent.Conditional
	var names, holders []string
	ahead := map[exchange.OrderID]float64{}
	err = d.see(ctx, func(c *core.Core, on core.Onlooker) {
		queue, _ := d.s.r.loop.Venue.(interface {
			QueueAhead(exchange.OrderID) (float64, bool)
		})
		asked := func(order exchange.OrderID, of exchange.InstrumentID, strategy string) bool {
			return (a.ID == 0 || uint64(order) == a.ID) && (id == exchange.NoInstrument || of == id) && (a.Strategy == "" || strategy == a.Strategy)
		}
		for _, o := range on.Conditionals() {
			if name := c.StrategyName(o.Strategy); asked(o.ID, o.Request.Instrument, name) {
				held, holders = append(held, o), append(holders, name)
			}
		}
		for _, o := range c.WorkingOrders() {
			name := c.StrategyName(o.Strategy)
			if !asked(o.ID, o.Instrument, name) {
				continue
			}
			list, names = append(list, o), append(names, name)
			if queue != nil {
				if lots, ok := queue.QueueAhead(o.ID); ok {
					ahead[o.ID] = lots
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	out := []control.Order{}
	for i := range list {
		v := d.order(&list[i], names[i])
		if lots, ok := ahead[list[i].ID]; ok {
			qty := d.s.r.core.Universe().Get(list[i].Instrument).QtyDecimal(exchange.Lots(lots))
			v.Ahead = &qty
		}
		out = append(out, v)
	}
	for i := range held {
		out = append(out, heldOrder(d.s.r.core.Universe().Get(held[i].Request.Instrument), &held[i], holders[i]))
	}
	return out, nil
}

// heldOrder is the view of an order that the host holds.
func heldOrder(in *exchange.Instrument, c *intent.Conditional, strategy string) control.Order {
	r := &c.Request
	v := control.Order{ID: uint64(c.ID), Strategy: strategy, Instrument: in.Key(), Side: r.Side.String(), Type: r.Type(), TIF: r.TIF.String(),
		Price: in.PriceDecimal(r.Price), Qty: in.QtyDecimal(c.Size), Filled: in.QtyDecimal(c.Filled), Status: c.State.String(), ReduceOnly: r.ReduceOnly,
		PostOnly: r.TIF == exchange.PostOnly, Created: c.Created.UTC(), Reason: c.Reason, Held: true, When: c.When(in), Role: c.Role.String(), Child: uint64(c.Child)}
	if r.Triggers() {
		v.Source = r.SourceOn(in)
	}
	if c.Stop != 0 {
		at := c.Stop.Decimal()
		v.Trigger = &at
	}
	if c.Role != intent.Alone {
		v.Group = uint64(c.Group)
	}
	if r.Expires != 0 {
		at := r.Expires.UTC()
		v.Expires = &at
	}
	return v
}

// order is the view of an order.
func (d *deskReader) order(o *exchange.Order, strategy string) control.Order {
	in := d.s.r.core.Universe().Get(o.Instrument)
	return control.Order{ID: uint64(o.ID), ClientID: o.ClientID, Strategy: strategy, Instrument: in.Key(), Side: o.Side.String(), Type: o.Type.String(), TIF: o.TIF.String(),
		Price: in.PriceDecimal(o.Price), Qty: in.QtyDecimal(o.Qty), Filled: in.QtyDecimal(o.Filled), Status: o.Status.String(), ReduceOnly: o.ReduceOnly,
		PostOnly: o.TIF == exchange.PostOnly, Pair: uint64(o.Pair), Schedule: uint64(o.Schedule), Parent: uint64(o.Parent), Created: o.Created.UTC(), Reason: o.Reason}
}

// Pairs implements control.Reader.
func (d *deskReader) Pairs(ctx context.Context, a control.PairsArgs) ([]control.Pair, error) {
	if err := d.named(a.Strategy); err != nil {
		return nil, err
	}
	most, err := rowsIn(a.Limit, 200, 2000)
	if err != nil {
		return nil, err
	}
	var list []core.PairNow
	if err := d.see(ctx, func(_ *core.Core, on core.Onlooker) { list = on.Pairs(false) }); err != nil {
		return nil, err
	}
	out := []control.Pair{}
	for i := range list {
		if p := &list[i]; (a.Strategy == "" || p.Strategy == a.Strategy) && len(out) < most {
			out = append(out, d.pair(p))
		}
	}
	if k, ok := d.kept(); ok && a.Closed {
		d.written(ctx)
		closed, err := k.closedPairs(a.Strategy, most-len(out))
		return append(out, closed...), sorted(err)
	}
	return out, nil
}

// pair is the view of a pair that is not done.
func (d *deskReader) pair(p *core.PairNow) control.Pair {
	u := d.s.r.core.Universe()
	v := pairView(&p.Pair, u, p.Strategy)
	v.Unhedged, v.UnhedgedMS = p.Unhedged, millis(p.Exposed)
	if p.HasBasis {
		v.Basis = &p.Basis
	}
	if p.HasRate {
		v.Rate = &p.Rate
	}
	v.Next = utc(p.Next)
	return v
}

// pairView is what a pair itself tells.
func pairView(p *intent.Pair, u *exchange.Universe, strategy string) control.Pair {
	return control.Pair{ID: uint64(p.ID), Strategy: strategy, State: p.State.String(), Why: firstOf(p.Held, p.Cause, p.Reason), Tag: p.Tag, Notional: p.Notional, Legs: legs(p, u),
		MaxUnhedged: p.MaxUnhedged, MaxUnhedgedMS: millis(p.MaxUnhedgedTime), OpenBasis: p.OpenBasis, Funding: p.Funding, Fees: p.Fees, Interest: p.Interest,
		Realised: p.Realised, Settlements: p.Settlements, Opened: p.Opened.UTC(), Closed: utc(p.Closed)}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// legs are the sides of a pair.
func legs(p *intent.Pair, u *exchange.Universe) []control.Leg {
	side := func(qty decimal.Decimal, otherwise string) string {
		switch {
		case qty.IsPositive():
			return "long"
		case qty.IsNegative():
			return "short"
		}
		return otherwise
	}
	if !p.Spread.Is() {
		qty := u.Get(p.Perp).QtyDecimal(p.PerpQty)
		return []control.Leg{
			{Instrument: u.Get(p.Spot).Key(), Side: side(p.SpotQty, "long"), Qty: p.SpotQty, Cost: p.SpotCost},
			{Instrument: u.Get(p.Perp).Key(), Side: side(qty, "short"), Qty: qty, Cost: p.PerpCost},
		}
	}
	out := []control.Leg{}
	for i := range p.Spread.Legs {
		h := &p.Spread.Legs[i]
		if h.Key == "" || i == intent.StandIn && h.Lots == 0 && h.Coins.IsZero() {
			continue
		}
		qty := h.Coins
		if in, err := u.Lookup(h.Key); err == nil && in.Perp() {
			qty = in.QtyDecimal(h.Lots)
		}
		out = append(out, control.Leg{Instrument: h.Key, Side: side(qty, [...]string{"long", "short", "long"}[i]), Qty: qty, Cost: h.Cash})
	}
	return out
}

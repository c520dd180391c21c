package core

import (
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/risk"
)

// affordable refuses an order that the account could not pay for, with the
// numbers, before the venue would.
func (en *orderEntry) affordable(in *exchange.Instrument, o *exchange.Order, m risk.Market, arriving decimal.Decimal) error {
	price := o.Price
	if o.Type != exchange.Limit {
		price = m.Ask
	}
	var asset string
	var need decimal.Decimal
	switch {
	case in.Perp():
		if en.claims.frees(in, o, m) {
			return nil
		}
		asset = in.Settle()
		value := en.wallets.exposure(in, o.Qty, in.PriceDecimal(price))
		need = value.DivRound(decimal.NewFromInt(int64(en.cfg.Leverage)), 16).Add(value.Mul(in.TakerFee))
	case o.Side == exchange.Buy:
		asset, need = in.Quote, in.Notional(price, o.Qty).Sub(en.wallets.repaid(in, o))
	default:
		asset, need = in.Base, in.QtyDecimal(o.Qty)
	}
	free := en.wallets.balance(in.Wallet, asset).Free
	switch {
	case in.Inverse():
		free = en.claims.spare(in, o.Pair, arriving)
	case !in.Perp() && o.Side == exchange.Sell:
		free = en.claims.Free(in.ID, o.Pair)
		if o.Borrow && o.Pair == 0 {
			free = free.Add(en.claims.borrowable(in))
		}
	}
	if o.Borrow && need.LessThanOrEqual(free) {
		return en.backed(in, o)
	}
	if need.GreaterThan(free) {
		return &risk.Denied{Rule: "balance", Detail: fmt.Sprintf("%s %s %s needs %s %s and the %s wallet has %s free",
			o.Side, in.QtyDecimal(o.Qty), in.Key(), need.Round(8), asset, in.Wallet, free.Round(8))}
	}
	return nil
}

// clientID makes the id the venue knows an order by. It follows from the
// session's tag and the order's number alone, so a replayed or restarted run
// gives the same decision the same id.
func (en *orderEntry) clientID(id exchange.OrderID) string {
	return en.cfg.ClientTag + "-" + strconv.FormatUint(uint64(id), 36)
}

// submitChecked sends a strategy's order, or tells the strategy why not.
func (en *orderEntry) submitChecked(o *exchange.Order) {
	if err := en.Check(o); err != nil {
		en.deny(o, err)
		return
	}
	en.send(o)
}

// Check implements execution.Port: the gate, without sending.
func (en *orderEntry) Check(o *exchange.Order) error { return en.CheckWith(o, decimal.Zero) }

// CheckWith implements execution.Port.
func (en *orderEntry) CheckWith(o *exchange.Order, arriving decimal.Decimal) error {
	if en.phase.stopping && o.Pair == 0 && (!o.ReduceOnly || o.Rests() || en.now > en.phase.stopAt+lastOrders) {
		return &risk.Denied{Rule: "stopping", Detail: "the session is ending: only orders that reduce and do not rest pass"}
	}
	in := en.u.Get(o.Instrument)
	m := &en.markets.list[o.Instrument]
	if m.held != "" {
		return &risk.Denied{Rule: "held", Detail: en.markets.holdOf(o.Instrument, o.Instrument)}
	}
	if en.markets.readOnly != nil {
		if why := en.markets.readOnly(in); why != "" {
			return &risk.Denied{Rule: "read-only", Detail: why}
		}
	}
	bid, _ := m.book.Level(exchange.Buy, 1)
	ask, _ := m.book.Level(exchange.Sell, 1)
	ctx := risk.Market{
		Now: en.now, Ready: m.book.Ready(), Lost: m.book.Reason(), Age: en.now - m.book.Updated(), Bid: bid.Price, Ask: ask.Price,
		Position: en.wallets.Position(in.ID), Pending: en.orders.pending(in.ID, o.Side), OpenOrders: len(en.orders.open),
	}
	pair := en.pairs.machine(o.Pair)
	ctx.Late = en.delays.why(in.ID)
	ctx.Hedge = ctx.Late != "" && pair != nil && pair.Hedges(en.port, o)
	if m := pair; m != nil && !in.Perp() {
		coins := m.Pair.SpotQty
		if which, ok := m.Pair.Spread.Leg(in.ID); ok {
			coins = m.Pair.Spread.Legs[which].Coins
		}
		ctx.Position, ctx.Pending = pairCoins(in, coins, en.markets.TakerFee(in.ID)), 0
		if back := m.Repays(en.port, in.ID); back > 0 {
			ctx.Position = -back
		}
	}
	if o.Borrow {
		ctx.Borrowed = en.claims.borrowed(in, in.BaseQty(1, o.Qty))
	}
	if err := en.gate.Check(in, o, ctx); err != nil {
		return err
	}
	if err := en.passesLatch(o, ctx); err != nil {
		return err
	}
	if err := en.passesWarmUp(o); err != nil {
		return err
	}
	return en.affordable(in, o, ctx, arriving)
}

// Submit implements execution.Port. The order has passed Check.
//
// A venue nets the positions of all strategies. It can't see the short that a
// pair's order reduces when another strategy's long hides it, and would refuse.
func (en *orderEntry) Submit(o *exchange.Order) exchange.OrderID {
	if after := en.wallets.Position(o.Instrument)*exchange.Lots(o.Side) + o.Qty; after > 0 {
		o.ReduceOnly = false
	}
	o.ID = en.orders.last + 1
	en.send(o)
	return o.ID
}

func (en *orderEntry) send(o *exchange.Order) {
	en.orders.last = max(en.orders.last, o.ID)
	kept := *o
	if o.Type == exchange.Limit { // machines count in ticks, and know of no grid that is coarser
		kept.Price = en.u.Get(o.Instrument).OnGrid(o.Side, o.Price)
	}
	kept.Borrow = kept.Borrow || en.claims.nets(en.u.Get(o.Instrument), o)
	kept.ClientID = en.clientID(o.ID)
	kept.Status = exchange.StatusNew
	kept.Created, kept.Updated = en.now, en.now
	en.orders.addOrder(&kept)
	en.gate.Count(en.now)
	en.emit(kept.Strategy, Submit{copied(&kept)})
}

func (en *orderEntry) deny(o *exchange.Order, err error) {
	en.orders.last = max(en.orders.last, o.ID)
	kept := *o
	kept.ClientID = en.clientID(o.ID)
	kept.Status, kept.Reason = exchange.StatusDenied, err.Error()
	kept.Created, kept.Updated = en.now, en.now
	en.reportOrder(&kept)
	en.strategies.notify(kept.Strategy, Callback{Handler: OnOrder, Instrument: o.Instrument, Order: &kept})
}

// Cancel implements execution.Port. Canceling an order that is done or unknown
// does nothing.
func (en *orderEntry) Cancel(id exchange.OrderID) {
	o, ok := en.orders.get(id)
	if !ok || o.Status.Terminal() || o.Canceled {
		return
	}
	o.Canceled = true
	en.emit(o.Strategy, Cancel{copied(o)})
}

// reportOrder tells the ledger where an order stands.
func (en *orderEntry) reportOrder(o *exchange.Order) { en.emit(o.Strategy, OrderChanged{copied(o)}) }

// malformed says why an order makes no sense, whatever the market is.
func (en *orderEntry) malformed(o *exchange.Order) error {
	switch {
	case o.Instrument < 0 || int(o.Instrument) >= en.u.Len():
		return fmt.Errorf("order: instrument %d: want 0 to %d", o.Instrument, en.u.Len()-1)
	case o.Side != exchange.Buy && o.Side != exchange.Sell:
		return fmt.Errorf("order for %s: side %d: want exchange.Buy or exchange.Sell", en.u.Get(o.Instrument).Key(), o.Side)
	case o.Type != exchange.Limit && o.Type != exchange.MarketOrder:
		return fmt.Errorf("order for %s: type %d: want exchange.Limit or exchange.MarketOrder", en.u.Get(o.Instrument).Key(), o.Type)
	case o.TIF > exchange.PostOnly:
		return fmt.Errorf("order for %s: time in force %d: want one of package exchange", en.u.Get(o.Instrument).Key(), o.TIF)
	case o.Borrow && (en.u.Get(o.Instrument).Perp() || o.Side != exchange.Sell):
		return fmt.Errorf("order for %s: borrow: only coins that are sold on spot can be borrowed", en.u.Get(o.Instrument).Key())
	case o.Borrow && !en.u.Get(o.Instrument).Lends():
		return fmt.Errorf("order for %s: borrow: %s lends no %s to a wallet that trades it on spot", en.u.Get(o.Instrument).Key(), en.u.Get(o.Instrument).Venue, en.u.Get(o.Instrument).Base)
	case o.Qty <= 0:
		return fmt.Errorf("order for %s: quantity of %d lots: want more than 0", en.u.Get(o.Instrument).Key(), o.Qty)
	case o.Type == exchange.Limit && o.Price <= 0:
		return fmt.Errorf("order for %s: price of %d ticks: want more than 0", en.u.Get(o.Instrument).Key(), o.Price)
	}
	return nil
}

// lastOrders is for how long after its stop a session takes orders that reduce: the
// rest of the time it waits for answers.
const lastOrders = 30 * exchange.Second

// pairCoins is what an order of a pair reduces on spot: the pair's coins, or what it
// sold too many of and what the fee takes of them when they are bought back, whatever
// else is in the wallet. A part of a lot counts whole.
func pairCoins(spot *exchange.Instrument, coins, fee decimal.Decimal) exchange.Lots {
	if coins.IsNegative() {
		back := coins.Abs().DivRound(decimal.NewFromInt(1).Sub(fee), 12)
		return -exchange.Lots(spot.Lot.Ceil(back))
	}
	return exchange.Lots(spot.Lot.Ceil(coins))
}

func copied(o *exchange.Order) *exchange.Order {
	c := *o
	return &c
}

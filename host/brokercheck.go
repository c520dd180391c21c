package host

import (
	"errors"
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// Bounds of what is remembered of a broker's orders, as in the core: what came later is
// not one of ours any more.
const (
	keepOrders = 1000
	keepTrades = 4096
)

// brokerChecks holds what a broker says against what was sent to it.
type brokerChecks struct {
	u         *exchange.Universe
	orders    map[exchange.OrderID]*sentOrder
	done      []exchange.OrderID // ring
	next      int
	transfers map[uint64]exchange.Transfer // without an answer
	trades    map[tradeKey]exchange.OrderID
	ring      []tradeKey
	oldest    int
	before    exchange.OrderID // the last of earlier runs
}

type sentOrder struct {
	exchange.Order
	over, told bool
}

type tradeKey struct {
	instrument exchange.InstrumentID
	id         string
}

func newBrokerChecks(u *exchange.Universe) brokerChecks {
	return brokerChecks{u: u, orders: map[exchange.OrderID]*sentOrder{}, transfers: map[uint64]exchange.Transfer{}, trades: map[tradeKey]exchange.OrderID{}}
}

// goOn takes what an earlier run left.
func (k *brokerChecks) goOn(from *core.Restore) {
	if from == nil {
		return
	}
	for i := range from.Orders {
		k.sent(&from.Orders[i])
	}
	for _, t := range from.Transit {
		k.transfers[t.ID] = t
	}
	for i := range from.Fills {
		f := &from.Fills[i].Fill
		k.trade(tradeKey{f.Instrument, f.TradeID}, earlier)
	}
	k.before = from.LastOrder
}

// earlier is the order of a fill of an earlier run, of which the order is not kept.
const earlier = ^exchange.OrderID(0)

func whose(id exchange.OrderID) string {
	switch id {
	case earlier:
		return "an earlier run"
	case 0:
		return "no order of ours"
	}
	return fmt.Sprintf("order %d", id)
}

func (k *brokerChecks) sent(o *exchange.Order) { k.orders[o.ID] = &sentOrder{Order: *o} }

// working are the orders without an end, oldest first.
func (k *brokerChecks) working() (out []exchange.OrderID) {
	for id, o := range k.orders {
		if !o.over {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// unsaid are those of them that the broker has said nothing of.
func (k *brokerChecks) unsaid() []exchange.OrderID {
	return slices.DeleteFunc(k.working(), func(id exchange.OrderID) bool { return k.orders[id].told })
}

// take checks an answer and remembers it.
func (k *brokerChecks) take(ev *exchange.Event) error {
	switch ev.Kind {
	case exchange.KindOrder:
		return k.update(&ev.Update)
	case exchange.KindFill:
		return k.fill(ev.Fill)
	case exchange.KindTransfer:
		return k.transfer(ev)
	case exchange.KindBalance:
		if ev.Asset == "" || !slices.Contains(k.u.Wallets(), ev.Wallet.Within(k.u.House())) {
			return fmt.Errorf("balance of %q in wallet %q: want an asset, and a wallet of %s", ev.Asset, ev.Wallet, k.u.Wallets())
		}
		return nil
	case exchange.KindFundingPaid:
		return k.payment(ev.Payment)
	}
	return fmt.Errorf("an event of kind %q: want order, fill, transfer, balance or funding_paid", ev.Kind)
}

func (k *brokerChecks) order(id exchange.OrderID) (*sentOrder, error) {
	if o := k.orders[id]; o != nil {
		return o, nil
	}
	return nil, fmt.Errorf("order %d: none of this number was sent, or it has been over for long", id)
}

func (k *brokerChecks) update(u *exchange.OrderUpdate) error {
	o, err := k.order(u.ID)
	if err != nil {
		return err
	}
	if u.Status < exchange.StatusAccepted || u.Status > exchange.StatusRejected {
		return fmt.Errorf("order %d: status %q (%d): want accepted, partial, unknown, filled, canceled, expired or rejected", u.ID, u.Status, u.Status)
	}
	if u.Filled < 0 || u.Filled > o.Qty {
		return fmt.Errorf("order %d: %d lots are said to be filled: it is for %d", u.ID, u.Filled, o.Qty)
	}
	u.Filled = max(u.Filled, o.Filled)
	o.told = true
	if u.Status.Terminal() {
		k.finish(o)
	}
	return nil
}

func (k *brokerChecks) fill(f *exchange.Fill) error {
	switch {
	case f == nil:
		return errors.New("a fill without its Fill")
	case f.Instrument < 0 || int(f.Instrument) >= k.u.Len():
		return fmt.Errorf("fill %s of order %d: instrument %d: want 0 to %d", f.TradeID, f.Order, f.Instrument, k.u.Len()-1)
	case f.Side != exchange.Buy && f.Side != exchange.Sell, f.Qty <= 0, f.Price <= 0:
		return fmt.Errorf("fill %s of order %d: side %d, %d lots at %d ticks: want a side, and more than 0", f.TradeID, f.Order, f.Side, f.Qty, f.Price)
	case f.TradeID == "":
		return fmt.Errorf("fill of order %d: want a TradeID that no other fill of %s has", f.Order, k.u.Get(f.Instrument).Key())
	case !f.Fee.IsZero() && f.FeeAsset == "":
		return fmt.Errorf("fill %s of order %d: a fee of %s: want a FeeAsset", f.TradeID, f.Order, f.Fee)
	}
	key := tradeKey{f.Instrument, f.TradeID}
	if first, twice := k.trades[key]; twice {
		if first == f.Order || first == earlier && f.Order <= k.before {
			return nil // it is told again, and booked once
		}
		return fmt.Errorf("fill %s of order %d: another fill of %s, of %s, has this TradeID", f.TradeID, f.Order, k.u.Get(f.Instrument).Key(), whose(first))
	}
	if f.Order == 0 {
		if f.Reason == "" {
			return fmt.Errorf("fill %s of no order of ours: want a Reason", f.TradeID)
		}
		k.trade(key, 0)
		return nil
	}
	o, err := k.order(f.Order)
	switch {
	case err != nil:
		return fmt.Errorf("fill %s: %w", f.TradeID, err)
	case o.Instrument != f.Instrument || o.Side != f.Side:
		return fmt.Errorf("fill %s: a %s of %s: order %d is a %s of %s", f.TradeID, f.Side, k.u.Get(f.Instrument).Key(), o.ID, o.Side, k.u.Get(o.Instrument).Key())
	case f.Qty > o.Qty-o.Filled:
		return fmt.Errorf("fill %s: %d lots: order %d is for %d, of which %d were filled before", f.TradeID, f.Qty, o.ID, o.Qty, o.Filled)
	}
	k.trade(key, f.Order)
	o.told = true
	if o.Filled += f.Qty; o.Filled == o.Qty {
		k.finish(o)
	}
	return nil
}

func (k *brokerChecks) transfer(ev *exchange.Event) error {
	t := ev.Transfer
	if t == nil || t.Done == t.Failed {
		return errors.New("a transfer: want its Transfer, with Done or Failed set")
	}
	asked, ok := k.transfers[t.ID]
	switch {
	case !ok:
		return fmt.Errorf("transfer %d: none of this number is under way", t.ID)
	case t.Asset != asked.Asset || !t.Amount.Equal(asked.Amount) || t.From != asked.From || t.To != asked.To:
		return fmt.Errorf("transfer %d: %s %s from %s to %s: asked for were %s %s from %s to %s", t.ID, t.Amount, t.Asset, t.From, t.To, asked.Amount, asked.Asset, asked.From, asked.To)
	}
	t.Strategy = asked.Strategy
	delete(k.transfers, t.ID)
	return nil
}

func (k *brokerChecks) payment(p *exchange.FundingPayment) error {
	switch {
	case p == nil:
		return errors.New("a payment of funding without its Payment")
	case p.Instrument < 0 || int(p.Instrument) >= k.u.Len() || !k.u.Get(p.Instrument).Perp():
		return fmt.Errorf("funding %s: instrument %d: want a perpetual of the universe", p.TranID, p.Instrument)
	case p.Asset == "" || p.TranID == "":
		return fmt.Errorf("funding of %s: want an Asset and a TranID", k.u.Get(p.Instrument).Key())
	}
	return nil
}

func (k *brokerChecks) finish(o *sentOrder) {
	if o.over {
		return
	}
	o.over = true
	if len(k.done) < keepOrders {
		k.done = append(k.done, o.ID)
		return
	}
	delete(k.orders, k.done[k.next])
	k.done[k.next] = o.ID
	k.next = (k.next + 1) % keepOrders
}

func (k *brokerChecks) trade(key tradeKey, of exchange.OrderID) {
	if _, known := k.trades[key]; known {
		return
	}
	k.trades[key] = of
	if len(k.ring) < keepTrades {
		k.ring = append(k.ring, key)
		return
	}
	delete(k.trades, k.ring[k.oldest])
	k.ring[k.oldest] = key
	k.oldest = (k.oldest + 1) % keepTrades
}

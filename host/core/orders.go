package core

import (
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/risk"
)

// keepDone is how many finished orders stay known: late events about them are
// still understood.
const keepDone = 1000

// orders is the order table. Working orders are in order of id; finished ones
// are kept for a while.
type orders struct {
	last exchange.OrderID
	open []*exchange.Order
	done []*exchange.Order // ring
	next int
	byID map[exchange.OrderID]*exchange.Order
}

func (t *orders) get(id exchange.OrderID) (*exchange.Order, bool) {
	o, ok := t.byID[id]
	return o, ok
}

func (t *orders) add(o *exchange.Order) {
	t.open = append(t.open, o)
	t.byID[o.ID] = o
}

// finish moves an order from the working to the finished ones.
func (t *orders) finish(o *exchange.Order) {
	for i, w := range t.open {
		if w == o {
			t.open = append(t.open[:i], t.open[i+1:]...)
			break
		}
	}
	if len(t.done) < keepDone {
		t.done = append(t.done, o)
		return
	}
	delete(t.byID, t.done[t.next].ID)
	t.done[t.next] = o
	t.next = (t.next + 1) % keepDone
}

// lastWord is how an order ended, and how much of it filled before.
type lastWord struct {
	status exchange.OrderStatus
	filled exchange.Lots
}

// pending is the signed quantity that working orders on a side may still fill.
func (t *orders) pending(id exchange.InstrumentID, side exchange.Side) exchange.Lots {
	var q exchange.Lots
	for _, o := range t.open {
		if o.Instrument == id && o.Side == side {
			q += exchange.Lots(side) * o.Leaves()
		}
	}
	return q
}

// clientID makes the id the venue knows an order by. It follows from the
// session's tag and the order's number alone, so a replayed or restarted run
// gives the same decision the same id.
func (c *Core) clientID(id exchange.OrderID) string {
	return c.cfg.ClientTag + "-" + strconv.FormatUint(uint64(id), 36)
}

// submitChecked sends a strategy's order, or tells the strategy why not.
func (c *Core) submitChecked(o *exchange.Order) {
	if err := c.Check(o); err != nil {
		c.deny(o, err)
		return
	}
	c.send(o)
}

// Check implements execution.Port: the gate, without sending.
func (c *Core) Check(o *exchange.Order) error { return c.CheckWith(o, decimal.Zero) }

// CheckWith implements execution.Port.
func (c *Core) CheckWith(o *exchange.Order, arriving decimal.Decimal) error {
	if c.stopping && o.Pair == 0 && (!o.ReduceOnly || rests(o) || c.now > c.stopAt+lastOrders) {
		return &risk.Denied{Rule: "stopping", Detail: "the session is ending: only orders that reduce and do not rest pass"}
	}
	in := c.u.Get(o.Instrument)
	m := &c.markets[o.Instrument]
	if m.held != "" {
		return &risk.Denied{Rule: "held", Detail: c.holdOf(o.Instrument, o.Instrument)}
	}
	bid, _ := m.book.Level(exchange.Buy, 1)
	ask, _ := m.book.Level(exchange.Sell, 1)
	ctx := risk.Market{
		Now: c.now, Ready: m.book.Ready(), Lost: m.book.Reason(), Age: c.now - m.book.Updated(), Bid: bid.Price, Ask: ask.Price,
		Position: c.acct.pos[in.ID].qty, Pending: c.orders.pending(in.ID, o.Side), OpenOrders: len(c.orders.open),
	}
	if m := c.machine(o.Pair); m != nil && !in.Perp() {
		ctx.Position, ctx.Pending = pairCoins(in, m.Pair.SpotQty, c.TakerFee(in.ID)), 0
	}
	if err := c.gate.Check(in, o, ctx); err != nil {
		return err
	}
	return c.affordable(in, o, ctx, arriving)
}

// lastOrders is for how long after its stop a session takes orders that reduce: the
// rest of the time it waits for answers.
const lastOrders = 30 * exchange.Second

// rests reports whether an order may stay in the book.
func rests(o *exchange.Order) bool {
	return o.Type == exchange.Limit && o.TIF != exchange.IOC && o.TIF != exchange.FOK
}

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

// Submit implements execution.Port. The order has passed Check.
//
// A venue nets the positions of all strategies. It can't see the short that a
// pair's order reduces when another strategy's long hides it, and would refuse.
func (c *Core) Submit(o *exchange.Order) exchange.OrderID {
	if after := c.acct.pos[o.Instrument].qty*exchange.Lots(o.Side) + o.Qty; after > 0 {
		o.ReduceOnly = false
	}
	o.ID = c.orders.last + 1
	c.send(o)
	return o.ID
}

func (c *Core) send(o *exchange.Order) {
	c.orders.last = max(c.orders.last, o.ID)
	kept := *o
	kept.ClientID = c.clientID(o.ID)
	kept.Status = exchange.StatusNew
	kept.Created, kept.Updated = c.now, c.now
	c.orders.add(&kept)
	c.gate.Count(c.now)
	c.emit(kept.Strategy, Submit{copied(&kept)})
}

func (c *Core) deny(o *exchange.Order, err error) {
	c.orders.last = max(c.orders.last, o.ID)
	kept := *o
	kept.ClientID = c.clientID(o.ID)
	kept.Status, kept.Reason = exchange.StatusDenied, err.Error()
	kept.Created, kept.Updated = c.now, c.now
	c.reportOrder(&kept)
	c.tell(kept.Strategy, Notice{Handler: OnOrder, Instrument: o.Instrument, Order: &kept})
}

// Cancel implements execution.Port. Cancelling an order that is done or unknown
// does nothing.
func (c *Core) Cancel(id exchange.OrderID) {
	o, ok := c.orders.get(id)
	if !ok || o.Status.Terminal() || o.Canceled {
		return
	}
	o.Canceled = true
	c.emit(o.Strategy, Cancel{copied(o)})
}

// reportOrder tells the ledger where an order stands.
func (c *Core) reportOrder(o *exchange.Order) { c.emit(o.Strategy, OrderChanged{copied(o)}) }

func copied(o *exchange.Order) *exchange.Order {
	c := *o
	return &c
}

// onOrder takes the venue's word on an order. Fills alone move its filled
// quantity; a final status that speaks of more than we have seen waits for them.
func (c *Core) onOrder(ev *exchange.Event) {
	u := &ev.Update
	o, ok := c.orders.get(u.ID)
	if !ok {
		c.log(intent.Warn, -1, "venue speaks of order "+u.VenueID+" ("+u.Status.String()+"), which is not ours")
		return
	}
	if u.VenueID != "" {
		o.VenueID = u.VenueID
	}
	if u.CancelRejected && !u.Status.Terminal() {
		o.Canceled = false // it works on, and may be cancelled again
		return
	}
	if o.Status.Terminal() {
		return
	}
	if u.Status == exchange.StatusAccepted && (o.Status == exchange.StatusAccepted || o.Status == exchange.StatusPartial) {
		return
	}
	o.Updated, o.Reason = c.now, u.Reason
	if u.Status.Terminal() && u.Filled > o.Filled {
		c.awaiting[o.ID] = lastWord{u.Status, u.Filled}
		return
	}
	c.setStatus(o, u.Status)
}

func (c *Core) setStatus(o *exchange.Order, status exchange.OrderStatus) {
	o.Status = status
	c.reportOrder(o)
	if status.Terminal() {
		c.orders.finish(o)
	}
	if o.Schedule != 0 {
		c.scheduledDone(o)
		return
	}
	if o.Pair == 0 {
		c.tell(o.Strategy, Notice{Handler: OnOrder, Instrument: o.Instrument, Order: o})
		return
	}
	if m := c.machine(o.Pair); m != nil && status.Terminal() {
		m.OrderDone(c, o.ID)
		c.guard(m)
	}
}

// onFill books an execution: account, strategy, pair, ledger, in that order.
func (c *Core) onFill(ev *exchange.Event) {
	f := ev.Fill
	in := c.u.Get(f.Instrument)
	if !c.seen.add(f) {
		c.log(intent.Warn, -1, "trade "+f.TradeID+" of "+in.Key()+" was reported again and is booked once")
		return
	}
	o, ours := c.orders.get(f.Order)
	ours = ours && f.Order != 0
	var strategy int32 = -1
	if ours {
		strategy = o.Strategy
		o.Filled += f.Qty
		o.Updated = c.now
	}
	var shares []FillShare
	if !ours {
		f, shares = c.attribute(f)
	}
	postings := c.acct.fill(f)
	c.countFee(in, f, ours, shares)
	e := c.outbox.fills.keep(Filled{Fill: f, Shares: shares})
	txn := &Txn{Kind: "fill", Ref: in.Key() + ":" + f.TradeID, Strategy: strategy, Postings: postings}
	if ours {
		e.Order = copied(o)
		txn.Pair = o.Pair
		c.credit(strategy, o.Pair, f)
	}
	c.emit(strategy, e)
	if len(postings) > 0 { // a short opened without a fee moves no money
		c.emit(strategy, Booked{txn})
	}
	if !ours {
		c.foreignFill(f, shares)
		return
	}
	c.fills++
	c.fillProgress(o, f)
	c.oversold(o, f)
}

// countFee adds a fee to the session's, and to others' what is no strategy's of it.
func (c *Core) countFee(in *exchange.Instrument, f *exchange.Fill, ours bool, shares []FillShare) {
	fee := c.feeValue(in, f)
	c.stats.Fees = c.stats.Fees.Add(fee)
	if ours {
		return
	}
	for i := range shares {
		if s := &shares[i]; s.Strategy >= 0 {
			fee = fee.Sub(c.feeValue(in, &s.Fill))
		}
	}
	c.stats.Others.Fees = c.stats.Others.Fees.Add(fee)
}

// feeValue is a fee in the account's currency: one that was taken in coin counts at
// the fill's own price.
func (c *Core) feeValue(in *exchange.Instrument, f *exchange.Fill) decimal.Decimal {
	if f.FeeAsset == in.Base && c.acct.values.Counts(in.Quote) {
		return f.Fee.Mul(in.PriceDecimal(f.Price)).DivRound(decimal.NewFromInt(in.Multiplier), 16)
	}
	return c.Worth(f.FeeAsset, f.Fee)
}

// fillProgress tells everyone concerned and settles the order's status.
func (c *Core) fillProgress(o *exchange.Order, f *exchange.Fill) {
	c.tell(o.Strategy, Notice{Handler: OnFill, Instrument: f.Instrument, Order: o, Fill: f})
	c.scheduledFill(o, f)
	m := c.machine(o.Pair)
	if m != nil {
		m.Fill(c, f, o.Leg == 2)
		c.record(m)
	}
	if o.Filled > o.Qty {
		c.halt(fmt.Sprintf("order %s of %d lots was filled with %d: the venue and we do not mean the same order", o.ClientID, o.Qty, o.Filled))
	}
	switch want, waiting := c.awaiting[o.ID]; {
	case o.Status.Terminal(): // its last word overtook the fill
		c.reportOrder(o)
		if m != nil {
			m.Step(c)
		}
	case waiting && o.Filled >= want.filled:
		delete(c.awaiting, o.ID)
		c.setStatus(o, want.status)
	case !waiting && o.Filled >= o.Qty:
		c.setStatus(o, exchange.StatusFilled)
	case o.Status != exchange.StatusPartial: // new, accepted, or unknown until now
		o.Status = exchange.StatusPartial
		c.reportOrder(o)
	}
	if m != nil {
		c.guard(m)
	}
}

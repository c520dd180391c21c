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

// orderTable is the order table. Working orders are in order of id; finished ones
// are kept for a while.
type orderTable struct {
	last exchange.OrderID
	open []*exchange.Order
	done []*exchange.Order // ring
	next int
	byID map[exchange.OrderID]*exchange.Order
}

func (t *orderTable) get(id exchange.OrderID) (*exchange.Order, bool) {
	o, ok := t.byID[id]
	return o, ok
}

func (t *orderTable) add(o *exchange.Order) {
	t.open = append(t.open, o)
	t.byID[o.ID] = o
}

// finish moves an order from the working to the finished ones.
func (t *orderTable) finish(o *exchange.Order) {
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
func (t *orderTable) pending(id exchange.InstrumentID, side exchange.Side) exchange.Lots {
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
	if en.phase.stopping && o.Pair == 0 && (!o.ReduceOnly || rests(o) || en.now > en.phase.stopAt+lastOrders) {
		return &risk.Denied{Rule: "stopping", Detail: "the session is ending: only orders that reduce and do not rest pass"}
	}
	in := en.u.Get(o.Instrument)
	m := &en.markets.list[o.Instrument]
	if m.held != "" {
		return &risk.Denied{Rule: "held", Detail: en.markets.holdOf(o.Instrument, o.Instrument)}
	}
	bid, _ := m.book.Level(exchange.Buy, 1)
	ask, _ := m.book.Level(exchange.Sell, 1)
	ctx := risk.Market{
		Now: en.now, Ready: m.book.Ready(), Lost: m.book.Reason(), Age: en.now - m.book.Updated(), Bid: bid.Price, Ask: ask.Price,
		Position: en.wallets.Position(in.ID), Pending: en.orders.pending(in.ID, o.Side), OpenOrders: len(en.orders.open),
	}
	if m := en.pairs.machine(o.Pair); m != nil && !in.Perp() {
		ctx.Position, ctx.Pending = pairCoins(in, m.Pair.SpotQty, en.markets.TakerFee(in.ID)), 0
	}
	if err := en.gate.Check(in, o, ctx); err != nil {
		return err
	}
	return en.affordable(in, o, ctx, arriving)
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
	kept.ClientID = en.clientID(o.ID)
	kept.Status = exchange.StatusNew
	kept.Created, kept.Updated = en.now, en.now
	en.orders.add(&kept)
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
	en.strategies.tell(kept.Strategy, Notice{Handler: OnOrder, Instrument: o.Instrument, Order: &kept})
}

// Cancel implements execution.Port. Cancelling an order that is done or unknown
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

func copied(o *exchange.Order) *exchange.Order {
	c := *o
	return &c
}

// onOrder takes the venue's word on an order. Fills alone move its filled
// quantity; a final status that speaks of more than we have seen waits for them.
func (ex *executions) onOrder(ev *exchange.Event) {
	u := &ev.Update
	o, ok := ex.orders.get(u.ID)
	if !ok {
		ex.log(intent.Warn, -1, "venue speaks of order "+u.VenueID+" ("+u.Status.String()+"), which is not ours")
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
	o.Updated, o.Reason = ex.now, u.Reason
	if u.Status.Terminal() && u.Filled > o.Filled {
		ex.awaiting[o.ID] = lastWord{u.Status, u.Filled}
		return
	}
	ex.setStatus(o, u.Status)
}

func (ex *executions) setStatus(o *exchange.Order, status exchange.OrderStatus) {
	o.Status = status
	ex.entry.reportOrder(o)
	if status.Terminal() {
		ex.orders.finish(o)
	}
	if o.Schedule != 0 {
		ex.parents.scheduledDone(o)
		return
	}
	if o.Pair == 0 {
		ex.strategies.tell(o.Strategy, Notice{Handler: OnOrder, Instrument: o.Instrument, Order: o})
		return
	}
	if m := ex.pairs.machine(o.Pair); m != nil && status.Terminal() {
		m.OrderDone(ex.driver.port, o.ID)
		ex.driver.guard(m)
	}
}

// onFill books an execution: account, strategy, pair, ledger, in that order.
func (ex *executions) onFill(ev *exchange.Event) {
	f := ev.Fill
	in := ex.u.Get(f.Instrument)
	if !ex.seen.add(f) {
		ex.log(intent.Warn, -1, "trade "+f.TradeID+" of "+in.Key()+" was reported again and is booked once")
		return
	}
	o, ours := ex.orders.get(f.Order)
	ours = ours && f.Order != 0
	var strategy int32 = -1
	if ours {
		strategy = o.Strategy
		o.Filled += f.Qty
		o.Updated = ex.now
	}
	var shares []FillShare
	if !ours {
		f, shares = ex.claims.attribute(f)
	}
	postings := ex.acct.fill(f)
	ex.countFee(in, f, ours, shares)
	e := ex.outbox.fills.keep(Filled{Fill: f, Shares: shares})
	txn := &Txn{Kind: "fill", Ref: in.Key() + ":" + f.TradeID, Strategy: strategy, Postings: postings}
	if ours {
		e.Order = copied(o)
		txn.Pair = o.Pair
		ex.claims.credit(strategy, o.Pair, f)
	}
	ex.emit(strategy, e)
	if len(postings) > 0 { // a short opened without a fee moves no money
		ex.emit(strategy, Booked{txn})
	}
	if !ours {
		ex.foreignFill(f, shares)
		return
	}
	ex.fills++
	ex.fillProgress(o, f)
	ex.crossing.oversold(o, f)
}

// countFee adds a fee to the session's, and to others' what is no strategy's of it.
func (ex *executions) countFee(in *exchange.Instrument, f *exchange.Fill, ours bool, shares []FillShare) {
	fee := ex.wallets.feeValue(in, f)
	ex.stats.Fees = ex.stats.Fees.Add(fee)
	if ours {
		return
	}
	for i := range shares {
		if s := &shares[i]; s.Strategy >= 0 {
			fee = fee.Sub(ex.wallets.feeValue(in, &s.Fill))
		}
	}
	ex.stats.Others.Fees = ex.stats.Others.Fees.Add(fee)
}

// feeValue is a fee in the account's currency: one that was taken in coin counts at
// the fill's own price.
func (wl *wallets) feeValue(in *exchange.Instrument, f *exchange.Fill) decimal.Decimal {
	if f.FeeAsset == in.Base && wl.acct.values.Counts(in.Quote) {
		return f.Fee.Mul(in.PriceDecimal(f.Price)).DivRound(decimal.NewFromInt(in.Multiplier), 16)
	}
	return wl.Worth(f.FeeAsset, f.Fee)
}

// fillProgress tells everyone concerned and settles the order's status.
func (ex *executions) fillProgress(o *exchange.Order, f *exchange.Fill) {
	ex.strategies.tell(o.Strategy, Notice{Handler: OnFill, Instrument: f.Instrument, Order: o, Fill: f})
	ex.parents.scheduledFill(o, f)
	m := ex.pairs.machine(o.Pair)
	if m != nil {
		m.Fill(ex.driver.port, f, o.Leg == 2)
		ex.driver.record(m)
	}
	if o.Filled > o.Qty {
		ex.halt(fmt.Sprintf("order %s of %d lots was filled with %d: the venue and we do not mean the same order", o.ClientID, o.Qty, o.Filled))
	}
	switch want, waiting := ex.awaiting[o.ID]; {
	case o.Status.Terminal(): // its last word overtook the fill
		ex.entry.reportOrder(o)
		if m != nil {
			m.Step(ex.driver.port)
		}
	case waiting && o.Filled >= want.filled:
		delete(ex.awaiting, o.ID)
		ex.setStatus(o, want.status)
	case !waiting && o.Filled >= o.Qty:
		ex.setStatus(o, exchange.StatusFilled)
	case o.Status != exchange.StatusPartial: // new, accepted, or unknown until now
		o.Status = exchange.StatusPartial
		ex.entry.reportOrder(o)
	}
	if m != nil {
		ex.driver.guard(m)
	}
}

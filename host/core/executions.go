package core

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/attribution"
	"github.com/perilune/perilune/exchange/intent"
)

// lastWord is how an order ended, and how much of it filled before.
type lastWord struct {
	status exchange.OrderStatus
	filled exchange.Lots
}

// onPayment books a settlement of funding and shares it out by what everybody holds.
func (ex *executions) onPayment(ev *exchange.Event) {
	p := ev.Payment
	in := ex.u.Get(p.Instrument)
	postings := []exchange.Posting{ex.acct.addToWallet(in.Wallet, p.Asset, p.Amount), against("I:funding", p.Asset, p.Amount)}
	ex.stats.Funding = ex.stats.Funding.Add(ex.wallets.Worth(p.Asset, p.Amount))
	ex.emit(-1, Booked{&Txn{Kind: "funding",
		Ref: in.Key() + ":" + p.Settled.String() + ":" + p.TranID, Strategy: ex.ownerOf(in.ID), Postings: postings}})
	ex.shareFunding(in, p)
	for _, s := range ex.strategies.list {
		if pos, ok := s.pos[in.ID]; ok && pos.qty != 0 {
			ex.strategies.notify(s.index, Callback{Handler: OnFunding, Instrument: in.ID, Payment: p})
		}
	}
}

// shareFunding gives everybody who holds a part of the position the part of a payment
// that it earned or owes, and what is left to the account.
func (ex *executions) shareFunding(in *exchange.Instrument, p *exchange.FundingPayment) {
	rest := *p
	list, held := ex.claims.holders(in)
	for i := range list {
		if p.Position == 0 {
			break
		}
		part := *p
		part.Position = held[i]
		part.Amount = attribution.Amount(p.Amount, held[i], p.Position)
		if part.Position == rest.Position {
			part.Amount = rest.Amount
		}
		rest.Position -= part.Position
		rest.Amount = rest.Amount.Sub(part.Amount)
		m := ex.pairs.machine(list[i].Pair)
		if m != nil {
			m.Settled(ex.driver.port, p.Asset, part.Amount)
		}
		ex.emit(list[i].Strategy, ex.payments.keep(FundingPaid{&part, list[i].Pair}))
		if m != nil {
			ex.driver.Changed(m)
		}
	}
	if rest.Position != 0 || !rest.Amount.IsZero() {
		ex.stats.Others.Funding = ex.stats.Others.Funding.Add(ex.wallets.Worth(p.Asset, rest.Amount))
		ex.emit(-1, ex.payments.keep(FundingPaid{Payment: &rest}))
	}
}

// ownerOf returns the strategy that holds an instrument when only one does.
func (ex *executions) ownerOf(id exchange.InstrumentID) int32 {
	owner := int32(-1)
	for _, s := range ex.strategies.list {
		if pos, ok := s.pos[id]; ok && pos.qty != 0 {
			if owner >= 0 {
				return -1
			}
			owner = s.index
		}
	}
	return owner
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
		o.Canceled = false // it works on, and may be canceled again
		ex.conditionals.cancelRefused(o)
		return
	}
	if o.Status.Terminal() {
		return
	}
	if u.Qty != 0 {
		o.Qty, o.Updated = max(u.Qty, o.Filled), ex.now
		ex.setStatus(o, u.Status)
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
		ex.orders.finishOrder(o)
	}
	if o.Schedule != 0 {
		ex.parents.scheduledDone(o)
		return
	}
	if o.Pair == 0 {
		ex.strategies.notify(o.Strategy, Callback{Handler: OnOrder, Instrument: o.Instrument, Order: o})
		if status.Terminal() {
			ex.conditionals.orderDone(o)
		}
		return
	}
	if m := ex.pairs.machine(o.Pair); m != nil && status.Terminal() {
		m.OrderDone(ex.driver.port, o.ID)
		ex.driver.snoozeIdle(m)
	}
}

// onFill books an execution: account, strategy, pair, ledger, in that order.
func (ex *executions) onFill(ev *exchange.Event) {
	f := ev.Fill
	in := ex.u.Get(f.Instrument)
	if !ex.seen.addExecution(f) {
		ex.logAbout(intent.Warn, -1, About{Order: f.Order, Instrument: in.Key()}, "trade "+f.TradeID+" of "+in.Key()+" was reported again and is booked once")
		return
	}
	f.Traded = ex.now
	if ev.VenueTime != 0 {
		f.Traded = min(ev.VenueTime, ex.now)
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

// fillProgress tells everyone concerned and settles the order's status.
func (ex *executions) fillProgress(o *exchange.Order, f *exchange.Fill) {
	ex.strategies.notify(o.Strategy, Callback{Handler: OnFill, Instrument: f.Instrument, Order: o, Fill: f})
	ex.parents.scheduledFill(o, f)
	ex.conditionals.fill(o, f)
	m := ex.pairs.machine(o.Pair)
	if m != nil {
		m.Fill(ex.driver.port, f)
		ex.driver.recordPair(m)
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
		ex.driver.snoozeIdle(m)
	}
}

// foreignFill tells of a fill that we did not ask for everybody who held a part of
// what it took. Pairs that it took a leg from make the other one follow at once.
func (ex *executions) foreignFill(f *exchange.Fill, shares []FillShare) {
	in := ex.u.Get(f.Instrument)
	if f.Reason == attribution.Nobody {
		return // the host says what it found, all at once
	}
	ex.logAbout(intent.Error, -1, About{Instrument: in.Key()}, ForeignFillLine+f.Reason+"): "+f.Side.String()+" "+in.QtyDecimal(f.Qty).String()+" "+in.Key()+
		" at "+in.PriceDecimal(f.Price).String())
	ex.insurance.noteClosed(in, f, shares)
	for i := range shares {
		s := &shares[i]
		ex.claims.credit(s.Strategy, s.Pair, &s.Fill)
	}
	for i := range shares {
		ex.notifyShare(shares, i)
	}
	for i := range shares {
		s := &shares[i]
		if m := ex.pairs.machine(s.Pair); m != nil {
			m.Fill(ex.driver.port, &s.Fill)
			ex.driver.snoozeIdle(m)
			ex.driver.Changed(m)
		}
	}
}

// notifyShare tells a strategy of all its shares at once, at the first of them.
func (ex *executions) notifyShare(shares []FillShare, at int) {
	whose := shares[at].Strategy
	mine := func(s FillShare) bool { return s.Strategy == whose }
	if whose < 0 || slices.IndexFunc(shares, mine) != at {
		return
	}
	sum := shares[at].Fill
	sum.Qty, sum.Fee, sum.Realised = 0, decimal.Zero, decimal.Zero
	for i := range shares {
		if s := &shares[i].Fill; mine(shares[i]) {
			sum.Qty, sum.Fee, sum.Realised = sum.Qty+s.Qty, sum.Fee.Add(s.Fee), sum.Realised.Add(s.Realised)
		}
	}
	ex.strategies.notify(whose, Callback{Handler: OnFill, Instrument: sum.Instrument, Fill: &sum})
}

// Package twin keeps a paper twin of real orders: a paper venue that is shown the same market
// and is sent the same orders at the same moments, so that what paper makes of them can be
// compared with what the venue did. It is what says how wrong paper is, and what its models
// are fitted by.
//
//   - [Twin] is the venue beside the orders: Market, Sent, Cancel, Shrink, Heard.
//   - [Report] is what came of it: order by order, paired by client order id, and in sum.
//   - [FitLatency], and [Best] of reports over [Queues] and [Impacts], choose the parameters of
//     the paper venue that come nearest to what was real.
//
// # What it can't tell
//
// A strategy acts on what the real orders came to, also for the twin's: where the two differ
// the twin does not decide anew. A paper order that is still open when the real one has ended
// is left for Grace and then canceled, so what it would have become later is not known. Our
// own real orders are part of the book and of the trades that the twin sees: what a real order
// took from a level is gone when the twin's comes later.
package twin

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/paper"
)

// Options are what a twin is made from.
type Options struct {
	Universe *exchange.Universe
	// Books are kept by the caller, who applies an event before Market is shown it.
	Books func(exchange.InstrumentID) *book.Book
	// Paper is how the twin fills. Universe, Books, Balances and Restore are the twin's own.
	Paper paper.Options
	// Account is what it begins with, as the real account stood.
	Account *paper.Account
	// Grace is how long a paper order goes on when the real one has ended. 0: a minute.
	Grace exchange.Time
	// Keep bounds how many orders are kept, the newest: at times twice as many. What is older is
	// in no figure but Report.Orders and Left. 0: 100,000.
	Keep int
}

const (
	usualGrace = exchange.Minute
	usualKeep  = 100_000
)

// Twin is a paper venue beside real orders. One goroutine uses it at a time. The same calls
// give the same report.
type Twin struct {
	o      Options
	venue  *paper.Venue
	began  exchange.Time
	now    exchange.Time
	orders map[exchange.OrderID]*Pair
	list   []*Pair // oldest first
	linger []*Pair // whose real order has ended, and the paper one not
	gone   int     // that are no longer in list
	paid   [2]map[string]decimal.Decimal
	popped exchange.Event
}

// New returns a twin that no order was sent to.
func New(o Options, at exchange.Time) (*Twin, error) {
	if o.Grace == 0 {
		o.Grace = usualGrace
	}
	if o.Keep == 0 {
		o.Keep = usualKeep
	}
	on := o.Paper
	on.Universe, on.Books, on.Balances, on.Restore = o.Universe, o.Books, nil, o.Account
	v, err := paper.New(on)
	if err != nil {
		return nil, fmt.Errorf("twin: %w", err)
	}
	return &Twin{o: o, venue: v, began: at, now: at, orders: map[exchange.OrderID]*Pair{},
		paid: [2]map[string]decimal.Decimal{{}, {}}}, nil
}

// Market shows the twin a market event that its books already have.
func (t *Twin) Market(ev *exchange.Event) {
	t.Advance(ev.Time)
	t.venue.Market(ev)
}

// Advance lets its time go on, and hears what its venue says on the way.
func (t *Twin) Advance(to exchange.Time) {
	for {
		at, ok := t.venue.NextTime()
		if !ok || at > to {
			break
		}
		t.venue.Pop(&t.popped)
		t.hear(&t.popped, paperSide)
	}
	t.now = max(t.now, to)
	t.linger = slices.DeleteFunc(t.linger, func(p *Pair) bool {
		if p.ended() {
			return true
		}
		if t.now < p.Real.Ended+t.o.Grace {
			return false
		}
		t.venue.Cancel(p.Order.ID, t.now)
		return true
	})
}

// Sent is told of an order that went to the real venue.
func (t *Twin) Sent(o *exchange.Order, now exchange.Time) {
	t.Advance(now)
	if t.orders[o.ID] != nil {
		return
	}
	p := &Pair{Order: *o, Sent: now, Real: Outcome{size: o.Qty}, Paper: Outcome{size: o.Qty}, in: t.o.Universe.Get(o.Instrument)}
	t.orders[o.ID] = p
	t.list = append(t.list, p)
	t.forget()
	t.venue.Submit(o, now)
}

// forget drops the oldest pairs that are over, beyond what is kept.
func (t *Twin) forget() {
	if len(t.list) < 2*t.o.Keep {
		return
	}
	cut := len(t.list) - t.o.Keep
	for _, p := range t.list[:cut] {
		delete(t.orders, p.Order.ID)
	}
	t.gone += cut
	t.list = slices.Clone(t.list[cut:])
}

// Cancel is told of a cancel that went to the real venue.
func (t *Twin) Cancel(id exchange.OrderID, now exchange.Time) {
	t.Advance(now)
	if p := t.orders[id]; p != nil {
		t.venue.Cancel(id, now)
	}
}

// Shrink is told that the real venue was asked to make an order smaller in its place.
func (t *Twin) Shrink(id exchange.OrderID, qty exchange.Lots, now exchange.Time) {
	t.Advance(now)
	if t.orders[id] != nil {
		t.venue.Shrink(id, qty, now)
	}
}

// Transfer is told of a transfer that was sent.
func (t *Twin) Transfer(x *exchange.Transfer, now exchange.Time) {
	t.Advance(now)
	t.venue.Transfer(x, now)
}

// Heard is told what the real venue said.
func (t *Twin) Heard(ev *exchange.Event) {
	t.Advance(ev.Time)
	t.hear(ev, realSide)
}

const (
	realSide = iota
	paperSide
)

func (t *Twin) hear(ev *exchange.Event, side int) {
	switch ev.Kind {
	case exchange.KindOrder:
		if p := t.orders[ev.Update.ID]; p != nil {
			p.side(side).update(&ev.Update, ev.Time)
			t.after(p, side)
		}
	case exchange.KindFill:
		if p := t.orders[ev.Fill.Order]; p != nil && ev.Fill.Order != 0 {
			p.side(side).fill(p, ev.Fill, ev.Time)
			t.after(p, side)
		}
	case exchange.KindFundingPaid:
		paid := t.paid[side]
		paid[ev.Payment.Asset] = paid[ev.Payment.Asset].Add(ev.Payment.Amount)
	case exchange.KindBalance:
		if side == realSide && ev.Reason == "" {
			_ = t.venue.Deposit(paper.Deposit{Wallet: ev.Wallet, Asset: ev.Asset, Amount: ev.Amount}) // what it can't take changes no order
		}
	}
}

// after sees to it that a paper order does not go on for ever when the real one has ended.
func (t *Twin) after(p *Pair, side int) {
	if side == realSide && p.Real.Ended != 0 && p.Paper.Ended == 0 && !slices.Contains(t.linger, p) {
		t.linger = append(t.linger, p)
	}
}

// Pair is one order as the real venue and the paper one had it.
type Pair struct {
	Order exchange.Order // as it was sent
	Sent  exchange.Time
	Real  Outcome
	Paper Outcome

	in *exchange.Instrument
}

func (p *Pair) side(side int) *Outcome {
	if side == realSide {
		return &p.Real
	}
	return &p.Paper
}

func (p *Pair) ended() bool { return p.Real.Ended != 0 && p.Paper.Ended != 0 }

// Outcome is what became of an order at one venue.
type Outcome struct {
	Answered exchange.Time // when the first word of it was heard; 0: none was
	Status   exchange.OrderStatus
	Reason   string
	Filled   exchange.Lots
	Maker    exchange.Lots // of Filled
	First    exchange.Time // when the first fill was heard
	Ended    exchange.Time // when its end was heard; 0: it goes on

	size  exchange.Lots   // when it is filled: what was ordered, or what the venue made of it since
	worth decimal.Decimal // price times quantity of the fills
	fees  decimal.Decimal // in the quote currency
}

func (o *Outcome) answer(at exchange.Time) {
	if o.Answered == 0 {
		o.Answered = at
	}
}

func (o *Outcome) update(u *exchange.OrderUpdate, at exchange.Time) {
	if u.CancelRejected {
		return
	}
	o.answer(at)
	o.Status, o.Reason, o.size = u.Status, u.Reason, cmp.Or(u.Qty, o.size)
	if o.Ended == 0 && u.Status.Terminal() && (u.Status != exchange.StatusFilled || o.Filled >= o.size) {
		o.Ended = at
	}
}

func (o *Outcome) fill(p *Pair, f *exchange.Fill, at exchange.Time) {
	o.answer(at)
	if o.First == 0 {
		o.First = at
	}
	o.Filled += f.Qty
	if f.Maker {
		o.Maker += f.Qty
	}
	price := p.in.PriceDecimal(f.Price)
	o.worth = o.worth.Add(price.Mul(p.in.QtyDecimal(f.Qty)))
	fee := f.Fee
	if f.FeeAsset == p.in.Base && f.FeeAsset != p.in.Quote {
		fee = fee.Mul(price)
	}
	o.fees = o.fees.Add(fee)
	if o.Filled >= o.size && o.Ended == 0 {
		o.Ended, o.Status = at, exchange.StatusFilled
	}
}

// price is the mean price of the fills; 0 where there are none.
func (o *Outcome) price(in *exchange.Instrument) decimal.Decimal {
	if o.Filled == 0 {
		return decimal.Zero
	}
	return o.worth.DivRound(in.QtyDecimal(o.Filled), 12)
}

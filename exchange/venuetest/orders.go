package venuetest

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Orders tries what the core is told of orders, transfers and funding: on a venue with an
// account through the order manager, on one in the loop by itself.
func Orders(t *testing.T, h Harness) {
	t.Parallel()
	trying(t, "ends", func(t *testing.T) { ends(begin(t, &h)) })
	trying(t, "once", func(t *testing.T) { once(begin(t, &h)) })
	trying(t, "too late", func(t *testing.T) { tooLate(begin(t, &h)) })
	trying(t, "refused", func(t *testing.T) { refused(begin(t, &h)) })
	trying(t, "transfers", func(t *testing.T) { transfers(begin(t, &h)) })
	trying(t, "funding", func(t *testing.T) { funding(t, &h) })
	for f := Fault(1); f < faultsEnd; f++ {
		trying(t, "fault: "+f.String(), func(t *testing.T) { underFault(begin(t, &h), f) })
	}
	trying(t, "events doubled and out of order", func(t *testing.T) { disturbed(t, &h) })
	for _, point := range restartPoints {
		trying(t, "restart: "+point.name, func(t *testing.T) { restarted(begin(t, &h), point.act) })
	}
}

// end is a kind of order and what becomes of it.
type end struct {
	name   string
	tif    exchange.TimeInForce
	price  func(*trial, *Trade) decimal.Decimal // nil: a market order
	cancel bool                                 // it rests, and is canceled
	filled bool
	want   []exchange.OrderStatus
}

var (
	atRest = func(_ *trial, tr *Trade) decimal.Decimal { return tr.Rest }
	atTake = (*trial).above
	gone   = []exchange.OrderStatus{exchange.StatusExpired, exchange.StatusCanceled, exchange.StatusRejected}
)

// orderEnds are the kinds of orders that the core sends. A venue may call the end of an
// order that never traded by any of the words for it.
var orderEnds = []end{
	{name: "market", tif: exchange.IOC, filled: true, want: []exchange.OrderStatus{exchange.StatusFilled}},
	{name: "limit that takes", tif: exchange.GTC, price: atTake, filled: true, want: []exchange.OrderStatus{exchange.StatusFilled}},
	{name: "IOC that takes", tif: exchange.IOC, price: atTake, filled: true, want: []exchange.OrderStatus{exchange.StatusFilled}},
	{name: "IOC that does not", tif: exchange.IOC, price: atRest, want: gone},
	{name: "FOK that takes", tif: exchange.FOK, price: atTake, filled: true, want: []exchange.OrderStatus{exchange.StatusFilled}},
	{name: "FOK that does not", tif: exchange.FOK, price: atRest, want: gone},
	{name: "limit that rests", tif: exchange.GTC, price: atRest, cancel: true, want: []exchange.OrderStatus{exchange.StatusCanceled}},
	{name: "post-only that rests", tif: exchange.PostOnly, price: atRest, cancel: true, want: []exchange.OrderStatus{exchange.StatusCanceled}},
	{name: "post-only that would take", tif: exchange.PostOnly, price: atTake, want: gone},
}

// ends: every kind of order comes to its end in every segment, and what reduces a
// position closes it.
func ends(p *trial) {
	for i := range p.b.Trades {
		tr := &p.b.Trades[i]
		for _, e := range orderEnds {
			if p.b.Account != nil && slices.Contains(p.b.Account.Profile().Lacks, e.tif) {
				p.Logf("%s: the venue has no %s orders", tr.Key, e.tif)
				continue
			}
			price := decimal.Zero
			if e.price != nil {
				price = e.price(p, tr)
			}
			what := tr.Key + ": " + e.name
			id := p.send(p.order(tr, exchange.Buy, e.tif, price))
			if e.cancel {
				p.rests(what, id)
				p.s.Cancel(id, p.b.Began())
			}
			p.judge(what, p.over(what, id), e.filled, e.want)
		}
		p.closePosition(tr)
	}
	p.agree()
}

// above is a buying price that takes: a hundredth above the last trade of ours.
func (p *trial) above(tr *Trade) (price decimal.Decimal) {
	p.Helper()
	in, err := p.b.Universe.Lookup(tr.Key)
	if err != nil {
		p.Fatal(err)
	}
	p.l.read(func() bool {
		for i := range p.l.fills {
			if f := &p.l.fills[i]; f.Instrument == in.ID {
				price = in.PriceDecimal(f.Price + f.Price/100)
			}
		}
		return true
	})
	return price
}

func (p *trial) judge(what string, o exchange.Order, filled bool, want []exchange.OrderStatus) {
	p.Helper()
	for _, s := range want {
		if o.Status == s && (o.Filled == o.Qty) == filled && (filled || o.Filled == 0) {
			return
		}
	}
	p.Errorf("%s: %s with %d of %d filled (%s), want %v", what, o.Status, o.Filled, o.Qty, o.Reason, want)
}

// closePosition sells what was bought, at the market and only to reduce.
func (p *trial) closePosition(tr *Trade) {
	p.Helper()
	o := p.order(tr, exchange.Sell, exchange.IOC, decimal.Zero)
	in := p.b.Universe.Get(o.Instrument)
	if !in.Perp() {
		return
	}
	p.l.read(func() bool { o.Qty = p.l.positions[in.ID]; return true })
	o.ReduceOnly = true
	what := tr.Key + ": an order that reduces"
	p.judge(what, p.over(what, p.send(o)), true, []exchange.OrderStatus{exchange.StatusFilled})
	if !p.l.read(func() bool { return p.l.positions[in.ID] == 0 }) {
		p.Errorf("%s: a position is left", tr.Key)
	}
}

// once: an order that is submitted twice is placed once.
func once(p *trial) {
	for i := range p.b.Trades {
		tr := &p.b.Trades[i]
		o := p.order(tr, exchange.Buy, exchange.IOC, decimal.Zero)
		p.send(o)
		if p.b.Account != nil { // in the loop the core sends each once
			p.s.Submit(o, p.b.Began())
		}
		p.judge(tr.Key, p.over(tr.Key, o.ID), true, []exchange.OrderStatus{exchange.StatusFilled})
	}
	p.agree()
}

// tooLate: a cancel of an order that is over is told to be too late.
func tooLate(p *trial) {
	tr := &p.b.Trades[0]
	id := p.send(p.order(tr, exchange.Buy, exchange.IOC, decimal.Zero))
	p.over(tr.Key, id)
	p.s.Cancel(id, p.b.Began())
	p.until("the cancel is told to be too late", func() bool { return p.l.read(func() bool { return p.l.late[id] }) })
	p.agree()
}

// refused: what the account has no money for is rejected, and why is said.
func refused(p *trial) {
	if !p.b.TooMuch.IsPositive() {
		p.Skip("this account has money for anything")
	}
	tr := p.b.Trades[0]
	tr.Qty = p.b.TooMuch
	o := p.over(tr.Key, p.send(p.order(&tr, exchange.Buy, exchange.GTC, tr.Rest)))
	if o.Status != exchange.StatusRejected || o.Filled != 0 || o.Reason == "" {
		p.Errorf("%s with %d filled (%q): want it rejected, and why", o.Status, o.Filled, o.Reason)
	}
	p.agree()
}

// transfers: money arrives whole, but for a mark, and one that has no way fails at once.
func transfers(p *trial) {
	if p.b.Transfer == nil {
		p.Skip("this venue has no transfers")
	}
	for id := uint64(1); id <= 2; id++ {
		p.move(*p.b.Transfer, id)
	}
	if p.b.NoRoute != nil {
		if t := p.move(*p.b.NoRoute, 3); !t.Failed || t.Reason == "" {
			p.Errorf("a transfer without a way: %+v", t)
		}
	}
	p.agree()
}

// move sends a transfer and waits for its end.
func (p *trial) move(t exchange.Transfer, id uint64) exchange.Transfer {
	p.Helper()
	t.ID = id
	p.l.depart(&t, p.now())
	p.s.Transfer(&t, p.b.Began())
	p.until("the transfer ends", func() bool { return p.l.read(func() bool { _, ok := p.l.ended[id]; return ok }) })
	var end exchange.Transfer
	p.l.read(func() bool { end = p.l.ended[id]; return true })
	least := t.Amount.Sub(decimal.New(2, -6))
	if p.b.Account != nil && p.b.Account.Profile().MarkTransfer != nil { // as much as the mark takes
		least = decimal.Min(least, p.b.Account.Profile().MarkTransfer(t.Amount, id))
	}
	if end.Done && (end.Amount.GreaterThan(t.Amount) || end.Amount.LessThan(least)) {
		p.Errorf("%s of %s arrived", end.Amount, t.Amount)
	}
	return end
}

// now is the time that requests are made at.
func (p *trial) now() exchange.Time {
	if p.b.Account != nil {
		return p.b.Account.Now()
	}
	return p.b.Began()
}

// funding: a settlement is paid once for each position, with its amount and its time.
func funding(t *testing.T, h *Harness) {
	if h.BeforeFunding == nil {
		t.Skip("funding of this venue can't be waited for")
	}
	p, open := inTime(t, h)
	p.b.Pass(max(0, p.b.Settles-p.b.Began()))
	p.until("funding is paid", func() bool { return p.l.read(func() bool { return len(p.l.funding) >= open }) })
	p.agree()
	for _, f := range p.l.funding {
		if in := p.b.Universe.Get(f.Instrument); f.Position <= 0 || f.Amount.IsZero() || f.Asset != in.Settle() || f.Settled%exchange.Hour != 0 {
			p.Errorf("%s: funding %+v", in.Key(), f)
		}
	}
	if len(p.l.funding) != open {
		p.Errorf("%d payments for %d positions", len(p.l.funding), open)
	}
}

// Leads are how long before a settlement a venue is started. A machine that is too busy for one
// tries the next.
const (
	leastLead = 6 * exchange.Second
	mostLead  = 10 * exchange.Minute
)

// inTime opens a position in each perpetual before the settlement, and counts them.
func inTime(t *testing.T, h *Harness) (p *trial, open int) {
	t.Helper()
	for lead := exchange.Time(leastLead); lead < mostLead; lead *= 4 {
		p, open = begin(t, &Harness{Open: func(t *testing.T) *Bench { return h.BeforeFunding(t, lead) }}), 0
		for i := range p.b.Trades {
			tr := &p.b.Trades[i]
			if in, _ := p.b.Universe.Lookup(tr.Key); in.FundingHours == 0 {
				continue
			}
			open++
			p.over(tr.Key, p.send(p.order(tr, exchange.Buy, exchange.IOC, decimal.Zero)))
		}
		if p.b.Began() < p.b.Settles {
			return p, open
		}
		p.end()
	}
	t.Fatalf("no position was open %s after the venue's start", exchange.Time(mostLead))
	return nil, 0
}

package conditional

import (
	"errors"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// desk is the core and the venue of a group: what is sent waits until the test says what
// becomes of it. The venue does not keep reduce-only orders from going beyond flat, so that
// it shows when the group would.
type desk struct {
	t        testing.TB
	in       *exchange.Instrument
	now      exchange.Time
	last     exchange.OrderID
	own      exchange.Lots
	coins    decimal.Decimal // on spot, after fees
	idle     bool
	no       error // what the gate says
	orders   []*exchange.Order
	canceled []exchange.OrderID
	changes  []intent.Conditional
	loud     int
}

func newDesk(t testing.TB, key string) *desk {
	t.Helper()
	u, err := exchange.NewUniverse([]exchange.Instrument{
		{Venue: "spot", Symbol: "ABCUSDT", Base: "ABC", Quote: "USDT", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.01")},
		{Venue: "usdm", Contract: exchange.Linear, Symbol: "ABCUSDT", Base: "ABC", Quote: "USDT", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.01")},
	})
	if err != nil {
		t.Fatal(err)
	}
	in, err := u.Lookup(key)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t: t, in: in, now: exchange.Date(2026, 1, 5), last: 100}
}

func (d *desk) Now() exchange.Time                                    { return d.now }
func (d *desk) Instrument(exchange.InstrumentID) *exchange.Instrument { return d.in }
func (d *desk) Own(int32, exchange.InstrumentID) exchange.Lots        { return d.own }
func (d *desk) Sellable(exchange.InstrumentID) exchange.Lots {
	return exchange.Lots(d.in.Lot.Floor(d.coins))
}
func (d *desk) Idle(int32) bool                                            { return d.idle }
func (d *desk) Others(int32, exchange.InstrumentID, exchange.OrderID) bool { return false }
func (d *desk) Leaving(int32, exchange.InstrumentID, exchange.Side) exchange.Lots {
	return 0
}
func (d *desk) Check(*exchange.Order) error              { return d.no }
func (d *desk) ConditionalChanged(c *intent.Conditional) { d.changes = append(d.changes, *c) }
func (d *desk) CannotSend(*intent.Conditional)           { d.loud++ }
func (d *desk) Cancel(id exchange.OrderID) {
	d.order(id).Canceled = true
	d.canceled = append(d.canceled, id)
}

func (d *desk) Submit(o *exchange.Order) exchange.OrderID {
	d.last++
	kept := *o
	kept.ID, kept.Status, kept.Created = d.last, exchange.StatusAccepted, d.now
	d.orders = append(d.orders, &kept)
	return d.last
}

func (d *desk) order(id exchange.OrderID) *exchange.Order {
	i := slices.IndexFunc(d.orders, func(o *exchange.Order) bool { return o.ID == id })
	if i < 0 {
		d.t.Fatalf("there is no order %d", id)
	}
	return d.orders[i]
}

// live are the orders at the venue.
func (d *desk) live() []*exchange.Order {
	return slices.DeleteFunc(slices.Clone(d.orders), func(o *exchange.Order) bool { return o.Status.Terminal() })
}

// fill fills a part of an order; on spot a thousandth of what is bought goes in fees.
func (d *desk) fill(g *Group, o *exchange.Order, qty exchange.Lots, price exchange.Ticks) {
	qty = min(qty, o.Leaves())
	f := &exchange.Fill{Order: o.ID, Instrument: o.Instrument, Side: o.Side, Price: price, Qty: qty}
	coins := d.in.QtyDecimal(qty).Mul(decimal.NewFromInt(int64(o.Side)))
	if !d.in.Perp() && o.Side == exchange.Buy {
		f.Fee, f.FeeAsset = coins.Shift(-3), d.in.Base
		coins = coins.Sub(f.Fee)
	}
	o.Filled, d.own, d.coins = o.Filled+qty, d.own+qty*exchange.Lots(o.Side), d.coins.Add(coins)
	g.Fill(d, o.Parent, f)
	if o.Filled == o.Qty {
		d.done(g, o, exchange.StatusFilled, "")
	}
}

func (d *desk) done(g *Group, o *exchange.Order, s exchange.OrderStatus, why string) {
	o.Status, o.Reason = s, why
	g.OrderDone(d, o)
}

// see shows a price to the group as a last trade that is its usual price.
func (d *desk) see(g *Group, at exchange.E8) {
	g.See(d, Price{Source: intent.LastPrice, Usual: true, At: at})
}

var errGate = errors.New("the gate says no")

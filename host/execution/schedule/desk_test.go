package schedule

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func markets(t testing.TB) *exchange.Universe {
	t.Helper()
	step := exchange.MustStep
	u, err := exchange.NewUniverse([]exchange.Instrument{
		{Venue: "spot", Symbol: "ABCUSDT", Base: "ABC", Quote: "USDT", Tick: step("0.01"), Lot: step("0.001"), MinNotional: dec("5")},
		{Venue: "spot", Symbol: "XRPETH", Base: "XRP", Quote: "ETH", Tick: step("0.00000001"), Lot: step("1"), MinNotional: dec("0.01")},
		{Venue: "usdm", Contract: exchange.Linear, Symbol: "ABCUSDT", Base: "ABC", Quote: "USDT", Tick: step("0.01"), Lot: step("0.01"), MinNotional: dec("5")},
		{Venue: "coinm", Contract: exchange.Inverse, Symbol: "ABCUSD_PERP", Base: "ABC", Quote: "USD", Tick: step("0.01"), Lot: step("1"), ContractSize: dec("10")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// desk is the core and the venue as a machine sees them. Every order is held
// against the rules that no story may break.
type desk struct {
	t        testing.TB
	u        *exchange.Universe
	in       *exchange.Instrument
	books    []*book.Book
	volume   []History
	now      exchange.Time
	position exchange.Lots
	coins    decimal.Decimal // free in the spot wallet
	promised exchange.Lots   // to other schedules
	m        *Machine
	orders   []*exchange.Order // by id, from 1
	filled   exchange.Lots     // Σ fills: the only truth
	deny     string
	told     int
	mid      exchange.Ticks
	learning bool // the market's past was asked for
	late     bool // a fill came after its order's last word
	broke    func(format string, args ...any)
}

func newDesk(t testing.TB, key string) *desk {
	d := &desk{t: t, u: markets(t), now: exchange.Date(2026, 1, 5) + 10*exchange.Hour, mid: 10000, coins: dec("1000000000"), broke: t.Fatalf}
	d.volume = make([]History, d.u.Len())
	for _, in := range d.u.All() {
		d.books = append(d.books, book.New(in))
	}
	in, err := d.u.Lookup(key)
	if err != nil {
		t.Fatal(err)
	}
	d.in = in
	d.show(100000)
	return d
}

// start gives the desk a machine.
func (d *desk) start(r intent.ScheduleRequest) error {
	r.Instrument = d.in.ID
	if r.Side == 0 {
		r.Side = exchange.Buy
	}
	if err := CheckRequest(&r, d); err != nil {
		return err
	}
	if r.Start <= d.now {
		if err := Covered(&r, d, 1); err != nil {
			return err
		}
	}
	d.m = New(1, 0, r, d.now)
	d.step()
	return nil
}

func (d *desk) Now() exchange.Time                                          { return d.now }
func (d *desk) Instrument(id exchange.InstrumentID) *exchange.Instrument    { return d.u.Get(id) }
func (d *desk) Book(id exchange.InstrumentID) *book.Book                    { return d.books[id] }
func (d *desk) Position(exchange.InstrumentID) exchange.Lots                { return d.position }
func (d *desk) Free(exchange.InstrumentID, exchange.PairID) decimal.Decimal { return d.coins }
func (d *desk) Promised(exchange.InstrumentID, exchange.Side, exchange.ScheduleID) exchange.Lots {
	return d.promised
}
func (d *desk) Volume(id exchange.InstrumentID) *History { return &d.volume[id] }
func (d *desk) Scheduled(*Machine)                       { d.told++ }

func (d *desk) VolumeCurve(id exchange.InstrumentID, start, interval exchange.Time, n int) intent.Curve {
	return Learn(&d.volume[id], nil, start, interval, n)
}

func (d *desk) Learning(exchange.InstrumentID, exchange.Time, exchange.Time, int) bool {
	return d.learning
}

func (d *desk) Check(*exchange.Order) error {
	if d.deny != "" {
		return errors.New(d.deny)
	}
	return nil
}

func (d *desk) Submit(o *exchange.Order) exchange.OrderID {
	d.t.Helper()
	for _, other := range d.orders {
		if !other.Status.Terminal() {
			d.broke("order is sent while order %d is live", other.ID)
		}
	}
	s := &d.m.Schedule
	switch {
	case o.Qty <= 0 || o.Price <= 0 || o.Schedule != s.ID || o.Side != s.Side:
		d.broke("order is not sane: %+v", o)
	case d.filled+o.Qty > s.Total:
		d.broke("%d lots are sent with %d of %d filled", o.Qty, d.filled, s.Total)
	case o.Qty < smallest(d.in, o.Price*21/20, o.ReduceOnly):
		d.broke("%d lots at %d are below the venue's smallest order", o.Qty, o.Price)
	}
	d.capped(o)
	d.guarded(o)
	kept := *o
	kept.ID, kept.Status = exchange.OrderID(len(d.orders)+1), exchange.StatusNew
	d.orders = append(d.orders, &kept)
	return kept.ID
}

// capped holds what could be filled against the participation cap.
func (d *desk) capped(o *exchange.Order) {
	s, r := &d.m.Schedule, &d.m.Request
	if d.now >= s.End || d.volume[d.in.ID].Tape.Qty == 0 && s.Market.Qty == 0 {
		return
	}
	share := r.Participation
	if r.AtEnd == intent.CrossAtEnd && d.now > s.Start+r.Duration*9/10 {
		share = max(share, finishShare)
	}
	market := s.Market.Qty + d.m.Credit
	if got := d.in.QtyFloat(d.filled + o.Qty); got > share*market+1e-9 {
		d.broke("%g of a volume of %g is over the cap of %g", got, market, share)
	}
}

// guarded holds the limit against the slippage guard.
func (d *desk) guarded(o *exchange.Order) {
	s, r := &d.m.Schedule, &d.m.Request
	if r.SlippageBP == 0 || (d.now >= s.End && r.AtEnd == intent.CrossAtEnd) {
		return
	}
	tol := r.SlippageBP * 1e-4
	if r.AtEnd == intent.CrossAtEnd && d.now > s.Start+r.Duration*3/4 {
		tol = max(tol, collar)
	}
	side, ref := float64(s.Side), s.Arrival
	if v := s.Market.VWAP(d.in); side*v > side*ref {
		ref = v
	}
	if price := d.in.PriceFloat(o.Price); side*(price/ref-1) > tol+1e-9 {
		d.broke("%s at %g is beyond the guard of %g bp around %g", o.Side, price, r.SlippageBP, ref)
	}
}

func (d *desk) Cancel(id exchange.OrderID) { d.orders[id-1].Canceled = true }

// live is the order that may still fill; nil when there is none.
func (d *desk) live() *exchange.Order {
	if n := len(d.orders); n > 0 && !d.orders[n-1].Status.Terminal() {
		return d.orders[n-1]
	}
	return nil
}

func (d *desk) step() {
	d.m.Step(d)
	if at, armed := d.m.Deadline(); armed && at <= d.now {
		d.m.Snooze(d.now + exchange.Second/4)
	}
}

// show gives the market a new book around mid.
func (d *desk) show(qty exchange.Lots) {
	b := d.books[d.in.ID]
	ev := exchange.Event{Kind: exchange.KindSnapshot, Time: d.now, LastID: b.LastID() + 1, PrevID: -1}
	for i := range exchange.Ticks(5) {
		ev.Bids = append(ev.Bids, exchange.Level{Price: d.mid - i, Qty: qty})
		ev.Asks = append(ev.Asks, exchange.Level{Price: d.mid + 1 + i, Qty: qty})
	}
	b.Apply(&ev)
}

// trade is a public trade.
func (d *desk) trade(qty exchange.Lots) { d.volume[d.in.ID].Trade(d.in, d.now, d.mid, qty) }

// wait lets time pass and serves the machine's deadlines on the way.
func (d *desk) wait(length exchange.Time) {
	until := d.now + length
	for {
		at, armed := d.m.Deadline()
		if !armed || at > until {
			break
		}
		d.now = max(d.now, at)
		d.step()
	}
	d.now = until
}

// fill executes part of an order at its limit.
func (d *desk) fill(o *exchange.Order, qty exchange.Lots) { d.fillAt(o, qty, o.Price) }

func (d *desk) fillAt(o *exchange.Order, qty exchange.Lots, price exchange.Ticks) {
	d.filled += qty
	o.Filled += qty
	d.position += exchange.Lots(o.Side) * qty
	d.m.Fill(d, &exchange.Fill{Order: o.ID, Instrument: o.Instrument, Side: o.Side, Price: price, Qty: qty,
		Maker: o.TIF == exchange.PostOnly, FeeAsset: d.in.Quote, Fee: d.in.Notional(price, qty).Mul(dec("0.001"))})
	if o.Filled >= o.Qty && !o.Status.Terminal() {
		d.finish(o, exchange.StatusFilled)
	}
}

func (d *desk) finish(o *exchange.Order, status exchange.OrderStatus) {
	o.Status = status
	d.m.OrderDone(d, o)
}

// serve is a venue that takes everything, until the schedule is done or a time has
// passed.
func (d *desk) serve(most exchange.Time) {
	for until := d.now + most; d.now < until && !d.m.Schedule.State.Done(); d.wait(exchange.Second) {
		d.trade(100000)
		for o := d.live(); o != nil; o = d.live() {
			d.fill(o, o.Qty-o.Filled)
		}
	}
}

// restart is a crash: the schedule comes back from what the ledger kept. Its order
// is gone with a simulated venue, and still there at a real one.
func (d *desk) restart(outlived bool) {
	raw, err := json.Marshal(d.m.Save())
	if err != nil {
		d.t.Fatal(err)
	}
	var kept Saved
	if err := json.Unmarshal(raw, &kept); err != nil {
		d.t.Fatal(err)
	}
	d.m = Resume(kept, d.now)
	d.volume = make([]History, d.u.Len()) // a new session has seen nothing trade
	switch o := d.live(); {
	case o == nil:
	case outlived:
		d.m.Adopt(o)
	default:
		o.Status = exchange.StatusExpired
	}
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
